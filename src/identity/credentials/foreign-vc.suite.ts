/** The same issuer for our suites and for those of @digitalbazaar/vc: what tests and benches hold the two against each other with. */
import { DataIntegrityProof } from "@digitalbazaar/data-integrity";
import * as ecdsaMultikey from "@digitalbazaar/ecdsa-multikey";
import { cryptosuite as ecdsaRdfc } from "@digitalbazaar/ecdsa-rdfc-2019-cryptosuite";
import {
  createDiscloseCryptosuite,
  createSignCryptosuite,
  createVerifyCryptosuite,
} from "@digitalbazaar/ecdsa-sd-2023-cryptosuite";
import * as ed25519Multikey from "@digitalbazaar/ed25519-multikey";
import { cryptosuite as eddsaRdfc } from "@digitalbazaar/eddsa-rdfc-2022-cryptosuite";
import * as vc from "@digitalbazaar/vc";
import { concatBytes, encodeBase58, type JsonObject } from "#base";
import { p384, suiteOf } from "#crypto";
import { bundledContext } from "./contexts/bundled-contexts.ts";
import type { CredentialAlgorithm, CredentialSigner } from "./keys.ts";

export type ForeignSuite = "eddsa-rdfc-2022" | "ecdsa-rdfc-2019" | "ecdsa-sd-2023";

/** Their side of an issuer. */
export interface ForeignIssuer {
  issue(credential: JsonObject, suite: ForeignSuite, mandatoryPointers?: readonly string[]): Promise<JsonObject>;
  derive(credential: JsonObject, selectivePointers: readonly string[]): Promise<JsonObject>;
  /** @throws their error where it is not good */
  verify(credential: JsonObject, suite: ForeignSuite): Promise<void>;
}

/** Multicodec of secret keys. */
const SECRET_PREFIX: Readonly<Record<"Ed25519" | "P-256" | "P-384", readonly number[]>> = {
  Ed25519: [0x80, 0x26],
  "P-256": [0x86, 0x26],
  "P-384": [0x87, 0x26],
};

/** An issuer of `did:key` with a fresh key: ours, and theirs. */
export async function createIssuer(
  algorithm: "Ed25519" | "P-256" | "P-384",
): Promise<{ readonly signer: CredentialSigner; readonly foreign: ForeignIssuer }> {
  const suite = algorithm === "P-384" ? p384 : suiteOf(algorithm);
  const secret = suite.generate();
  const publicKey = suite.publicKey(secret);
  const publicKeyMultibase = `z${encodeBase58(concatBytes(Uint8Array.from(suite.multicodec), publicKey))}`;
  // Their Ed25519 secrets have the public key behind them.
  const secretBytes = algorithm === "Ed25519" ? concatBytes(secret, publicKey) : secret;
  const secretKeyMultibase = `z${encodeBase58(concatBytes(Uint8Array.from(SECRET_PREFIX[algorithm]), secretBytes))}`;
  const controller = `did:key:${publicKeyMultibase}`;
  const id = `${controller}#${publicKeyMultibase}`;
  const method = { "@context": MULTIKEY, id, type: "Multikey", controller, publicKeyMultibase };
  const { from } = algorithm === "Ed25519" ? ed25519Multikey : ecdsaMultikey;
  const key = await from({ ...method, secretKeyMultibase });
  return {
    signer: { id, controller, algorithm: algorithm as CredentialAlgorithm, publicKey, sign: suite.signer(secret) },
    foreign: createForeignIssuer(key.signer(), method),
  };
}

const MULTIKEY = "https://w3id.org/security/multikey/v1";

function createForeignIssuer(
  signer: object,
  method: { readonly id: string; readonly controller: string },
): ForeignIssuer {
  const controller = {
    "@context": "https://www.w3.org/ns/did/v1",
    id: method.controller,
    verificationMethod: [method],
    assertionMethod: [method.id],
  };
  const documents = new Map<string, object>([
    [method.id, method],
    [method.controller, controller],
  ]);
  const documentLoader = async (url: string): Promise<object> => {
    const document = documents.get(url) ?? structuredClone(bundledContext(url));
    if (document === undefined) throw new Error(`no document ${url}`);
    // The tag has jsonld keep what it made of a context: without it, theirs would be several times slower.
    return { contextUrl: null, documentUrl: url, document, tag: "static" };
  };
  const createSuite = (cryptosuite: object, more: object = {}) => new DataIntegrityProof({ cryptosuite, ...more });
  return {
    async issue(credential, suite, mandatoryPointers = []) {
      const cryptosuite = suite === "ecdsa-sd-2023" ? createSignCryptosuite({ mandatoryPointers }) : SUITES[suite];
      const made = createSuite(cryptosuite, { signer });
      return (await vc.issue({ credential: { ...credential }, suite: made, documentLoader })) as JsonObject;
    },
    async derive(credential, selectivePointers) {
      const suite = createSuite(createDiscloseCryptosuite({ selectivePointers }));
      return (await vc.derive({ verifiableCredential: credential, suite, documentLoader })) as JsonObject;
    },
    async verify(credential, suite) {
      const cryptosuite = suite === "ecdsa-sd-2023" ? createVerifyCryptosuite() : SUITES[suite];
      const { verified, error } = await vc.verifyCredential({
        credential,
        suite: createSuite(cryptosuite),
        // Status lists are not what is compared here; theirs asks for a function wherever a credential names one.
        checkStatus: async () => ({ verified: true }),
        documentLoader,
      });
      if (!verified) throw error;
    },
  };
}

const SUITES = { "eddsa-rdfc-2022": eddsaRdfc, "ecdsa-rdfc-2019": ecdsaRdfc } as const;

/** A credential of five claims. */
export function createCredential(issuer: string): JsonObject {
  return {
    "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
    id: "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    type: ["VerifiableCredential", "MeterCertificate"],
    issuer,
    validFrom: "2024-01-01T00:00:00Z",
    validUntil: "2044-01-01T00:00:00Z",
    credentialSubject: {
      id: "did:example:meter-1",
      manufacturer: "Waag & Sluis",
      model: "WS-400",
      accuracyClass: 0.5,
      maximumCurrent: 80,
      calibrated: true,
    },
  };
}
