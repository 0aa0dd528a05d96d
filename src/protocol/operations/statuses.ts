import { type Static, Type } from "@sinclair/typebox";
import { Closed, Digest } from "./fields.ts";
import { Uri } from "./issuers.ts";

export const StatusListId = Type.String({
  pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
  description: "name of a status list among those of its issuer",
  examples: ["2027-1"],
});
export const StatusListKind = Type.Union([Type.Literal("bitstring"), Type.Literal("token")], {
  description: "Bitstring Status List (W3C) or Token Status List (IETF)",
});
/** Most entries of a list: 16 MiB of bits. */
const MOST_ENTRIES = 2 ** 27;

export const STATUS_OPERATIONS = {
  "statuses.publish": Closed(
    {
      list: StatusListId,
      kind: StatusListKind,
      purpose: Type.String({
        pattern: "^[a-z][a-z-]{0,31}$",
        description: "`statusPurpose` of a bitstring list: `revocation`, `suspension`…; `status` of a token list",
        examples: ["revocation"],
      }),
      bits: Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(4), Type.Literal(8)], {
        description: "bits of an entry",
      }),
      size: Type.Integer({ minimum: 1, maximum: MOST_ENTRIES, description: "entries of the list" }),
      version: Type.Integer({ minimum: 1, maximum: 2 ** 31, description: "only grows" }),
      digest: Type.String({ ...Digest, description: "SHA-256 of the list's bytes, uncompressed, base64url" }),
      uri: Type.Optional(Uri),
    },
    "States what one's own status list holds from now on: its size, version and digest.",
  ),
} as const;

export type StatusListKind = Static<typeof StatusListKind>;
