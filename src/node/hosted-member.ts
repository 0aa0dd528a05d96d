import type { Clock } from "#base";
import { encodeBase64Url } from "#base";
import { type Signer, sha256 } from "#crypto";
import type { AnchorPlace, DurableMap } from "#events";
import type { Ledger } from "#ledger";
import { type CommandChannel, CommandTarget, type DeviceActor, LinkageRuntime, ReceiptBatches } from "#linkage";
import { type Did, EVENT_TYPES, type LoggedEvent, type TransactionSigner } from "#protocol";
import { linkageFacts } from "./linkage-facts.ts";
import type { Log } from "./log.ts";
import type { Submission } from "./submission.ts";

export interface HostedMemberOptions {
  readonly did: Did;
  readonly kid: string;
  readonly signer: Signer;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** What the trigger's side keeps, and what the target's side keeps: two namespaces. */
  readonly triggerStore: DurableMap;
  readonly targetStore: DurableMap;
  readonly submission: Submission;
  readonly actor: DeviceActor;
  /** The way to whoever operates the target: this node's own members, or another node. */
  readonly channel: CommandChannel;
  /** Finds where a batch of receipts was anchored before a crash. */
  readonly findAnchor: (root: string) => Promise<AnchorPlace | undefined>;
  readonly log: Log;
}

/** One member's side of linkages on this node: it triggers for the devices that it operates, and lets them act. */
export class HostedMember {
  readonly did: Did;
  readonly key: TransactionSigner;
  readonly runtime: LinkageRuntime;
  readonly target: CommandTarget;
  readonly receipts: ReceiptBatches;

  constructor(options: HostedMemberOptions) {
    const { did, kid, signer, ledger, clock, log } = options;
    this.did = did;
    this.key = { kid, signer };
    const onError = (error: unknown) => log.error({ member: did, cause: String(error) }, "a linkage's store failed");
    const facts = linkageFacts(ledger, clock);
    this.receipts = new ReceiptBatches({
      store: options.targetStore,
      clock,
      blockTime: () => ledger.head?.header.time ?? 0,
      anchor: ({ id, until, batch, counts }) => {
        const args = { batch, counts: counts.map((count) => ({ ...count })) };
        return options.submission.send([{ op: "linkages.anchorReceipts", args }], did, this.key, {
          jti: id,
          exp: until,
        });
      },
      find: options.findAnchor,
      onError,
    });
    const shared = { group: ledger.group.id, member: did, kid, signer, clock, ...facts, onError };
    this.target = new CommandTarget({
      ...shared,
      store: options.targetStore,
      actor: options.actor,
      receipts: this.receipts,
    });
    this.runtime = new LinkageRuntime({ ...shared, store: options.triggerStore, channel: options.channel });
  }

  stop(): void {
    this.runtime.stop();
    this.target.stop();
    this.receipts.stop();
  }
}

const encoder = new TextEncoder();

/** Digest that binds a command to its event; empty for events that no linkage can be about. */
export function evidenceDigest({ event }: LoggedEvent): string | undefined {
  if (event.type !== EVENT_TYPES.property && event.type !== EVENT_TYPES.event) return undefined;
  return encodeBase64Url(sha256(encoder.encode(JSON.stringify(event))));
}
