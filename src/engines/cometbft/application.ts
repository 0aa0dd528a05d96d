import {
  type ExecTxResult,
  type Misbehavior,
  ResponseProcessProposal_ProposalStatus as ProposalStatus,
  type RequestCheckTx,
  type RequestFinalizeBlock,
  type RequestInitChain,
  type RequestPrepareProposal,
  type RequestProcessProposal,
  type RequestQuery,
  type ResponseCheckTx,
  type ResponseCommit,
  type ResponseFinalizeBlock,
  type ResponseInfo,
  type ResponseInitChain,
  type ResponsePrepareProposal,
  type ResponseProcessProposal,
  type ResponseQuery,
  type ValidatorUpdate,
  type VoteInfo,
} from "cosmjs-types/tendermint/abci/types";
import { type Clock, decodeBase64Url, encodeHex, isHansaError } from "#base";
import { type Candidate, type Execution, type Ledger, readValidators, type SignatureCheck } from "#ledger";
import { chainIdOf, type Genesis, hashHeader, type ValidatorsRecord } from "#protocol";
import { engineError } from "../errors.ts";
import { type AbciApplication, VoidError } from "./abci/application.ts";
import { NO_SNAPSHOTS, type SnapshotCalls } from "./abci/snapshot-calls.ts";
import type { BundleCache, KnownBundle } from "./bundle-cache.ts";
import { KnownBlocks } from "./known-blocks.ts";
import {
  absentNodes,
  misbehaviourOf,
  nodesByAddress,
  sameValidators,
  updateOf,
  updatesBetween,
} from "./validator-set.ts";

/** Block of CometBFT that became durable, with the Hansa block that it made, if any. */
export interface CommittedBlock {
  /** CometBFT's height; 0 for the genesis. */
  readonly block: number;
  readonly execution?: Execution;
  /** Of the Hansa block, in order: the very arrays that were submitted where they were submitted here. */
  readonly transactions: readonly Uint8Array[];
  /** Hashes of the bundles that were in it. */
  readonly bundles: readonly string[];
}

export interface ApplicationOptions {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly bundles: BundleCache;
  readonly verify: (checks: readonly SignatureCheck[]) => Promise<boolean>;
  readonly admits: (nodeId: string) => boolean;
  readonly snapshots?: SnapshotCalls | undefined;
  /** Lowest of CometBFT's blocks that must stay, after this one was committed; 0: all. */
  readonly retain: (block: number) => number;
  /** Hears of every durable block, before CometBFT does. */
  readonly committed: (block: CommittedBlock) => void;
  /** A block could not be stored; CometBFT will bring it again. */
  readonly commitFailed: (error: unknown) => void;
  /**
   * CometBFT has lost its blocks and brings them again, from the first on: those that the ledger has are answered out of it. Hears once
   * CometBFT is where the ledger is.
   */
  readonly regained?: (() => void) | undefined;
  /** How old the time of a block with transactions may be, milliseconds: see `prepareProposal`. */
  readonly staleAfter?: number;
}

/** What a block of CometBFT says that matters here; a proposal says the same as the block that it becomes. */
interface BlockFacts {
  readonly hash: Uint8Array;
  readonly height: bigint;
  readonly time: { readonly seconds: bigint; readonly nanos: number };
  readonly txs: readonly Uint8Array[];
  readonly misbehavior: readonly Misbehavior[];
  readonly votes: readonly VoteInfo[];
}

/** A block that was executed, or of which nothing is to be executed. */
interface Executed {
  readonly execution: Execution | undefined;
  readonly transactions: readonly Uint8Array[];
  readonly updates: ValidatorUpdate[];
  readonly appHash: Uint8Array;
}

/** A block under way, from its proposal or its decision to its commit. */
interface UnderWay {
  readonly hash: string;
  readonly block: number;
  /** One for each of CometBFT's transactions; `undefined`: no bundle. */
  readonly bundles: readonly (KnownBundle | undefined)[];
  readonly outcome: Promise<Executed>;
  decided: Executed | undefined;
}

const NOTHING = new Uint8Array();
const ACCEPTED: ResponseCheckTx = checkAnswer(0, "");
const MALFORMED: ResponseCheckTx = checkAnswer(1, "no bundle");
const USELESS: ResponseCheckTx = checkAnswer(2, "none of its transactions can be executed now");
/** Transactions in a block that this node proposes: more would keep every node busy for longer than a block should take. */
const MOST_PROPOSED = 1200;
/** How many transactions are decoded before others have their turn. */
const SLICE = 64;

/**
 * The ledger behind CometBFT. Blocks without transactions and without evidence change nothing; every other one becomes a Hansa block.
 * `FinalizeBlock` executes and keeps nothing, `Commit` makes it durable before it answers: after a crash of either side the ledger is
 * where CometBFT is or behind, and CometBFT brings again what is missing.
 */
export class CometApplication implements AbciApplication {
  readonly snapshots: SnapshotCalls;
  readonly #options: ApplicationOptions & { readonly staleAfter: number };
  #current: UnderWay | undefined;
  /** While CometBFT brings blocks that the ledger has. */
  #known: KnownBlocks | undefined;
  /** When the last block was committed here; `undefined`: not since the start. */
  #committedAt: number | undefined;
  /** Counts the calls that decide what is under way: what a proposal wanted to begin is void after the next. */
  #turn = 0;
  /** Whether the last block was empty, and whether it was made for its time alone. */
  #wasEmpty = false;
  #wasForTime = false;

  constructor(options: ApplicationOptions) {
    this.#options = { staleAfter: 2000, ...options };
    this.snapshots = options.snapshots ?? NO_SNAPSHOTS;
    if (options.regained !== undefined) this.#known = new KnownBlocks(options.ledger);
  }

  /**
   * The last of CometBFT's blocks that made a Hansa block, and the hash of its header. Empty ones since then are brought again and change
   * nothing. Asked once by a process that starts: what another one had under way is void.
   */
  info(): ResponseInfo {
    const { ledger } = this.#options;
    this.#current = undefined;
    this.#turn++;
    this.#known?.reset();
    const common = { data: "hansa", version: "1", appVersion: 0n };
    if (ledger.head === undefined || this.#known !== undefined)
      return { ...common, lastBlockHeight: 0n, lastBlockAppHash: NOTHING };
    return { ...common, lastBlockHeight: BigInt(blockOf(ledger)), lastBlockAppHash: digest(ledger.headHash) };
  }

  /** Makes the genesis durable at once: a process that asks again after a crash gets the same answer. */
  initChain({ chainId, validators }: RequestInitChain): ResponseInitChain {
    const { ledger, committed } = this.#options;
    const voters = votersOf(ledger.genesis);
    if (chainId !== chainIdOf(ledger.group.id) || !sameValidators(validators, voters))
      throw engineError("engine.wrong-chain", "CometBFT's genesis is not this group's", { chainId });
    if (ledger.head === undefined) {
      const execution = ledger.executeGenesis();
      this.#store(execution, 0);
      committed({ block: 0, execution, transactions: [], bundles: [] });
    } else if (blockOf(ledger) !== 0 && this.#known === undefined)
      throw engineError("engine.wrong-chain", `CometBFT begins anew under a ledger at block ${ledger.height}`);
    return { validators: voters.map(updateOf), appHash: digest(this.#known?.genesisHash ?? ledger.headHash) };
  }

  query({ path }: RequestQuery): ResponseQuery {
    return queryAnswer(this.#admits(path) ? 0 : 1);
  }

  /** CometBFT listens on loopback alone, behind the gate: from elsewhere nobody comes, and who comes is told by the node's id. */
  #admits(path: string): boolean {
    const filter = /^\/p2p\/filter\/(id|addr)\/(.{1,128})$/.exec(path);
    if (filter === null) return false;
    const [, kind, value = ""] = filter;
    if (kind === "addr") return /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]):\d{1,5}$/.test(value);
    return this.#options.admits(value);
  }

  /**
   * Takes a bundle where at least one of its transactions could be executed now and is truly signed. The rest fails in the block, alone: a
   * bundle is refused only where it would carry nothing.
   */
  async checkTx({ tx }: RequestCheckTx): Promise<ResponseCheckTx> {
    const { bundles, clock } = this.#options;
    const bundle = bundles.open(tx);
    if (bundle === undefined) return MALFORMED;
    if (bundles.isOwn(bundle)) return ACCEPTED;
    return (await this.#verified(bundle, clock.now())) > 0 ? ACCEPTED : USELESS;
  }

  /**
   * Proposes what fits, in the pool's order. CometBFT gives a block the time at which the one before was voted for: after an idle hour that is
   * an hour ago, and transactions would seem to be too far ahead of it. So the first block after a pause stays empty, and the next one, moments
   * later, has the right time.
   */
  prepareProposal({ txs, maxTxBytes }: RequestPrepareProposal): ResponsePrepareProposal {
    const { bundles, clock, staleAfter } = this.#options;
    const stale = this.#committedAt === undefined || Math.abs(clock.now() - this.#committedAt) > staleAfter;
    if (stale && !this.#wasForTime) return { txs: [] };
    const chosen: Uint8Array[] = [];
    let left = Number(maxTxBytes);
    let count = 0;
    for (const tx of txs) {
      const bundle = bundles.open(tx);
      if (bundle === undefined) continue;
      left -= fieldLength(tx.length);
      count += bundle.transactions.length;
      // A bundle that is too much on its own goes alone: left out, it would keep all behind it waiting for good.
      if (left < 0 || (count > MOST_PROPOSED && chosen.length > 0)) break;
      chosen.push(tx);
    }
    return { txs: chosen };
  }

  /**
   * Rejects only what is no bundle: every honest node decides the same. What it accepts it verifies and executes at once, in the hope that it is
   * decided.
   */
  processProposal(request: RequestProcessProposal): ResponseProcessProposal {
    const { bundles, ledger } = this.#options;
    const turn = ++this.#turn;
    for (const tx of request.txs) if (bundles.open(tx) === undefined) return { status: ProposalStatus.REJECT };
    if (Number(request.height) <= blockOf(ledger)) return { status: ProposalStatus.ACCEPT };
    if (ledger.head !== undefined && (request.txs.length > 0 || request.misbehavior.length > 0))
      // After the answer has left.
      setImmediate(() => {
        if (turn !== this.#turn) return;
        const under = this.#begin({ ...request, votes: request.proposedLastCommit.votes });
        under.outcome.catch(() => {
          // Only a decided block may halt the engine: whoever decides it executes it anew and sees this again.
          if (this.#current === under) this.#current = undefined;
        });
      });
    return { status: ProposalStatus.ACCEPT };
  }

  /** Executes a decided block. Nothing of it lasts before `commit`. */
  async finalizeBlock(request: RequestFinalizeBlock): Promise<ResponseFinalizeBlock> {
    const known = this.#current;
    this.#turn++;
    if (this.#known !== undefined && Number(request.height) <= this.#known.last)
      return this.#again(request, this.#known);
    const under =
      known?.hash === encodeHex(request.hash)
        ? known
        : this.#begin({ ...request, votes: request.decidedLastCommit.votes });
    this.#current = under;
    under.decided = await under.outcome;
    return answerOf(under.bundles, under.decided);
  }

  /** A block that the ledger has: what it was answered with when it was executed. */
  #again(request: RequestFinalizeBlock, known: KnownBlocks): ResponseFinalizeBlock {
    const bundles = request.txs.map((tx) => this.#options.bundles.open(tx));
    const transactions = bundles.flatMap((bundle) => bundle?.transactions ?? []);
    const block = Number(request.height);
    const changes = transactions.length > 0 || request.misbehavior.length > 0;
    const { updates, appHash } = known.outcome(block, transactions, changes);
    const decided: Executed = { execution: undefined, transactions, updates, appHash: digest(appHash) };
    const outcome = Promise.resolve(decided);
    this.#current = { hash: encodeHex(request.hash), block, bundles, outcome, decided };
    return answerOf(bundles, decided);
  }

  /** Makes the decided block durable, then answers. */
  commit(): ResponseCommit {
    const { bundles, clock, committed, retain } = this.#options;
    const under = this.#current;
    if (under?.decided === undefined)
      throw engineError("engine.halted", "CometBFT commits a block that it has not finalized");
    const { execution, transactions } = under.decided;
    if (execution !== undefined) this.#store(execution, under.block);
    this.#current = undefined;
    const empty = execution === undefined;
    // After a Hansa block an empty one follows that carries its hash; an empty one after that was made for its time.
    this.#wasForTime = empty && this.#wasEmpty;
    this.#wasEmpty = empty;
    this.#committedAt = clock.now();
    const hashes = under.bundles.flatMap((bundle) => bundle?.hash ?? []);
    for (const hash of hashes) bundles.delete(hash);
    committed({
      block: under.block,
      transactions,
      bundles: hashes,
      ...(execution === undefined ? {} : { execution }),
    });
    if (this.#known !== undefined && under.block >= this.#known.last) {
      this.#known = undefined;
      this.#options.regained?.();
    }
    return { retainHeight: BigInt(retain(under.block)) };
  }

  /** A disk that is full or broken is no fault of the block's: CometBFT ends, starts anew, and brings it again. */
  #store(execution: Execution, block: number): void {
    const { ledger, commitFailed } = this.#options;
    try {
      ledger.commit(execution, { engine: "cometbft", block });
    } catch (error) {
      const failure = engineError("engine.commit-failed", "the block could not be stored", {}, error);
      commitFailed(failure);
      throw failure;
    }
  }

  /** Begins to execute a block; whatever was under way is void. */
  #begin(facts: BlockFacts): UnderWay {
    const bundles = facts.txs.map((tx) => this.#options.bundles.open(tx));
    const under: UnderWay = {
      hash: encodeHex(facts.hash),
      block: Number(facts.height),
      bundles,
      decided: undefined,
      outcome: Promise.resolve().then(() => this.#execute(facts, bundles, () => this.#current === under)),
    };
    this.#current = under;
    return under;
  }

  async #execute(
    facts: BlockFacts,
    bundles: readonly (KnownBundle | undefined)[],
    wanted: () => boolean,
  ): Promise<Executed> {
    const { ledger } = this.#options;
    const transactions = bundles.flatMap((bundle) => bundle?.transactions ?? []);
    const time = Number(facts.time.seconds) * 1000 + Math.floor(facts.time.nanos / 1_000_000);
    await Promise.all(bundles.map((bundle) => (bundle === undefined ? 0 : this.#verified(bundle, time))));
    // The ledger holds one execution: a block that came in between must not lose its own to this one.
    if (!wanted()) throw new VoidError("another block took this one's place");
    const head = ledger.head?.header;
    if (head === undefined || Number(facts.height) <= blockOf(ledger))
      throw engineError("engine.wrong-chain", `CometBFT brings block ${facts.height} to a ledger that has it`);
    const before = readValidators(ledger.state);
    if (transactions.length === 0 && facts.misbehavior.length === 0)
      return { execution: undefined, transactions, updates: [], appHash: digest(ledger.headHash) };
    const nodes = nodesByAddress(before);
    const execution = ledger.execute({
      height: head.height + 1,
      // CometBFT's time does not go back, but it may stand still within a millisecond.
      time: Math.max(time, head.time + 1),
      transactions,
      absent: absentNodes(facts.votes, nodes),
      misbehaviour: misbehaviourOf(facts.misbehavior, nodes),
    });
    return {
      execution,
      transactions,
      updates: updates(before, execution.validators),
      appHash: digest(hashHeader(execution.encodedHeader)),
    };
  }

  /** Verifies a bundle's signatures once, and says how many of its transactions can be executed. */
  #verified(bundle: KnownBundle, now: number): Promise<number> {
    // Where verifying itself fails, execution checks what nobody has noted.
    bundle.verified ??= this.#verify(bundle.transactions, now).catch(() => {
      bundle.verified = undefined;
      return 0;
    });
    return bundle.verified;
  }

  async #verify(transactions: readonly Uint8Array[], now: number): Promise<number> {
    const { ledger, verify } = this.#options;
    const candidates: Candidate[] = [];
    let sinceTurn = 0;
    for (const bytes of transactions) {
      if (++sinceTurn % SLICE === 0) await nextTurn();
      const candidate = checkOf(ledger, bytes, now);
      if (candidate !== undefined) candidates.push(candidate);
    }
    if (candidates.length === 0) return 0;
    if (await verify(candidates.flatMap(({ signatures }) => signatures))) {
      for (const candidate of candidates) ledger.noteVerified(candidate);
      return candidates.length;
    }
    // One that does not hold spoils the common answer, not the others.
    const single = await Promise.all(candidates.map(({ signatures }) => verify(signatures)));
    const good = candidates.filter((_, i) => single[i] === true);
    for (const candidate of good) ledger.noteVerified(candidate);
    return good.length;
  }
}

function answerOf(bundles: UnderWay["bundles"], { updates, appHash }: Executed): ResponseFinalizeBlock {
  return {
    events: [],
    txResults: bundles.map((bundle) => txResult(bundle === undefined ? 1 : 0)),
    validatorUpdates: updates,
    appHash,
  };
}

/** What a repeated field of protobuf takes: its number, its length, its bytes. */
function fieldLength(length: number): number {
  return 1 + (length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x200000 ? 3 : 4) + length;
}

/** CometBFT's block that the ledger's head came from; 0 before the first. */
export function blockOf(ledger: Ledger): number {
  const certificate = ledger.head?.certificate;
  return certificate?.engine === "cometbft" ? certificate.block : 0;
}

/** The ledger's answer to whether a transaction could be executed; refusals are no errors here. */
function checkOf(ledger: Ledger, bytes: Uint8Array, now: number): Candidate | undefined {
  try {
    return ledger.check(bytes, now);
  } catch (error) {
    if (isHansaError(error)) return undefined;
    throw error;
  }
}

function votersOf({ engine }: Genesis) {
  return engine.kind === "cometbft" ? engine.validators : [];
}

function updates(before: ValidatorsRecord, after: ValidatorsRecord | undefined): ValidatorUpdate[] {
  return after === undefined ? [] : updatesBetween(before.validators, after.validators);
}

function digest(text: string): Uint8Array {
  return decodeBase64Url(text) ?? NOTHING;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function checkAnswer(code: number, log: string): ResponseCheckTx {
  return { code, log, data: NOTHING, info: "", gasWanted: 0n, gasUsed: 0n, events: [], codespace: "" };
}

/** Code alone: it is hashed into the next header, and receipts are in ours. */
function txResult(code: number): ExecTxResult {
  return { code, log: "", data: NOTHING, info: "", gasWanted: 0n, gasUsed: 0n, events: [], codespace: "" };
}

function queryAnswer(code: number): ResponseQuery {
  return { code, log: "", info: "", index: 0n, key: NOTHING, value: NOTHING, height: 0n, codespace: "" };
}
