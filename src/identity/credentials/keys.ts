/** Keys that credentials are signed with and verified by. */

/** Names of key types, as JWK `crv` has them. P-384 signs credentials, never transactions. */
export type CredentialAlgorithm = "Ed25519" | "P-256" | "P-384" | "secp256k1";

/** A public key, as a verification method of somebody's DID document gives it. */
export interface VerificationKey {
  /** DID URL of the verification method. */
  readonly id: string;
  /** DID of whoever speaks with it. */
  readonly controller: string;
  readonly algorithm: CredentialAlgorithm;
  /** Raw bytes; points compressed. */
  readonly publicKey: Uint8Array;
}

/** A key of our own that signs and does not hand out its secret. */
export interface CredentialSigner extends VerificationKey {
  /** Signature over the data: 64 bytes, of P-384 96, r ‖ s for ECDSA, whose hash is that of the curve's size. */
  sign(data: Uint8Array): Uint8Array;
}

/** What a key has to be named for in its controller's DID document (DID Core §5.3). */
export type ProofPurpose = "assertionMethod" | "authentication";

/**
 * Finds the key of a verification method and checks that its controller's document names it for the purpose.
 *
 * @throws HansaError `credentials.key` where there is none, `credentials.unreachable` where its document cannot be had
 */
export type KeyFinder = (verificationMethod: string, purpose: ProofPurpose) => Promise<VerificationKey>;
