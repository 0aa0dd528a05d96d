/** Evidence against a validator, made with its own key: what it would leave behind if it signed two blocks at one height. */

import type { Signer } from "#crypto";
import { chainIdOf, cometAddress } from "#protocol";
import { type CanonicalVote, voteSignBytes } from "../../../src/engines/cometbft/process/vote-signer/sign-bytes.ts";
import { CometRpc } from "../../../src/engines/cometbft/rpc.ts";

const PRECOMMIT = 2;

/** The latest block of CometBFT, as far as evidence speaks of it. */
interface Latest {
  readonly height: string;
  readonly time: string;
}

/**
 * Signs two precommits for different blocks at CometBFT's latest height, and hands them to a node as evidence.
 *
 * @param socket - of the RPC of the node that is told
 * @returns the height at which the double vote is said to have happened
 */
export async function accuse(socket: string, groupId: string, voting: Signer): Promise<number> {
  const rpc = new CometRpc({ socket });
  try {
    const { header } = (await rpc.call("header")) as { readonly header: Latest };
    const { validators } = (await rpc.validators(Number(header.height))) as {
      readonly validators: readonly { readonly address: string; readonly voting_power: string }[];
    };
    const address = cometAddress({ algorithm: "Ed25519", bytes: voting.publicKey }).toUpperCase();
    const index = validators.findIndex((validator) => validator.address === address);
    const vote = (fill: number) => signedVote(groupId, voting, { header, address, index, fill });
    // In order of their blocks' ids, as the rules of evidence want it.
    const value = {
      vote_a: vote(0x11),
      vote_b: vote(0x22),
      TotalVotingPower: String(validators.reduce((sum, { voting_power }) => sum + Number(voting_power), 0)),
      ValidatorPower: validators[index]?.voting_power,
      Timestamp: header.time,
    };
    await rpc.call("broadcast_evidence", { evidence: { type: "tendermint/DuplicateVoteEvidence", value } });
    return Number(header.height);
  } finally {
    rpc.close();
  }
}

function signedVote(
  groupId: string,
  voting: Signer,
  {
    header,
    address,
    index,
    fill,
  }: { readonly header: Latest; readonly address: string; readonly index: number; readonly fill: number },
) {
  const hash = new Uint8Array(32).fill(fill);
  const seconds = Math.floor(Date.parse(header.time) / 1000);
  const canonical: CanonicalVote = {
    type: PRECOMMIT,
    height: BigInt(header.height),
    round: 0,
    block: { hash, partSetHeader: { total: 1, hash } },
    time: { seconds: BigInt(seconds), nanos: 0 },
  };
  const hex = Buffer.from(hash).toString("hex").toUpperCase();
  return {
    type: PRECOMMIT,
    height: header.height,
    round: 0,
    block_id: { hash: hex, parts: { total: 1, hash: hex } },
    timestamp: new Date(seconds * 1000).toISOString().replace(".000Z", "Z"),
    validator_address: address,
    validator_index: index,
    signature: Buffer.from(voting.sign(voteSignBytes(chainIdOf(groupId), canonical))).toString("base64"),
  };
}
