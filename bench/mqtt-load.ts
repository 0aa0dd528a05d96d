/** MQTT 3.1.1 publishers and subscribers with as little work as the protocol allows: the broker is measured, not the client. */
import { connect, type Socket } from "node:net";
import { generate, type Packet } from "mqtt-packet";

export interface Login {
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
}

/** Cuts a stream into packets: first byte, and the bytes behind the length. */
function packets(
  socket: Socket,
  onPacket: (type: number, flags: number, bytes: Buffer, from: number, to: number) => void,
): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on("data", (data: Buffer) => {
    const bytes = rest.length === 0 ? data : Buffer.concat([rest, data]);
    let at = 0;
    for (;;) {
      let length = 0;
      let shift = 0;
      let i = at + 1;
      let whole = false;
      for (; i < bytes.length && i < at + 5; i++) {
        const digit = bytes[i] as number;
        length |= (digit & 127) << shift;
        shift += 7;
        if (digit < 128) {
          whole = true;
          i++;
          break;
        }
      }
      if (!whole || i + length > bytes.length) break;
      const first = bytes[at] as number;
      onPacket(first >> 4, first & 15, bytes, i, i + length);
      at = i + length;
    }
    rest = bytes.subarray(at);
  });
}

async function open(
  url: string,
  login: Login,
  onPacket: (type: number, flags: number, bytes: Buffer, from: number, to: number) => void,
): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    packets(socket, (type, flags, bytes, from, to) => {
      if (type !== 2) return onPacket(type, flags, bytes, from, to);
      const code = bytes[from + 1];
      if (code === 0) resolve();
      else reject(new Error(`the broker refused the connection: ${code}`));
    });
    const { clientId, username, password } = login;
    const packet = {
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: true,
      clientId,
      keepalive: 0,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password: Buffer.from(password) }),
    };
    socket.write(generate(packet as Packet));
  });
  return socket;
}

export interface Subscriber {
  /** Messages that came. */
  readonly received: () => number;
  close(): void;
}

/** Subscribes with QoS 1, acknowledges everything, and tells when `target` messages have come. */
export async function subscribe(
  url: string,
  login: Login,
  filter: string,
  target: number,
  onTarget: () => void,
): Promise<Subscriber> {
  let received = 0;
  let acks: Buffer[] = [];
  const granted: { resolve?: () => void } = {};
  const socket = await open(url, login, (type, flags, bytes, from) => {
    if (type === 9) granted.resolve?.();
    if (type !== 3) return;
    received++;
    if ((flags & 6) === 2) {
      const topicLength = bytes.readUInt16BE(from);
      acks.push(
        Buffer.from([0x40, 2, bytes[from + 2 + topicLength] as number, bytes[from + 3 + topicLength] as number]),
      );
      if (acks.length === 1)
        setImmediate(() => {
          socket.write(Buffer.concat(acks));
          acks = [];
        });
    }
    if (received === target) onTarget();
  });
  await new Promise<void>((resolve) => {
    granted.resolve = resolve;
    socket.write(generate({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: filter, qos: 1 }] } as Packet));
  });
  return { received: () => received, close: () => socket.destroy() };
}

/** Publishes `count` messages with QoS 1, at most `window` of them unacknowledged. Resolves when all are acknowledged. */
export async function publish(
  url: string,
  login: Login,
  topic: string,
  payload: Buffer,
  count: number,
  window: number,
): Promise<void> {
  let sent = 0;
  let acknowledged = 0;
  const template = generate({
    cmd: "publish",
    topic,
    payload,
    qos: 1,
    messageId: 1,
    retain: false,
    dup: false,
  } as Packet);
  const idAt = template.length - payload.length - 2;
  const done: { resolve?: () => void; reject?: (error: Error) => void } = {};
  const socket = await open(url, login, (type) => {
    if (type !== 4) return;
    acknowledged++;
    if (acknowledged === count) done.resolve?.();
    else schedule();
  });
  let scheduled = false;
  const send = () => {
    scheduled = false;
    const batch: Buffer[] = [];
    while (sent < count && sent - acknowledged < window) {
      const packet = Buffer.from(template);
      packet.writeUInt16BE((sent % 65_535) + 1, idAt);
      batch.push(packet);
      sent++;
    }
    if (batch.length > 0) socket.write(Buffer.concat(batch));
  };
  const schedule = () => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(send);
  };
  await new Promise<void>((resolve, reject) => {
    done.resolve = resolve;
    socket.once("close", () => reject(new Error("the broker closed a publisher's connection")));
    send();
  });
  socket.destroy();
}
