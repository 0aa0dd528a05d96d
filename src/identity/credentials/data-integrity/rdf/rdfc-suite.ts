import { decodeBase58, encodeBase58 } from "#base";
import { p384, suiteOf } from "#crypto";
import { libraryOf } from "../../contexts/context-library.ts";
import { credentialError } from "../../errors.ts";
import type { CredentialAlgorithm } from "../../keys.ts";
import type { Cryptosuite } from "../cryptosuite.ts";
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
    async sign(document, options, signer, contexts) {
      const { hash } = keyOf(signer.algorithm);
      return `z${encodeBase58(signer.sign(await hashForProof(document, options, libraryOf(contexts), hash)))}`;
    },
    async verify(document, proof, key, contexts) {
      const { hash, signature: length } = keyOf(key.algorithm);
      const signature = proof.proofValue.startsWith("z") ? decodeBase58(proof.proofValue.slice(1)) : undefined;
      if (signature?.length !== length)
        throw credentialError("credentials.proof", "proofValue is no signature in base58btc", {
          problem: "proofValue",
        });
      const data = await hashForProof(document, proof, libraryOf(contexts), hash);
      return verifyWith(key.algorithm, data, signature, key.publicKey);
    },
  };
}

/** Verifies with a key of any kind that signs credentials. */
export function verifyWith(
  algorithm: CredentialAlgorithm,
  data: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  const suite = algorithm === "P-384" ? p384 : suiteOf(algorithm);
  return suite.verify(data, signature, publicKey);
}
