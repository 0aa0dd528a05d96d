import type { TrailIndex } from "#audit";
import type { Engine, PeerGate } from "#engines";
import type { EventHandlers, EventMaker, TopicLogs } from "#events";
import type { ExchangeProvider } from "#exchange";
import type { Ledger } from "#ledger";
import type { KeyValueStore } from "#storage";
import type { HostedMember } from "./hosted-member.ts";
import type { ProofSource } from "./proofs.ts";
import type { LedgerRights } from "./rights.ts";
import type { Submission } from "./submission.ts";

/** One group as this node serves it: what the HTTP server and the metrics look at. */
export interface GroupService {
  readonly name: string;
  readonly ledger: Ledger;
  readonly engine: Engine;
  readonly submission: Submission;
  readonly events: EventHandlers & { readonly maker: EventMaker };
  readonly rights: LedgerRights;
  readonly logs: TopicLogs;
  readonly trail: TrailIndex;
  readonly hosted: readonly HostedMember[];
  /** Members of this node that let data out. */
  readonly exchange: readonly ExchangeProvider[];
  readonly proofs: ProofSource;
  /** Engines with a quorum alone. */
  readonly gate?: PeerGate;
  /** A namespace of the group's database, backed up with it. */
  keyValues(namespace: string): KeyValueStore;
  /** Writes a backup of the group's databases; answers the folder. */
  backup(): Promise<{ readonly file: string; readonly height: number }>;
}
