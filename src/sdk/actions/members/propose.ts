import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Proposes a change of members, their roles or the group's parameters; the proposer's approval counts at once.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await proposeMember(client, { change: { kind: "admit", member: did, name: "Acme", roles: ["maker"] } });
 * ```
 */
export function proposeMember(
  client: Client,
  args: OperationArgs<"members.propose">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("members.propose", args)], options);
}
