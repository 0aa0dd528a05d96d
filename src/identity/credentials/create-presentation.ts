import type { JsonObject } from "#base";
import { CREDENTIALS_V2 } from "./contexts/bundled-contexts.ts";
import { addProof, type NewProof } from "./data-integrity/add-proof.ts";
import { credentialError } from "./errors.ts";
import type { CredentialSigner } from "./keys.ts";
import { checkPresentation } from "./model.ts";

/** What a presentation is bound to, and how it is signed. */
export interface PresentOptions extends Omit<NewProof, "purpose"> {
  /** What the verifier asked with. */
  readonly challenge: string;
  /** Whom it is for. */
  readonly domain: string | readonly string[];
}

/**
 * Puts credentials into a presentation: unsigned, of a holder.
 *
 * @param credentials - as they were issued; those in an envelope as `EnvelopedVerifiableCredential`
 */
export function makePresentation(credentials: readonly JsonObject[], holder?: string): JsonObject {
  return {
    "@context": [CREDENTIALS_V2],
    type: ["VerifiablePresentation"],
    ...(holder === undefined ? {} : { holder }),
    ...(credentials.length === 0 ? {} : { verifiableCredential: [...credentials] }),
  };
}

/**
 * Signs a presentation for one verifier.
 *
 * @param signer - of the holder
 * @throws HansaError `credentials.document`, `credentials.context`, `credentials.term`, `credentials.proof`, `credentials.holder` where
 * the presentation names another holder
 * @example
 * ```ts
 * const presentation = await createPresentation(makePresentation([credential], signer.controller), signer, {
 *   suite: "eddsa-jcs-2022", challenge, domain: "https://verifier.example", expires: Date.now() + 60_000,
 * });
 * ```
 */
export async function createPresentation(
  presentation: JsonObject,
  signer: CredentialSigner,
  options: PresentOptions,
): Promise<JsonObject> {
  const { holder } = checkPresentation(presentation);
  if (holder !== undefined && holder !== signer.controller && !("proof" in presentation))
    throw credentialError("credentials.holder", "the presentation names another holder than the one who signs", {
      holder: holder.slice(0, 200),
    });
  return addProof(presentation, signer, { ...options, purpose: "authentication" });
}
