import { ed25519PublicKey, ed25519Sign, ed25519Signer, ed25519Verify, randomBytes } from "#crypto/backend";
import type { SignatureSuite } from "./suite.ts";

/** EdDSA over edwards25519, RFC 8032; JOSE: RFC 8037. */
export const ed25519: SignatureSuite = {
  algorithm: "Ed25519",
  jose: "EdDSA",
  multicodec: [0xed, 0x01],
  publicKeyLength: 32,
  publicKey: ed25519PublicKey,
  isPublicKey: (bytes) => bytes.length === 32,
  sign: ed25519Sign,
  signer: ed25519Signer,
  verify: ed25519Verify,
  generate: () => randomBytes(32),
};
