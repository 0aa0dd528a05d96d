import type { Clock } from "#base";
import type { ConsensusStatus } from "../engine.ts";
import type { EngineProcess } from "./engine-process.ts";
import type { CometRpc, RpcNetInfo, RpcStatus } from "./rpc.ts";

/** How often CometBFT is asked, milliseconds: while it does not answer, and once it does. */
const STARTING = 50;
const RUNNING = 1000;

const UNKNOWN = {
  up: false,
  catchingUp: false,
  block: 0,
  round: 0,
  node: "",
  peers: [],
  validator: false,
  pool: 0,
} as const;

type Seen = Omit<ConsensusStatus, "blockInterval" | "restarts" | "problem">;

/** Keeps what CometBFT says of itself, so that the engine's status needs no waiting. */
export class ConsensusWatch {
  readonly #rpc: CometRpc;
  readonly #process: EngineProcess;
  readonly #clock: Clock;
  readonly #answered: (block: number) => void;
  #seen: Seen = UNKNOWN;
  #block = 0;
  #blockAt: number | undefined;
  #interval = 0;
  /** What the process last told of before it ended; over once it answers again, but for a state that differs. */
  #trouble: ConsensusStatus["problem"];
  /** What the process had told of when it last had a block executed. */
  #overcome: Problem | undefined;
  #stopped = true;
  #timer: (() => void) | undefined;
  #waiting: (() => void)[] = [];

  /** @param answered - hears of CometBFT's height whenever it answers */
  constructor(rpc: CometRpc, process: EngineProcess, clock: Clock, answered: (block: number) => void) {
    this.#rpc = rpc;
    this.#process = process;
    this.#clock = clock;
    this.#answered = answered;
  }

  start(): void {
    this.#stopped = false;
    void this.#ask();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.();
    this.#seen = { ...this.#seen, up: false };
    this.#release();
  }

  /** Resolves once CometBFT answers, or this is stopped. */
  answers(): Promise<void> {
    if (this.#seen.up || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** CometBFT's process has ended. */
  down(): void {
    this.#seen = { ...this.#seen, up: false, peers: [], pool: 0 };
    const { problem } = this.#process.status();
    if (problem !== undefined) this.#trouble = told(problem);
  }

  /** A block of CometBFT became durable. */
  committed(block: number): void {
    const now = this.#clock.now();
    if (this.#blockAt !== undefined) this.#interval = Math.max(0, now - this.#blockAt);
    this.#blockAt = now;
    this.#block = block;
    this.#overcome = this.#process.status().problem;
  }

  status(): ConsensusStatus {
    return {
      ...this.#seen,
      block: Math.max(this.#block, this.#seen.block),
      blockInterval: this.#interval,
      restarts: this.#process.status().restarts,
      ...(this.#trouble === undefined ? {} : { problem: this.#trouble }),
    };
  }

  async #ask(): Promise<void> {
    try {
      const answers = await this.#rpc.batch([
        { method: "status" },
        { method: "net_info" },
        { method: "num_unconfirmed_txs" },
        { method: "consensus_state" },
      ]);
      const [status, net, pool, consensus] = answers as [RpcStatus, RpcNetInfo, Pool, Consensus];
      if (this.#stopped) return;
      this.#seen = {
        up: true,
        catchingUp: status.sync_info.catching_up,
        block: Number(status.sync_info.latest_block_height),
        round: Number(consensus.round_state?.["height/round/step"]?.split("/")[1] ?? 0),
        node: status.node_info.id,
        peers: (net.peers ?? []).map(({ node_info }) => node_info.id),
        validator: Number(status.validator_info.voting_power) > 0,
        pool: Number(pool.total ?? 0),
      };
      this.#trouble = this.#lasting();
      this.#answered(this.#seen.block);
      this.#release();
    } catch {
      this.down();
    }
    if (this.#stopped) return;
    this.#timer = this.#clock.after(this.#seen.up ? RUNNING : STARTING, () => void this.#ask());
  }

  /**
   * Whoever executed a block to another state than the members agreed on, while it was catching up, neither ends nor goes on: it refuses
   * the next block from one peer after the other, and answers as if nothing were.
   */
  #lasting(): ConsensusStatus["problem"] {
    const { problem } = this.#process.status();
    return problem?.kind === "diverged" && problem !== this.#overcome ? told(problem) : undefined;
  }

  #release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

type Problem = NonNullable<ReturnType<EngineProcess["status"]>["problem"]>;

/** Without the line of the log: it is for the operator. */
const told = ({ kind, meaning, advice }: Problem): ConsensusStatus["problem"] => ({ kind, meaning, advice });

interface Pool {
  readonly total?: string;
}

interface Consensus {
  readonly round_state?: { readonly "height/round/step"?: string };
}
