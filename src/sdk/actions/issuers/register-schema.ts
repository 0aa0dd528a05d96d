import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Registers a version of a JSON Schema of credentials: its digest, and where its text is found.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await registerSchema(client, { schema: "delphi/energy-label", version: "1.0", type: "EnergyLabelCredential", digest });
 * ```
 */
export function registerSchema(
  client: Client,
  args: OperationArgs<"issuers.registerSchema">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("issuers.registerSchema", args)], options);
}
