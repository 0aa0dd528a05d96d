/** What travels over the VC API (W3C CCG): requests and answers of issuers, verifiers and holders. */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Closed, List } from "./operations/fields.ts";

/** Limits of a request of the VC API. */
export const VC_API_LIMITS = {
  /** Bytes of a body. */
  bytes: 512 * 1024,
  /** Nesting of a body, the request's own two levels included. */
  depth: 34,
  /** Credentials that a holder keeps at a node. */
  kept: 10_000,
  /** Challenges that were used within their life, of all callers together. */
  challenges: 100_000,
  /** Life of a challenge, seconds. */
  challengeSeconds: 600,
} as const;

/** What a status list is about (Bitstring Status List §2.1): revocation is for good, a suspension can be lifted. */
export const StatusPurpose = Type.Union([Type.Literal("revocation"), Type.Literal("suspension")]);
export type StatusPurpose = Static<typeof StatusPurpose>;

/** How a credential or presentation is secured. */
export const CredentialFormat = Type.Union([Type.Literal("data-integrity"), Type.Literal("jwt")], {
  description: "an embedded proof (VC Data Integrity), or an envelope (VC JOSE COSE)",
});
export type CredentialFormat = Static<typeof CredentialFormat>;

const Text = (maxLength: number, description?: string) =>
  Type.String({ minLength: 1, maxLength, ...(description === undefined ? {} : { description }) });
/** Read by the data model, which says more exactly what is wrong with it than a schema could. */
const Document = Type.Object({}, { additionalProperties: true });
const Pointers = List(Type.String({ maxLength: 512 }), 0, 256);
const Moment = Text(40, "date and time with an offset, `2026-01-31T12:00:00Z`");
const Suite = Text(40, "cryptosuite of VC Data Integrity");
const IssuerName = Text(128, "name of one of the node's issuers; the one that the credential names, where left out");

export const IssueRequest = Closed({
  credential: Document,
  options: Type.Optional(
    Closed({
      issuer: Type.Optional(IssuerName),
      type: Type.Optional(Type.Literal("DataIntegrityProof")),
      cryptosuite: Type.Optional(Suite),
      format: Type.Optional(CredentialFormat),
      created: Type.Optional(Moment),
      expires: Type.Optional(Moment),
      proofPurpose: Type.Optional(Type.Literal("assertionMethod")),
      verificationMethod: Type.Optional(Text(1024)),
      mandatoryPointers: Type.Optional(Pointers),
      credentialId: Type.Optional(Text(1024, "by which the credential's status is changed, where it has no id")),
      credentialStatus: Type.Optional(
        Type.Object(
          { type: Type.Literal("BitstringStatusListEntry"), statusPurpose: Type.Optional(StatusPurpose) },
          { additionalProperties: false, description: "gives the credential a place in one of the issuer's lists" },
        ),
      ),
    }),
  ),
});
export type IssueRequest = Static<typeof IssueRequest>;

/** Options of verification. Others are let be, as the VC API says. */
const VerifyOptions = Type.Object({
  checks: Type.Optional(List(Text(40), 0, 16)),
  challenge: Type.Optional(Text(1024)),
  domain: Type.Optional(Text(1024)),
  expectedProofPurpose: Type.Optional(Text(1024)),
  /** In whose eyes: a group of the node. */
  group: Type.Optional(Text(200, "id or name of the group whose ledger says who is recognised")),
  recognised: Type.Optional(
    Type.Boolean({ description: "whether the issuer must be one that the alliance recognised for this type then" }),
  ),
  recognisedAt: Type.Optional(
    Type.Union([Type.Literal("now"), Type.Literal("issued")], {
      description:
        "when the issuer has to have been recognised: now, where left out, or when the credential says that it was issued, which is its issuer's word alone",
    }),
  ),
  checkStatus: Type.Optional(Type.Boolean({ description: "false: does without the credential's status" })),
  returnCredential: Type.Optional(Type.Boolean()),
  returnPresentation: Type.Optional(Type.Boolean()),
});
export type VerifyOptions = Static<typeof VerifyOptions>;

export const VerifyCredentialRequest = Type.Object(
  { verifiableCredential: Type.Unknown(), options: Type.Optional(VerifyOptions) },
  { additionalProperties: false },
);
export type VerifyCredentialRequest = Static<typeof VerifyCredentialRequest>;

/** A presentation without proof is `presentation`: what it holds is checked, and nobody vouches for the rest. */
export const VerifyPresentationRequest = Type.Object(
  {
    verifiablePresentation: Type.Optional(Type.Unknown()),
    presentation: Type.Optional(Type.Unknown()),
    options: Type.Optional(VerifyOptions),
  },
  { additionalProperties: false },
);
export type VerifyPresentationRequest = Static<typeof VerifyPresentationRequest>;

export const DeriveRequest = Closed({
  verifiableCredential: Document,
  options: Type.Optional(Closed({ selectivePointers: Type.Optional(Pointers) })),
});
export type DeriveRequest = Static<typeof DeriveRequest>;

const StatusListEntry = Closed({
  id: Type.Optional(Text(1024)),
  type: Text(80),
  statusPurpose: Type.Optional(StatusPurpose),
  statusListIndex: Type.Optional(Type.String({ pattern: "^(0|[1-9][0-9]{0,9})$" })),
  statusListCredential: Type.Optional(Text(1024)),
  statusSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 8 })),
});

export const UpdateStatusRequest = Closed({
  credentialId: Type.Optional(Text(1024)),
  credentialStatus: Type.Optional(StatusListEntry),
  /** True where left out, as the suites' older requests have it. */
  status: Type.Optional(Type.Boolean()),
  indexAllocator: Type.Optional(Text(1024)),
});
export type UpdateStatusRequest = Static<typeof UpdateStatusRequest>;

export const PresentRequest = Closed({
  presentation: Document,
  options: Type.Optional(
    Closed({
      type: Type.Optional(Type.Literal("DataIntegrityProof")),
      cryptosuite: Type.Optional(Suite),
      challenge: Type.Optional(Text(1024)),
      domain: Type.Optional(Text(1024)),
      created: Type.Optional(Moment),
      expires: Type.Optional(Moment),
      proofPurpose: Type.Optional(Type.Literal("authentication")),
      verificationMethod: Type.Optional(Text(1024)),
    }),
  ),
});
export type PresentRequest = Static<typeof PresentRequest>;

export const StoreRequest = Closed({ verifiableCredential: Document, options: Type.Optional(Closed({})) });
export type StoreRequest = Static<typeof StoreRequest>;

export const ChallengeRequest = Closed({
  domain: Type.Optional(Text(1024, "of the verifier that the presentation is for")),
});
export type ChallengeRequest = Static<typeof ChallengeRequest>;

/** Answer of `POST /credentials/status`: the entry as it is now. */
export interface StatusChange {
  readonly credentialId?: string;
  readonly statusPurpose: StatusPurpose;
  readonly status: boolean;
  readonly statusListCredential: string;
  readonly statusListIndex: string;
  /** Of the list; the ledger is told of it with the next batch. */
  readonly version: number;
}

/** Answer of `POST /challenges`. */
export interface IssuedChallenge {
  readonly challenge: string;
  readonly domain: string;
  /** Seconds since 1970. */
  readonly expires: number;
}

/** One problem, as the VC API lists them; `type` is the URL of whichever standard names it. */
export interface ProblemDetail {
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly code: string;
}

/** What a verifier answers of what holds. */
export interface VerificationAnswer {
  readonly verified: true;
  /** What was checked. */
  readonly checks: readonly string[];
  readonly problemDetails: readonly ProblemDetail[];
  readonly warnings: readonly string[];
  readonly errors: readonly string[];
  readonly credential?: unknown;
  readonly verifiablePresentation?: unknown;
}

/** Schemas of the bodies, by the names that OpenAPI gives them. */
export const VC_API_SCHEMAS = {
  IssueRequest,
  VerifyCredentialRequest,
  VerifyPresentationRequest,
  DeriveRequest,
  UpdateStatusRequest,
  PresentRequest,
  StoreRequest,
  ChallengeRequest,
} as const satisfies Record<string, TSchema>;
