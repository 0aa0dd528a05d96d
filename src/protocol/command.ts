/** What a linkage's trigger side sends to its target side, and what comes back. Both are signed; neither is on the ledger's path. */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { Signer } from "#crypto";
import { protocolError } from "./errors.ts";
import { type DecodedToken, decodeToken, signCompact } from "./jws.ts";
import { Closed, Did, Digest, Seconds } from "./operations/fields.ts";
import { Affordance, ContractValue, LinkageId } from "./operations/linkages.ts";

export const COMMAND_TYPE = "hansa-command+jwt";
export const COMMAND_RECEIPT_TYPE = "hansa-command-receipt+jwt";

/** Bound to linkage, evidence, nonce and expiry: it can be carried out once, by one device, for one reason. */
export const Command = Closed({
  /** Id of the command: the same trigger event, linkage and step always give the same, so a resend is recognised. */
  jti: Type.String({ pattern: "^[A-Za-z0-9_-]{22,64}$" }),
  /** The member at the trigger's side. */
  iss: Did,
  /** The target device. */
  sub: Did,
  /** Id of the group. */
  aud: Type.String({ minLength: 1, maxLength: 128 }),
  linkage: LinkageId,
  /** Height at which the linkage last changed, as the trigger's side saw it. */
  version: Type.Integer({ minimum: 0 }),
  /** The event that fired. */
  evidence: Closed({
    topic: Type.String({ maxLength: 260 }),
    offset: Type.Integer({ minimum: 0 }),
    digest: Digest,
  }),
  /** Which action of the contract. */
  step: Type.Integer({ minimum: 0, maximum: 15 }),
  action: Type.Union([
    Closed({ action: Affordance, input: Type.Optional(ContractValue) }),
    Closed({ set: Affordance, value: ContractValue }),
  ]),
  hops: Type.Integer({ minimum: 1, maximum: 16 }),
  iat: Seconds,
  exp: Seconds,
});
export type Command = Static<typeof Command>;

export const CommandOutcome = Type.Union([
  Type.Literal("done"),
  Type.Literal("refused"),
  Type.Literal("failed"),
  Type.Literal("timeout"),
]);
export type CommandOutcome = Static<typeof CommandOutcome>;

/** The target side's word on what it did. */
export const CommandReceipt = Closed({
  /** Id of the command. */
  jti: Type.String({ pattern: "^[A-Za-z0-9_-]{22,64}$" }),
  /** The member at the target's side. */
  iss: Did,
  device: Did,
  linkage: LinkageId,
  outcome: CommandOutcome,
  /** A code of `LINKAGE_ERRORS`, or the device's own word. */
  reason: Type.Optional(Type.String({ maxLength: 200 })),
  /** SHA-256 of the command's token. */
  command: Digest,
  iat: Seconds,
});
export type CommandReceipt = Static<typeof CommandReceipt>;

export function signCommand(command: Command, kid: string, signer: Signer): string {
  return signCompact(command, COMMAND_TYPE, kid, signer);
}

export function signCommandReceipt(receipt: CommandReceipt, kid: string, signer: Signer): string {
  return signCompact(receipt, COMMAND_RECEIPT_TYPE, kid, signer);
}

/** Takes a command apart; the caller checks signature, times and rights. */
export function decodeCommand(text: string): { token: DecodedToken; command: Command } {
  const token = decodeToken(text, COMMAND_TYPE);
  if (!Value.Check(Command, token.claims)) throw claimsProblem("command");
  return { token, command: token.claims as Command };
}

/** Takes a receipt apart; the caller checks the signature. */
export function decodeCommandReceipt(text: string): { token: DecodedToken; receipt: CommandReceipt } {
  const token = decodeToken(text, COMMAND_RECEIPT_TYPE);
  if (!Value.Check(CommandReceipt, token.claims)) throw claimsProblem("command receipt");
  return { token, receipt: token.claims as CommandReceipt };
}

function claimsProblem(what: string) {
  return protocolError("token.claims", `the ${what} does not fit its schema`, { problem: what });
}
