import { compareBytes, encodeBase64Url } from "#base";
import { decodeMultikey, leafHash, sha256, treeHash } from "#crypto";
import { protocolError } from "../errors.ts";
import { bytesField, message, messageField, varintField } from "./protobuf.ts";
import type { CometValidator } from "./signed-block.ts";

/** Most power that one validator may have: sums of a thousand stay far below 2^53. */
const MOST_POWER = 1_000_000;
const MOST_VALIDATORS = 1000;

/** A validator whose key has been decoded. */
export interface Voter {
  /** Ed25519, 32 bytes. */
  readonly key: Uint8Array;
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly power: number;
}

/**
 * Decodes a set: every key is Ed25519 and stands once, so that nobody's power counts twice.
 *
 * @throws HansaError `proof.malformed`
 */
export function votersOf(validators: readonly CometValidator[]): readonly Voter[] {
  if (validators.length === 0 || validators.length > MOST_VALIDATORS)
    throw protocolError("proof.malformed", `a set has 1 to ${MOST_VALIDATORS} validators`);
  const seen = new Set<string>();
  return validators.map(({ key: text, power }) => {
    const key = decodeMultikey(text);
    if (key?.algorithm !== "Ed25519" || seen.has(text))
      throw protocolError("proof.malformed", "a validator's key is not Ed25519, or stands twice", { key: text });
    if (!Number.isSafeInteger(power) || power < 1 || power > MOST_POWER)
      throw protocolError("proof.malformed", `a validator's power is 1 to ${MOST_POWER}`, { key: text, power });
    seen.add(text);
    return { key: key.bytes, address: sha256(key.bytes).subarray(0, 20), power };
  });
}

/**
 * A set in CometBFT's order, in which it is hashed and votes stand: power, greatest first, then address.
 *
 * @throws HansaError `proof.malformed`
 * @example
 * ```ts
 * const set = orderValidators(genesis.engine.validators);
 * ```
 */
export function orderValidators(validators: readonly CometValidator[]): readonly CometValidator[] {
  return votersOf(validators)
    .map(({ address, power }, index) => ({ address, power, key: (validators[index] as CometValidator).key }))
    .sort((a, b) => b.power - a.power || compareBytes(a.address, b.address))
    .map(({ key, power }) => ({ key, power }));
}

/** `ValidatorSet.Hash` of CometBFT, base64url: the Merkle root (RFC 6962) over its `SimpleValidator`s, in the order given. */
export function hashVoters(voters: readonly Voter[]): string {
  const leaves = voters.map(({ key, power }) =>
    // SimpleValidator { PublicKey pub_key = 1 { bytes ed25519 = 1 }; int64 voting_power = 2 }
    leafHash(message(messageField(1, bytesField(1, key)), varintField(2, power))),
  );
  return encodeBase64Url(treeHash(leaves));
}

/**
 * The hash by which headers name a set.
 *
 * @throws HansaError `proof.malformed`
 */
export function hashValidators(validators: readonly CometValidator[]): string {
  return hashVoters(votersOf(validators));
}
