/**
 * A CometBFT header and the votes for it as they stand in certificates and proof files: enough to compute the header's hash and every
 * vote's sign bytes anew (CometBFT v0.38 `types.Header`, `types.Commit`). Hashes, addresses and signatures are base64url, times
 * RFC 3339 in UTC with nanoseconds, no trailing zeros in the fraction.
 */
import { type Static, Type } from "@sinclair/typebox";
import { Closed, Digest, List, Multikey } from "../operations/fields.ts";

const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
/** 20 bytes. */
const Address = Type.String({ pattern: "^[A-Za-z0-9_-]{27}$" });
/** Absent in the first block of a chain only. */
const OptionalDigest = Type.Union([Digest, Type.Literal("")]);
const Time = Type.String({ pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,8}[1-9])?Z$" });

export const CometBlockId = Closed({ hash: Digest, parts: Closed({ total: Count, hash: Digest }) });

export const CometHeader = Closed({
  version: Closed({ block: Count, app: Count }),
  chainId: Type.String({ minLength: 1, maxLength: 50 }),
  height: Count,
  time: Time,
  /** `null` in the first block of a chain. */
  lastBlockId: Type.Union([CometBlockId, Type.Null()]),
  lastCommitHash: OptionalDigest,
  dataHash: OptionalDigest,
  validatorsHash: Digest,
  nextValidatorsHash: Digest,
  consensusHash: Digest,
  /** Hash of the Hansa header that was the head before this block. */
  appHash: Digest,
  lastResultsHash: OptionalDigest,
  evidenceHash: OptionalDigest,
  proposerAddress: Address,
});

export const CometCommit = Closed({
  height: Count,
  round: Count,
  blockId: CometBlockId,
  /** One entry for each validator of the set, in its order; `null`: no vote, or one for nil, which vouches for nothing. */
  signatures: List(
    Type.Union([
      Closed({ address: Address, time: Time, signature: Type.String({ pattern: "^[A-Za-z0-9_-]{86}$" }) }),
      Type.Null(),
    ]),
    1,
    1000,
  ),
});

export const CometValidator = Closed({ key: Multikey, power: Type.Integer({ minimum: 1, maximum: 1_000_000 }) });

/**
 * One step of the way from the genesis's validators to later ones: a header that the set before signed, and that names the set after it
 * (`nextValidatorsHash`), in force from the next height on.
 */
export const ValidatorChange = Closed({
  header: CometHeader,
  commit: CometCommit,
  validators: List(CometValidator, 1, 1000),
});

export type CometBlockId = Static<typeof CometBlockId>;
export type CometHeader = Static<typeof CometHeader>;
export type CometCommit = Static<typeof CometCommit>;
export type CometValidator = Static<typeof CometValidator>;
export type ValidatorChange = Static<typeof ValidatorChange>;
