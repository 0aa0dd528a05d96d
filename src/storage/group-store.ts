/** What one group keeps: its blocks, receipts, transaction ids, records and their history. One per database. */
import type { Database, Statement } from "./database.ts";
import { storageError } from "./errors.ts";
import { ID_BYTES, IdIndex, type Place, packIds, unpackIds } from "./id-index.ts";
import { packList, plain, unpackList } from "./packing.ts";
import { RecordLog, type StoredRecord, type Version } from "./record-log.ts";

/** A block with what became of its transactions. Opaque here but for height and time. */
export interface StoredBlock {
  readonly height: number;
  /** Block time, in the ledger's unit; never before that of the block below. */
  readonly time: number;
  readonly header: Uint8Array;
  readonly certificate: Uint8Array;
  readonly transactions: readonly Uint8Array[];
  readonly receipts: readonly Uint8Array[];
}

/** All that one block changes. */
export interface CommitBatch {
  readonly block: StoredBlock;
  /** Changed in this block, ascending by slot; new slots continue the sequence. */
  readonly records: readonly StoredRecord[];
  /** 20 bytes each, of which the first 4 are the expiry in seconds, big endian. */
  readonly ids: readonly { readonly id: Uint8Array; readonly index: number }[];
}

/** The newest block without its content. */
export interface Head {
  readonly height: number;
  readonly time: number;
  readonly header: Uint8Array;
  readonly certificate: Uint8Array;
}

interface BlockRow {
  height: number;
  time: number;
  header: Buffer;
  certificate: Buffer;
}

interface BodyRow {
  transactions: Buffer;
  receipts: Buffer;
}

const BLOCKS_AT_ONCE = 16;
// What one slice of pruning removes: some milliseconds of work, between which blocks are committed.
const PRUNED_AT_ONCE = 64;
const PRUNED_BYTES = 1024 * 1024;
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS group_meta(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS group_state(one INTEGER PRIMARY KEY, slots INTEGER NOT NULL, folded INTEGER NOT NULL);
  INSERT INTO group_state VALUES (1, 0, 0) ON CONFLICT DO NOTHING;
  CREATE TABLE IF NOT EXISTS group_blocks(height INTEGER PRIMARY KEY, time INTEGER NOT NULL, header BLOB NOT NULL,
    certificate BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS group_bodies(height INTEGER PRIMARY KEY, transactions BLOB NOT NULL,
    receipts BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS group_ids(height INTEGER PRIMARY KEY, ids BLOB NOT NULL);
`;

/**
 * The ledger's store.
 *
 * @example
 * ```ts
 * const store = new GroupStore(openDatabase({ file, key }));
 * store.commit({ block, records: [{ slot: 0, key: "members/a", value }], ids: [{ id, index: 0 }] });
 * store.readAt(0, block.height); // value
 * ```
 */
export class GroupStore {
  readonly #db: Database;
  readonly #records: RecordLog;
  readonly #ids: IdIndex;
  readonly #saveBlock: Statement<[number, number, Uint8Array, Uint8Array]>;
  readonly #saveBody: Statement<[number, Uint8Array, Uint8Array]>;
  readonly #saveIds: Statement<[number, Uint8Array]>;
  readonly #saveState: Statement<[number, number]>;
  readonly #saveCertificate: Statement<[Uint8Array, number]>;
  readonly #blocks: Statement<[number, number], BlockRow & BodyRow>;
  readonly #idsFrom: Statement<[number, number], { height: number; ids: Buffer }>;
  readonly #timeOf: Statement<[number], number>;
  readonly #header: Statement<[number], BlockRow>;
  readonly #sizes: Statement<[number, number, number], { height: number; size: number }>;
  readonly #dropBodies: Statement<[number]>;
  readonly #dropIds: Statement<[number]>;
  readonly #getMeta: Statement<[string], Buffer>;
  readonly #putMeta: Statement<[string, Uint8Array]>;
  #head: Head | undefined;
  #first: number | undefined;
  #lowest: number | undefined;

  /** Opens the store, or makes its tables; reads the pointers of all slots and the ids of the newest blocks. */
  constructor(db: Database) {
    this.#db = db;
    db.define(SCHEMA);
    this.#records = new RecordLog(db);
    this.#ids = db.read(() => new IdIndex(db));
    this.#saveBlock = db.prepare("INSERT INTO group_blocks VALUES (?, ?, ?, ?)");
    this.#saveBody = db.prepare("INSERT INTO group_bodies VALUES (?, ?, ?)");
    this.#saveIds = db.prepare("INSERT INTO group_ids VALUES (?, ?)");
    this.#saveState = db.prepare("UPDATE group_state SET slots = ?, folded = ?");
    this.#saveCertificate = db.prepare("UPDATE group_blocks SET certificate = ? WHERE height = ?");
    this.#blocks = db.prepare(
      "SELECT * FROM group_blocks JOIN group_bodies USING (height) WHERE height >= ? ORDER BY height LIMIT ?",
    );
    this.#idsFrom = db.prepare("SELECT height, ids FROM group_ids WHERE height >= ? ORDER BY height LIMIT ?");
    this.#timeOf = db.prepare<[number], number>("SELECT time FROM group_blocks WHERE height = ?").pluck();
    this.#header = db.prepare("SELECT * FROM group_blocks WHERE height = ?");
    this.#sizes = db.prepare(
      "SELECT height, length(transactions) + length(receipts) AS size FROM group_bodies" +
        " WHERE height >= ? AND height < ? ORDER BY height LIMIT ?",
    );
    this.#dropBodies = db.prepare("DELETE FROM group_bodies WHERE height < ?");
    this.#dropIds = db.prepare("DELETE FROM group_ids WHERE height < ?");
    this.#getMeta = db.prepare<[string], Buffer>("SELECT value FROM group_meta WHERE name = ?").pluck();
    this.#putMeta = db.prepare("INSERT INTO group_meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
    db.read(() => this.#open());
  }

  #open(): void {
    const state = this.#db
      .prepare<[], { slots: number; folded: number }>("SELECT slots, folded FROM group_state")
      .get();
    this.#records.open(state?.slots ?? 0, state?.folded ?? 0);
    const head = this.#db.prepare<[], BlockRow>("SELECT * FROM group_blocks ORDER BY height DESC LIMIT 1").get();
    if (head === undefined) return;
    this.#head = headOf(head);
    this.#first = this.#db.prepare<[], number>("SELECT min(height) FROM group_blocks").pluck().get();
    this.#lowest = this.#db.prepare<[], number>("SELECT min(height) FROM group_bodies").pluck().get();
    for (const { id, height, index } of this.#idsSince(this.#ids.folded + 1)) this.#ids.add(id, { height, index });
  }

  /** A small named value of the group, such as its genesis. */
  meta(name: string): Uint8Array | undefined {
    const value = this.#db.read(() => this.#getMeta.get(name));
    return value === undefined ? undefined : plain(value);
  }

  /** Keeps a small named value; durable when it returns. */
  setMeta(name: string, value: Uint8Array): void {
    this.#db.transaction(() => this.#putMeta.run(name, value));
  }

  /** The newest block, without its content. */
  head(): Head | undefined {
    return this.#head;
  }

  /** Height of the block that the store began with: the first one, or that of a snapshot. Headers are there from it on. */
  firstHeight(): number | undefined {
    return this.#first;
  }

  /** Height of the oldest block whose content is there: the one that the store began with, or the lowest not pruned. */
  lowestHeight(): number | undefined {
    return this.#lowest;
  }

  /** A block without its content, which pruning leaves. */
  header(height: number): Head | undefined {
    const row = this.#db.read(() => this.#header.get(height));
    return row === undefined ? undefined : headOf(row);
  }

  /** All current records by slot, deleted ones too, for start-up. Nothing may be committed while iterating. */
  leaves(): IterableIterator<StoredRecord> {
    return this.#records.leaves();
  }

  /**
   * Records by slot as of the end of block `height`, from slot `from` on: at most `limit`, fewer where they are large, none where
   * no more slots existed then. Blocks may be committed between two calls, so that a large state is read in slices.
   */
  leavesAt(height: number, from: number, limit: number): StoredRecord[] {
    return this.#db.read(() => this.#records.leavesAt(height, from, limit));
  }

  /** Slots ever used. */
  slotCount(): number {
    return this.#records.count;
  }

  /** Current value of a slot: `null` deleted, `undefined` never used. */
  read(slot: number): Uint8Array | null | undefined {
    return this.#db.read(() => this.#records.read(slot));
  }

  /**
   * Value as of the end of block `height`; `undefined` where the slot did not exist yet, or before the snapshot that the
   * store began with. Costs one read per version of the slot since then.
   */
  readAt(slot: number, height: number): Uint8Array | null | undefined {
    return this.#db.read(() => this.#records.readAt(slot, height));
  }

  /** All versions of a slot, oldest first. */
  versions(slot: number): Version[] {
    return this.#db.read(() => this.#records.versions(slot));
  }

  /**
   * Keeps a block and all that it changes, as one durable transaction.
   *
   * @throws HansaError `storage.out-of-order` where it does not follow the head, `storage.disk-full`, …; nothing is kept then
   */
  commit(batch: CommitBatch): void {
    const { block } = batch;
    this.#checkOrder(block, batch.ids);
    this.#write(() => {
      this.#ids.fold(block.height);
      this.#saveIds.run(block.height, packIds(batch.ids));
      this.#saveContent(block);
      const folded = this.#records.append(block.height, batch.records);
      this.#saveState.run(this.#records.count, folded);
    });
    this.#ids.settle();
    for (const { id, index } of batch.ids) this.#ids.add(id, { height: block.height, index });
    this.#settle(block);
  }

  /** Replaces a block's certificate: signatures arrive after the block. A height that is not there changes nothing. */
  setCertificate(height: number, certificate: Uint8Array): void {
    this.#db.transaction(() => this.#saveCertificate.run(certificate, height));
    if (this.#head?.height === height) this.#head = { ...this.#head, certificate: Uint8Array.from(certificate) };
  }

  /** One block with its content. */
  block(height: number): StoredBlock | undefined {
    // Without this a pruned height would walk over all headers up to the next body.
    if (height < (this.#lowest ?? 0)) return undefined;
    const row = this.#db.read(() => this.#blocks.get(height, 1));
    return row?.height === height ? blockOf(row) : undefined;
  }

  /** Blocks in order, from a height on. Commits may happen meanwhile. */
  *blocks(from: number, limit: number): IterableIterator<StoredBlock> {
    let next = Math.max(from, this.#lowest ?? 0);
    for (let left = limit; left > 0; ) {
      const rows = this.#db.read(() => this.#blocks.all(next, Math.min(left, BLOCKS_AT_ONCE)));
      if (rows.length === 0) return;
      for (const row of rows) {
        yield blockOf(row);
        next = row.height + 1;
      }
      left -= rows.length;
    }
  }

  /** Where a transaction is. */
  findTransaction(id: Uint8Array): Place | undefined {
    return this.#db.read(() => this.#ids.find(id));
  }

  /** The transactions of blocks with a time of at least `time`, in their order; those that were pruned are left out. */
  *transactionsSince(time: number): IterableIterator<{ id: Uint8Array } & Place> {
    if (this.#head === undefined || this.#first === undefined) return;
    // Block times do not go back, so the first such block is found by halving.
    let low = this.#first;
    let high = this.#head.height + 1;
    while (low < high) {
      const middle = low + Math.floor((high - low) / 2);
      if ((this.#db.read(() => this.#timeOf.get(middle)) ?? 0) >= time) high = middle;
      else low = middle + 1;
    }
    yield* this.#idsSince(low);
  }

  *#idsSince(height: number): IterableIterator<{ id: Uint8Array } & Place> {
    let next = height;
    for (;;) {
      const rows = this.#db.read(() => this.#idsFrom.all(next, BLOCKS_AT_ONCE));
      if (rows.length === 0) return;
      for (const row of rows) {
        for (const { id, index } of unpackIds(row.ids)) yield { id, height: row.height, index };
        next = row.height + 1;
      }
    }
  }

  /**
   * Fills an empty store with the records of a snapshot and the block that it stands at, all or nothing.
   *
   * @param records - all slots from 0 on
   * @throws HansaError `storage.not-empty`, `storage.out-of-order`
   */
  restoreSnapshot(records: Iterable<StoredRecord>, head: StoredBlock): void {
    if (this.#head !== undefined || this.#records.count > 0)
      throw storageError("storage.not-empty", "the store has blocks or records already");
    this.#write(() => {
      this.#saveContent(head);
      const folded = this.#records.append(head.height, records, true);
      this.#saveState.run(this.#records.count, folded);
    });
    this.#settle(head);
  }

  /**
   * Removes transactions and receipts of blocks below a height, and ids that cannot be replayed any more: one slice of them, so
   * that commits find their turn between two calls. Headers with their certificates stay, and so do all records and their
   * versions. The newest block stays whole.
   *
   * @param expired - ids with an expiry up to this, in seconds, may go; others stay, whatever their block
   * @returns whether there is more to remove
   * @throws HansaError `storage.disk-full`, …; nothing is removed then
   * @example
   * ```ts
   * while (store.prune(below, expired)) await turn();
   * ```
   */
  prune(below: number, expired: number): boolean {
    const lowest = this.#lowest;
    if (this.#head === undefined || lowest === undefined) return false;
    const end = Math.min(below, this.#head.height);
    const bodies = this.#db.read(() => this.#sizes.all(lowest, end, PRUNED_AT_ONCE));
    let bytes = 0;
    let reached = lowest;
    for (const { height, size } of bodies) {
      if (reached > lowest && bytes + size > PRUNED_BYTES) break;
      bytes += size;
      reached = height + 1;
    }
    // Rows that no run holds are read again at start, so they stay.
    const ids = this.#expiredIds(Math.min(end, this.#ids.folded + 1), expired);
    let settle: (() => void) | undefined;
    this.#write(() => {
      // A transaction without changes costs no sync.
      if (reached > lowest) this.#dropBodies.run(reached);
      if (ids !== undefined) this.#dropIds.run(ids);
      settle = this.#ids.prune(end, expired);
    });
    settle?.();
    this.#lowest = reached;
    return reached < end || ids !== undefined || settle !== undefined;
  }

  /** Below which height the next rows of ids have expired; `undefined` where none of them has. */
  #expiredIds(end: number, expired: number): number | undefined {
    let reached: number | undefined;
    for (const row of this.#db.read(() => this.#idsFrom.all(0, PRUNED_AT_ONCE))) {
      if (row.height >= end) break;
      for (let at = 0; at < row.ids.length; at += ID_BYTES + 4) if (row.ids.readUInt32BE(at) > expired) return reached;
      reached = row.height + 1;
    }
    return reached;
  }

  /** Closes the database. */
  close(): void {
    this.#db.close();
  }

  #checkOrder(block: StoredBlock, ids: CommitBatch["ids"]): void {
    const head = this.#head;
    if (!Number.isSafeInteger(block.height) || block.height < 0 || !Number.isSafeInteger(block.time))
      throw storageError("storage.out-of-order", "height and time are whole numbers");
    if (head !== undefined && block.height !== head.height + 1)
      throw storageError("storage.out-of-order", `block ${block.height} does not follow ${head.height}`, {
        height: block.height,
        head: head.height,
      });
    if (head !== undefined && block.time < head.time)
      throw storageError("storage.out-of-order", `block ${block.height} is older than the one below`, {
        height: block.height,
      });
    for (const { id } of ids)
      if (id.length !== ID_BYTES)
        throw storageError("storage.limit", `an id has ${ID_BYTES} bytes`, { size: id.length });
  }

  #saveContent(block: StoredBlock): void {
    this.#saveBlock.run(block.height, block.time, block.header, block.certificate);
    this.#saveBody.run(block.height, packList(block.transactions), packList(block.receipts));
  }

  /** What is in memory follows the disk, so a block is never part of a larger transaction that may still fail. */
  #write(run: () => void): void {
    if (this.#db.inTransaction) throw storageError("storage.misuse", "a block is committed on its own");
    try {
      this.#db.transaction(run);
    } catch (error) {
      this.#records.undo();
      throw error;
    }
  }

  #settle(block: StoredBlock): void {
    this.#records.settle();
    this.#head = headOf(block);
    this.#first ??= block.height;
    this.#lowest ??= block.height;
  }
}

function headOf(block: Head): Head {
  return {
    height: block.height,
    time: block.time,
    header: Uint8Array.from(block.header),
    certificate: Uint8Array.from(block.certificate),
  };
}

function blockOf(row: BlockRow & BodyRow): StoredBlock {
  return {
    height: row.height,
    time: row.time,
    header: plain(row.header),
    certificate: plain(row.certificate),
    transactions: unpackList(row.transactions),
    receipts: unpackList(row.receipts),
  };
}
