/** What a node's member asks of its OpenID for Verifiable Credentials endpoints, and hears from them. What wallets send is the standards' own. */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import type { JsonObject } from "#base";
import { Closed } from "./operations/fields.ts";

/** Limits of OpenID4VCI and OpenID4VP at a node. */
export const OPENID_LIMITS = {
  /** Offers that wait for their wallet. */
  offers: 10_000,
  /** Life of an offer, seconds: the most, and where nobody says. */
  offerSeconds: 7 * 86_400,
  usualOfferSeconds: 600,
  /** Wrong transaction codes after which an offer is void. */
  txCodeAttempts: 5,
  /** Life of an access token and of a nonce, seconds. */
  tokenSeconds: 600,
  nonceSeconds: 300,
  /** Keys that one offer is issued to at once. */
  batch: 10,
  /** Requests for presentations that wait, or whose result is kept. */
  requests: 10_000,
  requestSeconds: 86_400,
  usualRequestSeconds: 600,
  /** How long a result is kept, seconds. */
  resultSeconds: 3600,
  /** Presentations for one part of a query. */
  presentations: 32,
} as const;

const Document = Type.Object({}, { additionalProperties: true });
const Name = Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$" });

/** An offer of a credential to whoever has its code. */
const OfferRequest = Closed({
  configuration: Type.Intersect([Name], { description: "name of one of the node's credential configurations" }),
  claims: Type.Unsafe<Record<string, unknown>>({
    ...Document,
    description: "what is said of the subject; its id is that of the key that the wallet shows",
  }),
  txCode: Type.Optional(
    Type.Union([Type.Literal("none"), Type.Literal("numeric"), Type.Literal("text")], {
      description: "a code that reaches the holder by another way, made by the node; `numeric` has six digits",
    }),
  ),
  seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: OPENID_LIMITS.offerSeconds })),
});
export type OfferRequest = Static<typeof OfferRequest>;

/** An offer, for the member alone: it holds the code. */
export interface CredentialOffer {
  readonly id: string;
  /** For a QR code: `openid-credential-offer://?credential_offer_uri=…` */
  readonly uri: string;
  readonly credentialOffer: JsonObject;
  /** To be told the holder by another way. */
  readonly txCode?: string;
  /** By which its status is changed later, `POST /credentials/status`. */
  readonly credentialId: string;
  /** Seconds since 1970. */
  readonly expires: number;
}

/** What became of an offer. */
export interface OfferState {
  readonly id: string;
  readonly state: "offered" | "redeemed" | "issued" | "locked" | "expired";
  readonly configuration: string;
  readonly credentialId: string;
  readonly expires: number;
}

/** A question for presentations. */
const PresentationQuestion = Closed({
  query: Type.Unsafe<Record<string, unknown>>({ ...Document, description: "DCQL (OpenID4VP 1.0 §6)" }),
  recognised: Type.Optional(
    Type.Boolean({ description: "issuers must be recognised by the group for the types of what they issued" }),
  ),
  group: Type.Optional(Type.String({ maxLength: 160, description: "whose recognition counts; the first of the node" })),
  encrypted: Type.Optional(Type.Boolean({ description: "the wallet answers with a JWE (`direct_post.jwt`)" })),
  checkStatus: Type.Optional(Type.Boolean()),
  seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: OPENID_LIMITS.requestSeconds })),
});
export type PresentationQuestion = Static<typeof PresentationQuestion>;

/** A question that waits for its wallet. */
export interface PresentationRequest {
  readonly id: string;
  /** For a QR code: `openid4vp://?client_id=…&request_uri=…` */
  readonly uri: string;
  readonly requestUri: string;
  readonly clientId: string;
  readonly expires: number;
}

/** One credential that was shown, and held. */
export interface ShownCredential {
  readonly format: string;
  readonly issuer: string;
  readonly types: readonly string[];
  readonly claims: JsonObject;
  /** DID, or thumbprint of the key (RFC 7638), of whoever showed it; `null` where no proof of a key was asked for. */
  readonly holder: string | null;
}

/** What came of a question. */
export interface PresentationResult {
  readonly id: string;
  readonly state: "waiting" | "answered" | "refused" | "declined" | "expired";
  readonly expires: number;
  /** Of an answer: by the parts of the query. */
  readonly credentials?: Readonly<Record<string, readonly ShownCredential[]>>;
  /** Of what was refused: the code of the refusal, and what was wrong. */
  readonly error?: { readonly code: string; readonly detail: string };
}

/** Schemas of the bodies, by the names that OpenAPI gives them. */
export const OPENID_SCHEMAS = {
  OfferRequest,
  PresentationQuestion,
} as const satisfies Record<string, TSchema>;
