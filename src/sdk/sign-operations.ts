import { type Operation, prepareClaims, signTransaction } from "#protocol";
import type { Client, Party } from "./client.ts";
import { sdkError } from "./errors.ts";
import { groupIdOfClient } from "./group.ts";

export interface SignOptions {
  /** All who sign; the first is the issuer. The client's signer alone where left out. */
  readonly signers?: readonly Party[] | undefined;
  /** How long the transaction may be executed (60); the group's `windowSeconds` is the limit. */
  readonly seconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Signs operations and does not send them: for handing a transaction to another party, which adds its signature with
 * `cosignTransaction`.
 *
 * @throws HansaError `sdk.no-signer`
 * @example
 * ```ts
 * const text = await signOperations(client, [operation("linkages.end", { linkage })], { seconds: 110 });
 * const both = cosignTransaction(text, otherParty);
 * await submitTransaction(client, both);
 * ```
 */
export async function signOperations(
  client: Client,
  operations: readonly Operation[],
  options: SignOptions = {},
): Promise<string> {
  const signers = options.signers ?? (client.signer === undefined ? [] : [client.signer]);
  const issuer = signers[0];
  if (issuer === undefined) throw sdkError("sdk.no-signer", "a transaction needs a signer");
  const group = await groupIdOfClient(client, options.signal);
  return signTransaction(prepareClaims(issuer.did, group, operations, client.now(), options.seconds), signers);
}
