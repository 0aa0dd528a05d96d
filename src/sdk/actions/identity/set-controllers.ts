import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Says who else may change a DID; with none, the subject alone.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await setControllers(client, { did, controllers: [owner] });
 * ```
 */
export function setControllers(
  client: Client,
  args: OperationArgs<"identity.setControllers">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("identity.setControllers", args)], options);
}
