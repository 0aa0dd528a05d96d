import { encodeUtf8, isHansaError, type Json, type JsonObject, parseJson } from "#base";
import { isObject } from "./document-parts.ts";
import { credentialError } from "./errors.ts";
import { hasDigests } from "./resource-digest.ts";
import type { SchemaDialect, SchemaJudge, Verdict } from "./schema-judge.ts";

/**
 * Where schemas come from, by the URL that a credential names; nothing is fetched otherwise.
 *
 * @returns the schema, as JSON or as the bytes of its JSON text, which a digest over it needs; of `JsonSchemaCredential` the
 * credential, which the source has verified
 */
export type SchemaSource = (id: string, type: string) => Promise<JsonObject | Uint8Array | undefined>;

/** What credentials are held against their schemas with. */
export interface Schemas {
  readonly source: SchemaSource;
  readonly judge: Pick<SchemaJudge, "judge">;
}

const LATEST = "https://json-schema.org/draft/2020-12/schema";
const DIALECTS: ReadonlyMap<string, SchemaDialect> = new Map([
  [LATEST, "2020-12"],
  ["http://json-schema.org/draft-07/schema", "draft-07"],
]);

const MAX_BYTES = 256 * 1024;

const refuse = (problem: string, payload: object = {}) =>
  credentialError("credentials.schema", problem, { problem, ...payload });

const REFUSALS: Readonly<Record<Exclude<Verdict, "fits">, string>> = {
  unfit: "the credential does not fit the schema",
  "no-schema": "the schema is none, or refers to what it does not hold",
  "too-long": "the schema takes longer to check than it may",
  busy: "too many others wait for their schemas to be checked",
};

/**
 * Checks a credential against one of its `credentialSchema` (Data Model 2.0 §4.11, JSON Schema of VCs 1.0).
 *
 * @returns whether its type is one that can be checked here
 * @throws HansaError `credentials.schema`
 */
export async function checkSchema(
  credential: JsonObject,
  entry: JsonObject,
  { source, judge }: Schemas,
): Promise<boolean> {
  const types = Array.isArray(entry["type"]) ? entry["type"] : [entry["type"]];
  const type = ["JsonSchema", "JsonSchemaCredential"].find((known) => types.includes(known));
  if (type === undefined) return false;
  const id = entry["id"] as string;
  const found = await source(id, type);
  if (found === undefined) throw refuse("the schema cannot be had", { schema: id.slice(0, 200) });
  if ("digestSRI" in entry || "digestMultibase" in entry) {
    const bytes = found instanceof Uint8Array ? found : encodeUtf8(JSON.stringify(found));
    if (!hasDigests(entry, bytes)) throw refuse("the schema has another digest", { schema: id.slice(0, 200) });
  }
  const document = found instanceof Uint8Array ? readSchema(found, id) : found;
  const { $schema = LATEST, ...schema } = type === "JsonSchema" ? document : schemaOf(document, id);
  const dialect = typeof $schema === "string" ? DIALECTS.get($schema.replace(/#$/, "")) : undefined;
  if (dialect === undefined)
    throw refuse("the schema is of a dialect that is not known here", { schema: id.slice(0, 200) });
  const text = JSON.stringify(schema);
  if (text.length > MAX_BYTES) throw refuse("the schema is too large", { limit: MAX_BYTES });
  const verdict = await judge.judge(dialect, text, credential);
  if (verdict !== "fits") throw refuse(REFUSALS[verdict], { schema: id.slice(0, 200) });
  return true;
}

function readSchema(bytes: Uint8Array, id: string): JsonObject {
  let value: Json | undefined;
  try {
    value = bytes.length > MAX_BYTES ? undefined : parseJson(bytes, { depth: 64, integers: false });
  } catch (error) {
    if (!isHansaError(error)) throw error;
  }
  if (!isObject(value)) throw refuse("the schema is not JSON", { schema: id.slice(0, 200) });
  return value;
}

/** JSON Schema of VCs 1.0 §2.2: the schema is a claim of the credential. */
function schemaOf(credential: JsonObject, id: string): JsonObject {
  const subject = credential["credentialSubject"];
  const schema = isObject(subject) ? subject["jsonSchema"] : undefined;
  if (!isObject(schema)) throw refuse("the schema's credential holds no jsonSchema", { schema: id.slice(0, 200) });
  return schema;
}
