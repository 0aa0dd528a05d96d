import { type Static, Type } from "@sinclair/typebox";
import { Closed, Digest, Version } from "./fields.ts";

/**
 * Name of a type of credentials, as verifiers meet it: a `type` of the VC Data Model, or the `vct` of an SD-JWT VC. `/did:` is kept out, so
 * that all issuers of a type lie behind one prefix of keys.
 */
export const CredentialType = Type.String({
  pattern: "^(?!.*/did:)[A-Za-z0-9][A-Za-z0-9._~:/?#@!$&'()*+,;=%-]{0,99}$",
  description: "type of credentials: a `type` of the VC Data Model, or the `vct` of an SD-JWT VC",
  examples: ["EnergyLabelCredential"],
});
export const SchemaId = Type.String({
  pattern: "^[a-z0-9][a-z0-9._-]{0,31}/[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
  description: "<publisher's name>/<name of the schema>",
  examples: ["delphi/energy-label"],
});
/** Where the text of something lies whose digest is on the ledger. */
export const Uri = Type.String({
  pattern: "^[a-z][a-z0-9+.-]{1,15}:[!-~]+$",
  maxLength: 512,
  description: "where it is found; no personal data, the ledger forgets nothing",
});

export const ISSUER_OPERATIONS = {
  "issuers.registerSchema": Closed(
    {
      schema: SchemaId,
      version: Version,
      type: CredentialType,
      digest: Type.String({ ...Digest, description: "SHA-256 of the schema's bytes, base64url" }),
      uri: Type.Optional(Uri),
    },
    "Registers a version of a JSON Schema of credentials; whoever registers the first version publishes all others.",
  ),
} as const;

export type CredentialType = Static<typeof CredentialType>;
