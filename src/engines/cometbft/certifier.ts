import { type Clock, isHansaError } from "#base";
import type { Ledger } from "#ledger";
import {
  type CometCertificate,
  type CometHeader,
  type CometValidator,
  chainIdOf,
  encodeHeader,
  fromRpcCommit,
  fromRpcValidators,
  hashHeader,
  keepSoundVotes,
  type SignedHeader,
  verifyCommit,
} from "#protocol";
import { engineError } from "../errors.ts";
import type { CometRpc } from "./rpc.ts";

export interface CertifierOptions {
  readonly ledger: Ledger;
  readonly rpc: Pick<CometRpc, "commit" | "validators">;
  readonly clock: Clock;
  /** Hears why a certificate could not be completed; it is tried again. */
  readonly onFailure: (error: unknown) => void;
}

interface Waiter {
  readonly resolve: (signed: SignedHeader) => void;
  readonly reject: (error: unknown) => void;
}

/** Pause after a failure, milliseconds. */
const PAUSE = 500;

/**
 * Completes certificates in the background, in order: the votes for the block after the one that holds a Hansa block's transactions. Thus all
 * that lack them are the newest ones, whatever a crash cut off.
 */
export class Certifier {
  readonly #options: CertifierOptions;
  readonly #waiters = new Map<number, Waiter[]>();
  /** Lowest Hansa block without votes, or the one that comes next. */
  #next = 0;
  /** Highest block of CometBFT that has its votes. */
  #voted = 0;
  #running = false;
  #stopped = true;
  #timer: (() => void) | undefined;
  #validators: { readonly hash: string; readonly list: readonly CometValidator[] } | undefined;

  constructor(options: CertifierOptions) {
    this.#options = options;
  }

  /** Finds where to go on. */
  start(): void {
    this.#stopped = false;
    this.#next = firstUncertified(this.#options.ledger);
  }

  /** A block of CometBFT was decided: the one before it has its votes in it, and it has its own. */
  decided(block: number): void {
    if (block > this.#voted) this.#voted = block;
    void this.#run();
  }

  /** CometBFT's lowest block that is still needed; Infinity where none is. */
  get needs(): number {
    const certificate = this.#options.ledger.signedHeader(this.#next)?.certificate;
    return certificate?.engine === "cometbft" ? certificate.block : Number.POSITIVE_INFINITY;
  }

  /**
   * The header of a block once it has its votes.
   *
   * @throws HansaError `engine.unknown-height`, `engine.stopped`
   */
  certified(height: number): Promise<SignedHeader> {
    const signed = this.#options.ledger.signedHeader(height);
    if (signed === undefined)
      return Promise.reject(engineError("engine.unknown-height", `there is no block ${height}`, { height }));
    if (isComplete(signed)) return Promise.resolve(signed);
    if (this.#stopped) return Promise.reject(engineError("engine.stopped", "the engine is stopped"));
    return new Promise((resolve, reject) => {
      const waiters = this.#waiters.get(height) ?? [];
      waiters.push({ resolve, reject });
      this.#waiters.set(height, waiters);
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.();
    this.#timer = undefined;
    for (const waiters of this.#waiters.values())
      for (const { reject } of waiters) reject(engineError("engine.stopped", "the engine is stopped"));
    this.#waiters.clear();
  }

  async #run(): Promise<void> {
    if (this.#running || this.#stopped || this.#timer !== undefined) return;
    this.#running = true;
    try {
      // A ledger that began from a snapshot since has no blocks before it.
      if (this.#next < this.#options.ledger.firstHeight) this.#next = firstUncertified(this.#options.ledger);
      while (!this.#stopped) {
        const signed = this.#options.ledger.signedHeader(this.#next);
        if (signed === undefined || signed.certificate.engine !== "cometbft") break;
        if (isComplete(signed)) {
          this.#next++;
          continue;
        }
        if (signed.certificate.block + 1 > this.#voted) break;
        const certificate = await this.#complete(signed, signed.certificate.block);
        if (this.#stopped) break;
        this.#options.ledger.certify(this.#next, certificate);
        this.#tell(this.#next++, { header: signed.header, certificate });
      }
    } catch (error) {
      if (this.#stopped) return;
      // Where CometBFT is down, whoever watches its process says so.
      if (!isHansaError(error, "engine.rpc-unreachable")) this.#options.onFailure(error);
      this.#timer = this.#options.clock.after(PAUSE, () => {
        this.#timer = undefined;
        void this.#run();
      });
    } finally {
      this.#running = false;
    }
  }

  async #complete({ header: ours }: SignedHeader, block: number): Promise<CometCertificate> {
    const { ledger, rpc } = this.#options;
    const { header, commit } = fromRpcCommit(await rpc.commit(block + 1));
    if (header.height !== block + 1 || header.appHash !== hashHeader(encodeHeader(ours)))
      throw engineError("engine.wrong-chain", `CometBFT's block ${block + 1} does not carry our block ${ours.height}`, {
        height: ours.height,
        block,
      });
    const chainId = chainIdOf(ledger.group.id);
    const validators = await this.#validatorsOf(header);
    const sound = keepSoundVotes(validators, chainId, header, commit);
    verifyCommit(validators, chainId, header, sound);
    return { engine: "cometbft", block, header, commit: sound };
  }

  /** The validators that a header names. They are asked for again only when they changed. */
  async #validatorsOf({ height, validatorsHash }: CometHeader): Promise<readonly CometValidator[]> {
    if (this.#validators?.hash === validatorsHash) return this.#validators.list;
    const list: CometValidator[] = [];
    for (let page = 1; ; page++) {
      const part = fromRpcValidators(await this.#options.rpc.validators(height, page));
      list.push(...part.validators);
      if (part.validators.length === 0 || list.length >= part.total) break;
    }
    this.#validators = { hash: validatorsHash, list };
    return list;
  }

  #tell(height: number, signed: SignedHeader): void {
    for (const { resolve } of this.#waiters.get(height) ?? []) resolve(signed);
    this.#waiters.delete(height);
  }
}

function isComplete({ certificate }: SignedHeader): boolean {
  return certificate.engine === "cometbft" && certificate.header !== undefined && certificate.commit !== undefined;
}

/** Votes are added in order, so blocks with them come before those without: few steps back from the head, then halving. */
function firstUncertified(ledger: Ledger): number {
  const lowest = Math.max(0, ledger.firstHeight);
  const complete = (height: number) => {
    const signed = ledger.signedHeader(height);
    return signed !== undefined && isComplete(signed);
  };
  // Complete below `above`, incomplete from `below` on.
  let below = ledger.height + 1;
  let above = ledger.height;
  for (let step = 1; above >= lowest && !complete(above); step *= 2) {
    below = above;
    above -= step;
  }
  above = Math.max(above, lowest - 1);
  while (below - above > 1) {
    const middle = Math.floor((above + below) / 2);
    if (complete(middle)) above = middle;
    else below = middle;
  }
  return below;
}
