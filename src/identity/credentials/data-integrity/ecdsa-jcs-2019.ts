import { sha256, sha384 } from "#crypto";
import { checkSignature } from "../credential-key.ts";
import type { CredentialAlgorithm } from "../keys.ts";
import type { Cryptosuite } from "./cryptosuite.ts";
import { hashJcs, hashSignedJcs } from "./jcs-hash.ts";
import { decodeProofValue, encodeProofValue } from "./proof-value.ts";

/** §3.3.4: the hash is as wide as the curve. */
const hashOf = (algorithm: CredentialAlgorithm) => (algorithm === "P-384" ? sha384 : sha256);

/** Data Integrity ECDSA Cryptosuites 1.0 §3.3: JCS, P-256 with SHA-256 or P-384 with SHA-384. */
export const ecdsaJcs2019: Cryptosuite = {
  name: "ecdsa-jcs-2019",
  algorithms: ["P-256", "P-384"],
  rdf: false,
  async sign(document, options, signer) {
    return encodeProofValue(signer.sign(hashJcs(document, options, hashOf(signer.algorithm))));
  },
  async verify(document, proof, key) {
    const signature = decodeProofValue(proof.proofValue, key.algorithm === "P-384" ? 96 : 64);
    return checkSignature(key, hashSignedJcs(document, proof, hashOf(key.algorithm)), signature);
  },
};
