/**
 * The bytes that CometBFT's votes and proposals sign: `CanonicalVote`, `CanonicalProposal` and `CanonicalVoteExtension` of its v0.38, each
 * behind its length. Fields are left out where they are zero, except those that its generated code always writes.
 */
import { BinaryWriter } from "cosmjs-types/binary";
import type { BlockID } from "cosmjs-types/tendermint/types/types";
import { concatBytes, encodeUtf8 } from "#base";
import type { Moment } from "./vote-state.ts";

/** What is signed of a vote. */
export interface CanonicalVote {
  /** 1 prevote, 2 precommit. */
  readonly type: number;
  readonly height: bigint;
  readonly round: number;
  /** `undefined`: a vote for no block. */
  readonly block: BlockID | undefined;
  readonly time: Moment;
}

/** What is signed of a proposal. */
export interface CanonicalProposal {
  readonly height: bigint;
  readonly round: number;
  /** Round in which the block had two thirds of the prevotes; -1: none. */
  readonly lockedRound: number;
  readonly block: BlockID;
  readonly time: Moment;
}

const PROPOSAL = 32n;

export function voteSignBytes(chainId: string, vote: CanonicalVote): Uint8Array {
  return delimited([
    varint(1, BigInt(vote.type)),
    fixed(2, vote.height),
    fixed(3, BigInt(vote.round)),
    ...(vote.block === undefined ? [] : [message(4, blockId(vote.block))]),
    message(5, moment(vote.time)),
    text(6, chainId),
  ]);
}

export function proposalSignBytes(chainId: string, proposal: CanonicalProposal): Uint8Array {
  return delimited([
    varint(1, PROPOSAL),
    fixed(2, proposal.height),
    fixed(3, BigInt(proposal.round)),
    varint(4, BigInt(proposal.lockedRound)),
    message(5, blockId(proposal.block)),
    message(6, moment(proposal.time)),
    text(7, chainId),
  ]);
}

/** Of an empty extension: CometBFT wants it signed with every precommit for a block, whether extensions are in use or not. */
export function extensionSignBytes(chainId: string, height: bigint, round: number): Uint8Array {
  return delimited([fixed(2, height), fixed(3, BigInt(round)), text(4, chainId)]);
}

function blockId({ hash, partSetHeader }: BlockID): Uint8Array {
  const parts = concatBytes(varint(1, BigInt(partSetHeader.total)), bytes(2, partSetHeader.hash));
  return concatBytes(bytes(1, hash), message(2, parts));
}

function moment({ seconds, nanos }: Moment): Uint8Array {
  return concatBytes(varint(1, seconds), varint(2, BigInt(nanos)));
}

function delimited(fields: readonly Uint8Array[]): Uint8Array {
  const body = concatBytes(...fields);
  return concatBytes(BinaryWriter.create().uint32(body.length).finish(), body);
}

function varint(field: number, value: bigint): Uint8Array {
  return value === 0n
    ? NOTHING
    : BinaryWriter.create()
        .uint32(field << 3)
        .int64(value)
        .finish();
}

function fixed(field: number, value: bigint): Uint8Array {
  if (value === 0n) return NOTHING;
  const out = new Uint8Array(9);
  out[0] = (field << 3) | 1;
  new DataView(out.buffer).setBigInt64(1, value, true);
  return out;
}

function bytes(field: number, value: Uint8Array): Uint8Array {
  return value.length === 0 ? NOTHING : message(field, value);
}

function text(field: number, value: string): Uint8Array {
  return bytes(field, encodeUtf8(value));
}

/** Written even where it is empty. */
function message(field: number, value: Uint8Array): Uint8Array {
  return BinaryWriter.create()
    .uint32((field << 3) | 2)
    .bytes(value)
    .finish();
}

const NOTHING = new Uint8Array(0);
