import type { JsonObject } from "#base";

/** Contexts of keys that no package has: short, and defined by their standards to the letter. */

const XSD_DATE_TIME = "http://www.w3.org/2001/XMLSchema#dateTime";
const SECURITY = "https://w3id.org/security#";
const NODE = { "@protected": true, id: "@id", type: "@type" };

/** A term whose values are IRIs, or of a datatype. */
function term(iri: string, type: string): JsonObject {
  return { "@id": iri, "@type": type };
}

const LIFE = {
  controller: term(`${SECURITY}controller`, "@id"),
  revoked: term(`${SECURITY}revoked`, XSD_DATE_TIME),
  expires: term(`${SECURITY}expiration`, XSD_DATE_TIME),
};

/** `https://w3id.org/security/jwk/v1`: Controlled Identifiers 1.0 §2.2.3. */
export const JWK_CONTEXT: JsonObject = {
  "@context": {
    ...NODE,
    JsonWebKey: {
      "@id": `${SECURITY}JsonWebKey`,
      "@context": {
        ...NODE,
        ...LIFE,
        publicKeyJwk: term(`${SECURITY}publicKeyJwk`, "@json"),
        secretKeyJwk: term(`${SECURITY}secretKeyJwk`, "@json"),
      },
    },
  },
};

const set = (name: string): JsonObject => ({ ...term(`${SECURITY}${name}`, "@id"), "@container": "@set" });

/** Purposes of keys; a proof's `proofPurpose` is one of them. */
const PURPOSES = {
  assertionMethod: set("assertionMethod"),
  authentication: set("authenticationMethod"),
  capabilityInvocation: set("capabilityInvocationMethod"),
  capabilityDelegation: set("capabilityDelegationMethod"),
  keyAgreement: set("keyAgreementMethod"),
};

/** `https://w3id.org/security/suites/ed25519-2020/v1`: credentials of data model 1.1 and DID documents of their time name it. */
export const ED25519_2020_CONTEXT: JsonObject = {
  "@context": {
    ...NODE,
    Ed25519VerificationKey2020: {
      "@id": `${SECURITY}Ed25519VerificationKey2020`,
      "@context": {
        ...NODE,
        controller: LIFE.controller,
        revoked: LIFE.revoked,
        publicKeyMultibase: term(`${SECURITY}publicKeyMultibase`, `${SECURITY}multibase`),
      },
    },
    Ed25519Signature2020: {
      "@id": `${SECURITY}Ed25519Signature2020`,
      "@context": {
        ...NODE,
        challenge: `${SECURITY}challenge`,
        created: term("http://purl.org/dc/terms/created", XSD_DATE_TIME),
        domain: `${SECURITY}domain`,
        expires: LIFE.expires,
        nonce: `${SECURITY}nonce`,
        proofPurpose: { ...term(`${SECURITY}proofPurpose`, "@vocab"), "@context": { ...NODE, ...PURPOSES } },
        proofValue: term(`${SECURITY}proofValue`, `${SECURITY}multibase`),
        verificationMethod: term(`${SECURITY}verificationMethod`, "@id"),
      },
    },
  },
};
