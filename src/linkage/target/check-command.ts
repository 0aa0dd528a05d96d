/** What the target's side demands of a command, against its own replica. It believes nothing that the sender says of the contract. */
import { canonicalJson } from "#base";
import { type Action, type Command, type DecodedToken, decodeCommand, didOfKeyId, isSignedBy } from "#protocol";
import { commandIdOf } from "../command-id.ts";
import { type LinkageErrorCode, linkageError } from "../errors.ts";
import type { DeviceFacts, LinkageView, MemberFacts } from "../needs.ts";

export interface CommandRules {
  readonly group: string;
  /** The member whose node this is. */
  readonly member: string;
  readonly linkages: LinkageView;
  readonly devices: DeviceFacts;
  readonly members: MemberFacts;
  /** Longest life of a command, seconds. */
  readonly lifeSeconds: number;
  /** How far ahead `iat` may lie, seconds. */
  readonly skewSeconds: number;
}

/**
 * Makes sure who speaks. What fails here gets no receipt: anyone could send it.
 *
 * @throws HansaError `linkage.malformed`, `linkage.unauthenticated`, `linkage.audience`
 */
export function authenticateCommand(text: string, { group, members }: CommandRules): Command {
  let decoded: { token: DecodedToken; command: Command };
  try {
    decoded = decodeCommand(text);
  } catch (error) {
    throw linkageError("linkage.malformed", "this is not a command", {}, error);
  }
  const { token, command } = decoded;
  if (command.aud !== group)
    throw linkageError("linkage.audience", "the command is for another group", { aud: command.aud, group });
  const { kid } = token.header;
  const key = didOfKeyId(kid) === command.iss && members.isActive(command.iss) ? members.keyOf(kid) : undefined;
  if (key === undefined || !isSignedBy(token, key))
    throw linkageError("linkage.unauthenticated", `the command is not signed by ${command.iss} as an active member`, {
      iss: command.iss,
      kid,
    });
  return command;
}

/** The time a command is good for, apart from the rest: an expired one needs no memory to be refused again. */
export function problemOfTime(command: Command, now: number, rules: CommandRules): LinkageErrorCode | undefined {
  const seconds = now / 1000;
  if (command.exp <= seconds) return "linkage.expired";
  if (command.iat > seconds + rules.skewSeconds || command.exp - command.iat > rules.lifeSeconds)
    return "linkage.lifetime";
  return undefined;
}

/** Why a command must not be carried out; `undefined` where it may. */
export function problemOfCommand(command: Command, now: number, rules: CommandRules): LinkageErrorCode | undefined {
  const { linkages, devices, member } = rules;
  const { topic, offset } = command.evidence;
  // The id is bound to its reason: one event cannot be turned into two commands of one step.
  if (command.jti !== commandIdOf(command.linkage, topic, offset, command.step)) return "linkage.evidence";
  const record = linkages.get(command.linkage);
  if (record === undefined) return "linkage.unknown";
  if (record.status !== "active") return "linkage.not-active";
  if (record.version !== command.version) return "linkage.version";
  const { contract } = record;
  const seconds = now / 1000;
  if (seconds < contract.from || seconds >= contract.until) return "linkage.not-valid";
  if (command.hops > contract.limits.hops) return "linkage.hops";
  const action = contract.actions[command.step];
  if (action === undefined || !isSameAction(action, command)) return "linkage.step";
  if (!devices.isAdmitted(contract.trigger.device) || !devices.isAdmitted(command.sub))
    return "linkage.device-not-admitted";
  if (devices.operatorOf(contract.trigger.device) !== command.iss || devices.operatorOf(command.sub) !== member)
    return "linkage.not-operator";
  return undefined;
}

function isSameAction(action: Action, command: Command): boolean {
  if ("delay" in action) return false;
  return canonicalJson(action) === canonicalJson({ device: command.sub, ...command.action });
}
