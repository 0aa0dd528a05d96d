/** Bounds of the MQTT transport. */
export interface MqttLimits {
  /** Connections at once. */
  readonly connections: number;
  /** Connections at once of one DID. */
  readonly connectionsOfOne: number;
  /** New connections a second, on average; as many may come at once. */
  readonly connectsPerSecond: number;
  /** Milliseconds from the connection to its CONNECT packet. */
  readonly connectTimeout: number;
  /** Bytes of a payload. */
  readonly payloadBytes: number;
  /** Bytes that wait for a reader before its publishers are held back. */
  readonly outgoingSoftBytes: number;
  /** Bytes that wait for a reader before it is disconnected. */
  readonly outgoingBytes: number;
  /** Milliseconds that a reader over the soft bound has to catch up. */
  readonly outgoingTimeout: number;
  /** Subscriptions of one client. */
  readonly subscriptions: number;
  /** Persistent sessions; the one that was away longest makes room. */
  readonly sessions: number;
  /** Messages that wait in one persistent session; later ones are dropped and counted. They stay in the topic's log. */
  readonly queuedMessages: number;
  /** Bytes of messages that wait in all sessions together. */
  readonly queuedBytes: number;
  /** Unfinished incoming QoS 2 messages of one client. */
  readonly incoming: number;
  /** Retained messages. */
  readonly retained: number;
}

export const MQTT_LIMITS: MqttLimits = {
  connections: 10_000,
  connectionsOfOne: 64,
  connectsPerSecond: 500,
  connectTimeout: 10_000,
  payloadBytes: 32_768,
  outgoingSoftBytes: 256 * 1024,
  outgoingBytes: 4 * 1024 * 1024,
  outgoingTimeout: 5000,
  subscriptions: 256,
  sessions: 10_000,
  queuedMessages: 1000,
  queuedBytes: 64 * 1024 * 1024,
  incoming: 1000,
  retained: 10_000,
};
