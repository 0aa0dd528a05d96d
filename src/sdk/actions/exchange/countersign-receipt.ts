import { countersignAccessReceipt, type SignedAccessReceipt } from "#protocol";
import type { Client } from "../../client.ts";
import { sdkError } from "../../errors.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/**
 * Signs an access receipt and hands it back to the provider. To be done once the release was opened: the signature says that it came.
 *
 * @returns the receipt with both signatures
 * @throws HansaError `sdk.no-signer`, `exchange.unknown-receipt`, `exchange.signature`
 */
export async function countersignReceipt(
  client: Client,
  receipt: SignedAccessReceipt,
  options: CallOptions = {},
): Promise<SignedAccessReceipt> {
  const party = client.signer;
  if (party === undefined) throw sdkError("sdk.no-signer", "a receipt needs the recipient's signature");
  const group = await groupIdOfClient(client, options.signal);
  const signed = countersignAccessReceipt(receipt, party.kid, party.signer);
  await callJson(client, "exchangeReceipt", {
    ...options,
    parameters: { group },
    body: { type: "application/jose+json", content: JSON.stringify(signed) },
  });
  return signed;
}
