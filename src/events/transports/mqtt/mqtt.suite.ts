/** A real broker on a real socket over a real store, and real clients: what the MQTT tests share. */
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import type { Clock } from "#base";
import { systemClock } from "#base";
import { type OpenLogs, openLogs, TableRights } from "../../log/logs.suite.ts";
import type { MqttLimits } from "./mqtt-limits.ts";
import type { MqttLogLine, MqttTransport } from "./mqtt-transport.ts";
import { startMqtt } from "./start-mqtt.ts";

export interface Served {
  readonly open: OpenLogs;
  readonly mqtt: MqttTransport;
  readonly rights: TableRights;
  readonly lines: MqttLogLine[];
  /** A connected client of a name that `rights` admitted. */
  connect(name: string, options?: IClientOptions): Promise<MqttClient>;
  close(): Promise<void>;
}

export async function serve(
  folder: string,
  options: { rights?: TableRights; limits?: Partial<MqttLimits>; clock?: Clock; port?: number } = {},
): Promise<Served> {
  const rights = options.rights ?? new TableRights("acme/things");
  const clock = options.clock ?? systemClock;
  const open = openLogs(folder, { clock });
  const lines: MqttLogLine[] = [];
  const transport = await startMqtt({
    host: "127.0.0.1",
    port: options.port ?? 0,
    rights,
    logs: open.logs,
    sessions: open.sessions,
    clock,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    log: (line) => lines.push(line),
  });
  const clients: MqttClient[] = [];
  return {
    open,
    mqtt: transport,
    rights,
    lines,
    async connect(name, more = {}) {
      const principal = rights.principals.get(`token-of-${name}`);
      const client = await connectTo(transport.port, {
        username: principal?.did ?? name,
        password: `token-of-${name}`,
        ...more,
      });
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.end(true);
      await transport.close();
      open.close();
    },
  };
}

export function connectTo(port: number, options: IClientOptions): Promise<MqttClient> {
  return mqtt.connectAsync({
    host: "127.0.0.1",
    port,
    protocolVersion: 4,
    reconnectPeriod: 0,
    connectTimeout: 10_000,
    ...options,
  });
}

export interface Message {
  readonly topic: string;
  readonly text: string;
  readonly qos: number;
  readonly retain: boolean;
}

/** Collects what a client receives, from now on; `take` waits until so many came in all. */
export function inbox(client: MqttClient): { messages: Message[]; take(count: number): Promise<Message[]> } {
  const messages: Message[] = [];
  let wake: (() => void) | undefined;
  client.on("message", (topic, payload, { qos, retain }) => {
    messages.push({ topic, text: payload.toString(), qos, retain });
    wake?.();
  });
  return {
    messages,
    async take(count) {
      while (messages.length < count)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      return messages.slice(0, count);
    },
  };
}

/** Waits for the end of a connection. */
export function closed(client: MqttClient): Promise<void> {
  return new Promise((resolve) => {
    if (!client.connected) resolve();
    else client.once("close", () => resolve());
    client.on("error", () => {});
  });
}
