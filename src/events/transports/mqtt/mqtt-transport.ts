/** What the MQTT transport is given, and what it answers. */
import type { TLSSocket, TlsOptions } from "node:tls";
import type { Clock } from "#base";
import type { KeyValueStore } from "#storage";
import type { KnownCause } from "../../cloud-event.ts";
import type { TopicLogs } from "../../log/topic-logs.ts";
import type { EventRights, Principal } from "../../rights.ts";
import type { MqttLimits } from "./mqtt-limits.ts";

/** One line for the node's log. */
export interface MqttLogLine {
  readonly event: "connected" | "disconnected" | "refused" | "closed" | "failed";
  readonly did?: string;
  /** Code of the refusal. */
  readonly code?: string;
  readonly message?: string;
}

/** A device's word on a command; the device hears its PUBACK once this has settled. */
export type ResultListener = (device: Principal, payload: Uint8Array) => void | Promise<void>;

export interface MqttOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Certificate and key; without them the connections are plain TCP. */
  readonly tls?: TlsOptions;
  /**
   * Under mutual TLS: the DID of a connection's certificate as it stands now, asked again with every `recheck`. What it throws refuses the
   * connection, or ends it. The token must be of the same DID.
   */
  readonly peerOf?: (socket: TLSSocket) => { readonly did: string } | undefined;
  readonly rights: EventRights;
  readonly logs: TopicLogs;
  /** In the same database as the logs: a message's event and what sessions keep of it are one transaction. */
  readonly sessions: KeyValueStore;
  readonly clock: Clock;
  readonly limits?: Partial<MqttLimits>;
  readonly causeOf?: KnownCause;
  readonly log?: (line: MqttLogLine) => void;
}

export interface MqttStats {
  readonly connections: number;
  readonly received: number;
  readonly delivered: number;
  /** By code. */
  readonly refused: Readonly<Record<string, number>>;
  readonly sessions: number;
  readonly subscriptions: number;
  readonly retained: number;
  readonly queuedBytes: number;
  /** Messages that found a session's queue full. */
  readonly dropped: number;
}

export interface MqttTransport {
  readonly port: number;
  /** Publishes a message of the node's own, a command for instance; resolves once sessions that wait for it have it durably. */
  deliver(
    topic: string,
    payload: Uint8Array,
    options?: { readonly qos?: 0 | 1 | 2; readonly retain?: boolean },
  ): Promise<void>;
  /** Hears results of devices; answers how to stop. */
  onResult(listener: ResultListener): () => void;
  /** Looks at all connections again: to be called after each block. */
  recheck(): void;
  /** Certificate, key and trust for connections to come; those that stand go on. */
  renewTls(tls: TlsOptions): void;
  /** Closes all connections of a DID; answers how many. */
  disconnect(did: string): number;
  /** Whether a DID has a connection. */
  isConnected(did: string): boolean;
  stats(): MqttStats;
  close(): Promise<void>;
}
