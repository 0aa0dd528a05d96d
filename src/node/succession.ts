/** A group that goes on from another one: what is taken out of a survivor's home, and put into the homes of those who found anew. */
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, readSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { canonicalJson, decodeBase64Url, decodeUtf8, encodeBase64Url, encodeUtf8, type Json, parseJson } from "#base";
import { type KeyStore, wipe } from "#crypto/node";
import { Ledger, MemoryStore, type StateStore, type StoredRecord } from "#ledger";
import {
  type CheckedOpening,
  checkStateOpening,
  encodeHeader,
  type Genesis,
  hashHeader,
  type Predecessor,
  protocolError,
  type SignedHeader,
  STATE_OPENING_BYTES,
  type StateOpening,
} from "#protocol";
import { backup, GroupStore, KeyValueStore, MAX_VALUE_BYTES, openDatabase, restore } from "#storage";
import { type GroupFiles, type Home, readGenesis } from "./config/home.ts";
import { nodeError } from "./errors.ts";
import { ValidatorPath } from "./validator-path.ts";

/** How many records are read from a ledger at once. */
const SLICE = 1000;
const READ_BYTES = 1024 * 1024;
/** Longest line of a state file behind its first: a value as it is stored, its key, and what is around both. */
const LINE_BYTES = MAX_VALUE_BYTES + 1024;

/** A ledger as it stands, in the words of a genesis that goes on from it. */
export function predecessorOf(ledger: Ledger): Predecessor {
  const header = ledger.head?.header;
  if (header === undefined) throw nodeError("node.no-state", "the ledger has not begun", { group: ledger.group.id });
  return { group: ledger.group.id, height: header.height, header: ledger.headHash, state: header.state };
}

/** A group's ledger in a home on which no node runs. */
export interface OwnLedger {
  readonly ledger: Ledger;
  readonly store: StateStore;
}

/**
 * Opens a group's ledger for one action.
 *
 * @throws HansaError `storage.in-use` while a node runs on the home, `node.no-state` where there is no ledger
 */
export async function withLedger<Result>(
  files: GroupFiles,
  dataKey: Uint8Array,
  run: (own: OwnLedger) => Result | Promise<Result>,
): Promise<Result> {
  if (!existsSync(files.ledger))
    throw nodeError("node.no-state", `${files.folder} holds no ledger`, { folder: files.folder });
  const database = openDatabase({ file: files.ledger, key: dataKey });
  try {
    const store = new GroupStore(database);
    return await run({ ledger: new Ledger(readGenesis(files.genesis), store), store });
  } finally {
    database.close();
  }
}

export interface WrittenState extends Predecessor {
  /** The newest height with votes; one below `height` where the group ended before it voted for that one. */
  readonly certified: number;
  readonly records: number;
}

/**
 * Writes a group's records and who vouches for them into a new file, for those who found a group that goes on from it. The file holds no
 * secret of the home, but all that the ledger holds.
 *
 * @param file - must not exist; removed again where anything fails
 * @throws HansaError `node.no-state`, `node.no-votes`, `proof.invalid` where the ledger lacks the way to its validators,
 * `storage.in-use` while a node runs on the home
 */
export async function writeState(files: GroupFiles, dataKey: Uint8Array, file: string): Promise<WrittenState> {
  return withLedger(files, dataKey, async ({ ledger }) => {
    const opening = await openingOf(files, dataKey, ledger);
    const first = encodeUtf8(canonicalJson(opening));
    // A ledger that began from a snapshot may lack the way to its validators: better told here than by every founder.
    checkStateOpening(first);
    const out = openSync(file, "wx", 0o600);
    let records = 0;
    try {
      writeLine(out, first);
      const { height } = opening.signed.header;
      for (let from = 0; ; ) {
        const slice = ledger.recordsAt(height, from, SLICE);
        const last = slice.at(-1);
        if (last === undefined) break;
        for (const record of slice) writeLine(out, encodeRecord(record));
        records += slice.length;
        from = last.slot + 1;
      }
      fsyncSync(out);
      closeSync(out);
    } catch (error) {
      closeSync(out);
      rmSync(file, { force: true });
      throw error;
    }
    return { ...predecessorOf(ledger), certified: opening.signed.header.height, records };
  });
}

async function openingOf(files: GroupFiles, dataKey: Uint8Array, ledger: Ledger): Promise<StateOpening> {
  const { height } = ledger;
  const head = newestVoted(ledger);
  const common = { hansa: "state/1" as const, genesis: ledger.genesis, signed: head };
  if (ledger.genesis.engine.kind === "solo") return common;
  const consensus = openDatabase({ file: files.consensus, key: dataKey });
  try {
    const certified = async (of: number) => voted(ledger, of) ?? notVoted(ledger, of);
    const path = new ValidatorPath(ledger, { certified }, new KeyValueStore(consensus, "validators"));
    const opening = { ...common, validators: await path.upTo(head.header.height) };
    if (head.header.height === height) return opening;
    const block = ledger.block(height);
    if (block?.certificate.engine !== "cometbft") return notVoted(ledger, height);
    const transactions = block.transactions.map(encodeBase64Url);
    return { ...opening, last: { header: block.header, block: block.certificate.block, transactions } };
  } finally {
    consensus.close();
  }
}

function newestVoted(ledger: Ledger): SignedHeader {
  const { height } = ledger;
  if (height < 0) throw nodeError("node.no-state", "the ledger has not begun", { group: ledger.group.id });
  return voted(ledger, height) ?? voted(ledger, height - 1) ?? notVoted(ledger, height - 1);
}

function voted(ledger: Ledger, height: number): SignedHeader | undefined {
  const signed = ledger.signedHeader(height);
  if (signed === undefined) return undefined;
  const { certificate } = signed;
  const complete =
    certificate.engine === "solo" || (certificate.header !== undefined && certificate.commit !== undefined);
  return complete ? signed : undefined;
}

function notVoted(ledger: Ledger, height: number): never {
  throw nodeError("node.no-votes", `the ledger of ${ledger.group.id} lacks the votes for block ${height}`, {
    group: ledger.group.id,
    height,
  });
}

function writeLine(file: number, bytes: Uint8Array): void {
  const line = new Uint8Array(bytes.length + 1);
  line.set(bytes);
  line[bytes.length] = 0x0a;
  for (let at = 0; at < line.length; ) at += writeSync(file, line, at);
}

/** `[key, value]`, the value as it is stored; `[key]` of one that was deleted: its slot counts. */
function encodeRecord({ key, value }: StoredRecord): Uint8Array {
  const text = value === null ? "" : `,${decodeUtf8(value)}`;
  return encodeUtf8(`[${canonicalJson(key)}${text}]`);
}

/** A state file whose opening holds. Its records are held against it by `loadState`. */
export interface StateFile extends CheckedOpening {
  /** By slot; read anew each time. */
  readonly records: Iterable<StoredRecord>;
}

/**
 * Opens a state file and checks who vouches for it.
 *
 * @throws HansaError `proof.malformed`, `proof.invalid`
 */
export function openStateFile(file: string): StateFile {
  const [first] = linesOf(file, STATE_OPENING_BYTES);
  if (first === undefined) throw protocolError("proof.malformed", `${file} is empty`);
  return { ...checkStateOpening(first), records: { [Symbol.iterator]: () => recordsOf(file) } };
}

function* recordsOf(file: string): IterableIterator<StoredRecord> {
  let slot = -1;
  for (const line of linesOf(file, STATE_OPENING_BYTES)) {
    // The first line is the opening.
    if (slot >= 0) yield decodeRecord(line, slot);
    slot++;
  }
}

function decodeRecord(line: Uint8Array, slot: number): StoredRecord {
  const malformed = () => protocolError("proof.malformed", `record ${slot} of the state file is none`, { slot });
  if (line.length > LINE_BYTES) throw malformed();
  let value: Json;
  try {
    value = parseJson(line, { depth: 64, integers: true });
  } catch {
    throw malformed();
  }
  if (!Array.isArray(value) || typeof value[0] !== "string" || value.length > 2) throw malformed();
  // One record, one spelling.
  if (canonicalJson(value) !== decodeUtf8(line)) throw malformed();
  const [key, content] = value as [string, Json?];
  return { slot, key, value: content === undefined ? null : encodeUtf8(canonicalJson(content)) };
}

/** Lines of a file, without their ends. The last one must have its end, too: a file that was cut is noticed. */
function* linesOf(file: string, limit: number): IterableIterator<Uint8Array> {
  const input = openSync(file, "r");
  try {
    const buffer = new Uint8Array(READ_BYTES);
    let parts: Uint8Array[] = [];
    let size = 0;
    for (;;) {
      const read = readSync(input, buffer);
      if (read === 0) break;
      let at = 0;
      for (let end = buffer.indexOf(0x0a, at); end >= 0 && end < read; end = buffer.indexOf(0x0a, at)) {
        yield joined(parts, size, buffer.subarray(at, end));
        parts = [];
        size = 0;
        at = end + 1;
      }
      parts.push(buffer.slice(at, read));
      size += read - at;
      if (size > limit) throw protocolError("proof.malformed", `a line of ${file} is too long`);
    }
    if (size > 0) throw protocolError("proof.malformed", `${file} ends in the middle`);
  } finally {
    closeSync(input);
  }
}

function joined(parts: readonly Uint8Array[], size: number, end: Uint8Array): Uint8Array {
  const line = new Uint8Array(size + end.length);
  let at = 0;
  for (const part of [...parts, end]) {
    line.set(part, at);
    at += part.length;
  }
  return line;
}

/**
 * Makes the ledger that a state file holds, in an empty store: all records are held against the header that is vouched for, and the last
 * block, where the file has one, is executed.
 *
 * @throws HansaError `proof.invalid`, `proof.malformed`, `ledger.root-mismatch`
 */
export function loadState({ opening, records }: StateFile, store: StateStore): Ledger {
  const ledger = new Ledger(opening.genesis, store);
  ledger.restore(opening.signed, records);
  const { last } = opening;
  if (last === undefined) return ledger;
  const { absent, misbehaviour, height, time } = last.header;
  const execution = ledger.execute({
    height,
    time,
    transactions: last.transactions.map(decodeTransactionBytes),
    ...(absent === undefined ? {} : { absent }),
    ...(misbehaviour === undefined ? {} : { misbehaviour }),
  });
  if (hashHeader(execution.encodedHeader) !== hashHeader(encodeHeader(last.header)))
    throw protocolError("proof.invalid", "the last block does not do what its header says", { step: "last" });
  ledger.commit(execution, { engine: "cometbft", block: last.block });
  return ledger;
}

function decodeTransactionBytes(text: string): Uint8Array {
  const bytes = decodeBase64Url(text);
  if (bytes === undefined) throw protocolError("proof.malformed", "a transaction of the last block is not base64url");
  return bytes;
}

/**
 * Executes the genesis of a group that goes on from another one, and keeps nothing.
 *
 * @throws HansaError what `Ledger.executeGenesis` throws: whoever found would find out only at the start
 */
export function tryGenesis(genesis: Genesis, store: StateStore): void {
  new Ledger(genesis, new MemoryStore(), leavesOf(store)).executeGenesis();
}

/** All records of a store, as often as they are gone through. */
export function leavesOf(store: StateStore): Iterable<StoredRecord> {
  return { [Symbol.iterator]: () => store.leaves() };
}

/**
 * Puts the records of the group before into the home, encrypted under the new group's data key, for its first block and for replay. What
 * is there already stays where it is whole.
 *
 * @throws HansaError `founding.other-state` where the file is of another state than the genesis names; those of `loadState`
 */
export function installInherited(files: GroupFiles, dataKey: Uint8Array, from: Predecessor, state: StateFile): void {
  const before = existsSync(files.inherited) ? stateIn(files.inherited, dataKey) : undefined;
  if (before !== undefined && before.header === from.header) return;
  removeDatabase(files.inherited);
  const database = openDatabase({ file: files.inherited, key: dataKey });
  try {
    requireSame(from, predecessorOf(loadState(state, new GroupStore(database))));
  } catch (error) {
    database.close();
    removeDatabase(files.inherited);
    throw error;
  }
  database.close();
}

/** @throws HansaError `founding.other-state` */
export function requireSame(from: Predecessor, found: Predecessor): void {
  if (from.group === found.group && from.height === found.height && from.header === found.header) return;
  throw protocolError(
    "founding.other-state",
    `the genesis goes on from ${from.group} at height ${from.height}, the state at hand is ${found.group} at ${found.height}`,
    { wanted: from, found },
  );
}

function stateIn(file: string, key: Uint8Array): { readonly header: string } | undefined {
  const database = openDatabase({ file, key });
  try {
    const head = new GroupStore(database).head();
    return head === undefined ? undefined : { header: hashHeader(head.header) };
  } finally {
    database.close();
  }
}

/** A database with all that belongs to it. */
function removeDatabase(file: string): void {
  if (!existsSync(dirname(file))) return;
  for (const entry of readdirSync(dirname(file)))
    if (entry === basename(file) || entry.startsWith(`${basename(file)}-`)) rmSync(join(dirname(file), entry));
}

/**
 * Brings the topic logs and the memory of linkages from the group before, so that they go on where the ledger has anchored them. Only
 * where the home has them, and the new group has none yet.
 *
 * @returns whether they were brought
 * @throws HansaError `storage.in-use` while a node runs on the home
 */
export async function bringEvents(home: Home, old: string, group: string, keys: KeyStore): Promise<boolean> {
  const from = home.group(old).events;
  const to = home.group(group).events;
  if (!existsSync(from) || existsSync(to)) return false;
  const [oldKey, newKey] = [keys.dataKey(`data/${old}`), keys.dataKey(`data/${group}`)];
  const copy = `${to}.copy`;
  try {
    rmSync(copy, { force: true });
    const database = openDatabase({ file: from, key: oldKey });
    try {
      await backup(database, copy, { key: newKey });
    } finally {
      database.close();
    }
    await restore(copy, newKey, to);
  } finally {
    rmSync(copy, { force: true });
    wipe(oldKey);
    wipe(newKey);
  }
  return true;
}
