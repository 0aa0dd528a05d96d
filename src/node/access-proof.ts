import { buildTrailProof } from "#audit";
import type { AccessProof } from "#exchange";
import type { AccessReceipt, AccessReceiptProof } from "#protocol";
import type { GroupService } from "./group-service.ts";
import { certifyTrail } from "./proofs.ts";

/**
 * File of an access receipt: with the transaction that anchors its batch, and the records that hold its signers' keys and its grants.
 *
 * @param from - engine height of the validators that the asker trusts already
 * @throws HansaError `audit.*`
 */
export async function accessReceiptProofOf(
  { ledger, proofs }: Pick<GroupService, "ledger" | "proofs">,
  { iss, sub, grants }: AccessReceipt,
  { receipt, opened, path, height, index }: AccessProof,
  from?: number,
): Promise<AccessReceiptProof> {
  const trail = await buildTrailProof(ledger, {
    about: iss,
    places: [{ height, index }],
    recordKeys: [`identity/${iss}`, `identity/${sub}`, ...grants.map((grant) => `grant/${grant}`)],
  });
  return {
    hansa: "access-receipt/1",
    receipt,
    ...(opened === undefined ? {} : { opened }),
    path,
    trail: await certifyTrail(proofs, trail, from),
  };
}
