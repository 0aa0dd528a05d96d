/**
 * What a grant is for. The ledger has one salted digest for each field; fields and salts are with owner, recipient and provider, and
 * whoever erases them leaves digests that say nothing. All fields are always there, so that their number says nothing either.
 */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { canonicalJson, compareText, encodeBase64Url, encodeUtf8, parseJson } from "#base";
import { randomBytes, sha256 } from "#crypto";
import { protocolError } from "./errors.ts";
import { Closed, Did, Label, List, TopicName } from "./operations/fields.ts";
import { GrantId } from "./operations/grants.ts";
import { CredentialType } from "./operations/issuers.ts";
import { Affordance } from "./operations/linkages.ts";
import { DpvIri } from "./purposes.ts";

/** Below a topic: an MQTT filter. */
export const TopicPath = Type.String({
  pattern: "^(([a-zA-Z0-9_-]+|\\+)(/([a-zA-Z0-9_-]+|\\+)){0,7}(/#)?|#)$",
  maxLength: 200,
});
export const DatasetName = Type.String({
  pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(/[A-Za-z0-9][A-Za-z0-9._-]{0,63}){0,3}$",
  examples: ["meters/2026"],
});

/** The data that is meant: one of four kinds. Without `path`: all below the topic. */
export const GrantResource = Type.Union([
  Closed({ kind: Type.Literal("topic"), topic: TopicName, path: Type.Optional(TopicPath) }),
  Closed({ kind: Type.Literal("property"), device: Did, property: Affordance }),
  Closed({ kind: Type.Literal("credential"), type: CredentialType }),
  Closed({ kind: Type.Literal("dataset"), dataset: DatasetName }),
]);

export const GrantAction = Type.Union([Type.Literal("read"), Type.Literal("subscribe")]);
/** ISO 3166-1 alpha-2, or one of its subdivisions by ISO 3166-2. */
export const Jurisdiction = Type.String({ pattern: "^[A-Z]{2}(-[A-Z0-9]{1,3})?$", examples: ["DE", "DE-BY"] });
const Line = Type.String({ minLength: 1, maxLength: 280, pattern: "^[^\\u0000-\\u001f\\u007f]+$" });

const FIELDS = {
  resource: GrantResource,
  purposes: List(DpvIri, 1, 16),
  actions: List(GrantAction, 1, 2),
  /** Where the recipient may have the data: nowhere else. */
  jurisdictions: List(Jurisdiction, 1, 32),
  /** Who answers for the data at the recipient's side. */
  controller: Type.Union([Type.Null(), Closed({ name: Label, contact: Type.Optional(Line) })]),
  /** What the owner gets for it, in words. */
  service: Type.Union([Type.Null(), Line]),
  /** Categories of data, in words or as terms of a vocabulary. */
  categories: List(Line, 0, 16),
};

export const GrantTerms = Closed(FIELDS, "what a grant is for");
export type GrantResource = Static<typeof GrantResource>;
export type GrantAction = Static<typeof GrantAction>;
export type GrantTerms = Static<typeof GrantTerms>;
export type TermField = keyof GrantTerms;

/** Fields of the terms, ascending. */
export const TERM_FIELDS = Object.keys(FIELDS).sort(compareText) as readonly TermField[];

/** 128 bits and more: nobody finds a value by trying. */
const Salt = Type.String({ pattern: "^[A-Za-z0-9_-]{22,86}$" });
const SALT_BYTES = 32;
/** Longest terms file, characters. */
export const MOST_TERMS = 32_768;

/** Terms with their salts: what the parties keep, and the ledger never sees. */
export const TermsDocument = Closed({
  grant: GrantId,
  terms: GrantTerms,
  salts: Closed(Object.fromEntries(TERM_FIELDS.map((field) => [field, Salt])) as Record<TermField, typeof Salt>),
});
export type TermsDocument = Static<typeof TermsDocument>;

/** A fresh id of a grant. None begins with a dash: command lines other than ours would take it for an option. */
export function createGrantId(): string {
  for (;;) {
    const id = encodeBase64Url(randomBytes(16));
    if (!id.startsWith("-")) return id;
  }
}

/**
 * Terms with fresh salts, for one grant.
 *
 * @throws HansaError `grant.terms-malformed`
 * @example
 * ```ts
 * const document = makeTerms(createGrantId(), terms);
 * await giveGrant(client, { grant: document.grant, terms: digestTerms(document), recipient, provider, from, until, delegable: 0 });
 * ```
 */
export function makeTerms(grant: string, terms: GrantTerms): TermsDocument {
  const salts = Object.fromEntries(TERM_FIELDS.map((field) => [field, encodeBase64Url(randomBytes(SALT_BYTES))]));
  return checkDocument({ grant, terms, salts });
}

/** Digest of one field: SHA-256, base64url, over the canonical JSON (RFC 8785) of salt, name and value. */
export function termDigest(salt: string, field: TermField, value: GrantTerms[TermField]): string {
  return encodeBase64Url(sha256(encodeUtf8(canonicalJson([salt, field, value]))));
}

/** Digests of all fields, ascending: what a grant has on the ledger. */
export function digestTerms({ terms, salts }: Pick<TermsDocument, "terms" | "salts">): string[] {
  return TERM_FIELDS.map((field) => termDigest(salts[field], field, terms[field])).sort(compareText);
}

/**
 * Reads a terms document.
 *
 * @param input - text of a terms file, or the value that it holds
 * @throws HansaError `grant.terms-malformed`
 */
export function decodeTerms(input: unknown): TermsDocument {
  if (typeof input !== "string") return checkDocument(input);
  if (input.length > MOST_TERMS) throw malformed(`longer than ${MOST_TERMS} characters`);
  let value: unknown;
  try {
    value = parseJson(input, { depth: 6, integers: true });
  } catch (error) {
    // What the text says stays out of the error: terms are personal.
    throw protocolError(
      "grant.terms-malformed",
      "the terms are not strict JSON",
      { problem: "not strict JSON" },
      error,
    );
  }
  return checkDocument(value);
}

/**
 * Opens a grant's terms against its digests on the ledger.
 *
 * @param input - the terms document: its text, or a value that came from elsewhere
 * @param record - the grant's record, as a ledger that is trusted has it
 * @returns the terms, which are those that the grantor signed
 * @throws HansaError `grant.terms-malformed`, `grant.terms-mismatch`
 */
export function openTerms(
  input: unknown,
  record: { readonly grant: string; readonly terms: readonly string[] },
): GrantTerms {
  const document = decodeTerms(input);
  const digests = digestTerms(document);
  const same =
    document.grant === record.grant &&
    digests.length === record.terms.length &&
    digests.every((digest, i) => digest === record.terms[i]);
  if (!same)
    throw protocolError("grant.terms-mismatch", `these are not the terms of grant ${record.grant}`, {
      grant: record.grant,
    });
  return document.terms;
}

function checkDocument(value: unknown): TermsDocument {
  if (!Value.Check(TermsDocument, value)) {
    const first = Value.Errors(TermsDocument, value).First();
    throw malformed(`${first?.path ?? ""} ${first?.message ?? "does not fit"}`.trim());
  }
  const { purposes, actions, jurisdictions } = value.terms;
  for (const [field, list] of Object.entries({ purposes, actions, jurisdictions }))
    if (new Set<string>(list).size !== list.length) throw malformed(`/terms/${field} names one twice`);
  return value;
}

function malformed(problem: string) {
  return protocolError("grant.terms-malformed", `the terms do not fit: ${problem}`, { problem });
}
