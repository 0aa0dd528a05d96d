import { deferred, equalBytes, isHansaError, type Json } from "#base";
import type { Candidate, Execution } from "#ledger";
import { type Receipt, type SignedHeader, transactionError } from "#protocol";
import type { Engine, EngineStatus } from "../engine.ts";
import { engineError } from "../errors.ts";
import { AbciServer } from "./abci/server.ts";
import { blockOf, CometApplication, type CommittedBlock } from "./application.ts";
import { BundleCache } from "./bundle-cache.ts";
import { BUNDLER_DEFAULTS, Bundler } from "./bundler.ts";
import { Certifier } from "./certifier.ts";
import { ConsensusWatch } from "./consensus-watch.ts";
import type { CometEngineOptions } from "./options.ts";
import { CometRpc } from "./rpc.ts";
import { retainHeight } from "./snapshots/retain-height.ts";
import type { Waiting } from "./waiting.ts";

/** Where CometBFT reaches a peer. */
export interface PeerAddress {
  readonly node: string;
  readonly host: string;
  readonly port: number;
}

/** Bytes of others' bundles that are kept between their first sight and their block. */
const CACHE_BYTES = 64 << 20;
const STOP_DELAY = 3000;
/** How often transactions that can be in no block any more are looked for, milliseconds. */
const SWEEP = 1000;

/**
 * Orders with the other members' nodes: CometBFT runs as a process of ours, and this is its application. A transaction's receipt comes from the
 * block in which it was executed, whoever's bundle brought it there.
 */
export class CometEngine implements Engine {
  readonly #options: CometEngineOptions;
  readonly #pending = new Map<string, Waiting>();
  readonly #listeners = new Set<(execution: Execution) => void>();
  readonly #server: AbciServer;
  readonly #rpc: CometRpc;
  readonly #bundler: Bundler;
  readonly #certifier: Certifier;
  readonly #watch: ConsensusWatch;
  #endExits: (() => void) | undefined;
  #sweep: (() => void) | undefined;
  #state: EngineStatus["state"] = "stopped";
  #stopping: Promise<void> | undefined;
  #drained: (() => void) | undefined;
  #blocks = 0;
  #transactions = 0;
  #failures = 0;
  #failing = 0;

  constructor(options: CometEngineOptions) {
    this.#options = options;
    const { ledger, clock, process, verify, admits, snapshots } = options;
    const bundles = new BundleCache(CACHE_BYTES);
    this.#rpc = new CometRpc({ socket: process.rpcSocket });
    this.#bundler = new Bundler({
      clock,
      bundles,
      limits: { ...BUNDLER_DEFAULTS, ...options.bundles },
      send: (made) => this.#rpc.broadcast(made),
      pooled: () => this.#rpc.pooled(),
    });
    this.#certifier = new Certifier({ ledger, rpc: this.#rpc, clock, onFailure: (error) => this.#report(error) });
    this.#watch = new ConsensusWatch(this.#rpc, process, clock, (block) => this.#certifier.decided(block));
    const application = new CometApplication({
      ledger,
      clock,
      bundles,
      verify,
      admits,
      snapshots,
      regained: options.regained,
      retain: (block) => this.#retain(block),
      committed: (block) => this.#committed(block),
      commitFailed: (error) => {
        this.#failures++;
        this.#failing++;
        this.#report(error);
      },
    });
    this.#server = new AbciServer({
      application,
      socket: process.applicationSocket,
      // What could not be stored comes again with CometBFT's next start; everything else must not happen.
      onFault: (error) => {
        if (!isHansaError(error, "engine.commit-failed")) this.#halt(error);
      },
      onMalformed: (error) => this.#report(error),
    });
  }

  /** Listens for CometBFT, starts it, and resolves once it answers. An engine that was stopped is not started again: make another. */
  async start(): Promise<void> {
    const { process } = this.#options;
    if (this.#stopping !== undefined) throw engineError("engine.stopped", "this engine was stopped");
    await this.#server.listen();
    this.#state = "running";
    this.#certifier.start();
    this.#endExits = process.onExit(() => {
      this.#watch.down();
      this.#bundler.poolLost();
    });
    try {
      await process.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#watch.start();
    this.#sweepLater();
    await this.#watch.answers();
    if (!this.#takes()) throw this.#refusal();
  }

  submit(candidate: Candidate): Promise<Receipt> {
    const { idText, text } = candidate.transaction;
    if (!this.#takes()) return Promise.reject(this.#refusal());
    const twin = this.#pending.get(idText);
    if (twin !== undefined) {
      // The same bytes again are the same request: both callers hear of its one outcome.
      if (twin.candidate.transaction.text === text) return twin.outcome;
      return Promise.reject(transactionError("transaction.replayed", "another transaction with this `jti` is waiting"));
    }
    const waiting = waitingFor(candidate);
    const limit = this.#options.waiting ?? BUNDLER_DEFAULTS.waiting;
    if (this.#pending.size >= limit || !this.#bundler.add(waiting))
      return Promise.reject(engineError("engine.busy", `${this.#pending.size} transactions wait already`, { limit }));
    this.#pending.set(idText, waiting);
    return waiting.outcome;
  }

  isPending(idText: string): boolean {
    return this.#pending.has(idText);
  }

  onCommit(listener: (execution: Execution) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  certified(height: number): Promise<SignedHeader> {
    return this.#certifier.certified(height);
  }

  status(): EngineStatus {
    return {
      kind: "cometbft",
      state: this.#stopping !== undefined && this.#state === "running" ? "stopped" : this.#state,
      height: this.#options.ledger.height,
      waiting: this.#pending.size,
      blocks: this.#blocks,
      transactions: this.#transactions,
      failures: this.#failures,
      failing: this.#failing,
      consensus: this.#watch.status(),
    };
  }

  /**
   * CometBFT's answer to a light client's question: `status`, `commit`, `validators` and the like.
   *
   * @throws HansaError `engine.rpc-unreachable`, `engine.rpc-refused` with what CometBFT said in its payload
   */
  light(method: string, params: Readonly<Record<string, Json>>): Promise<Json> {
    return this.#rpc.call(method, params) as Promise<Json>;
  }

  /** Lets CometBFT connect with further peers, and hold on to them until its next start. */
  dial(peers: readonly PeerAddress[]): Promise<void> {
    return this.#rpc.dialPeers(peers.map(({ node, host, port }) => `${node}@${host}:${port}`));
  }

  /**
   * Takes no more, waits a moment for what waits, then ends CometBFT. What has no outcome by then is rejected with `engine.stopped`: it may
   * still be ordered by the others, and a resubmission gets its receipt then.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { clock, process, stopDelay } = this.#options;
    if (this.#state === "running" && this.#pending.size > 0)
      await new Promise<void>((resolve) => {
        const cancel = clock.after(stopDelay ?? STOP_DELAY, resolve);
        this.#drained = () => {
          cancel();
          resolve();
        };
      });
    // Whoever asked from within a block's commit has it finished first.
    await new Promise((resolve) => setImmediate(resolve));
    this.#bundler.stop();
    this.#certifier.stop();
    this.#watch.stop();
    this.#sweep?.();
    this.#endExits?.();
    await process.stop();
    await this.#server.close();
    this.#rpc.close();
    this.#rejectAll(this.#refusal());
    if (this.#state === "running") this.#state = "stopped";
  }

  #takes(): boolean {
    return this.#state === "running" && this.#stopping === undefined;
  }

  #refusal(): Error {
    return this.#state === "halted"
      ? engineError("engine.halted", "the engine is halted")
      : engineError("engine.stopped", "the engine is stopped");
  }

  /** A block of CometBFT is durable; CometBFT hears of it after this. */
  #committed({ block, execution, transactions, bundles }: CommittedBlock): void {
    this.#failing = 0;
    this.#watch.committed(block);
    if (execution !== undefined) {
      this.#blocks++;
      this.#transactions += transactions.length;
      this.#tell(execution);
      this.#settle(execution, transactions);
    }
    this.#bundler.committed(bundles);
    // Block 0 is none of CometBFT's.
    if (block > 0) this.#certifier.decided(block);
  }

  /** The block stands by now: a listener's fault must not make it look as if it did not. */
  #tell(execution: Execution): void {
    for (const listener of this.#listeners)
      try {
        listener(execution);
      } catch (error) {
        this.#report(error);
      }
  }

  #settle({ receipts }: Execution, transactions: readonly Uint8Array[]): void {
    if (this.#pending.size === 0) return;
    receipts.forEach((receipt, index) => {
      const waiting = this.#pending.get(receipt.id);
      if (waiting === undefined) return;
      const { bytes } = waiting.candidate;
      const executed = transactions[index] as Uint8Array;
      const same = executed === bytes || equalBytes(executed, bytes);
      if (usesId(receipt)) {
        if (same) this.#resolve(waiting, receipt);
        else this.#reject(waiting, replayed(receipt));
      } else if (executed === bytes) {
        // Our own bundle brought it, and it was refused. In another's bundle that means nothing: ours is still to come.
        this.#refused(waiting, receipt);
      }
    });
  }

  #refused(waiting: Waiting, receipt: Receipt): void {
    const { ledger } = this.#options;
    const { transaction, bytes } = waiting.candidate;
    const place = receipt.error?.code === "transaction.replayed" ? ledger.find(transaction) : undefined;
    // Another bundle was faster, between the check and the submission here: the first receipt is the one.
    const first = place === undefined ? undefined : ledger.block(place.height);
    const stored = place === undefined ? undefined : first?.transactions[place.index];
    const earlier = place === undefined ? undefined : first?.receipts[place.index];
    const same = stored !== undefined && equalBytes(stored, bytes);
    this.#resolve(waiting, same && earlier !== undefined ? earlier : receipt);
  }

  #resolve(waiting: Waiting, receipt: Receipt): void {
    this.#forget(waiting);
    waiting.resolve(receipt);
  }

  #reject(waiting: Waiting, error: unknown): void {
    this.#forget(waiting);
    waiting.reject(error);
  }

  #forget(waiting: Waiting): void {
    waiting.settled = true;
    this.#pending.delete(waiting.candidate.transaction.idText);
    if (this.#pending.size === 0) this.#drained?.();
  }

  #rejectAll(error: unknown): void {
    for (const waiting of [...this.#pending.values()]) this.#reject(waiting, error);
  }

  /** What has expired by the last block's time can be executed in no later one. */
  #sweepLater(): void {
    this.#sweep = this.#options.clock.after(SWEEP, () => {
      const time = this.#options.ledger.head?.header.time ?? 0;
      for (const waiting of [...this.#pending.values()]) {
        const { exp } = waiting.candidate.transaction.claims;
        if (exp * 1000 > time) continue;
        this.#reject(waiting, transactionError("transaction.expired", "the transaction has expired", { exp, time }));
      }
      this.#sweepLater();
    });
  }

  /** After a restart CometBFT goes on from the ledger's last block, and certificates come from the block after theirs. */
  #retain(block: number): number {
    const { retainBlocks, ledger, snapshots } = this.#options;
    if (retainBlocks === undefined) return 0;
    const uncertified = Math.min(blockOf(ledger), this.#certifier.needs);
    return retainHeight({ block, keep: retainBlocks, snapshot: snapshots?.lowestNeeded(), uncertified });
  }

  #report(error: unknown): void {
    try {
      this.#options.onFailure?.(error);
    } catch {
      // Whoever hears of failures may fail, too; ordering goes on.
    }
  }

  #halt(cause: unknown): void {
    if (this.#state !== "running") return;
    this.#state = "halted";
    this.#report(cause);
    this.#rejectAll(engineError("engine.halted", "executing a block failed", {}, cause));
    void this.stop().catch((error: unknown) => this.#report(error));
  }
}

/** Whether the transaction's id counts as used: refusals before its signatures held do not use it. */
function usesId({ error }: Receipt): boolean {
  return error === undefined || !error.code.startsWith("transaction.");
}

function replayed({ height, index }: Receipt) {
  return transactionError("transaction.replayed", "another transaction with this `jti` was executed", {
    height,
    index,
  });
}

function waitingFor(candidate: Candidate): Waiting {
  const { promise: outcome, resolve, reject } = deferred<Receipt>();
  return { candidate, outcome, resolve, reject, settled: false };
}
