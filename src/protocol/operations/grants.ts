import { Type } from "@sinclair/typebox";
import { Closed, Did, Digest, List, Reason, Seconds } from "./fields.ts";

/** 128 random bits of the grantor's: 22 characters of base64url, of which the last has only two bits to say. */
export const GrantId = Type.String({
  pattern: "^[A-Za-z0-9_-]{21}[AQgw]$",
  description: "id of a grant: 128 random bits, base64url",
  examples: ["3q2-7wAAAAAAAAAAAAAAAA"],
});

/** How many times a grant may be handed on, one behind the other. */
export const MOST_DELEGATIONS = 4;
/** Grants in one batch of access receipts. */
export const MOST_ANCHORED_GRANTS = 256;

const Delegable = Type.Integer({
  minimum: 0,
  maximum: MOST_DELEGATIONS,
  description: "how many further levels may be handed on",
});
const Count = Type.Integer({ minimum: 1, maximum: 1_000_000_000, description: "releases in all" });
/** One salted digest for each field of the terms, ascending. */
const TermDigests = Type.Array(Digest, { minItems: 1, maxItems: 16, uniqueItems: true });

export const GRANT_OPERATIONS = {
  "grants.give": Closed(
    {
      grant: GrantId,
      recipient: Did,
      /** The member whose node releases the data. */
      provider: Did,
      terms: TermDigests,
      from: Seconds,
      until: Seconds,
      count: Type.Optional(Count),
      delegable: Delegable,
    },
    "An owner authorises a recipient; what for is known to those who have the terms.",
  ),
  "grants.delegate": Closed(
    {
      parent: GrantId,
      grant: GrantId,
      recipient: Did,
      terms: TermDigests,
      from: Seconds,
      until: Seconds,
      count: Type.Optional(Count),
      delegable: Delegable,
    },
    "A recipient hands on what it got, or less: never more, never longer.",
  ),
  "grants.revoke": Closed(
    { grant: GrantId, reason: Type.Optional(Reason) },
    "Ends a grant and all that was handed on under it, from the next block on, for good.",
  ),
  "grants.anchor": Closed(
    {
      root: Digest,
      size: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
      grants: List(
        Closed({ grant: GrantId, used: Type.Integer({ minimum: 0, maximum: 1_000_000 }) }),
        1,
        MOST_ANCHORED_GRANTS,
      ),
    },
    "Root (RFC 6962) over a batch of access receipts, and how many releases each grant has in it.",
  ),
} as const;
