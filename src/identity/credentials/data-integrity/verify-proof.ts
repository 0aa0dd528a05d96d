import type { Json, JsonObject } from "#base";
import { bundledContext } from "../contexts/bundled-contexts.ts";
import { credentialError } from "../errors.ts";
import type { KeyFinder, ProofPurpose, VerificationKey } from "../keys.ts";
import { checkTerms } from "../terms/check-terms.ts";
import type { ContextSource } from "../terms/process-context.ts";
import { type ReadProof, readProofs, refuseProof } from "./read-proofs.ts";

/** What is asked of the proofs of a document. */
export interface ProofDemands {
  readonly keys: KeyFinder;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now: number;
  readonly purpose: ProofPurpose;
  /** DID whose proof there has to be; any where it is left out. */
  readonly controller?: string | undefined;
  /** What the proofs have to answer; not looked at where left out. */
  readonly challenge?: string | undefined;
  /** Whom they have to be made for, all of them and nobody else; not looked at where left out. */
  readonly domain?: string | readonly string[] | undefined;
  /** Where contexts come from: those that come with Hansa, where left out. */
  readonly contexts?: ContextSource | undefined;
}

/** A proof that was found good. */
export interface VerifiedProof {
  readonly id: string | undefined;
  readonly cryptosuite: string;
  readonly verificationMethod: string;
  /** DID of whoever made it. */
  readonly controller: string;
  /** Milliseconds since 1970-01-01T00:00:00Z; `undefined` where it is not said. */
  readonly created: number | undefined;
}

/** How far clocks may be apart before a proof is from the future, ms. */
const SKEW = 60_000;

/**
 * Verifies the proofs of a document, one, a set, or a chain: all of them have to be good (VC Data Integrity §4.5), and one of them
 * of the controller.
 *
 * @param document - within `DOCUMENT_LIMITS`, as `checkCredential` and `checkPresentation` see to
 * @returns the proofs, in the order of the document
 * @throws HansaError `credentials.proof`, `credentials.term`, `credentials.context`, `credentials.not-yet`, `credentials.expired`,
 * `credentials.challenge`, `credentials.domain`, `credentials.key`, `credentials.unreachable`, `credentials.signature`
 * @example
 * ```ts
 * const [proof] = await verifyProofs(document, { keys, now: Date.now(), purpose: "assertionMethod", controller: issuer });
 * ```
 */
export async function verifyProofs(document: JsonObject, demands: ProofDemands): Promise<readonly VerifiedProof[]> {
  const proofs = readProofs(document);
  for (const proof of proofs) checkDemands(proof, demands);
  const { proof: _, ...unsecured } = document;
  checkSignedTerms(unsecured, proofs, demands.contexts ?? bundledContext);
  const verified: VerifiedProof[] = [];
  for (const proof of proofs) verified.push(await verifyOne(unsecured, proof, demands));
  const { controller } = demands;
  if (controller !== undefined && !verified.some((proof) => proof.controller === controller))
    throw credentialError("credentials.key", "no proof is of the one who is said to have made it", {
      controller: controller.slice(0, 200),
    });
  return verified;
}

function checkDemands({ proof, created, expires, domains }: ReadProof, demands: ProofDemands): void {
  if (proof.proofPurpose !== demands.purpose)
    throw refuseProof(
      "proofPurpose",
      `the proof is made for ${proof.proofPurpose.slice(0, 40)}, not ${demands.purpose}`,
    );
  if (demands.challenge !== undefined && proof.challenge !== demands.challenge)
    throw credentialError("credentials.challenge", "the proof answers another challenge, or none");
  if (demands.domain !== undefined) {
    const wanted = typeof demands.domain === "string" ? [demands.domain] : demands.domain;
    if (!sameSet(wanted, domains ?? []))
      throw credentialError("credentials.domain", "the proof is made for another domain, or for none");
  }
  if (created !== undefined && created > demands.now + SKEW)
    throw credentialError("credentials.not-yet", "the proof was made in the future", { created: proof.created });
  if (expires !== undefined && expires <= demands.now)
    throw credentialError("credentials.expired", "the proof has expired", { expires: proof.expires });
}

/** §4.5: a text is a set of one. */
function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const [one, two] = [new Set(a), new Set(b)];
  return one.size === two.size && [...one].every((item) => two.has(item));
}

/** Suites over RDF see for themselves that every term is defined; a suite over JSON signs whatever stands there. */
function checkSignedTerms(unsecured: JsonObject, proofs: readonly ReadProof[], contexts: ContextSource): void {
  const overJson = proofs.filter(({ suite }) => !suite.rdf);
  if (overJson.length === 0) return;
  checkTerms(unsecured, contexts);
  // Contexts that came after the signature are not signed: they must not be what gives a term its meaning.
  for (const { proof } of overJson) {
    const signed = proof["@context"] as Json | undefined;
    if (signed !== undefined && JSON.stringify(signed) !== JSON.stringify(unsecured["@context"]))
      checkTerms({ ...unsecured, "@context": signed }, contexts);
  }
}

async function verifyOne(unsecured: JsonObject, read: ReadProof, demands: ProofDemands): Promise<VerifiedProof> {
  const { proof, suite, previous, created } = read;
  const key = await demands.keys(proof.verificationMethod, demands.purpose);
  requireFit(suite.algorithms, key);
  // §4.5: of a chain, the proofs that this one covers stand in the document, as a list.
  const document = previous.length === 0 ? unsecured : { ...unsecured, proof: previous as unknown as readonly Json[] };
  if (!(await suite.verify(document, proof, key, { contexts: demands.contexts })))
    throw credentialError("credentials.signature", "the signature does not fit the document", {
      verificationMethod: proof.verificationMethod.slice(0, 200),
    });
  return {
    id: proof.id,
    cryptosuite: suite.name,
    verificationMethod: proof.verificationMethod,
    controller: key.controller,
    created,
  };
}

function requireFit(algorithms: readonly string[], key: VerificationKey): void {
  if (!algorithms.includes(key.algorithm))
    throw refuseProof("cryptosuite", `the cryptosuite does not go with a key of ${key.algorithm}`);
}
