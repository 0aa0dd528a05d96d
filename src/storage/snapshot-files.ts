/**
 * Snapshots of a state in files of their own: a folder each, in it a file for every chunk and one that says what they are. Each file
 * is sealed on its own, bound to its snapshot and place; a folder gets its name only once all that it holds is on the disk.
 */
import { createHmac, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { mkdir, open as openFile, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, decodeBase64Url, decodeUtf8, encodeBase64Url, encodeUtf8, HansaError, systemClock } from "#base";
import { open as openSeal, seal, wipe } from "#crypto/node";
import { checkKey } from "./cipher.ts";
import { nameError, storageError } from "./errors.ts";

/** Largest chunk, bytes. */
export const MAX_CHUNK_BYTES = 4 * 1024 * 1024;
/** Most chunks of a snapshot. */
export const MAX_CHUNKS = 65_536;
/** Most snapshots that are kept. */
export const MAX_SNAPSHOTS = 10;
/** How long a snapshot stays after it was lent, milliseconds: whoever fetches it asks for the next chunk long before. */
const LENT_FOR = 60_000;

/** What nonce and tag add to a sealed file. */
const SEAL_BYTES = 40;
const MANIFEST = "manifest";
const TEMPORARY = /^(making|received|removed)-[0-9a-f]{16}$/;
const KEPT = /^([0-9]{16})-([0-9]{1,10})$/;

/** Height that a snapshot stands at, and how it is encoded. */
export interface SnapshotName {
  readonly height: number;
  readonly format: number;
}

/** A whole snapshot. */
export interface StoredSnapshot extends SnapshotName {
  readonly chunks: number;
  /** Both are the maker's business. */
  readonly hash: Uint8Array;
  readonly metadata: Uint8Array;
}

export interface SnapshotFilesOptions {
  /** Of these snapshots alone; it is made where it is missing. */
  readonly folder: string;
  /** The data key, 32 bytes. A key for these files is derived from it: the caller may wipe it. */
  readonly key: Uint8Array;
  /** How many of the newest stay, 1 to 10; what is lent stays beyond them, up to 10 in all. */
  readonly keep?: number;
  readonly clock?: Pick<Clock, "now">;
  /** Hears, while the folder is opened, of each snapshot that was damaged and removed. */
  readonly onDropped?: (error: unknown) => void;
}

interface Kept extends StoredSnapshot {
  /** Bytes of each chunk. */
  readonly sizes: readonly number[];
}

/** Chunks that are being gathered, under a name that no reader looks for: one's own, or those of a peer. */
export interface ChunkPile {
  /** Chunks so far. */
  readonly size: number;
  /**
   * Adds the next chunk; one at a time.
   *
   * @throws HansaError `storage.limit`, `storage.disk-full`, `storage.io`
   */
  add(chunk: Uint8Array): Promise<void>;
  /**
   * All chunks in their order, one in memory at a time.
   *
   * @throws HansaError `storage.snapshot-damaged`
   */
  chunks(): IterableIterator<Uint8Array>;
  /** Removes them. */
  discard(): Promise<void>;
}

/** One's own snapshot in the making. */
export interface SnapshotDraft extends ChunkPile {
  /** Makes it whole and durable; only then is it listed, and the oldest may go. */
  keep(what: { readonly hash: Uint8Array; readonly metadata: Uint8Array }): Promise<void>;
}

/**
 * The snapshots of one group.
 *
 * @example
 * ```ts
 * const files = new SnapshotFiles({ folder: "/var/lib/hansa/main/snapshots", key });
 * const draft = await files.begin({ height: 1200, format: 1 });
 * await draft.add(chunk);
 * await draft.keep({ hash, metadata });
 * await files.load({ height: 1200, format: 1 }, 0); // chunk
 * ```
 */
export class SnapshotFiles {
  readonly #folder: string;
  readonly #key: Uint8Array;
  readonly #limit: number;
  readonly #clock: Pick<Clock, "now">;
  /** Newest first. */
  #kept: readonly Kept[];
  /** When each of them was last lent. */
  readonly #lent = new WeakMap<Kept, number>();

  /**
   * Opens the folder. What was not finished is removed, and so is what is damaged.
   *
   * @throws HansaError `storage.key-size`, `storage.misuse`, `storage.io`
   */
  constructor({ folder, key, keep = 2, clock = systemClock, onDropped }: SnapshotFilesOptions) {
    checkKey(key);
    if (!Number.isInteger(keep) || keep < 1 || keep > MAX_SNAPSHOTS)
      throw storageError("storage.misuse", `of snapshots 1 to ${MAX_SNAPSHOTS} are kept, not ${keep}`);
    this.#folder = folder;
    this.#limit = keep;
    this.#clock = clock;
    this.#key = createHmac("sha256", key).update("hansa snapshot files").digest();
    const kept: Kept[] = [];
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      for (const name of readdirSync(folder)) {
        if (TEMPORARY.test(name)) rmSync(join(folder, name), { recursive: true, force: true });
        const [, height, format] = KEPT.exec(name) ?? [];
        if (height === undefined) continue;
        const found = this.#readKept({ height: Number(height), format: Number(format) }, onDropped);
        if (found !== undefined) kept.push(found);
      }
    } catch (error) {
      throw nameError(error, folder);
    }
    this.#kept = kept.sort(newestFirst);
  }

  /** Whole snapshots, newest first. */
  list(): readonly StoredSnapshot[] {
    return this.#kept.map(({ sizes, ...snapshot }) => snapshot);
  }

  /**
   * A peer was told of this snapshot and may begin to fetch it: newer ones do not make it go within the next minute, nor within the minute
   * after each of its chunks that is loaded.
   */
  lend(name: SnapshotName): void {
    const found = this.#find(name);
    if (found !== undefined) this.#lent.set(found, this.#clock.now());
  }

  /**
   * One chunk of a snapshot; `undefined` where there is none of this name or place. A damaged snapshot is removed as a whole.
   *
   * @throws HansaError `storage.snapshot-damaged`, `storage.io`
   */
  async load(name: SnapshotName, index: number): Promise<Uint8Array | undefined> {
    const found = this.#find(name);
    const size = found?.sizes[index];
    if (found === undefined || size === undefined) return undefined;
    this.lend(name);
    const file = join(this.#folder, folderOf(name), chunkFile(index));
    try {
      return this.#unseal(file, await readFile(file), chunkPurpose(folderOf(name), index), size);
    } catch (error) {
      const named = (error as NodeJS.ErrnoException).code === "ENOENT" ? damaged(file, error) : nameError(error, file);
      // Removed while it was read: nothing is wrong with it.
      if (this.#find(name) !== found) return undefined;
      if (named instanceof HansaError && named.code === "storage.snapshot-damaged") await this.#drop(found);
      throw named;
    }
  }

  /**
   * Begins a snapshot of one's own.
   *
   * @throws HansaError `storage.exists`, `storage.io`
   */
  async begin(name: SnapshotName): Promise<SnapshotDraft> {
    this.#refuseKnown(name);
    const folder = `making-${randomBytes(8).toString("hex")}`;
    const pile = await this.#pile(folder, (index) => chunkPurpose(folderOf(name), index));
    return Object.assign(pile, {
      keep: async (what: { readonly hash: Uint8Array; readonly metadata: Uint8Array }) => {
        const path = join(this.#folder, folder);
        this.#refuseKnown(name);
        const kept: Kept = { ...name, ...what, chunks: pile.sizes.length, sizes: [...pile.sizes] };
        try {
          await this.#write(join(path, MANIFEST), encodeManifest(kept), manifestPurpose(name), true);
          await syncFolder(path);
          await rename(path, join(this.#folder, folderOf(name)));
          await syncFolder(this.#folder);
        } catch (error) {
          throw nameError(error, path);
        }
        this.#kept = [kept, ...this.#kept].sort(newestFirst);
        for (const [i, old] of this.#kept.entries())
          if (i >= MAX_SNAPSHOTS || (i >= this.#limit && !this.#isLent(old))) await this.#drop(old);
      },
    });
  }

  /** Begins to gather the chunks of a peer's snapshot. They do not outlive the process. */
  receive(): Promise<ChunkPile> {
    const folder = `received-${randomBytes(8).toString("hex")}`;
    return this.#pile(folder, (index) => chunkPurpose(folder, index));
  }

  /** Forgets the key. */
  close(): void {
    wipe(this.#key);
    this.#kept = [];
  }

  async #pile(folder: string, purpose: (index: number) => Uint8Array) {
    const path = join(this.#folder, folder);
    const durable = folder.startsWith("making");
    try {
      await mkdir(path, { mode: 0o700 });
    } catch (error) {
      throw nameError(error, path);
    }
    const sizes: number[] = [];
    const fileOf = (index: number) => join(path, chunkFile(index));
    const write = (index: number, chunk: Uint8Array) => this.#write(fileOf(index), chunk, purpose(index), durable);
    const read = (index: number): Uint8Array => {
      const file = fileOf(index);
      try {
        return this.#unseal(file, readFileSync(file), purpose(index), sizes[index] as number);
      } catch (error) {
        throw nameError(error, file);
      }
    };
    return {
      sizes: sizes as readonly number[],
      get size() {
        return sizes.length;
      },
      async add(chunk: Uint8Array): Promise<void> {
        if (chunk.length > MAX_CHUNK_BYTES || sizes.length >= MAX_CHUNKS)
          throw storageError("storage.limit", "a snapshot has at most 65536 chunks of 4 MiB", { size: chunk.length });
        await write(sizes.length, chunk);
        sizes.push(chunk.length);
      },
      *chunks(): IterableIterator<Uint8Array> {
        for (let index = 0; index < sizes.length; index++) yield read(index);
      },
      discard: () => rm(path, { recursive: true, force: true }),
    };
  }

  async #write(file: string, plaintext: Uint8Array, purpose: Uint8Array, durable: boolean): Promise<void> {
    try {
      const handle = await openFile(file, "wx", 0o600);
      try {
        await handle.writeFile(seal(this.#key, plaintext, purpose));
        if (durable) await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      // A half-written file must not stand in the way of another try.
      await rm(file, { force: true });
      throw nameError(error, file);
    }
  }

  #unseal(file: string, sealed: Uint8Array, purpose: Uint8Array, size?: number): Uint8Array {
    if (size !== undefined && sealed.length !== size + SEAL_BYTES) throw damaged(file);
    try {
      return openSeal(this.#key, sealed, purpose);
    } catch (error) {
      throw damaged(file, error);
    }
  }

  /** A snapshot as it was kept; `undefined` where it is damaged, and was removed. */
  #readKept(name: SnapshotName, onDropped: SnapshotFilesOptions["onDropped"]): Kept | undefined {
    const path = join(this.#folder, folderOf(name));
    try {
      const file = join(path, MANIFEST);
      const kept = decodeManifest(this.#unseal(file, readOrDamaged(file), manifestPurpose(name)));
      if (kept === undefined || kept.height !== name.height || kept.format !== name.format) throw damaged(file);
      kept.sizes.forEach((size, index) => {
        const chunk = join(path, chunkFile(index));
        if (statSync(chunk, { throwIfNoEntry: false })?.size !== size + SEAL_BYTES) throw damaged(chunk);
      });
      return kept;
    } catch (error) {
      if (!(error instanceof HansaError) || error.code !== "storage.snapshot-damaged") throw error;
      rmSync(path, { recursive: true, force: true });
      onDropped?.(error);
      return undefined;
    }
  }

  #find({ height, format }: SnapshotName): Kept | undefined {
    return this.#kept.find((kept) => kept.height === height && kept.format === format);
  }

  #isLent(kept: Kept): boolean {
    return this.#clock.now() - (this.#lent.get(kept) ?? Number.NEGATIVE_INFINITY) < LENT_FOR;
  }

  #refuseKnown(name: SnapshotName): void {
    if (this.#find(name) !== undefined)
      throw storageError("storage.exists", `the snapshot ${folderOf(name)} exists already`, { ...name });
  }

  /** Takes its name first, so that a crash in between leaves no half of it to be found. */
  async #drop(kept: Kept): Promise<void> {
    this.#kept = this.#kept.filter((other) => other !== kept);
    const removed = join(this.#folder, `removed-${randomBytes(8).toString("hex")}`);
    try {
      await rename(join(this.#folder, folderOf(kept)), removed);
      await rm(removed, { recursive: true, force: true });
    } catch (error) {
      throw nameError(error, removed);
    }
  }
}

function newestFirst(a: SnapshotName, b: SnapshotName): number {
  return b.height - a.height || b.format - a.format;
}

function folderOf({ height, format }: SnapshotName): string {
  return `${String(height).padStart(16, "0")}-${format}`;
}

function chunkFile(index: number): string {
  return `chunk-${String(index).padStart(5, "0")}`;
}

function chunkPurpose(snapshot: string, index: number): Uint8Array {
  return encodeUtf8(`hansa snapshot chunk ${snapshot} ${index}`);
}

function manifestPurpose(name: SnapshotName): Uint8Array {
  return encodeUtf8(`hansa snapshot manifest ${folderOf(name)}`);
}

function encodeManifest({ hash, metadata, ...rest }: Kept): Uint8Array {
  return encodeUtf8(JSON.stringify({ ...rest, hash: encodeBase64Url(hash), metadata: encodeBase64Url(metadata) }));
}

/** What `encodeManifest` made: the seal says that it did. */
function decodeManifest(bytes: Uint8Array): Kept | undefined {
  const manifest = JSON.parse(decodeUtf8(bytes) ?? "null") as
    | (SnapshotName & { chunks: number; sizes: number[]; hash: string; metadata: string })
    | null;
  const hash = decodeBase64Url(manifest?.hash ?? "");
  const metadata = decodeBase64Url(manifest?.metadata ?? "");
  if (manifest === null || hash === undefined || metadata === undefined) return undefined;
  return { ...manifest, hash, metadata };
}

function readOrDamaged(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw damaged(file, error);
    throw error;
  }
}

function damaged(file: string, cause?: unknown) {
  return storageError("storage.snapshot-damaged", `${file} is damaged, cut or missing`, { file }, cause);
}

async function syncFolder(path: string): Promise<void> {
  const handle = await openFile(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
