import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Adds a service to a DID, or replaces the one of that id.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await setService(client, { did, service: { id: "web", type: "LinkedDomains", endpoint: "https://acme.example" } });
 * ```
 */
export function setService(
  client: Client,
  args: OperationArgs<"identity.setService">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("identity.setService", args)], options);
}
