import type { Clock } from "#base";
import type { GateLimits } from "./limits.ts";
import type { LiveStreams } from "./live-streams.ts";
import type { NodeIdentity } from "./node-certificate.ts";
import type { Refusals } from "./reasons.ts";

/** Another node as the ledger names it. */
export interface PeerAddress {
  /** Node id. */
  readonly node: string;
  /** host:port */
  readonly address: string;
}

/** What the parts of one gate share. */
export interface GateContext {
  readonly groupId: string;
  readonly identity: NodeIdentity;
  readonly limits: GateLimits;
  readonly clock: Clock;
  readonly streams: LiveStreams;
  readonly refusals: Refusals;
  /** Whether the ledger admits a node now. */
  readonly admits: (node: string) => boolean;
  readonly log: (line: string) => void;
}
