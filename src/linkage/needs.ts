/** What this room wants of others, as narrow as it goes. The node hands them in. */
import type { PublicKey } from "#crypto";
import type { Command, LinkageRecord } from "#protocol";

/** Linkages as the newest block has them. */
export interface LinkageView {
  get(linkage: string): LinkageRecord | undefined;
  /** All that are active, read once at start. Later changes are named to `LinkageRuntime.onBlock`. */
  active(): Iterable<LinkageRecord>;
}

/** Devices as the newest block has them. */
export interface DeviceFacts {
  operatorOf(device: string): string | undefined;
  /** Admitted now: the admission has not run out, the model is certified and not recalled. */
  isAdmitted(device: string): boolean;
}

/** Members as the newest block has them. */
export interface MemberFacts {
  isActive(member: string): boolean;
  /** Key of a DID URL, where its subject may sign with it. */
  keyOf(kid: string): PublicKey | undefined;
}

/** The way to the target's node, be it this one or another's. */
export interface CommandChannel {
  /** Answers the receipt's token. A rejection means that no answer came: the same token is sent again. */
  send(token: string, command: Command): Promise<string>;
}

export interface ActOutcome {
  readonly outcome: "done" | "failed" | "refused" | "timeout";
  /** The device's own word, at most 200 characters. */
  readonly reason?: string;
}

/** Whatever moves the device: a bridge, or its MQTT connection. */
export interface DeviceActor {
  act(device: string, command: Command): Promise<ActOutcome>;
}
