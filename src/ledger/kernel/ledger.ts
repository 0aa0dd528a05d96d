import { encodeBase64Url, encodeUtf8, type Json } from "#base";
import type { MembershipProof, PublicKey } from "#crypto";
import {
  type Block,
  type BlockHeader,
  type Certificate,
  encodeHeader,
  encodeReceipts,
  type Genesis,
  groupIdOf,
  hashHeader,
  QUERIES,
  type QueryArgs,
  type QueryName,
  type Receipt,
  rootOf,
  type SignedHeader,
  type Transaction,
  transactionError,
  type ValidatorsRecord,
} from "#protocol";
import { noteMisbehaviour, readValidators, VALIDATORS_KEY } from "../modules/nodes/records.ts";
import { decodeJson } from "../state/decode.ts";
import { Overlay, type Reader, type StagedState, State } from "../state/state.ts";
import type { Place, StateStore, StoredRecord } from "../state/store.ts";
import { ledgerError } from "./errors.ts";
import { checkAgainstState, executeTransaction, type Group } from "./execute.ts";
import { genesisRecords } from "./genesis.ts";
import { inheritRecords } from "./inherit.ts";
import { runQuery } from "./query.ts";
import { ReplayWindow, recordIds } from "./replay-window.ts";
import { restoreStore } from "./restore.ts";
import { SeenTransactions, type SignatureCheck } from "./signatures.ts";

const NOBODY: readonly string[] = [];

/** A transaction that passed every check but its signatures'. */
export interface Candidate {
  readonly bytes: Uint8Array;
  readonly transaction: Transaction;
  readonly signatures: readonly SignatureCheck[];
}

/** A block that was executed and not yet committed. */
export interface Execution {
  readonly header: BlockHeader;
  readonly encodedHeader: Uint8Array;
  readonly receipts: readonly Receipt[];
  /** Who votes in consensus from now on, where the block changed it. */
  readonly validators?: ValidatorsRecord;
}

interface Staged extends Execution {
  readonly encodedReceipts: readonly Uint8Array[];
  readonly block: Block;
  readonly staged: StagedState;
  readonly consumed: readonly { readonly transaction: Transaction; readonly index: number }[];
}

/**
 * The state machine of one group: check, execute, commit, query, snapshot, restore. No clock, no randomness, no I/O but through
 * the store that it is given; the same blocks give the same roots everywhere.
 */
export class Ledger {
  readonly group: Group;
  readonly genesis: Genesis;
  readonly #store: StateStore;
  readonly #inherited: Iterable<StoredRecord> | undefined;
  readonly #seen = new SeenTransactions();
  #state: State;
  #replay: ReplayWindow;
  #head: SignedHeader | undefined;
  #headHash: string;
  #staged: Staged | undefined;

  /**
   * Opens a ledger over its store: builds the tree from the stored records and holds its root against the signed header.
   *
   * @param inherited - where the genesis names a group that this one goes on from: that one's records, all slots from 0 on. They are read
   * when the genesis is executed, twice, and not kept
   * @throws HansaError `ledger.genesis-mismatch`, `ledger.root-mismatch`
   */
  constructor(genesis: Genesis, store: StateStore, inherited?: Iterable<StoredRecord>) {
    this.genesis = genesis;
    this.#inherited = inherited;
    this.group = { id: groupIdOf(genesis), alliance: genesis.alliance };
    this.#store = store;
    this.#state = new State(store);
    const head = store.head();
    this.#head = head === undefined ? undefined : decodeHead(head.header, head.certificate);
    this.#headHash = head === undefined ? genesisHash(genesis) : hashHeader(head.header);
    if (this.#head !== undefined) {
      if (this.#head.header.group !== this.group.id)
        throw ledgerError("ledger.genesis-mismatch", `the store belongs to ${this.#head.header.group}`, {
          group: this.group.id,
          stored: this.#head.header.group,
        });
      if (encodeBase64Url(this.#state.root) !== this.#head.header.state)
        throw ledgerError(
          "ledger.root-mismatch",
          `the records do not give the root of block ${this.#head.header.height}`,
          { height: this.#head.header.height },
        );
    }
    this.#replay =
      this.#head === undefined ? new ReplayWindow() : ReplayWindow.load(this.#state, this.#head.header.time);
  }

  /** The last committed header; `undefined` before genesis. */
  get head(): SignedHeader | undefined {
    return this.#head;
  }

  get height(): number {
    return this.#head?.header.height ?? -1;
  }

  /** Committed state. */
  get state(): Reader {
    return this.#state;
  }

  /** Number of records. */
  get records(): number {
    return this.#state.size;
  }

  /** Ids that are remembered against replay. */
  get remembered(): number {
    return this.#replay.size;
  }

  /**
   * Checks a transaction before it is ordered, all but its signatures.
   *
   * @param now - the node's clock, milliseconds: what the next block's time will be about
   * @throws HansaError with one of `TRANSACTION_ERRORS`; `transaction.replayed` names the place of the first, unless that lies
   * before the snapshot that this ledger was restored from
   */
  check(bytes: Uint8Array, now: number): Candidate {
    const transaction = this.#seen.decode(bytes);
    const known = this.#replay.has(transaction);
    // What has not expired by block time is in the window if it was executed: only the rest is looked up on disk.
    const expired = transaction.claims.exp * 1000 <= (this.#head?.header.time ?? 0);
    const place = known || expired ? this.find(transaction) : undefined;
    if (place !== undefined || known)
      throw transactionError("transaction.replayed", "the transaction was executed before", place ?? {});
    const time = this.#head === undefined || now > this.#head.header.time ? now : this.#head.header.time + 1;
    return { bytes, transaction, signatures: checkAgainstState(this.#state, this.group, transaction, time) };
  }

  /** Notes that a candidate's signatures were checked and hold, so that `execute` need not check them again. */
  noteVerified(candidate: Candidate): void {
    const keys: PublicKey[] = candidate.signatures.map((check) => check.key);
    this.#seen.remember(candidate.bytes, keys);
  }

  /** Where a transaction of this id was executed, as far back as the store's blocks go. */
  find(transaction: Pick<Transaction, "id" | "idText" | "claims">): Place | undefined {
    return this.#store.findTransaction(transaction.id);
  }

  /** Where a transaction of this id stands, by id alone. */
  findById(id: Uint8Array): Place | undefined {
    return this.#store.findTransaction(id);
  }

  /** Receipt at a place. */
  receipt(place: Place): Receipt | undefined {
    const bytes = this.#store.block(place.height)?.receipts[place.index];
    return bytes === undefined ? undefined : (decodeJson(bytes) as unknown as Receipt);
  }

  /**
   * The block that makes the genesis; executed and committed like any other.
   *
   * @throws HansaError `ledger.block-order`; of a group that goes on from another one also `ledger.inheritance-missing`,
   * `ledger.root-mismatch`, `ledger.founder-key`, `ledger.node-conflict`
   */
  executeGenesis(): Execution {
    if (this.#head !== undefined)
      throw ledgerError("ledger.block-order", "the ledger has begun already", { height: this.height });
    const staged = this.#state.stage(this.#firstRecords());
    return this.#prepare({ height: 0, time: this.genesis.time, transactions: [] }, staged, [], []);
  }

  #firstRecords(): Map<string, object | Uint8Array> {
    const { from } = this.genesis;
    if (from === undefined) return genesisRecords(this.genesis);
    if (this.#inherited === undefined)
      throw ledgerError("ledger.inheritance-missing", `the records of ${from.group} are not at hand`, {
        group: from.group,
      });
    return inheritRecords(this.genesis, this.#inherited);
  }

  /**
   * Executes a block without changing anything that lasts: the result stands until the next `execute` or `commit`.
   *
   * @throws HansaError `ledger.block-order`
   */
  execute(block: Block): Execution {
    const head = this.#head?.header;
    if (head === undefined || block.height !== head.height + 1 || block.time <= head.time)
      throw ledgerError("ledger.block-order", `block ${block.height} does not follow ${this.height}`, {
        height: block.height,
        head: this.height,
      });
    const overlay = new Overlay(this.#state);
    if (block.misbehaviour !== undefined) noteMisbehaviour(overlay, block, block.misbehaviour);
    const receipts: Receipt[] = [];
    const consumed: { transaction: Transaction; index: number }[] = [];
    const inBlock = new Set<string>();
    const parts = {
      group: this.group,
      absent: block.absent ?? NOBODY,
      before: this.#state,
      lastTime: head.time,
      seen: this.#seen,
      isReplay: (transaction: Transaction) => inBlock.has(transaction.idText) || this.#replay.has(transaction),
    };
    block.transactions.forEach((bytes, index) => {
      const outcome = executeTransaction(overlay, parts, bytes, block.height, index, block.time);
      receipts.push(outcome.receipt);
      if (outcome.consumed !== undefined) {
        inBlock.add(outcome.consumed.idText);
        consumed.push({ transaction: outcome.consumed, index });
      }
    });
    recordIds(
      overlay,
      consumed.map(({ transaction }) => transaction.id),
      block.time,
    );
    const validators = overlay.changes.get(VALIDATORS_KEY) as ValidatorsRecord | undefined;
    return this.#prepare(block, this.#state.stage(overlay.changes), receipts, consumed, validators);
  }

  #prepare(
    block: Block,
    staged: StagedState,
    receipts: readonly Receipt[],
    consumed: Staged["consumed"],
    validators?: ValidatorsRecord,
  ): Execution {
    const { root, encoded: encodedReceipts } = encodeReceipts(receipts);
    const header: BlockHeader = {
      version: 1,
      group: this.group.id,
      height: block.height,
      time: block.time,
      previous: this.#headHash,
      transactions: rootOf(block.transactions),
      receipts: root,
      state: encodeBase64Url(staged.root),
      ...(block.absent === undefined || block.absent.length === 0 ? {} : { absent: block.absent }),
      ...(block.misbehaviour === undefined || block.misbehaviour.length === 0
        ? {}
        : { misbehaviour: block.misbehaviour }),
    };
    this.#staged = {
      header,
      encodedHeader: encodeHeader(header),
      receipts,
      encodedReceipts,
      block,
      staged,
      consumed,
      ...(validators === undefined ? {} : { validators }),
    };
    return this.#staged;
  }

  /**
   * Keeps an executed block: records, receipts, block and ids go to the store in one durable transaction, and only then become the
   * committed state. If the store fails, nothing has changed and the block can be executed again.
   */
  commit(execution: Execution, certificate: Certificate): void {
    const kept = this.#staged;
    if (kept === undefined || kept !== execution)
      throw ledgerError("ledger.block-order", "this execution was abandoned", { height: execution.header.height });
    const { block, staged, header } = kept;
    this.#store.commit({
      block: {
        height: block.height,
        time: block.time,
        header: kept.encodedHeader,
        certificate: encodeUtf8(JSON.stringify(certificate)),
        transactions: block.transactions,
        receipts: kept.encodedReceipts,
      },
      records: staged.records,
      ids: kept.consumed.map(({ transaction, index }) => ({ id: transaction.id, index })),
    });
    staged.keep();
    for (const { transaction } of kept.consumed) this.#replay.add(transaction.idText, transaction.claims.exp);
    this.#replay.forget(block.time);
    this.#head = { header, certificate };
    this.#headHash = hashHeader(kept.encodedHeader);
    this.#staged = undefined;
  }

  /** Hash of the last committed header, base64url; before the genesis the group's id. */
  get headHash(): string {
    return this.#headHash;
  }

  /**
   * Puts the votes for a block where its unfinished certificate stood. What they say is the caller's to check.
   *
   * @throws HansaError `query.height` where there is no such block
   */
  certify(height: number, certificate: Certificate): void {
    if (this.#store.header(height) === undefined)
      throw ledgerError("query.height", `there is no block ${height}`, { height, head: this.height });
    this.#store.setCertificate(height, encodeUtf8(JSON.stringify(certificate)));
    if (this.#head?.header.height === height) this.#head = { header: this.#head.header, certificate };
  }

  /**
   * Begins from a snapshot instead of the genesis: see `restoreLedger`, which checks it. Only a ledger that has not begun can.
   *
   * @param signed - the caller has checked that a quorum vouches for the header's hash
   * @param records - all slots from 0 on, gone through twice and not kept in memory
   * @throws HansaError `ledger.not-empty`, `ledger.root-mismatch`, `ledger.genesis-mismatch`
   */
  restore(signed: SignedHeader, records: Iterable<StoredRecord>): void {
    restoreStore(this.genesis, this.#store, signed, records);
    this.#state = new State(this.#store);
    this.#head = signed;
    this.#headHash = hashHeader(encodeHeader(signed.header));
    this.#replay = ReplayWindow.load(this.#state, signed.header.time);
    this.#staged = undefined;
  }

  /**
   * Heights at which the set of validators changed, above `after`, with the set that each gave; ascending. A ledger that began with a
   * snapshot knows only of changes since then.
   */
  validatorChanges(after: number): { readonly height: number; readonly validators: ValidatorsRecord }[] {
    // All records of a snapshot seem to be of its block, whenever they were changed last.
    const first = this.#store.firstHeight() ?? 0;
    return this.#state
      .versions<ValidatorsRecord>(VALIDATORS_KEY)
      .flatMap(({ height, value }) =>
        height > after && height > first && value !== null ? [{ height, validators: value }] : [],
      );
  }

  /**
   * Who votes as of the end of a block, also where the block's content was pruned.
   *
   * @throws HansaError `query.height`
   */
  validatorsAt(height: number): ValidatorsRecord {
    this.#requireRecords(height);
    return readValidators(this.#state.at(height));
  }

  /**
   * Answers a named query, as of the head or of the height in its arguments.
   *
   * @throws HansaError `query.unknown`, `query.arguments`, `query.height`, `query.not-found`
   */
  query<Name extends QueryName>(name: Name, args: QueryArgs<Name>): unknown {
    const head = this.#head?.header;
    const height = (args as { height?: number } | null | undefined)?.height;
    this.#requireHeight(height);
    return runQuery(QUERIES, name, args, {
      state: height === undefined || height === this.height ? this.#state : this.#state.at(height),
      time: head?.time ?? this.genesis.time,
      height: height ?? this.height,
      versions: (key) => this.#state.versions(key),
    });
  }

  /** One record's value by key, now or at a height; `null` where there is none. */
  record(key: string, height?: number): Json {
    this.#requireHeight(height);
    const reader = height === undefined ? this.#state : this.#state.at(height);
    return reader.get<Json>(key) ?? null;
  }

  /** All versions of a record that are kept, oldest first; `null` where it was deleted. Of a block's changes only the last is one. */
  versions<Value>(key: string): readonly { readonly height: number; readonly value: Value | null }[] {
    return this.#state.versions<Value>(key);
  }

  #requireHeight(height: number | undefined): void {
    const lowest = this.#store.lowestHeight() ?? 0;
    if (height !== undefined && (height > this.height || height < lowest))
      throw ledgerError("query.height", `there is no state at height ${height}`, { height, lowest, head: this.height });
  }

  /** A record, present or absent, with its path to the head's state root. */
  prove(key: string): { readonly signed: SignedHeader; readonly value: Json; readonly membership: MembershipProof } {
    if (this.#head === undefined) throw ledgerError("query.height", "the ledger has not begun", { height: -1 });
    return { signed: this.#head, value: this.record(key), membership: this.#state.prove(key) };
  }

  /**
   * A slice of the records by slot as of the end of a block, deleted ones included: at most `limit` from slot `from` on, fewer where
   * they are large, none where no more existed. Blocks may be committed between two slices.
   *
   * @throws HansaError `query.height` where the ledger's records do not go back so far, or not yet so far
   */
  recordsAt(height: number, from: number, limit: number): readonly StoredRecord[] {
    this.#requireRecords(height);
    return this.#store.leavesAt(height, from, limit);
  }

  #requireRecords(height: number): void {
    const first = this.#store.firstHeight() ?? 0;
    if (height > this.height || height < first)
      throw ledgerError("query.height", `there is no state at height ${height}`, { height, first, head: this.height });
  }

  /** Block that the ledger began with: 0, or that of the snapshot that it was restored from; -1 where it has not begun. */
  get firstHeight(): number {
    return this.#store.firstHeight() ?? -1;
  }

  /** Oldest block whose transactions and receipts are kept; -1 where there is none. */
  get lowestHeight(): number {
    return this.#store.lowestHeight() ?? -1;
  }

  /** Header of a block with its certificate, whether or not the block's content was pruned. */
  signedHeader(height: number): SignedHeader | undefined {
    if (this.#head?.header.height === height) return this.#head;
    const stored = this.#store.header(height);
    return stored === undefined ? undefined : decodeHead(stored.header, stored.certificate);
  }

  /**
   * Removes a slice of the transactions and receipts of blocks below a height. Headers stay, and so does every id that can still be
   * replayed; queries below the height are refused from then on.
   *
   * @returns whether there is more to remove: call again, after letting others have their turn
   */
  prune(below: number): boolean {
    const time = this.#head?.header.time ?? 0;
    return this.#store.prune(below, (time - (time % 1000)) / 1000);
  }

  /** All records and the head's block: what a fresh node starts from. Read it to its end before the next commit. */
  snapshot(): { readonly header: BlockHeader; readonly records: IterableIterator<StoredRecord> } {
    if (this.#head === undefined) throw ledgerError("query.height", "the ledger has not begun", { height: -1 });
    return { header: this.#head.header, records: this.#store.leaves() };
  }

  /** Block as stored, decoded. */
  block(
    height: number,
  ): (SignedHeader & { transactions: readonly Uint8Array[]; receipts: readonly Receipt[] }) | undefined {
    const stored = this.#store.block(height);
    if (stored === undefined) return undefined;
    return {
      ...decodeHead(stored.header, stored.certificate),
      transactions: stored.transactions,
      receipts: stored.receipts.map((bytes) => decodeJson(bytes) as unknown as Receipt),
    };
  }
}

function decodeHead(header: Uint8Array, certificate: Uint8Array): SignedHeader {
  return {
    header: decodeJson(header) as unknown as BlockHeader,
    certificate: decodeJson(certificate) as unknown as Certificate,
  };
}

/** What block 0 names as the one before it. */
function genesisHash(genesis: Genesis): string {
  return groupIdOf(genesis);
}
