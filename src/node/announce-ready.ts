import type { Clock } from "#base";
import type { Engine } from "#engines";
import { type Ledger, readNode } from "#ledger";
import type { HostedMember } from "./hosted-member.ts";
import type { Log } from "./log.ts";
import type { Submission } from "./submission.ts";

/** How often a node looks whether it should say that it is ready, milliseconds. */
const LOOK_EVERY = 5_000;
/** After so many blocks its word is worth saying again; votes count it for a thousand. */
const STALE_AFTER = 500;

export interface AnnounceOptions {
  readonly ledger: Ledger;
  readonly engine: Engine;
  /** This node's id. */
  readonly node: string;
  readonly submission: Submission;
  readonly hosted: readonly HostedMember[];
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Says on the ledger that this node has caught up, as long as it does not vote: members can then vote it in. A node that votes, or is
 * not registered, says nothing. The answer ends it.
 */
export function announceReady({ ledger, engine, node, submission, hosted, clock, log }: AnnounceOptions): () => void {
  let cancel: () => void = () => {};
  let ended = false;
  const look = async () => {
    const record = readNode(ledger.state, node);
    const { consensus } = engine.status();
    if (record === undefined || record.status !== "registered" || record.power > 0) return;
    if (consensus?.up !== true || consensus.catchingUp) return;
    const { height } = ledger;
    if (record.ready !== null && height - record.ready < STALE_AFTER) return;
    const member = hosted.find(({ did }) => did === record.member);
    if (member === undefined) return;
    await submission.send([{ op: "nodes.ready", args: { node, height } }], member.did, member.key);
    log.info({ node, height }, "the node has caught up and says so");
  };
  const again = () => {
    if (ended) return;
    look()
      .catch((error: unknown) => log.warn({ node, cause: String(error) }, "the node could not say that it is ready"))
      .finally(() => {
        if (!ended) cancel = clock.after(LOOK_EVERY, again);
      });
  };
  again();
  return () => {
    ended = true;
    cancel();
  };
}
