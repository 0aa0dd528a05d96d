/** Keys of the home as issuers and holders of credentials. */
import { type CredentialSigner, credentialSigner } from "#identity";
import { cliError } from "../errors.ts";
import { ownKeyName } from "../home/own-member.ts";
import type { Shell } from "../shell.ts";
import type { SuiteName } from "./documents.ts";

/** What each kind of key signs credentials with, where nobody says. */
const USUAL = { Ed25519: "eddsa-rdfc-2022", "P-256": "ecdsa-rdfc-2019" } as const;

/**
 * The signer of `--as`.
 *
 * @param didKey - speaks as the `did:key` of the key, and not as the identity's own DID
 */
export async function signerOf(shell: Shell, didKey: boolean): Promise<CredentialSigner> {
  if (didKey) {
    // Of no alliance, so that nobody has to be asked which one it is.
    const keys = await shell.keys();
    return credentialSigner(keys.signer(ownKeyName(shell)));
  }
  const { did, kid, signer } = await shell.party();
  return credentialSigner(signer, { id: kid, controller: did });
}

/** @throws HansaError `cli.argument` where the key signs with none */
export function suiteFor({ algorithm }: CredentialSigner, wanted: SuiteName | undefined): string {
  const suite = wanted ?? (algorithm === "Ed25519" || algorithm === "P-256" ? USUAL[algorithm] : undefined);
  if (suite === undefined)
    throw cliError("cli.argument", `a key of ${algorithm} signs credentials as JWT alone: --format jwt`, { algorithm });
  return suite;
}
