import type { Clock } from "#base";
import type { Signer } from "#crypto";
import type { DurableMap } from "#events";
import type { CommandChannel, DeviceFacts, LinkageView, MemberFacts } from "../needs.ts";

/** What the trigger's side is made of. */
export interface RuntimeOptions {
  /** Id of the group. */
  readonly group: string;
  /** The member whose node this is, and the key with which it signs commands. */
  readonly member: string;
  readonly kid: string;
  readonly signer: Signer;
  readonly store: DurableMap;
  readonly clock: Clock;
  readonly linkages: LinkageView;
  readonly devices: DeviceFacts;
  readonly members: MemberFacts;
  readonly channel: CommandChannel;
  /** Life of a command, seconds; 30 by default. */
  readonly commandSeconds?: number;
  /** An event older than this changes what is known and fires nothing; 300 seconds by default. */
  readonly eventSeconds?: number;
  /** Runs of a linkage whose trace is kept; 50 by default. */
  readonly runs?: number;
  /** Runs of a linkage that wait in a queue or beside one another; 16 by default. */
  readonly waiting?: number;
  /** Commands that wait for a receipt; 10,000 by default. */
  readonly outbox?: number;
  /** Hears of a store that fails where nobody called: in a timer, or when a receipt comes. */
  readonly onError?: (error: unknown) => void;
}
