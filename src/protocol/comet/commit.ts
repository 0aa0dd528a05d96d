/** Whether a quorum voted for a header: CometBFT v0.38 `VerifyCommit`, over what certificates and proof files hold. */
import { decodeBase64Url, encodeBase64Url, encodeUtf8, type HansaError } from "#base";
import { verifySignature } from "#crypto";
import { protocolError } from "../errors.ts";
import { encodeBlockId, hashCometHeader, timestampOf } from "./header-hash.ts";
import { bytesField, delimited, fixed64Field, message, messageField, varintField } from "./protobuf.ts";
import type { CometCommit, CometHeader, CometValidator } from "./signed-block.ts";
import { hashVoters, type Voter, votersOf } from "./validator-set.ts";

/** Voting power that signed, of all there is. */
export interface SignedPower {
  readonly signed: number;
  readonly total: number;
}

type Vote = NonNullable<CometCommit["signatures"][number]>;

const PRECOMMIT = 2;

/**
 * What a validator signs when it votes for a block: a `CanonicalVote` with its length before it.
 *
 * @throws HansaError `proof.malformed`
 */
export function voteSignBytes(chainId: string, commit: Omit<CometCommit, "signatures">, time: string): Uint8Array {
  return delimited(
    message(
      varintField(1, PRECOMMIT),
      fixed64Field(2, commit.height),
      fixed64Field(3, commit.round),
      messageField(4, encodeBlockId(commit.blockId)),
      messageField(5, timestampOf(time, "time of a vote")),
      bytesField(6, encodeUtf8(chainId)),
    ),
  );
}

/**
 * Checks that validators with more than two thirds of the power voted for this very header. Every vote that is there is checked, not
 * just as many as are needed: what a file holds is proved or refused.
 *
 * @param validators - in CometBFT's order, as the header's `validatorsHash` names them
 * @throws HansaError `proof.invalid`, `proof.malformed`
 * @example
 * ```ts
 * const { signed, total } = verifyCommit(validators, chainIdOf(group), header, commit);
 * ```
 */
export function verifyCommit(
  validators: readonly CometValidator[],
  chainId: string,
  header: CometHeader,
  commit: CometCommit,
): SignedPower {
  const voters = votersOf(validators);
  checkFrame(voters, chainId, header, commit);
  let signed = 0;
  let total = 0;
  voters.forEach((voter, index) => {
    total += voter.power;
    const vote = commit.signatures[index];
    if (vote === null || vote === undefined) return;
    if (!holds(voter, chainId, commit, vote)) throw invalid(`vote ${index} for block ${header.height} does not hold`);
    signed += voter.power;
  });
  // Exactly two thirds are too few: the third that did not vote and a third that voted twice could make another block.
  if (3 * signed <= 2 * total)
    throw invalid(`only ${signed} of ${total} voting power signed block ${header.height} of the engine`);
  return { signed, total };
}

/**
 * A commit without the votes that this verifier would refuse. CometBFT checks Ed25519 by ZIP 215, which takes signatures that
 * libsodium does not: with one such vote a dishonest validator could otherwise spoil every certificate that it has a part in.
 *
 * @throws HansaError `proof.invalid` where the commit is not for this header
 */
export function keepSoundVotes(
  validators: readonly CometValidator[],
  chainId: string,
  header: CometHeader,
  commit: CometCommit,
): CometCommit {
  const voters = votersOf(validators);
  checkFrame(voters, chainId, header, commit);
  const signatures = commit.signatures.map((vote, index) =>
    vote !== null && holds(voters[index] as Voter, chainId, commit, vote) ? vote : null,
  );
  return { ...commit, signatures };
}

/** All but the votes: header, commit, set and chain belong together. */
function checkFrame(voters: readonly Voter[], chainId: string, header: CometHeader, commit: CometCommit): void {
  if (header.chainId !== chainId) throw invalid("the engine's header is another chain's");
  if (header.validatorsHash !== hashVoters(voters))
    throw invalid(`block ${header.height} of the engine is signed by other validators than those in force`);
  if (commit.height !== header.height || commit.blockId.hash !== hashCometHeader(header))
    throw invalid(`the votes are not for the engine's header ${header.height}`);
  if (commit.signatures.length !== voters.length)
    throw invalid(`block ${header.height} of the engine has not one place for the vote of each validator`);
}

function holds(voter: Voter, chainId: string, commit: CometCommit, vote: Vote): boolean {
  const signature = decodeBase64Url(vote.signature);
  if (signature === undefined || vote.address !== encodeBase64Url(voter.address)) return false;
  const input = voteSignBytes(chainId, commit, vote.time);
  return verifySignature({ algorithm: "Ed25519", bytes: voter.key }, input, signature);
}

function invalid(message: string): HansaError {
  return protocolError("proof.invalid", message, { step: "commit" });
}
