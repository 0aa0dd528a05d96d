import type { Json } from "#base";
import { type Ledger, readDevice } from "#ledger";
import type { CommandChannel } from "#linkage";
import { type Command, decodeCommand } from "#protocol";
import { nodeError } from "./errors.ts";
import type { HostedMember } from "./hosted-member.ts";
import type { PeerRequest } from "./peer-messages.ts";

/** Asks a node of a member; groups with a quorum have a way. */
export type AskMember = (member: string, request: PeerRequest) => Promise<Json>;

/** The way of a command to whoever plays for the target's platform: a member of this node, or the node of another member. */
export function commandChannel(
  ledger: Ledger,
  hosted: () => readonly HostedMember[],
  ask: AskMember | undefined,
): CommandChannel {
  return {
    async send(token, command) {
      const operator = operatorOf(ledger, command);
      const own = hosted().find((member) => member.did === operator);
      if (own !== undefined) return own.target.receive(token);
      if (ask === undefined) throw noRoute(command);
      const receipt = await ask(operator, { kind: "command", token });
      if (typeof receipt !== "string") throw nodeError("node.peer-malformed", "the peer's receipt is not a token");
      return receipt;
    },
  };
}

/** Takes a command that another member's node sends: only for devices of members that this node plays for. */
export async function receiveCommand(ledger: Ledger, hosted: readonly HostedMember[], token: string): Promise<string> {
  const { command } = decodeCommand(token);
  const operator = operatorOf(ledger, command);
  const own = hosted.find((member) => member.did === operator);
  if (own === undefined) throw noRoute(command);
  return own.target.receive(token);
}

function operatorOf(ledger: Ledger, command: Command): string {
  const operator = readDevice(ledger.state, command.sub)?.operator;
  if (operator === undefined) throw noRoute(command);
  return operator;
}

function noRoute(command: Command) {
  return nodeError("node.no-route", "no node is known for the target's platform", { device: command.sub });
}
