import type { Json, JsonObject } from "#base";
import { formatDateTime, isDateTime } from "../../resolution/date-time.ts";
import { bundledContext, CREDENTIALS_V2 } from "../contexts/bundled-contexts.ts";
import type { CredentialSigner, ProofPurpose } from "../keys.ts";
import { checkTerms } from "../terms/check-terms.ts";
import type { ContextSource } from "../terms/process-context.ts";
import type { DataIntegrityProof, ProofOptions } from "./cryptosuite.ts";
import { MAX_PROOFS, readProofs, refuseProof } from "./read-proofs.ts";
import { cryptosuiteOf } from "./registry.ts";

/** What a proof is to say. Times are milliseconds since 1970-01-01T00:00:00Z. */
export interface NewProof {
  /** Name of the cryptosuite. */
  readonly suite: string;
  readonly purpose: ProofPurpose;
  readonly created?: number | undefined;
  readonly expires?: number | undefined;
  readonly challenge?: string | undefined;
  readonly domain?: string | readonly string[] | undefined;
  readonly nonce?: string | undefined;
  /** URL by which later proofs of a chain name it. */
  readonly id?: string | undefined;
  /** Ids of proofs of the document that it covers. */
  readonly previousProof?: string | readonly string[] | undefined;
  /** Where contexts come from: those that come with Hansa, where left out. */
  readonly contexts?: ContextSource | undefined;
  /** JSON pointers to what no holder can leave out, of suites with selective disclosure; all but the subject's claims, where left out. */
  readonly mandatoryPointers?: readonly string[] | undefined;
}

const DATA_INTEGRITY = ["https://w3id.org/security/data-integrity/v2", "https://w3id.org/security/data-integrity/v1"];

/**
 * A document with one proof more: beside those that it has, or over those that `previousProof` names (VC Data Integrity §4.2 and §4.3).
 *
 * @param document - within `DOCUMENT_LIMITS`
 * @throws HansaError `credentials.proof`, `credentials.term`, `credentials.context`, `credentials.document`
 */
export async function addProof(document: JsonObject, signer: CredentialSigner, wanted: NewProof): Promise<JsonObject> {
  const suite = cryptosuiteOf(wanted.suite);
  if (!suite.algorithms.includes(signer.algorithm))
    throw refuseProof("cryptosuite", `${suite.name} does not go with a key of ${signer.algorithm}`);
  const { proof: _, ...unsecured } = withContext(document);
  const proofs = "proof" in document ? readProofs(document).map(({ proof }) => proof) : [];
  if (proofs.length >= MAX_PROOFS) throw refuseProof("proof", `a document has at most ${MAX_PROOFS} proofs`);
  if (!suite.rdf) checkTerms(unsecured, wanted.contexts ?? bundledContext);
  const previous = previousOf(proofs, wanted.previousProof);
  const options = optionsOf(wanted, signer, suite.rdf ? undefined : unsecured["@context"]);
  const covered = previous.length === 0 ? unsecured : { ...unsecured, proof: previous as unknown as readonly Json[] };
  const { contexts, mandatoryPointers } = wanted;
  const proofValue = await suite.sign(covered, options, signer, { contexts, mandatoryPointers });
  const made: DataIntegrityProof = { ...options, proofValue };
  const proof = (proofs.length === 0 ? made : [...proofs, made]) as unknown as Json;
  const signed = { ...unsecured, proof };
  // Whatever was asked for, nobody is handed a set with two of one id, say.
  readProofs(signed);
  return signed;
}

/** §2.4: where no context defines the proof, that of Data Integrity is added. */
function withContext(document: JsonObject): JsonObject {
  const { "@context": context = [] } = document;
  const contexts: readonly Json[] = Array.isArray(context) ? context : [context as Json];
  if (contexts.some((one) => one === CREDENTIALS_V2 || DATA_INTEGRITY.includes(one as string))) return document;
  return { ...document, "@context": [...contexts, DATA_INTEGRITY[0] as string] };
}

function previousOf(
  proofs: readonly DataIntegrityProof[],
  wanted: string | readonly string[] | undefined,
): readonly DataIntegrityProof[] {
  if (wanted === undefined) return [];
  return (typeof wanted === "string" ? [wanted] : wanted).map((id) => {
    const proof = proofs.find((one) => one.id === id);
    if (proof === undefined) throw refuseProof("previousProof", "previousProof names a proof that is not there");
    return proof;
  });
}

function optionsOf(wanted: NewProof, signer: CredentialSigner, context: Json | undefined): ProofOptions {
  const { created, expires, challenge, domain, nonce, id, previousProof } = wanted;
  return {
    type: "DataIntegrityProof",
    ...(id === undefined ? {} : { id }),
    cryptosuite: wanted.suite,
    ...(created === undefined ? {} : { created: readTime(created, "created") }),
    ...(expires === undefined ? {} : { expires: readTime(expires, "expires") }),
    verificationMethod: signer.id,
    proofPurpose: wanted.purpose,
    ...(challenge === undefined ? {} : { challenge }),
    ...(domain === undefined ? {} : { domain }),
    ...(nonce === undefined ? {} : { nonce }),
    ...(previousProof === undefined ? {} : { previousProof }),
    ...(context === undefined ? {} : { "@context": context }),
  };
}

function readTime(time: number, name: string): string {
  if (!isDateTime(time)) throw refuseProof(name, `${name} is no time`);
  return formatDateTime(time);
}
