import type { TrailIndex } from "#audit";
import type { Clock } from "#base";
import type { Signer } from "#crypto";
import type { TopicLogs } from "#events";
import { ExchangeProvider } from "#exchange";
import type { Ledger } from "#ledger";
import type { Did } from "#protocol";
import { type Database, KeyValueStore } from "#storage";
import { exchangeLedger } from "./exchange-ledger.ts";
import { describe, type Log } from "./log.ts";
import type { LedgerRights } from "./rights.ts";
import type { Submission } from "./submission.ts";
import { findReceiptAnchor } from "./trail.ts";

/** The fact of an operation that anchors access receipts. */
const ANCHORED = "grants.accessAnchored";

export interface HostExchangeOptions {
  readonly did: Did;
  readonly kid: string;
  readonly signer: Signer;
  readonly ledger: Ledger;
  readonly rights: Pick<LedgerRights, "mayRead">;
  readonly logs: TopicLogs;
  /** The one that `logs` stand in: counts become durable with what else is. */
  readonly database: Database;
  readonly submission: Submission;
  readonly trail: TrailIndex;
  readonly clock: Clock;
  readonly log: Log;
}

/** One member's side of the exchange on this node. */
export function hostExchange(options: HostExchangeOptions): ExchangeProvider {
  const { did, kid, signer, ledger, rights, logs, database, submission, trail, clock, log } = options;
  const key = { kid, signer };
  return new ExchangeProvider({
    did,
    key,
    ledger: exchangeLedger(ledger, clock, (party) => rights.mayRead(party)),
    logs,
    store: new KeyValueStore(database, `exchange/${did}`),
    durably: (run) => logs.durably(run),
    clock,
    anchor: async ({ id, until, root, size, grants }) => {
      const args = { root, size, grants: grants.map((entry) => ({ ...entry })) };
      return submission.send([{ op: "grants.anchor", args }], did, key, { jti: id, exp: until });
    },
    findAnchor: (root) => findReceiptAnchor({ ledger, trail }, did, root, ANCHORED),
    onError: (error) => log.warn({ member: did, cause: describe(error) }, "access receipts wait for their anchor"),
  });
}
