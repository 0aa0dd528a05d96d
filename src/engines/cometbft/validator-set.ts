/** Between CometBFT's view of validators (addresses, raw keys) and the ledger's (nodes, Multikeys). */

import {
  type Misbehavior,
  MisbehaviorType,
  type ValidatorUpdate,
  type VoteInfo,
} from "cosmjs-types/tendermint/abci/types";
import { BlockIDFlag } from "cosmjs-types/tendermint/types/validator";
import { compareText, encodeHex } from "#base";
import { decodeMultikey } from "#crypto";
import { cometAddress, type Misbehaviour, type ValidatorsRecord } from "#protocol";

/** Key and power, as the genesis and the ledger name them. */
export interface Voter {
  readonly key: string;
  readonly power: number;
}

/** Nodes by the address of their voting key. */
export function nodesByAddress({ validators }: ValidatorsRecord): ReadonlyMap<string, string> {
  return new Map(validators.map(({ node, key }) => [cometAddress(publicKey(key)), node]));
}

/** Nodes of validators that did not vote for the last block, ascending. Who left the set in the meantime is left out. */
export function absentNodes(votes: readonly VoteInfo[], nodes: ReadonlyMap<string, string>): string[] {
  const absent: string[] = [];
  for (const { validator, blockIdFlag } of votes) {
    if (blockIdFlag === BlockIDFlag.BLOCK_ID_FLAG_COMMIT) continue;
    const node = nodes.get(encodeHex(validator.address));
    if (node !== undefined) absent.push(node);
  }
  return absent.sort(compareText);
}

/** Evidence as it goes into a block, in its order. */
export function misbehaviourOf(evidence: readonly Misbehavior[], nodes: ReadonlyMap<string, string>): Misbehaviour[] {
  return evidence.map(({ type, validator, height }) => {
    const address = encodeHex(validator.address);
    return {
      kind: type === MisbehaviorType.DUPLICATE_VOTE ? "duplicate-vote" : "light-client-attack",
      validator: nodes.get(address) ?? address,
      block: Number(height),
    };
  });
}

/** What CometBFT must be told so that one set becomes the other: who left has power 0. */
export function updatesBetween(before: readonly Voter[], after: readonly Voter[]): ValidatorUpdate[] {
  const powers = new Map(before.map(({ key, power }) => [key, power]));
  const stays = new Set(after.map(({ key }) => key));
  const gone = before.filter(({ key }) => !stays.has(key)).map(({ key }) => ({ key, power: 0 }));
  const changed = after.filter(({ key, power }) => powers.get(key) !== power);
  return [...gone, ...changed].map(updateOf);
}

export function updateOf({ key, power }: Voter): ValidatorUpdate {
  return { pubKey: { ed25519: publicKey(key).bytes }, power: BigInt(power) };
}

/** Whether CometBFT's list has the same keys and powers, in whatever order. */
export function sameValidators(theirs: readonly ValidatorUpdate[], ours: readonly Voter[]): boolean {
  const text = ({ pubKey, power }: ValidatorUpdate) => `${encodeHex(pubKey.ed25519 ?? new Uint8Array())} ${power}`;
  const wanted = ours.map((voter) => text(updateOf(voter))).sort(compareText);
  const given = theirs.map(text).sort(compareText);
  return wanted.length === given.length && wanted.every((entry, i) => entry === given[i]);
}

function publicKey(key: string) {
  const decoded = decodeMultikey(key);
  if (decoded === undefined) throw new Error(`${key} on the ledger is no key`);
  return decoded;
}
