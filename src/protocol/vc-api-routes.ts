/** Routes of the VC API (W3C CCG). Their paths are its own: they stand at the root, and are of no group. */

import { Type } from "@sinclair/typebox";
import { Closed } from "./operations/fields.ts";

const JSON_TYPE = "application/json";
const BODY = [JSON_TYPE, "application/ld+json"] as const;
const ISSUER = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
const HOLDER = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp";
const LIST = "https://node.acme.example/status-lists/9b2Zt1c0QmO7nXw4kq3R5g";
const CREDENTIAL = {
  "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
  id: "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
  type: ["VerifiableCredential"],
  issuer: ISSUER,
  validFrom: "2026-01-31T12:00:00Z",
  credentialSubject: { id: HOLDER, alumniOf: "The School of Examples" },
};
const proof = (verificationMethod: string, proofPurpose: string) => ({
  type: "DataIntegrityProof",
  cryptosuite: "eddsa-rdfc-2022",
  created: "2026-01-31T12:00:00Z",
  verificationMethod,
  proofPurpose,
  proofValue: "z2YwC8z3ap7yx1nZYCg4L3j3ApHsF8kgPdSb5xoS1VR7vPG3F561B52hYnQF9iseabecm3ijx4K1FBTQsCZahKZme",
});
const SIGNED = { ...CREDENTIAL, proof: proof(`${ISSUER}#${ISSUER.slice(8)}`, "assertionMethod") };
const PRESENTATION = {
  "@context": ["https://www.w3.org/ns/credentials/v2"],
  type: ["VerifiablePresentation"],
  holder: HOLDER,
  verifiableCredential: [SIGNED],
};
const ANSWERED = { challenge: "kq3R5g9b2Zt1c0QmO7nXw4", domain: "shop.example" };
const SHOWN = {
  ...PRESENTATION,
  proof: { ...proof(`${HOLDER}#${HOLDER.slice(8)}`, "authentication"), ...ANSWERED },
};
const VERIFIED = {
  verified: true,
  checks: ["model", "proof", "validity", "status"],
  problemDetails: [],
  warnings: [],
  errors: [],
};

export const VC_API_ROUTES = {
  issueCredential: {
    method: "POST",
    path: "/credentials/issue",
    access: "credentials",
    summary: "Issues a credential under one of the node's issuers (VC API).",
    body: BODY,
    content: {
      schema: "IssueRequest",
      example: { credential: CREDENTIAL, options: { cryptosuite: "eddsa-rdfc-2022" } },
    },
    answer: { type: JSON_TYPE, status: 201, example: { verifiableCredential: SIGNED } },
  },
  verifyCredential: {
    method: "POST",
    path: "/credentials/verify",
    access: "credentials",
    summary: "Verifies a credential with all that it rests on: 200 only where everything holds (VC API).",
    body: BODY,
    content: { schema: "VerifyCredentialRequest", example: { verifiableCredential: SIGNED, options: {} } },
    answer: { type: JSON_TYPE, example: { ...VERIFIED, credential: SIGNED } },
  },
  deriveCredential: {
    method: "POST",
    path: "/credentials/derive",
    access: "credentials",
    summary: "Derives from a credential one that discloses no more than is chosen (VC API, ecdsa-sd-2023).",
    body: BODY,
    content: {
      schema: "DeriveRequest",
      example: { verifiableCredential: SIGNED, options: { selectivePointers: ["/credentialSubject/alumniOf"] } },
    },
    answer: { type: JSON_TYPE, status: 201, example: { verifiableCredential: SIGNED } },
  },
  updateCredentialStatus: {
    method: "POST",
    path: "/credentials/status",
    access: "credentials",
    summary: "Revokes a credential, suspends it or lifts the suspension; holds at once for this node's lists (VC API).",
    body: BODY,
    content: {
      schema: "UpdateStatusRequest",
      example: {
        credentialId: CREDENTIAL.id,
        credentialStatus: { type: "BitstringStatusListEntry", statusPurpose: "revocation" },
        status: true,
      },
    },
    answer: {
      type: JSON_TYPE,
      example: {
        credentialId: CREDENTIAL.id,
        statusPurpose: "revocation",
        status: true,
        statusListCredential: LIST,
        statusListIndex: "94567",
        version: 3,
      },
    },
  },
  storeCredential: {
    method: "POST",
    path: "/credentials",
    access: "credentials",
    summary: "Keeps a credential that verifies for the node's holder; one with the same id is replaced.",
    body: BODY,
    content: { schema: "StoreRequest", example: { verifiableCredential: SIGNED } },
    answer: { type: JSON_TYPE, status: 201, example: { id: CREDENTIAL.id } },
  },
  storedCredentials: {
    method: "GET",
    path: "/credentials",
    access: "credentials",
    summary:
      "Credentials of the node's holder, twenty-five at a time; `next` of a page is `after` of the following one.",
    query: Closed({ after: Type.Optional(Type.String({ maxLength: 64 })) }),
    answer: { type: JSON_TYPE, example: { items: [{ id: CREDENTIAL.id, verifiableCredential: SIGNED }] } },
  },
  storedCredential: {
    method: "GET",
    path: "/credentials/:id",
    access: "credentials",
    summary: "One credential of the node's holder, by its id, percent-encoded.",
    answer: { type: JSON_TYPE, example: { verifiableCredential: SIGNED } },
  },
  dropCredential: {
    method: "DELETE",
    path: "/credentials/:id",
    access: "credentials",
    summary: "Erases a credential of the node's holder.",
    answer: { type: JSON_TYPE, status: 202, example: { id: CREDENTIAL.id } },
  },
  createPresentation: {
    method: "POST",
    path: "/presentations",
    access: "credentials",
    summary: "Signs a presentation with the key of the node's holder, for a challenge and a domain (VC API).",
    body: BODY,
    content: { schema: "PresentRequest", example: { presentation: PRESENTATION, options: ANSWERED } },
    answer: { type: JSON_TYPE, status: 201, example: { verifiablePresentation: SHOWN } },
  },
  provePresentation: {
    method: "POST",
    path: "/presentations/prove",
    access: "credentials",
    summary: "The same as `POST /presentations`, under its older path.",
    body: BODY,
    content: { schema: "PresentRequest", example: { presentation: PRESENTATION, options: ANSWERED } },
    answer: { type: JSON_TYPE, status: 201, example: { verifiablePresentation: SHOWN } },
  },
  verifyPresentation: {
    method: "POST",
    path: "/presentations/verify",
    access: "credentials",
    summary:
      "Verifies a presentation, for this challenge and domain, and every credential in it; a challenge of this node is used up by it (VC API).",
    body: BODY,
    content: { schema: "VerifyPresentationRequest", example: { verifiablePresentation: SHOWN, options: ANSWERED } },
    answer: { type: JSON_TYPE, example: VERIFIED },
  },
  createChallenge: {
    method: "POST",
    path: "/challenges",
    access: "credentials",
    summary:
      "Makes a challenge for one presentation to one domain, the node's own where left out; it runs out after ten minutes (VC API).",
    body: [...BODY, ""],
    content: { schema: "ChallengeRequest", example: { domain: ANSWERED.domain } },
    answer: { type: JSON_TYPE, example: { ...ANSWERED, expires: 1_769_861_400 } },
  },
  statusList: {
    method: "GET",
    path: "/status-lists/:id",
    access: "open",
    summary:
      "A status list of one of the node's issuers: a credential (Bitstring Status List), or with `Accept: application/statuslist+jwt` a token (Token Status List).",
    answer: {
      type: JSON_TYPE,
      example: {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        id: LIST,
        type: ["VerifiableCredential", "BitstringStatusListCredential"],
        issuer: ISSUER,
        validFrom: "2026-01-31T12:00:00Z",
        credentialSubject: {
          id: `${LIST}#list`,
          type: "BitstringStatusList",
          statusPurpose: "revocation",
          encodedList: "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA",
        },
        proof: proof(`${ISSUER}#${ISSUER.slice(8)}`, "assertionMethod"),
      },
    },
  },
} as const;
