import { sha256 } from "#crypto";
import { checkSignature } from "../credential-key.ts";
import type { Cryptosuite } from "./cryptosuite.ts";
import { hashJcs, hashSignedJcs } from "./jcs-hash.ts";
import { decodeProofValue, encodeProofValue } from "./proof-value.ts";

/** Data Integrity EdDSA Cryptosuites 1.0 §3.3: JCS, SHA-256, Ed25519. */
export const eddsaJcs2022: Cryptosuite = {
  name: "eddsa-jcs-2022",
  algorithms: ["Ed25519"],
  rdf: false,
  async sign(document, options, signer) {
    return encodeProofValue(signer.sign(hashJcs(document, options, sha256)));
  },
  async verify(document, proof, key) {
    const signature = decodeProofValue(proof.proofValue, 64);
    return checkSignature(key, hashSignedJcs(document, proof, sha256), signature);
  },
};
