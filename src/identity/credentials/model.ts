import type { Json, JsonObject } from "#base";
import { CREDENTIALS_V1, CREDENTIALS_V2 } from "./contexts/bundled-contexts.ts";
import { parseDateTimeStamp } from "./date-time-stamp.ts";
import {
  DOCUMENT_LIMITS,
  entriesOf,
  isObject,
  isUrl,
  measure,
  optionalId,
  refuseDocument,
  requireParty,
  requireTypes,
  requireUrl,
} from "./document-parts.ts";
import { isDigestMultibase, isDigestSri } from "./resource-digest.ts";

/** Versions of the data model: what is issued is 2.0; 1.1 is verified. */
export type DataModel = "1.1" | "2.0";

/** What a credential says of itself, once it was found to be one. */
export interface CheckedCredential {
  readonly document: JsonObject;
  readonly model: DataModel;
  readonly id: string | undefined;
  /** Whether it is but a wrapper of one secured elsehow (Data Model 2.0 §4.13.1); then `issuer` is empty. */
  readonly enveloped: boolean;
  readonly types: readonly string[];
  readonly issuer: string;
  /** Milliseconds since 1970-01-01T00:00:00Z; `undefined` where it is not said. */
  readonly validFrom: number | undefined;
  readonly validUntil: number | undefined;
}

/** What a presentation says of itself. */
export interface CheckedPresentation {
  readonly document: JsonObject;
  readonly model: DataModel;
  readonly id: string | undefined;
  readonly types: readonly string[];
  readonly holder: string | undefined;
  readonly credentials: readonly CheckedCredential[];
}

/**
 * Checks a credential against the data model, 2.0 or 1.1 as its first context says. Terms and proofs are not looked at here.
 *
 * @throws HansaError `credentials.document`, its payload with `path` and `problem`
 */
export function checkCredential(value: unknown): CheckedCredential {
  measure(value);
  return readCredential(value, "");
}

/**
 * Checks a presentation, and the credentials in it.
 *
 * @throws HansaError `credentials.document`
 */
export function checkPresentation(value: unknown): CheckedPresentation {
  measure(value);
  if (!isObject(value)) throw refuseDocument("", "is no object");
  const model = readContext(value, "");
  const types = requireTypes(value["type"], "/type");
  if (!types.includes("VerifiablePresentation")) throw refuseDocument("/type", "is not VerifiablePresentation");
  const holder = "holder" in value ? requireParty(value["holder"], "/holder") : undefined;
  checkTyped(value, "termsOfUse", "");
  const credentials = "verifiableCredential" in value ? readCredentials(value["verifiableCredential"] as Json) : [];
  return { document: value, model, id: optionalId(value, ""), types, holder, credentials };
}

function readCredentials(value: Json): CheckedCredential[] {
  // §4.13: an empty set of credentials is as good as none.
  if (Array.isArray(value) && value.length === 0) return [];
  const path = "/verifiableCredential";
  return entriesOf(value, path, DOCUMENT_LIMITS.credentials).map((one, i) => readCredential(one, `${path}/${i}`));
}

function readCredential(value: unknown, path: string): CheckedCredential {
  if (!isObject(value)) throw refuseDocument(path, "is no object");
  const types = requireTypes(value["type"], `${path}/type`);
  if (types.includes("EnvelopedVerifiableCredential")) return readEnveloped(value, types, path);
  const model = readContext(value, path);
  if (!types.includes("VerifiableCredential")) throw refuseDocument(`${path}/type`, "is not VerifiableCredential");
  const issuer = requireParty(value["issuer"], `${path}/issuer`);
  const dates = model === "2.0" ? readDates(value, path) : readOldDates(value, path);
  checkSubjects(value["credentialSubject"], `${path}/credentialSubject`);
  checkWords(value, path);
  if (isObject(value["issuer"])) checkWords(value["issuer"], `${path}/issuer`);
  for (const name of TYPED) checkTyped(value, name, path);
  checkSchemas(value, path);
  // Data Model 1.1 §4.9 and §5.4 want an id of these, too.
  if (model === "1.1") for (const name of ["credentialStatus", "refreshService"]) checkIds(value, name, path);
  checkResources(value, path);
  return { document: value, model, id: optionalId(value, path), enveloped: false, types, issuer, ...dates };
}

/** §4.13.1: the context defines the type, and the id is a data: URL that holds the credential. */
function readEnveloped(value: JsonObject, types: readonly string[], path: string): CheckedCredential {
  const contexts = value["@context"];
  if (contexts !== CREDENTIALS_V2 && !(Array.isArray(contexts) && contexts.includes(CREDENTIALS_V2)))
    throw refuseDocument(`${path}/@context`, "does not define EnvelopedVerifiableCredential");
  if (types.length !== 1) throw refuseDocument(`${path}/type`, "is more than EnvelopedVerifiableCredential");
  const id = value["id"];
  if (typeof id !== "string" || !/^data:[^,\s]+,\S+$/.test(id)) throw refuseDocument(`${path}/id`, "is no data: URL");
  const none = { issuer: "", validFrom: undefined, validUntil: undefined };
  return { document: value, model: "2.0", id, enveloped: true, types, ...none };
}

/** §4.3: an ordered set that begins with the URL of the data model; URLs and objects follow. */
function readContext(value: JsonObject, path: string): DataModel {
  const contexts = value["@context"];
  const at = `${path}/@context`;
  if (!Array.isArray(contexts)) throw refuseDocument(at, "is no ordered set of contexts");
  if (contexts.length > DOCUMENT_LIMITS.contexts) throw refuseDocument(at, "has too many contexts");
  const first = contexts[0];
  if (first !== CREDENTIALS_V2 && first !== CREDENTIALS_V1)
    throw refuseDocument(at, `does not begin with ${CREDENTIALS_V2}`);
  for (const context of contexts)
    if (!isObject(context) && !isUrl(context)) throw refuseDocument(at, "holds what is neither a URL nor an object");
  return first === CREDENTIALS_V2 ? "2.0" : "1.1";
}

interface Dates {
  readonly validFrom: number | undefined;
  readonly validUntil: number | undefined;
}

/** §4.9 */
function readDates(value: JsonObject, path: string): Dates {
  return inOrder(readDate(value, "validFrom", path), readDate(value, "validUntil", path), `${path}/validUntil`);
}

/** Data Model 1.1 §4.6 */
function readOldDates(value: JsonObject, path: string): Dates {
  const issued = readDate(value, "issuanceDate", path);
  if (issued === undefined) throw refuseDocument(`${path}/issuanceDate`, "is missing");
  const { validFrom, validUntil } = readDates(value, path);
  const expires = readDate(value, "expirationDate", path);
  // Where both ways of saying it are used, the narrower counts.
  const until = [expires, validUntil].filter((time) => time !== undefined);
  return inOrder(
    Math.max(issued, validFrom ?? issued),
    until.length === 0 ? undefined : Math.min(...until),
    `${path}/expirationDate`,
  );
}

function inOrder(validFrom: number | undefined, validUntil: number | undefined, path: string): Dates {
  if (validFrom !== undefined && validUntil !== undefined && validUntil < validFrom)
    throw refuseDocument(path, "lies before the beginning of validity");
  return { validFrom, validUntil };
}

function readDate(value: JsonObject, name: string, path: string): number | undefined {
  if (!(name in value)) return undefined;
  const text = value[name];
  const time = typeof text === "string" ? parseDateTimeStamp(text) : undefined;
  if (time === undefined) throw refuseDocument(`${path}/${name}`, "is no dateTimeStamp with a time zone");
  return time;
}

/** §4.8: objects, each with one claim at least. */
function checkSubjects(value: Json | undefined, path: string): void {
  if (value === undefined) throw refuseDocument(path, "is missing");
  for (const subject of entriesOf(value, path, DOCUMENT_LIMITS.subjects)) {
    if (!isObject(subject)) throw refuseDocument(path, "is no object");
    if (Object.keys(subject).length === 0) throw refuseDocument(path, "makes no claim");
    optionalId(subject, path);
  }
}

/** §4.6 and §11.1: a text, or a language value object, or several. */
function checkWords(value: JsonObject, path: string): void {
  for (const name of ["name", "description"]) {
    const words = value[name];
    if (words === undefined) continue;
    for (const one of entriesOf(words, `${path}/${name}`))
      if (typeof one !== "string" && !isLanguageValue(one))
        throw refuseDocument(`${path}/${name}`, "is neither text nor a language value object");
  }
}

function isLanguageValue(value: Json): boolean {
  if (!isObject(value) || typeof value["@value"] !== "string") return false;
  return Object.entries(value).every(([name, member]) => {
    if (name === "@value") return true;
    if (name === "@language") return typeof member === "string" && /^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$/.test(member);
    return name === "@direction" && (member === "ltr" || member === "rtl");
  });
}

/** §4.5 and §5.10: these have to say their type. */
const TYPED = [
  "credentialStatus",
  "credentialSchema",
  "refreshService",
  "termsOfUse",
  "evidence",
  "confidenceMethod",
  "renderMethod",
] as const;

function checkTyped(value: JsonObject, name: string, path: string): void {
  if (!(name in value)) return;
  const at = `${path}/${name}`;
  for (const entry of entriesOf(value[name] as Json, at)) {
    if (!isObject(entry)) throw refuseDocument(at, "is no object");
    requireTypes(entry["type"], `${at}/type`);
    optionalId(entry, at);
  }
}

function checkIds(value: JsonObject, name: string, path: string): void {
  if (!(name in value)) return;
  for (const entry of entriesOf(value[name] as Json, `${path}/${name}`))
    requireUrl((entry as JsonObject)["id"], `${path}/${name}/id`);
}

/** §4.11 */
function checkSchemas(value: JsonObject, path: string): void {
  checkIds(value, "credentialSchema", path);
  if (!("credentialSchema" in value)) return;
  for (const entry of entriesOf(value["credentialSchema"] as Json, path))
    checkDigests(entry as JsonObject, `${path}/credentialSchema`, false);
}

/** §5.3: each resource once, with a digest at least. */
function checkResources(value: JsonObject, path: string): void {
  if (!("relatedResource" in value)) return;
  const at = `${path}/relatedResource`;
  const ids = new Set<string>();
  for (const entry of entriesOf(value["relatedResource"] as Json, at)) {
    if (!isObject(entry)) throw refuseDocument(at, "is no object");
    const id = requireUrl(entry["id"], `${at}/id`);
    if (ids.has(id)) throw refuseDocument(`${at}/id`, "names a resource twice");
    ids.add(id);
    if ("mediaType" in entry && typeof entry["mediaType"] !== "string")
      throw refuseDocument(`${at}/mediaType`, "is no text");
    checkDigests(entry, at, true);
  }
}

function checkDigests(entry: JsonObject, path: string, required: boolean): void {
  const { digestSRI, digestMultibase } = entry;
  if (required && digestSRI === undefined && digestMultibase === undefined) throw refuseDocument(path, "has no digest");
  if (digestSRI !== undefined && !isDigestSri(digestSRI)) throw refuseDocument(`${path}/digestSRI`, "is malformed");
  if (digestMultibase !== undefined && !isDigestMultibase(digestMultibase))
    throw refuseDocument(`${path}/digestMultibase`, "is malformed");
}
