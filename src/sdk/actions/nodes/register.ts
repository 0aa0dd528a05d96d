import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Makes a node of one's own known, with the proof that its voting key made: peers admit it from the next block on.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await registerNode(client, { node, key, address: "ledger.acme.example:7422", proof });
 * ```
 */
export function registerNode(
  client: Client,
  args: OperationArgs<"nodes.register">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("nodes.register", args)], options);
}
