import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Did } from "../did.ts";

/** Field schemas that several modules share. */
export { Did };
export const Multikey = Type.String({
  pattern: "^z[1-9A-HJ-NP-Za-km-z]{40,70}$",
  description: "public key as Multikey",
});
export const Digest = Type.String({ pattern: "^[A-Za-z0-9_-]{43}$", description: "SHA-256, base64url" });
export const Seconds = Type.Integer({ minimum: 0, maximum: 0xffffffff, description: "seconds since 1970" });
export const Reason = Type.String({ minLength: 1, maxLength: 280, description: "why; public, so nothing personal" });
export const Label = Type.String({ minLength: 1, maxLength: 80, pattern: "^[^\\u0000-\\u001f\\u007f]+$" });
/** A fraction, exactly: state has no floating point. */
export const Decimal = Type.String({ pattern: "^-?(0|[1-9][0-9]{0,11})(\\.[0-9]{1,9})?$", examples: ["21.5"] });
export const ModelId = Type.String({
  pattern: "^[a-z0-9][a-z0-9._-]{0,63}/[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
  description: "<vendor id>/<product id>",
  examples: ["aqara/WSDCGQ11LM"],
});
export const Version = Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$", examples: ["3.0.1"] });
export const TopicName = Type.String({
  pattern: "^[a-z0-9][a-z0-9_-]{0,63}(/[a-z0-9][a-z0-9_-]{0,63}){0,3}$",
  // With its prefix it must fit a key of the state tree, 200 characters.
  maxLength: 190,
  description: "one to four levels of lower-case letters, digits, - and _",
  examples: ["acme/things"],
});
export const Role = Type.Union(
  [Type.Literal("platform"), Type.Literal("maker"), Type.Literal("lab"), Type.Literal("regulator")],
  { description: "what a member does in the alliance" },
);
export type Role = Static<typeof Role>;
export const Jwt = Type.String({ maxLength: 8192, pattern: "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$" });

/** An object that refuses unknown members. */
export function Closed<Properties extends Record<string, TSchema>>(properties: Properties, description?: string) {
  return Type.Object(properties, {
    additionalProperties: false,
    ...(description === undefined ? {} : { description }),
  });
}

/** A list with limits. */
export function List<Item extends TSchema>(item: Item, least: number, most: number) {
  return Type.Array(item, { minItems: least, maxItems: most });
}
