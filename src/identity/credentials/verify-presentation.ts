import type { JsonObject } from "#base";
import { type VerifiedProof, verifyProofs } from "./data-integrity/verify-proof.ts";
import { credentialError } from "./errors.ts";
import { type CheckedCredential, type CheckedPresentation, checkPresentation } from "./model.ts";
import { checkTerms } from "./terms/check-terms.ts";
import { type VerifiedCredential, type VerifyOptions, verifyChecked, verifyClaims } from "./verify-credential.ts";

/** What a verifier of presentations goes by. */
export interface VerifyPresentationOptions extends VerifyOptions {
  /** What was asked with. That it is taken once alone, whoever asked sees to. Not looked at where it is left out. */
  readonly challenge?: string | undefined;
  /** The verifier's own name, or names. Not looked at where it is left out. */
  readonly domain?: string | readonly string[] | undefined;
  /** Verifies what is in the `data:` URL of an envelope; without it, no presentation with one passes. */
  readonly enveloped?: ((dataUrl: string) => Promise<VerifiedCredential>) | undefined;
}

/** A presentation that holds. */
export interface VerifiedPresentation {
  readonly presentation: JsonObject;
  readonly id: string | undefined;
  /** DID of whoever presents: the holder, or, where none is named, whoever signed. */
  readonly presenter: string;
  readonly proofs: readonly VerifiedProof[];
  readonly credentials: readonly VerifiedCredential[];
}

/**
 * Verifies a presentation and every credential in it.
 *
 * @throws HansaError `credentials.*`
 * @example
 * ```ts
 * const { presenter, credentials } = await verifyPresentation(presentation, { keys, now: Date.now(), challenge, domain });
 * ```
 */
export async function verifyPresentation(
  presentation: unknown,
  options: VerifyPresentationOptions,
): Promise<VerifiedPresentation> {
  const checked = checkPresentation(presentation);
  const { keys, now, challenge, domain, contexts, purpose = "authentication" } = options;
  const proofs = await verifyProofs(checked.document, {
    keys,
    now,
    purpose,
    controller: checked.holder,
    challenge,
    domain,
    contexts,
  });
  const presenter = checked.holder ?? soleController(proofs);
  const credentials = await verifyContained(checked, options);
  return { presentation: checked.document, id: checked.id, presenter, proofs, credentials };
}

/** Where no holder is named, several signers would leave open which of them presents. */
function soleController(proofs: readonly VerifiedProof[]): string {
  const [first, ...others] = new Set(proofs.map(({ controller }) => controller));
  if (first === undefined || others.length > 0)
    throw credentialError("credentials.holder", "the presentation names no holder, and several have signed it");
  return first;
}

/**
 * Verifies the credentials of a presentation whose own security is seen to.
 *
 * @throws HansaError `credentials.*`
 */
export async function verifyContained(
  { credentials, holder }: CheckedPresentation,
  options: VerifyPresentationOptions,
): Promise<readonly VerifiedCredential[]> {
  const verified: VerifiedCredential[] = [];
  // `purpose` is the presentation's: credentials are asserted.
  const { purpose: _, ...rest } = options;
  for (const credential of credentials) verified.push(await verifyOne(credential, holder, rest));
  return verified;
}

async function verifyOne(
  checked: CheckedCredential,
  holder: string | undefined,
  options: VerifyPresentationOptions,
): Promise<VerifiedCredential> {
  if (checked.enveloped) {
    if (options.enveloped === undefined)
      throw credentialError("credentials.proof", "envelopes are not opened here", { problem: "enveloped" });
    return options.enveloped(checked.id as string);
  }
  if ("proof" in checked.document) return verifyChecked(checked, options);
  // Data Model 2.0 §4.13.4: what the holder says of himself, his presentation secures.
  if (holder === undefined || checked.issuer !== holder)
    throw credentialError("credentials.holder", "a credential without a proof is not of the presentation's holder");
  checkTerms(checked.document, options.contexts);
  return verifyClaims(checked, [], options);
}
