import { libraryOf } from "../../contexts/context-library.ts";
import { checkSignature } from "../../credential-key.ts";
import { credentialError } from "../../errors.ts";
import type { CredentialAlgorithm } from "../../keys.ts";
import type { Cryptosuite } from "../cryptosuite.ts";
import { decodeProofValue, encodeProofValue } from "../proof-value.ts";
import type { RdfHash } from "./canonize.ts";
import { hashForProof } from "./proof-hash.ts";

/** Hash of a suite for each kind of key that it takes, and the bytes of a signature. */
export type SuiteKeys = Readonly<
  Partial<Record<CredentialAlgorithm, { readonly hash: RdfHash; readonly signature: number }>>
>;

/** What `eddsa-rdfc-2022` and `ecdsa-rdfc-2019` share: one signature over the hashes of options and document. */
export function rdfcSuite(name: string, keys: SuiteKeys): Cryptosuite {
  const keyOf = (algorithm: CredentialAlgorithm) => {
    const key = keys[algorithm];
    if (key === undefined)
      throw credentialError("credentials.proof", `${name} does not go with a key of ${algorithm}`, {
        problem: "cryptosuite",
        algorithm,
      });
    return key;
  };
  return {
    name,
    algorithms: Object.keys(keys) as CredentialAlgorithm[],
    rdf: true,
    async sign(document, options, signer, settings) {
      const { hash } = keyOf(signer.algorithm);
      return encodeProofValue(signer.sign(await hashForProof(document, options, libraryOf(settings?.contexts), hash)));
    },
    async verify(document, proof, key, settings) {
      const { hash, signature: length } = keyOf(key.algorithm);
      const signature = decodeProofValue(proof.proofValue, length);
      const data = await hashForProof(document, proof, libraryOf(settings?.contexts), hash);
      return checkSignature(key, data, signature);
    },
  };
}
