/**
 * Consent records and receipts in the structure of ISO/IEC TS 27560:2023: header, processing, parties, events. A record is made from a
 * grant's opened terms and its versions on the ledger, and says in which state the consent is; a receipt is a signed copy of it for
 * somebody. Both hold what is personal, so that they are files of the parties and never anything of the ledger's.
 */
import { type Static, Type } from "@sinclair/typebox";
import { encodeBase64Url } from "#base";
import { randomBytes, type Signer } from "#crypto";
import { decodeClaims } from "./claims.ts";
import { protocolError } from "./errors.ts";
import { openChain } from "./grant-narrowing.ts";
import type { GrantResource, GrantTerms } from "./grant-terms.ts";
import { type DecodedToken, signCompact } from "./jws.ts";
import { Closed, Did, Digest, List } from "./operations/fields.ts";
import { GrantId } from "./operations/grants.ts";
import { DPV, DpvIri } from "./purposes.ts";
import type { GrantRecord } from "./queries.ts";

export const CONSENT_SCHEMA = "ISO/IEC TS 27560:2023";
export const CONSENT_RECEIPT_TYPE = "hansa-consent-receipt+jwt";
const MOST_CHARACTERS = 262_144;

const Moment = Type.String({ pattern: "^\\d{4,6}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{3})?Z$", maxLength: 30 });
const Line = Type.String({ maxLength: 400 });
const Texts = Type.Array(Line, { maxItems: 64 });

/** Terms of DPV for what has become of a consent. */
const ConsentState = Type.Union([
  Type.Literal(`${DPV}ConsentGiven`),
  Type.Literal(`${DPV}ConsentWithdrawn`),
  Type.Literal(`${DPV}ConsentExpired`),
]);

/** Something that happened to the consent, in the words of the standard's clause on events. */
const ConsentEvent = Closed({
  event_time: Moment,
  event_type: Type.Literal("explicit"),
  event_state: ConsentState,
  validity_duration: Line,
  entity_id: Did,
  /** The grant of the chain to which it happened. */
  grant: GrantId,
  reason: Type.Optional(Line),
});

/** A version of the record: what a block made of the consent. */
const ConsentVersion = Closed({
  version: Type.Integer({ minimum: 1 }),
  time: Moment,
  /** Block of the ledger, by which the version can be proved. */
  height: Type.Integer({ minimum: 0 }),
  grant: GrantId,
  state: ConsentState,
});

const Party = Closed({
  party_id: Did,
  party_role: Type.Union([
    Type.Literal("pii principal"),
    Type.Literal("pii controller"),
    Type.Literal("recipient third party"),
    Type.Literal("pii processor"),
  ]),
  party_name: Type.Union([Type.Null(), Line]),
  party_contact: Type.Union([Type.Null(), Line]),
});

/** One purpose of the processing. */
const ConsentPurpose = Closed({
  purpose: DpvIri,
  lawful_basis: Type.Literal(`${DPV}Consent`),
  services: Texts,
  pii_information: List(Closed({ pii_type: Line, pii_attribute_id: Line }), 1, 32),
  pii_controllers: Type.Array(Did, { maxItems: 16 }),
  recipient_third_parties: Type.Array(Did, { maxItems: 16 }),
  collection_method: Line,
  processing_method: Texts,
  storage_locations: Texts,
  processing_locations: Texts,
  geographic_restrictions: Texts,
  jurisdiction: Texts,
  retention_period: Line,
  withdrawal_method: Line,
});

export const ConsentRecord = Closed({
  schema_version: Type.Literal(CONSENT_SCHEMA),
  record_id: Type.String({ maxLength: 200 }),
  pii_principal_id: Did,
  pii_processing: Closed({
    /** What the owner agreed to, by the digests that it signed: the terms are the notice. */
    privacy_notice: Closed({ terms: Type.Array(Digest, { minItems: 1, maxItems: 16 }) }),
    language: Type.String({ maxLength: 35 }),
    purposes: List(ConsentPurpose, 1, 16),
  }),
  party_identification: Type.Array(Party, { minItems: 2, maxItems: 16 }),
  /** State at the time at which the record was made. */
  state: ConsentState,
  consent_time: Moment,
  expiry: Moment,
  withdrawal: Type.Union([Type.Null(), Moment]),
  releases: Closed({ used: Type.Integer({ minimum: 0 }), count: Type.Union([Type.Null(), Type.Integer()]) }),
  events: Type.Array(ConsentEvent, { minItems: 1, maxItems: 64 }),
  versions: Type.Array(ConsentVersion, { minItems: 1, maxItems: 64 }),
});

export const ConsentReceipt = Closed({
  schema_version: Type.Literal(CONSENT_SCHEMA),
  receipt_id: Type.String({ pattern: "^[A-Za-z0-9_-]{22}$" }),
  /** Who made the copy, and answers for it. */
  iss: Did,
  /** Seconds since 1970. */
  iat: Type.Integer({ minimum: 0 }),
  consent_record: ConsentRecord,
});

export type ConsentRecord = Static<typeof ConsentRecord>;
export type ConsentReceipt = Static<typeof ConsentReceipt>;

/**
 * A consent record of a grant.
 *
 * @param group - id of the group on whose ledger the grant is
 * @param links - the grant's record, and those above it up to the owner's own, as a ledger that is trusted has them
 * @param documents - their terms documents, in the same order
 * @param now - milliseconds since 1970: as of when the state is said
 * @throws HansaError `grant.terms-malformed`, `grant.terms-mismatch`, `grant.widened`
 * @example
 * ```ts
 * const record = makeConsentRecord(group, [grant], [document], Date.now());
 * ```
 */
export function makeConsentRecord(
  group: string,
  links: readonly GrantRecord[],
  documents: readonly unknown[],
  now: number,
): ConsentRecord {
  const terms = openChain(links, documents);
  const own = links[0] as GrantRecord;
  // Of a chain the earliest end counts, as it does wherever the grant is used.
  const withdrawals = links.flatMap((link) => (link.status === "revoked" ? [link.updated] : []));
  const withdrawal = withdrawals.length === 0 ? null : Math.min(...withdrawals);
  const expiry = Math.min(...links.map(({ until }) => until)) * 1000;
  return {
    schema_version: CONSENT_SCHEMA,
    record_id: `urn:hansa:${group}:grant:${own.grant}`,
    pii_principal_id: own.owner,
    pii_processing: {
      privacy_notice: { terms: [...own.terms] },
      // BCP 47: nobody has said in which language the terms are.
      language: "und",
      purposes: terms.purposes.map((purpose) => purposeOf(purpose, terms, own, links)),
    },
    party_identification: partiesOf(terms, links),
    state: stateOf(withdrawal, expiry, now),
    consent_time: moment(own.created),
    expiry: moment(expiry),
    withdrawal: withdrawal === null ? null : moment(withdrawal),
    releases: { used: own.used, count: own.count },
    events: links.toReversed().flatMap((link) => eventsOf(link, now)),
    versions: versionsOf(links),
  };
}

/**
 * Signs a receipt: a copy of a consent record, with who made it and when.
 *
 * @param now - milliseconds since 1970
 * @returns a compact JWS (RFC 7515) of type `hansa-consent-receipt+jwt`
 * @example
 * ```ts
 * writeFileSync("consent.jwt", signConsentReceipt(record, { did, kid, signer }, Date.now()));
 * ```
 */
export function signConsentReceipt(
  record: ConsentRecord,
  exporter: { readonly did: string; readonly kid: string; readonly signer: Signer },
  now: number,
): string {
  const receipt: ConsentReceipt = {
    schema_version: CONSENT_SCHEMA,
    receipt_id: encodeBase64Url(randomBytes(16)),
    iss: exporter.did,
    iat: Math.floor(now / 1000),
    consent_record: record,
  };
  return signCompact(receipt, CONSENT_RECEIPT_TYPE, exporter.kid, exporter.signer);
}

/**
 * Takes a receipt apart; the caller checks the signature with `requireSignedBy` and the key of `kid`.
 *
 * @throws HansaError `token.malformed`, `token.type`, `token.algorithm`, `token.claims`
 */
export function decodeConsentReceipt(text: string): { token: DecodedToken; receipt: ConsentReceipt } {
  const { token, claims } = decodeClaims(text, CONSENT_RECEIPT_TYPE, ConsentReceipt, MOST_CHARACTERS);
  if (!token.header.kid.startsWith(`${claims.iss}#`))
    throw protocolError("token.claims", "the consent receipt is signed by another than its issuer", {
      problem: "kid is no key of iss",
    });
  return { token, receipt: claims };
}

function moment(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function stateOf(withdrawal: number | null, expiry: number, now: number): Static<typeof ConsentState> {
  if (withdrawal !== null) return `${DPV}ConsentWithdrawn`;
  return expiry <= now ? `${DPV}ConsentExpired` : `${DPV}ConsentGiven`;
}

function describeResource(resource: GrantResource): { type: string; id: string } {
  switch (resource.kind) {
    case "topic":
      return { type: "events of a topic", id: `topic/${resource.topic}/${resource.path ?? "#"}` };
    case "property":
      return { type: "values of a device's property", id: `${resource.device}#${resource.property}` };
    case "credential":
      return { type: "claims of a credential", id: resource.type };
    case "dataset":
      return { type: "a stored dataset", id: resource.dataset };
  }
}

function purposeOf(
  purpose: string,
  terms: GrantTerms,
  own: GrantRecord,
  links: readonly GrantRecord[],
): Static<typeof ConsentPurpose> {
  const { type, id } = describeResource(terms.resource);
  const types = terms.categories.length === 0 ? [type] : terms.categories;
  const where = [...terms.jurisdictions];
  return {
    purpose,
    lawful_basis: `${DPV}Consent`,
    services: terms.service === null ? [] : [terms.service],
    pii_information: types.map((pii_type) => ({ pii_type, pii_attribute_id: id })),
    pii_controllers: [own.recipient],
    recipient_third_parties: links.slice(1).map(({ recipient }) => recipient),
    collection_method: `released by ${own.provider} under the grant, sealed to the recipient`,
    processing_method: [...terms.actions],
    storage_locations: where,
    processing_locations: where,
    geographic_restrictions: where,
    jurisdiction: where,
    retention_period: `released between ${moment(own.from * 1000)} and ${moment(own.until * 1000)}`,
    withdrawal_method: `operation grants.revoke of grant ${own.grant}, by the owner: hansa grant revoke`,
  };
}

function partiesOf(terms: GrantTerms, links: readonly GrantRecord[]): Static<typeof Party>[] {
  const own = links[0] as GrantRecord;
  const party = (party_id: string, party_role: Static<typeof Party>["party_role"]) => ({
    party_id,
    party_role,
    party_name: null,
    party_contact: null,
  });
  return [
    party(own.owner, "pii principal"),
    {
      ...party(own.recipient, "pii controller"),
      party_name: terms.controller?.name ?? null,
      party_contact: terms.controller?.contact ?? null,
    },
    ...links.slice(1).map(({ recipient }) => party(recipient, "recipient third party")),
    party(own.provider, "pii processor"),
  ];
}

/** What the ledger has seen, oldest first: of the grant itself all, of the links above what ended it. */
function versionsOf(links: readonly GrantRecord[]): Static<typeof ConsentVersion>[] {
  const own = links[0] as GrantRecord;
  const given = {
    time: moment(own.created),
    height: own.createdAt,
    grant: own.grant,
    state: `${DPV}ConsentGiven` as const,
  };
  const ended = links.flatMap((link) =>
    link.status === "revoked"
      ? [
          {
            time: moment(link.updated),
            height: link.updatedAt,
            grant: link.grant,
            state: `${DPV}ConsentWithdrawn` as const,
          },
        ]
      : [],
  );
  return [given, ...ended.sort((a, b) => a.height - b.height)].map((version, i) => ({ version: i + 1, ...version }));
}

function eventsOf(link: GrantRecord, now: number): Static<typeof ConsentEvent>[] {
  const common = {
    event_type: "explicit" as const,
    // ISO 8601: an interval by its two ends.
    validity_duration: `${moment(link.from * 1000)}/${moment(link.until * 1000)}`,
    grant: link.grant,
  };
  const events: Static<typeof ConsentEvent>[] = [
    { ...common, event_time: moment(link.created), event_state: `${DPV}ConsentGiven`, entity_id: link.grantor },
  ];
  if (link.status === "revoked")
    events.push({
      ...common,
      event_time: moment(link.updated),
      event_state: `${DPV}ConsentWithdrawn`,
      entity_id: link.revokedBy ?? link.owner,
      ...(link.reason === null ? {} : { reason: link.reason }),
    });
  else if (link.until * 1000 <= now)
    events.push({
      ...common,
      event_time: moment(link.until * 1000),
      event_state: `${DPV}ConsentExpired`,
      entity_id: link.grantor,
    });
  return events;
}
