import type { Operation, Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SignOptions, signOperations } from "../../sign-operations.ts";
import { submitTransaction } from "./submit-transaction.ts";

/** How a transaction is signed and sent. */
export interface SendOptions extends SignOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Signs operations as one transaction, which succeeds or fails as a whole, and waits until it is durable.
 *
 * @throws HansaError `sdk.no-signer`, or the error of the receipt
 * @example
 * ```ts
 * await sendOperations(
 *   client,
 *   [operation("devices.transfer", { device, to: bob.did })],
 *   { signers: [alice, bob] },
 * );
 * ```
 */
export async function sendOperations(
  client: Client,
  operations: readonly Operation[],
  options: SendOptions = {},
): Promise<Receipt> {
  const text = await signOperations(client, operations, options);
  return submitTransaction(client, text, { signal: options.signal });
}
