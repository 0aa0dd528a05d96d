import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { canonicalJson, encodeUtf8, isHansaError, type Json, type JsonObject, Lru, parseJson } from "#base";
import { isObject } from "./document-parts.ts";
import { credentialError } from "./errors.ts";
import { hasDigests } from "./resource-digest.ts";

/**
 * Where schemas come from, by the URL that a credential names; nothing is fetched otherwise.
 *
 * @returns the schema, as JSON or as the bytes of its JSON text, which a digest over it needs; of `JsonSchemaCredential` the
 * credential, which the source has verified
 */
export type SchemaSource = (id: string, type: string) => Promise<JsonObject | Uint8Array | undefined>;

const DIALECTS: ReadonlyMap<string, typeof Ajv | typeof Ajv2020> = new Map([
  ["https://json-schema.org/draft/2020-12/schema", Ajv2020],
  ["http://json-schema.org/draft-07/schema", Ajv],
]);

type Validate = (value: unknown) => boolean;

/** Schemas that are kept compiled. */
const KEPT = 128;
const MAX_BYTES = 256 * 1024;
const compiled = new Lru<string, Validate>(KEPT);

const refuse = (problem: string, payload: object = {}, cause?: unknown) =>
  credentialError("credentials.schema", problem, { problem, ...payload }, cause);

/**
 * Checks a credential against one of its `credentialSchema` (Data Model 2.0 §4.11, JSON Schema of VCs 1.0).
 *
 * @returns whether its type is one that can be checked here
 * @throws HansaError `credentials.schema`
 */
export async function checkSchema(credential: JsonObject, entry: JsonObject, schemas: SchemaSource): Promise<boolean> {
  const types = Array.isArray(entry["type"]) ? entry["type"] : [entry["type"]];
  const type = ["JsonSchema", "JsonSchemaCredential"].find((known) => types.includes(known));
  if (type === undefined) return false;
  const id = entry["id"] as string;
  const found = await schemas(id, type);
  if (found === undefined) throw refuse("the schema cannot be had", { schema: id.slice(0, 200) });
  if ("digestSRI" in entry || "digestMultibase" in entry) {
    const bytes = found instanceof Uint8Array ? found : encodeUtf8(JSON.stringify(found));
    if (!hasDigests(entry, bytes)) throw refuse("the schema has another digest", { schema: id.slice(0, 200) });
  }
  const document = found instanceof Uint8Array ? readSchema(found, id) : found;
  const schema = type === "JsonSchema" ? document : schemaOf(document, id);
  if (!compile(schema, id)(credential))
    throw refuse("the credential does not fit the schema", { schema: id.slice(0, 200) });
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

function compile(schema: JsonObject, id: string): Validate {
  const text = canonicalJson(schema);
  const known = compiled.get(text);
  if (known !== undefined) return known;
  if (text.length > MAX_BYTES) throw refuse("the schema is too large", { limit: MAX_BYTES });
  const { $schema = "https://json-schema.org/draft/2020-12/schema", ...rest } = schema;
  const dialect = typeof $schema === "string" ? DIALECTS.get($schema.replace(/#$/, "")) : undefined;
  if (dialect === undefined)
    throw refuse("the schema is of a dialect that is not known here", { schema: id.slice(0, 200) });
  try {
    // One for each schema: ids must not meet, and nothing of one is to be referred to by another.
    const ajv = new dialect({ strict: false, logger: false });
    formats.default(ajv);
    const validate = ajv.compile(rest);
    const answer: Validate = (value) => validate(value) === true;
    compiled.set(text, answer);
    return answer;
  } catch (error) {
    throw refuse("the schema is none, or refers to what it does not hold", { schema: id.slice(0, 200) }, error);
  }
}
