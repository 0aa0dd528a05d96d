import { type Static, Type } from "@sinclair/typebox";
import { Closed, Did, Digest, Label, List, Reason } from "./fields.ts";

/** Most hashes below one root. */
export const MOST_EVIDENCE = 2 ** 20;

const Root = Type.String({ ...Digest, description: "RFC 6962 root over the salted hashes, base64url" });
const Index = Type.Integer({ minimum: 0, maximum: MOST_EVIDENCE - 1, description: "one document alone, by its place" });

export const EVIDENCE_OPERATIONS = {
  "evidence.anchor": Closed(
    {
      root: Root,
      size: Type.Integer({ minimum: 1, maximum: MOST_EVIDENCE, description: "how many hashes lie below it" }),
      note: Type.Optional(Type.String({ ...Label, description: "public, so nothing personal" })),
      signers: Type.Optional(List(Did, 1, 16)),
    },
    "Anchors the hashes of up to a million documents by their root. `signers`: who is to sign them, beside the issuer.",
  ),
  "evidence.sign": Closed({ root: Root }, "Signs what was anchored, as one of those who were named for it."),
  "evidence.revoke": Closed(
    { root: Root, index: Type.Optional(Index), reason: Type.Optional(Reason) },
    "Revokes all that lies below a root, or one document of it. Anybody who signed it can.",
  ),
  "evidence.unrevoke": Closed({ root: Root, index: Type.Optional(Index) }, "Takes one's own revocation back."),
} as const;

export type EvidenceRoot = Static<typeof Root>;
