import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Aedes, type AedesOptions } from "aedes";
import { connectAsync, type MqttClient } from "mqtt";

/** A real broker in this process, and a client to see what goes over it. */
export interface TestBroker {
  readonly aedes: Aedes;
  readonly url: string;
  /** Everything that the observer heard, in order. */
  readonly heard: { readonly topic: string; readonly text: string; readonly retain: boolean }[];
  readonly observer: MqttClient;
  /** Resolves with the first message, past or future, for which `test` holds. */
  hear(test: (topic: string, text: string) => boolean): Promise<{ topic: string; text: string; retain: boolean }>;
  /** Resolves when somebody but the observer has subscribed to a filter, now or before. */
  subscribed(filter: string): Promise<void>;
  /** Cuts every connection but the observer's, as a broken line does. */
  cut(): void;
  close(): Promise<void>;
}

export async function openBroker(options: AedesOptions = {}): Promise<TestBroker> {
  const aedes = new Aedes(options);
  await aedes.listen();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    aedes.handle(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const waiting = new Set<() => void>();
  const filters = new Set<string>();
  aedes.on("subscribe", (subscriptions, client) => {
    if (client.id === "observer") return;
    for (const { topic } of subscriptions) filters.add(topic);
    for (const look of [...waiting]) look();
  });
  const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const observer = await connectAsync(url, { clientId: "observer", username: "observer", password: "observer" });
  const own = [...sockets];
  const heard: { topic: string; text: string; retain: boolean }[] = [];
  observer.on("message", (topic, payload, packet) => {
    heard.push({ topic, text: payload.toString(), retain: packet.retain });
    for (const look of [...waiting]) look();
  });
  await observer.subscribeAsync("#", { qos: 1 });
  return {
    aedes,
    url,
    heard,
    observer,
    hear: (test) =>
      new Promise((resolve) => {
        const look = () => {
          const found = heard.find(({ topic, text }) => test(topic, text));
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    subscribed: (filter) =>
      new Promise((resolve) => {
        const look = () => {
          if (!filters.has(filter)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    cut() {
      for (const socket of sockets) if (!own.includes(socket)) socket.destroy();
    },
    async close() {
      await observer.endAsync(true);
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
