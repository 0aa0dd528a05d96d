/** A chain of engine headers whose validators have keys of fixed seeds: what no network would sign can be signed here. */
import { encodeBase64Url } from "#base";
import { createSigner, encodeMultikey, type Signer, sha256 } from "#crypto";
import { ALLIANCE, BEGIN, partyOf } from "../fixtures.suite.ts";
import {
  type BlockHeader,
  type CometCertificate,
  type CometCommit,
  type CometHeader,
  type CometValidator,
  chainIdOf,
  checkGenesis,
  DEFAULT_PARAMETERS,
  encodeHeader,
  type Genesis,
  groupIdOf,
  hashCometHeader,
  hashHeader,
  hashValidators,
  orderValidators,
  type SignedHeader,
  type ValidatorChange,
  voteSignBytes,
} from "../index.ts";

/** Somebody who votes. */
export interface Voter {
  readonly signer: Signer;
  readonly key: string;
  readonly power: number;
}

export function voter(seed: number, power = 10): Voter {
  const signer = createSigner("Ed25519", new Uint8Array(32).fill(seed));
  return { signer, key: encodeMultikey({ algorithm: "Ed25519", bytes: signer.publicKey }), power };
}

/** A set in its order, with the keys to vote. */
export function setOf(...voters: readonly Voter[]): readonly Voter[] {
  const order = orderValidators(voters.map(({ key, power }) => ({ key, power })));
  return order.map(({ key }) => voters.find((one) => one.key === key) as Voter);
}

export function validatorsOf(set: readonly Voter[]): CometValidator[] {
  return set.map(({ key, power }) => ({ key, power }));
}

const digest = (text: string) => encodeBase64Url(sha256(new TextEncoder().encode(text)));

/** The four that the group begins with. */
export const FIRST = setOf(voter(61, 10), voter(62, 10), voter(63, 10), voter(64, 9));

export const QUORUM_GENESIS: Genesis = checkGenesis({
  version: 1,
  alliance: ALLIANCE,
  group: "quorum",
  time: BEGIN,
  engine: {
    kind: "cometbft",
    // Not in CometBFT's order: the genesis says who votes, not where.
    validators: [...FIRST].reverse().map(({ key, power }, i) => ({
      member: partyOf(1).did,
      node: voter(71 + i).key,
      key,
      address: `node${i}.example:7422`,
      power,
    })),
  },
  members: [{ did: partyOf(1).did, name: "Alice Works", roles: ["platform"], publicKey: partyOf(1).multikey }],
  parameters: DEFAULT_PARAMETERS,
});
export const QUORUM_GROUP = groupIdOf(QUORUM_GENESIS);
export const CHAIN = chainIdOf(QUORUM_GROUP);

/** Header of a height, signed by nobody yet. */
export function headerAt(height: number, set: readonly Voter[], changes: Partial<CometHeader> = {}): CometHeader {
  const hash = hashValidators(validatorsOf(set));
  const before = { hash: digest(`block ${height - 1}`), parts: { total: 1, hash: digest(`parts ${height - 1}`) } };
  return {
    version: { block: 11, app: 1 },
    chainId: CHAIN,
    height,
    time: new Date(BEGIN + height * 1000).toISOString().replace(".000Z", ".000000007Z"),
    lastBlockId: height === 1 ? null : before,
    lastCommitHash: digest(`commit ${height}`),
    dataHash: digest(`data ${height}`),
    validatorsHash: hash,
    nextValidatorsHash: hash,
    consensusHash: digest("consensus"),
    appHash: digest(`application ${height - 1}`),
    lastResultsHash: digest(`results ${height - 1}`),
    evidenceHash: digest(""),
    proposerAddress: encodeBase64Url(sha256((set[0] as Voter).signer.publicKey).subarray(0, 20)),
    ...changes,
  };
}

/** What is voted for, where it is not what it should be. */
export interface VoteInput {
  readonly chainId?: string;
  readonly height?: number;
  readonly round?: number;
  readonly blockHash?: string;
}

/** The votes of those named, all of the set where none are. `input` is what they sign; the commit claims what it should. */
export function commitOf(
  header: CometHeader,
  set: readonly Voter[],
  voting: readonly Voter[] = set,
  input: VoteInput = {},
): CometCommit {
  const frame = {
    height: header.height,
    round: 1,
    blockId: { hash: hashCometHeader(header), parts: { total: 1, hash: digest(`parts ${header.height}`) } },
  };
  const signed = {
    height: input.height ?? frame.height,
    round: input.round ?? frame.round,
    blockId: { ...frame.blockId, hash: input.blockHash ?? frame.blockId.hash },
  };
  return {
    ...frame,
    signatures: set.map((one, i) => {
      if (!voting.includes(one)) return null;
      const time = new Date(BEGIN + header.height * 1000 + i).toISOString().replace(/0+Z$/, "Z").replace(".Z", "Z");
      return {
        address: encodeBase64Url(sha256(one.signer.publicKey).subarray(0, 20)),
        time,
        signature: encodeBase64Url(one.signer.sign(voteSignBytes(input.chainId ?? header.chainId, signed, time))),
      };
    }),
  };
}

/** Validators change from one set to another in the header of a height. */
export function changeAt(
  height: number,
  before: readonly Voter[],
  after: readonly Voter[],
  voting: readonly Voter[] = before,
): ValidatorChange {
  const header = headerAt(height, before, { nextValidatorsHash: hashValidators(validatorsOf(after)) });
  return { header, commit: commitOf(header, before, voting), validators: validatorsOf(after) };
}

/** A header of the ledger whose transactions stand in the engine's block `block`, vouched for by the one after it. */
export function vouchedBy(
  header: BlockHeader,
  block: number,
  set: readonly Voter[],
  voting: readonly Voter[] = set,
): SignedHeader & { readonly certificate: CometCertificate } {
  const own = headerAt(block + 1, set, { appHash: hashHeader(encodeHeader(header)) });
  return {
    header,
    certificate: { engine: "cometbft", block, header: own, commit: commitOf(own, set, voting) },
  };
}
