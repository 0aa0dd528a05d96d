/**
 * What recipient and provider say to each other when data is released under a grant. None of it is on the ledger: that gets one root over a batch
 * of access receipts, whose leaves are signed with fresh randomness in them, so that nobody guesses what they are about.
 */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { canonicalJson, decodeBase64Url, encodeBase64Url, encodeUtf8, isHansaError, parseJson } from "#base";
import { leafHash, type Signer, sha256Parts } from "#crypto";
import { claimsOf, decodeClaims } from "./claims.ts";
import { protocolError } from "./errors.ts";
import {
  createGrantId,
  DatasetName,
  GrantAction,
  GrantResource,
  Jurisdiction,
  TermsDocument,
  termDigest,
} from "./grant-terms.ts";
import type { InclusionProof } from "./inclusion.ts";
import { type DecodedToken, decodeToken, encodePart, signCompact, signPayload } from "./jws.ts";
import { Closed, Did, Digest, List, Seconds } from "./operations/fields.ts";
import { GrantId, MOST_DELEGATIONS } from "./operations/grants.ts";
import { CredentialType } from "./operations/issuers.ts";
import type { TrailProof } from "./proof.ts";
import { DpvIri } from "./purposes.ts";

export const RELEASE_TYPE = "hansa-release+jwt";
export const ACCESS_RECEIPT_TYPE = "hansa-access-receipt+jwt";
export const DATASET_TYPE = "hansa-dataset+jwt";

/** Longest life of a release request, seconds. As long is a sealed answer kept for whoever lost it. */
export const RELEASE_SECONDS = 300;
/** Most characters of a release request: five links' terms, and what is around them. */
export const MOST_RELEASE_CHARACTERS = 131_072;

const Coordinate = Type.String({ pattern: "^[A-Za-z0-9_-]{43}$" });
/** Public key, as JWK, that the data is sealed to: made for one request, and forgotten with it. */
export const SealingKey = Type.Union([
  Closed({ kty: Type.Literal("OKP"), crv: Type.Literal("X25519"), x: Coordinate }),
  Closed({ kty: Type.Literal("EC"), crv: Type.Literal("P-256"), x: Coordinate, y: Coordinate }),
]);
export type SealingKey = Static<typeof SealingKey>;

/** Seconds since 1970: `from` included, `to` not. */
export const ReleaseWindow = Closed({ from: Seconds, to: Seconds });
export type ReleaseWindow = Static<typeof ReleaseWindow>;

const Nonce = Type.String({ pattern: "^[A-Za-z0-9_-]{22,64}$" });

/** Asks for a nonce: it will be good for this recipient, provider and resource alone. */
export const NonceRequest = Closed({ recipient: Did, provider: Did, resource: GrantResource });
export type NonceRequest = Static<typeof NonceRequest>;

export interface NonceAnswer {
  readonly nonce: string;
  /** Seconds since 1970. */
  readonly exp: number;
}

/** Signed by the recipient's authentication key; `aud` is the provider. */
export const ReleaseRequest = Closed({
  iss: Did,
  aud: Did,
  /** Id of the group whose ledger has the grant. */
  group: Type.String({ minLength: 1, maxLength: 128 }),
  nonce: Nonce,
  /** Terms of the whole chain: the grant's own first, the owner's link last. The first one's grant is the one that is used. */
  terms: List(TermsDocument, 1, MOST_DELEGATIONS + 1),
  resource: GrantResource,
  purpose: DpvIri,
  action: GrantAction,
  jurisdiction: Jurisdiction,
  /** Where the history of a topic or property is read. */
  window: Type.Optional(ReleaseWindow),
  epk: SealingKey,
  iat: Seconds,
  exp: Seconds,
});
export type ReleaseRequest = Static<typeof ReleaseRequest>;

/** Provider and recipient both say with it: this was released, under that grant, for this purpose. It names no owner and no resource. */
export const AccessReceipt = Closed({
  /** 128 random bits of the provider's. */
  jti: Type.String({ pattern: "^[A-Za-z0-9_-]{22}$" }),
  /** The provider. */
  iss: Did,
  /** The recipient. */
  sub: Did,
  group: Type.String({ minLength: 1, maxLength: 128 }),
  /** Ids of the chain, the grant that was used first. */
  grants: List(GrantId, 1, MOST_DELEGATIONS + 1),
  purpose: DpvIri,
  action: GrantAction,
  jurisdiction: Jurisdiction,
  /** Digest of the resource with a salt that both sides have: `resourceDigest`. */
  resource: Digest,
  window: Type.Optional(ReleaseWindow),
  /** SHA-256 of what was sealed, before it was; a subscription has none. */
  content: Type.Optional(Digest),
  /** SHA-256 of the request's token. */
  request: Digest,
  iat: Seconds,
});
export type AccessReceipt = Static<typeof AccessReceipt>;

const Part = Type.String({ pattern: "^[A-Za-z0-9_-]+$", maxLength: 8192 });
/** Access receipt in JWS general serialisation (RFC 7515 §7.2.1): the provider's signature first, then the recipient's. */
export const SignedAccessReceipt = Closed({
  payload: Part,
  signatures: List(Closed({ protected: Part, signature: Part }), 1, 2),
});
export type SignedAccessReceipt = Static<typeof SignedAccessReceipt>;

/** What the provider answers to a release request. */
export interface ReleaseAnswer {
  /** With the provider's signature; the recipient adds its own and hands it back. */
  readonly receipt: SignedAccessReceipt;
  /** Compact JWE of a `ReleasedData`. */
  readonly sealed: string;
}

/** The provider's word on a dataset as it came in. */
export const DatasetStatement = Closed({
  iss: Did,
  dataset: DatasetName,
  mediaType: Type.String({ pattern: "^[a-z0-9!#$&^_.+-]{1,63}/[a-z0-9!#$&^_.+-]{1,63}$" }),
  /** SHA-256 over the salt and then the content. */
  digest: Digest,
  iat: Seconds,
});
export type DatasetStatement = Static<typeof DatasetStatement>;

/** Events of one topic with their places under one checkpoint. */
export interface ReleasedEvents {
  readonly topic: string;
  /** Signed note (C2SP) of the checkpoint that all paths lead to. */
  readonly checkpoint: string;
  /** Hashes that paths are made of, each once, base64url. */
  readonly nodes: readonly string[];
  readonly events: readonly {
    readonly offset: number;
    /** The event's JSON as it was hashed, base64url. */
    readonly entry: string;
    /** RFC 6962 audit path from the bottom up: places in `nodes`. */
    readonly path: readonly number[];
  }[];
}

/** One event of a subscription, as it is sealed. */
export interface ReleasedEvent {
  readonly hansa: "event/1";
  readonly topic: string;
  readonly offset: number;
  /** The event's JSON as it was hashed, base64url. */
  readonly entry: string;
  readonly path: InclusionProof;
  readonly checkpoint: string;
}

/** What is inside of a sealed answer. */
export interface ReleasedData {
  readonly hansa: "release/1";
  /** `jti` of the access receipt. */
  readonly receipt: string;
  readonly resource: GrantResource;
  /** Opens the receipt's `resource`. */
  readonly salt: string;
  readonly dataset?: {
    readonly dataset: string;
    /** base64url */
    readonly content: string;
    readonly salt: string;
    /** `DatasetStatement`, signed by the provider. */
    readonly statement: string;
  };
  readonly topics?: readonly ReleasedEvents[];
}

/** What a provider is given to keep. */
export const DatasetDraft = Closed({
  owner: Did,
  /** A random one where left out. Not on the ledger, but better not a person's name either. */
  dataset: Type.Optional(DatasetName),
  mediaType: DatasetStatement.properties.mediaType,
  /** Type of the credential that it is, if it is one. */
  credential: Type.Optional(CredentialType),
  /** base64url */
  content: Type.String({ maxLength: 1_500_000 }),
  /** The member that keeps it; the one that runs the node where left out. */
  provider: Type.Optional(Did),
});
export type DatasetDraft = Static<typeof DatasetDraft>;

export const DatasetErasure = Closed({ dataset: DatasetName, provider: Type.Optional(Did) });
export type DatasetErasure = Static<typeof DatasetErasure>;

/** An access receipt with all that proves it: what a regulator verifies with no network. */
export interface AccessReceiptProof {
  readonly hansa: "access-receipt/1";
  readonly receipt: SignedAccessReceipt;
  /** What it was about, where that was not erased. */
  readonly opened?: { readonly resource: GrantResource; readonly salt: string };
  /** Of the receipt's leaf to the anchored root. */
  readonly path: InclusionProof;
  /** About the provider: the transaction that anchors the root, and the records of both parties and the grants as they are now. */
  readonly trail: TrailProof;
}

/** A fresh id of an access receipt. As of a grant's, none begins with a dash. */
export const createReceiptId = createGrantId;

/** Digest of a resource as receipts have it: that of a term, with a salt of the receipt's own. */
export function resourceDigest(salt: string, resource: GrantResource): string {
  return termDigest(salt, "resource", resource);
}

export function signReleaseRequest(request: ReleaseRequest, kid: string, signer: Signer): string {
  return signCompact(request, RELEASE_TYPE, kid, signer);
}

export function signDatasetStatement(statement: DatasetStatement, kid: string, signer: Signer): string {
  return signCompact(statement, DATASET_TYPE, kid, signer);
}

/**
 * Takes a release request apart; the caller checks signature, times and rights.
 *
 * @throws HansaError `token.*`
 */
export function decodeReleaseRequest(text: string): { token: DecodedToken; request: ReleaseRequest } {
  const { token, claims } = decodeClaims(text, RELEASE_TYPE, ReleaseRequest, MOST_RELEASE_CHARACTERS);
  return { token, request: claims };
}

/** @throws HansaError `token.*` */
export function decodeDatasetStatement(text: string): { token: DecodedToken; statement: DatasetStatement } {
  const { token, claims } = decodeClaims(text, DATASET_TYPE, DatasetStatement);
  return { token, statement: claims };
}

/** Signs a receipt: the provider's signature, in a serialisation that has room for the recipient's. */
export function signAccessReceipt(receipt: AccessReceipt, kid: string, signer: Signer): SignedAccessReceipt {
  const payload = encodePart(receipt);
  return { payload, signatures: [signPayload(payload, ACCESS_RECEIPT_TYPE, kid, signer)] };
}

/** Adds the recipient's signature to a receipt that the provider signed; one that is there already is replaced. */
export function countersignAccessReceipt(
  receipt: SignedAccessReceipt,
  kid: string,
  signer: Signer,
): SignedAccessReceipt {
  const [first] = receipt.signatures;
  if (first === undefined) throw protocolError("token.malformed", "the receipt bears no signature");
  const { payload } = receipt;
  return { payload, signatures: [first, signPayload(payload, ACCESS_RECEIPT_TYPE, kid, signer)] };
}

/** A receipt, taken apart: each signature as a token of its own, to be checked with `isSignedBy`. */
export interface DecodedAccessReceipt {
  readonly receipt: AccessReceipt;
  readonly provider: DecodedToken;
  readonly recipient: DecodedToken | undefined;
}

/**
 * Takes an access receipt apart; the caller checks the signatures.
 *
 * @throws HansaError `token.*`
 */
export function decodeAccessReceipt(input: unknown): DecodedAccessReceipt {
  if (!Value.Check(SignedAccessReceipt, input))
    throw protocolError("token.malformed", "an access receipt has `payload` and one or two `signatures`");
  const tokens = input.signatures.map(({ protected: header, signature }) =>
    decodeToken(`${header}.${input.payload}.${signature}`, ACCESS_RECEIPT_TYPE),
  );
  const [provider, recipient] = tokens as [DecodedToken, DecodedToken | undefined];
  return { receipt: claimsOf(provider, ACCESS_RECEIPT_TYPE, AccessReceipt), provider, recipient };
}

/** Reads a receipt's JSON strictly. @throws HansaError `token.*` */
export function parseSignedAccessReceipt(text: string | Uint8Array): SignedAccessReceipt {
  let value: unknown;
  try {
    value = parseJson(text, { depth: 4, integers: true });
  } catch (error) {
    if (!isHansaError(error)) throw error;
    throw protocolError("token.malformed", "the receipt is not strict JSON", {}, error);
  }
  decodeAccessReceipt(value);
  return value as SignedAccessReceipt;
}

/** Leaf of a receipt in its anchored batch: of what the provider signed. The recipient's signature may come later and changes nothing. */
export function accessReceiptLeaf(receipt: SignedAccessReceipt): Uint8Array {
  const [first] = receipt.signatures;
  return leafHash(encodeUtf8(`${first?.protected}.${receipt.payload}.${first?.signature}`));
}

/** Whether a resource and salt are what a receipt is about. */
export function checkOpenedReceipt(receipt: AccessReceipt, opened: unknown): boolean {
  return Value.Check(OpenedReceipt, opened) && resourceDigest(opened.salt, opened.resource) === receipt.resource;
}

const OpenedReceipt = Closed({ resource: GrantResource, salt: Type.String({ maxLength: 86 }) });

const AccessReceiptFile = Closed({
  hansa: Type.Literal("access-receipt/1"),
  receipt: SignedAccessReceipt,
  opened: Type.Optional(OpenedReceipt),
  path: Closed({
    index: Type.Integer({ minimum: 0 }),
    size: Type.Integer({ minimum: 1 }),
    path: Type.Array(Digest, { maxItems: 64 }),
  }),
  // Held against its own shape by whoever verifies it.
  trail: Type.Unknown(),
});

/** An access receipt's file: canonical JSON (RFC 8785), so that one file has one text. */
export function encodeAccessReceiptProof(proof: AccessReceiptProof): string {
  return canonicalJson(proof);
}

/** Whether a value has the shape of an access receipt's file; its trail is not looked at. */
export function isAccessReceiptFile(value: unknown): value is AccessReceiptProof {
  return Value.Check(AccessReceiptFile, value);
}

/** Digest of a dataset's content, salted. */
export function datasetDigest(salt: string, content: Uint8Array): string | undefined {
  const bytes = decodeBase64Url(salt);
  if (bytes === undefined) return undefined;
  return encodeBase64Url(sha256Parts(bytes, content));
}
