import type { JsonObject } from "#base";
import type { CredentialAlgorithm, CredentialSigner, VerificationKey } from "../keys.ts";
import type { ContextSource } from "../terms/process-context.ts";

/** A Data Integrity proof (VC Data Integrity §2.1); what a suite adds stands in it, too. */
export interface DataIntegrityProof {
  readonly type: "DataIntegrityProof";
  readonly cryptosuite: string;
  readonly verificationMethod: string;
  readonly proofPurpose: string;
  readonly proofValue: string;
  readonly id?: string;
  readonly created?: string;
  readonly expires?: string;
  readonly domain?: string | readonly string[];
  readonly challenge?: string;
  readonly nonce?: string;
  /** Ids of proofs that this one covers: a chain (VC Data Integrity §2.1.2). */
  readonly previousProof?: string | readonly string[];
  readonly "@context"?: unknown;
}

/** A proof before it is signed. */
export type ProofOptions = Omit<DataIntegrityProof, "proofValue">;

/** What some suites have to know beside the document. */
export interface SuiteSettings {
  /** Where contexts come from: those that come with Hansa, where left out. */
  readonly contexts?: ContextSource | undefined;
  /** JSON pointers to what a holder cannot leave out; only of suites with selective disclosure. */
  readonly mandatoryPointers?: readonly string[] | undefined;
}

/**
 * One cryptosuite of VC Data Integrity: a file beside this one, and a line in the registry.
 *
 * What is common to all (purpose, expiry, challenge, domain, sets and chains, whose key it is) stands in `add-proof.ts` and
 * `verify-proof.ts`; a suite transforms, hashes and signs.
 */
export interface Cryptosuite {
  readonly name: string;
  /** Keys that the suite knows. */
  readonly algorithms: readonly CredentialAlgorithm[];
  /** Whether the document is read as JSON-LD (RDF) to be hashed, so that terms no context defines are refused there. */
  readonly rdf: boolean;
  /**
   * @param document - without `proof`, but for the proofs that a chain covers
   * @param options - of the new proof, `@context` included where the suite wants it
   * @returns `proofValue`, multibase
   */
  sign(
    document: JsonObject,
    options: ProofOptions,
    signer: CredentialSigner,
    settings?: SuiteSettings,
  ): Promise<string>;
  /**
   * @param document - as for `sign`
   * @param proof - whole
   * @returns whether the signature is good
   * @throws HansaError `credentials.proof` where `proofValue` is malformed, `credentials.document` where the document cannot be read
   */
  verify(
    document: JsonObject,
    proof: DataIntegrityProof,
    key: VerificationKey,
    settings?: SuiteSettings,
  ): Promise<boolean>;
}
