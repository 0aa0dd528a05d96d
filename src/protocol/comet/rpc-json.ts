/** What CometBFT's JSON-RPC answers (hexadecimal in capitals, base64, numbers as text) in the words of certificates. */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { decodeBase64Url, decodeHex, encodeBase64Url } from "#base";
import { encodeMultikey } from "#crypto";
import { protocolError } from "../errors.ts";
import type { CometBlockId, CometCommit, CometHeader, CometValidator } from "./signed-block.ts";

const Hex = Type.String({ pattern: "^([0-9A-F]{2})*$", maxLength: 128 });
const Base64 = Type.String({ pattern: "^[A-Za-z0-9+/]*={0,2}$", maxLength: 128 });
const Count = Type.String({ pattern: "^(0|[1-9][0-9]{0,15})$" });
const Small = Type.Integer({ minimum: 0, maximum: 0xffffffff });

const RpcBlockId = Type.Object({ hash: Hex, parts: Type.Object({ total: Small, hash: Hex }) });

// Open objects: a later patch of CometBFT may say more.
const RpcCommit = Type.Object({
  signed_header: Type.Object({
    header: Type.Object({
      version: Type.Object({ block: Count, app: Type.Optional(Count) }),
      chain_id: Type.String({ maxLength: 50 }),
      height: Count,
      time: Type.String({ maxLength: 40 }),
      last_block_id: RpcBlockId,
      last_commit_hash: Hex,
      data_hash: Hex,
      validators_hash: Hex,
      next_validators_hash: Hex,
      consensus_hash: Hex,
      app_hash: Hex,
      last_results_hash: Hex,
      evidence_hash: Hex,
      proposer_address: Hex,
    }),
    commit: Type.Object({
      height: Count,
      round: Small,
      block_id: RpcBlockId,
      signatures: Type.Array(
        Type.Object({
          block_id_flag: Small,
          validator_address: Hex,
          timestamp: Type.String({ maxLength: 40 }),
          signature: Type.Union([Base64, Type.Null()]),
        }),
        { maxItems: 10_000 },
      ),
    }),
  }),
});

const RpcValidators = Type.Object({
  block_height: Count,
  total: Count,
  validators: Type.Array(
    Type.Object({
      pub_key: Type.Object({ type: Type.Literal("tendermint/PubKeyEd25519"), value: Base64 }),
      voting_power: Count,
    }),
    { maxItems: 10_000 },
  ),
});

/** `BlockIDFlagCommit`: a vote for the block; 1 is an absent one, 3 one for nil. */
const FOR_BLOCK = 2;

/**
 * Header and votes from the `result` of `/commit?height=`. Votes for nil vouch for nothing, so they become `null` as missing ones do.
 *
 * @throws HansaError `proof.malformed`
 * @example
 * ```ts
 * const { header, commit } = fromRpcCommit(answer.result);
 * ```
 */
export function fromRpcCommit(result: unknown): { readonly header: CometHeader; readonly commit: CometCommit } {
  const { header, commit } = read(RpcCommit, result, "commit").signed_header;
  return {
    header: {
      version: { block: Number(header.version.block), app: Number(header.version.app ?? "0") },
      chainId: header.chain_id,
      height: Number(header.height),
      time: header.time,
      lastBlockId: header.last_block_id.hash === "" ? null : blockIdOf(header.last_block_id),
      lastCommitHash: fromHex(header.last_commit_hash),
      dataHash: fromHex(header.data_hash),
      validatorsHash: fromHex(header.validators_hash),
      nextValidatorsHash: fromHex(header.next_validators_hash),
      consensusHash: fromHex(header.consensus_hash),
      appHash: fromHex(header.app_hash),
      lastResultsHash: fromHex(header.last_results_hash),
      evidenceHash: fromHex(header.evidence_hash),
      proposerAddress: fromHex(header.proposer_address),
    },
    commit: {
      height: Number(commit.height),
      round: commit.round,
      blockId: blockIdOf(commit.block_id),
      signatures: commit.signatures.map(({ block_id_flag, validator_address, timestamp, signature }) =>
        block_id_flag === FOR_BLOCK && signature !== null
          ? { address: fromHex(validator_address), time: timestamp, signature: encodeBase64Url(fromBase64(signature)) }
          : null,
      ),
    },
  };
}

/**
 * Validators from the `result` of `/validators?height=&per_page=100`, in CometBFT's order. `total` says whether there are further pages.
 *
 * @throws HansaError `proof.malformed`
 */
export function fromRpcValidators(result: unknown): {
  readonly height: number;
  readonly total: number;
  readonly validators: readonly CometValidator[];
} {
  const { block_height, total, validators } = read(RpcValidators, result, "validators");
  return {
    height: Number(block_height),
    total: Number(total),
    validators: validators.map(({ pub_key, voting_power }) => ({
      key: encodeMultikey({ algorithm: "Ed25519", bytes: fromBase64(pub_key.value) }),
      power: Number(voting_power),
    })),
  };
}

function read<Schema extends TSchema>(schema: Schema, result: unknown, what: string): Static<Schema> {
  if (Value.Check(schema, result)) return result;
  const first = Value.Errors(schema, result).First();
  throw protocolError("proof.malformed", `${what}: ${first?.path ?? ""} ${first?.message ?? "does not fit"}`, {
    path: first?.path ?? "",
  });
}

function blockIdOf({ hash, parts }: Static<typeof RpcBlockId>): CometBlockId {
  return { hash: fromHex(hash), parts: { total: parts.total, hash: fromHex(parts.hash) } };
}

function fromHex(text: string): string {
  return encodeBase64Url(decodeHex(text.toLowerCase()) as Uint8Array);
}

function fromBase64(text: string): Uint8Array {
  const bytes = decodeBase64Url(text.replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_"));
  if (bytes === undefined) throw protocolError("proof.malformed", "CometBFT's answer has what is not base64");
  return bytes;
}
