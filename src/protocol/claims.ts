import type { Static, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { protocolError } from "./errors.ts";
import { type DecodedToken, decodeToken } from "./jws.ts";

/**
 * Takes a token apart and holds its claims against a schema; nothing is verified.
 *
 * @param limit - most characters
 */
export function decodeClaims<Schema extends TSchema>(
  token: string,
  typ: string,
  schema: Schema,
  limit?: number,
): { token: DecodedToken; claims: Static<Schema> } {
  const decoded = decodeToken(token, typ, limit);
  return { token: decoded, claims: claimsOf(decoded, typ, schema) };
}

/** Claims of a token that was taken apart. What does not fit is said by place and kind: a value may be personal. */
export function claimsOf<Schema extends TSchema>(token: DecodedToken, typ: string, schema: Schema): Static<Schema> {
  if (Value.Check(schema, token.claims)) return token.claims as Static<Schema>;
  const { path = "", message = "does not fit" } = Value.Errors(schema, token.claims).First() ?? {};
  throw protocolError("token.claims", `${typ}: ${path} ${message}`, { path, problem: message });
}
