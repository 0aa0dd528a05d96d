import { connect, type Socket } from "node:net";
import type { BlockID, Proposal, Vote } from "cosmjs-types/tendermint/types/types";
import type { Clock } from "#base";
import type { Signer } from "#crypto";
import { engineError } from "../../../errors.ts";
import type { ProcessLog } from "../process-options.ts";
import { decodeRequest, encodeAnswer, FrameReader, type SignerAnswer, type SignerRequest } from "./messages.ts";
import { extensionSignBytes, proposalSignBytes, voteSignBytes } from "./sign-bytes.ts";
import { type Verdict, VoteGuard } from "./vote-guard.ts";
import { STEP, type VoteStateStore } from "./vote-state.ts";

export interface VoteSignerOptions {
  /** Unix socket on which CometBFT listens for its signer. */
  readonly path: string;
  readonly chainId: string;
  /** Ed25519. */
  readonly signer: Signer;
  readonly store: VoteStateStore;
  readonly lost: boolean;
  readonly log: ProcessLog;
  readonly clock: Clock;
}

/** CometBFT gives its signer three seconds to turn up, so that this must be well below. */
const RETRY = 50;

const REASONS = {
  regression: "something later was signed already",
  conflict: "something else was signed at this place already",
  "unknown-past": "it is not known what was signed at this height before",
  damaged: "what was signed last cannot be read",
  "not-kept": "what is signed could not be kept",
} as const;

/**
 * Signs votes and proposals for CometBFT, so that the voting key never leaves our process. It dials CometBFT's socket, again and again
 * until it is there, and answers what it is asked.
 */
export class VoteSigner {
  readonly #options: VoteSignerOptions;
  readonly #guard: VoteGuard;
  #running = false;
  #socket: Socket | undefined;
  #timer: (() => void) | undefined;
  /** Height and reason told last: one height asks many times. */
  #told = "";

  constructor(options: VoteSignerOptions) {
    if (options.signer.algorithm !== "Ed25519" || options.signer.publicKey.length !== 32)
      throw engineError("engine.wrong-key", "CometBFT's votes are signed with Ed25519 alone", {
        algorithm: options.signer.algorithm,
      });
    this.#options = options;
    const { chainId, signer, store, lost } = options;
    this.#guard = new VoteGuard({ chainId, signer, store, lost });
  }

  /** Whether this node can vote: where what it signed last cannot be read, it follows but signs nothing. */
  get damage(): unknown {
    return this.#guard.damage;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    if (this.#guard.damage !== undefined)
      this.#options.log.error(
        { err: this.#guard.damage },
        "this node signs nothing: what it signed last cannot be read",
      );
    this.#dial();
  }

  stop(): void {
    this.#running = false;
    this.#timer?.();
    this.#timer = undefined;
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #dial(): void {
    const socket = connect(this.#options.path);
    this.#socket = socket;
    const frames = new FrameReader();
    socket.on("data", (data) => {
      try {
        for (const frame of frames.push(data)) this.#take(socket, frame);
      } catch (error) {
        this.#options.log.error({ err: error }, "the engine sent its signer what is no message");
        socket.destroy();
      }
    });
    // A socket that is not there yet, or went away with the process: dialled anew until told to stop.
    socket.on("error", () => {});
    socket.on("close", () => {
      if (!this.#running || this.#socket !== socket) return;
      this.#timer = this.#options.clock.after(RETRY, () => this.#dial());
    });
  }

  #take(socket: Socket, frame: Uint8Array): void {
    const request = decodeRequest(frame);
    if (request === undefined) throw new RangeError("unknown request");
    socket.write(encodeAnswer(this.answer(request)));
  }

  /** What CometBFT gets to hear. Only for our own chain, and never twice at one place. */
  answer(request: SignerRequest): SignerAnswer {
    if (request.kind === "ping") return request;
    const { kind } = request;
    if (request.chainId !== this.#options.chainId) return this.#refuse(kind, 0n, "this is another chain's signer");
    if (kind === "key") return { kind, key: this.#options.signer.publicKey };
    return kind === "vote" ? this.#vote(request.vote) : this.#proposal(request.proposal);
  }

  #vote(vote: Vote): SignerAnswer {
    const { chainId, signer } = this.#options;
    const { height, round, type } = vote;
    const step = type === 1 ? STEP.prevote : type === 2 ? STEP.precommit : undefined;
    const block = blockOf(vote.blockId);
    if (step === undefined || block === "broken" || !isPlace(height, round))
      return this.#refuse("vote", height, "this is no vote");
    if (vote.extension.length > 0) return this.#refuse("vote", height, "votes of this chain have no extensions");
    const verdict = this.#guard.sign({ height, round, step }, vote.timestamp, (time) =>
      voteSignBytes(chainId, { type, height, round, block, time }),
    );
    if ("refusal" in verdict) return this.#refuseBy("vote", height, verdict);
    const extensionSignature =
      step === STEP.precommit && block !== undefined
        ? signer.sign(extensionSignBytes(chainId, height, round))
        : new Uint8Array(0);
    return {
      kind: "vote",
      vote: { ...vote, timestamp: verdict.time, signature: verdict.signature, extensionSignature },
    };
  }

  #proposal(proposal: Proposal): SignerAnswer {
    const { height, round, polRound, type } = proposal;
    const block = blockOf(proposal.blockId);
    if (type !== 32 || block === undefined || block === "broken" || polRound < -1 || !isPlace(height, round))
      return this.#refuse("proposal", height, "this is no proposal");
    const verdict = this.#guard.sign({ height, round, step: STEP.proposal }, proposal.timestamp, (time) =>
      proposalSignBytes(this.#options.chainId, { height, round, lockedRound: polRound, block, time }),
    );
    if ("refusal" in verdict) return this.#refuseBy("proposal", height, verdict);
    return {
      kind: "proposal",
      proposal: { ...proposal, timestamp: verdict.time, signature: verdict.signature },
    };
  }

  #refuseBy(kind: "vote" | "proposal", height: bigint, verdict: Extract<Verdict, { refusal: string }>): SignerAnswer {
    return this.#refuse(kind, height, REASONS[verdict.refusal], verdict.cause);
  }

  #refuse(kind: "key" | "vote" | "proposal", height: bigint, refusal: string, cause?: unknown): SignerAnswer {
    const told = `${height} ${refusal}`;
    if (told !== this.#told)
      this.#options.log.warn({ kind, height: String(height), err: cause }, `the signer refused: ${refusal}`);
    this.#told = told;
    return { kind, refusal };
  }
}

function isPlace(height: bigint, round: number): boolean {
  return height > 0n && Number.isInteger(round) && round >= 0;
}

/** The block of a vote, `undefined` for none; half a block id is neither. */
function blockOf(id: BlockID): BlockID | undefined | "broken" {
  const { hash, partSetHeader: parts } = id;
  if (hash.length === 0 && parts.total === 0 && parts.hash.length === 0) return undefined;
  return hash.length === 32 && parts.hash.length === 32 && parts.total > 0 ? id : "broken";
}
