/** What is done to a home while no node runs on it. */
import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { isHansaError, systemClock } from "#base";
import { openKeyFile } from "#crypto/node";
import { Ledger, replayBlocks } from "#ledger";
import type { BlockHeader, Certificate } from "#protocol";
import { GroupStore, KeyValueStore, openDatabase, restore } from "#storage";
import { type GroupFiles, homeAt, readConfig, readGenesis } from "./config/home.ts";
import { STATUS_NAMESPACE, StatusLists } from "./credentials/status-lists.ts";
import { nodeError } from "./errors.ts";
import { leavesOf } from "./succession.ts";

export interface ReplayResult {
  readonly group: string;
  readonly blocks: number;
  readonly transactions: number;
  /** The first block that differs, and in what. */
  readonly differs?: { readonly height: number; readonly what: string };
  /** Root of the last block, base64url. */
  readonly root: string;
}

export interface RestoreResult {
  readonly group: string;
  readonly height: number;
  readonly root: string;
  /** Folder of what stood there before. */
  readonly kept?: string;
}

interface OfflineOptions {
  readonly home: string;
  readonly passphrase: string;
  /** Name of the group; the first of the configuration where left out. */
  readonly group?: string | undefined;
}

/** Opens a group's key file entry and hands its data key over for the time of one action. */
async function withDataKey<Result>(
  options: OfflineOptions,
  run: (name: string, key: Uint8Array) => Promise<Result> | Result,
): Promise<Result> {
  const home = homeAt(options.home);
  const config = readConfig(home, {});
  const name = options.group ?? config.groups[0]?.name;
  if (name === undefined || !config.groups.some((group) => group.name === name))
    throw nodeError("http.unknown-group", `the home has no group ${name}`, {
      groups: config.groups.map((group) => group.name),
    });
  const keys = await openKeyFile(home.keyFile, options.passphrase);
  const key = keys.dataKey(`data/${name}`);
  try {
    return await run(name, key);
  } finally {
    key.fill(0);
    keys.close();
  }
}

/**
 * Executes all blocks of a group anew, from genesis, on an empty ledger, and compares every header with the stored one.
 *
 * @param options - `progress` hears of every block; `signal` ends it early
 * @throws HansaError `storage.in-use` while a node runs on the home
 */
export async function replayLedger(
  options: OfflineOptions & { readonly progress?: (height: number, of: number) => void; readonly signal?: AbortSignal },
): Promise<ReplayResult> {
  return withDataKey(options, (name, key) => {
    const files = homeAt(options.home).group(name);
    const genesis = readGenesis(files.genesis);
    const database = openDatabase({ file: files.ledger, key });
    const before = existsSync(files.inherited) ? openDatabase({ file: files.inherited, key }) : undefined;
    try {
      const store = new GroupStore(database);
      const inherited = before === undefined ? undefined : leavesOf(new GroupStore(before));
      const head = store.head()?.height ?? -1;
      let transactions = 0;
      let blocks = 0;
      let root = "";
      const decoder = new TextDecoder();
      function* stored() {
        for (let height = 0; height <= head; height++) {
          const block = store.block(height);
          if (block === undefined)
            throw nodeError("node.config", `block ${height} is not stored: the ledger began from a snapshot`, {
              path: files.ledger,
            });
          transactions += block.transactions.length;
          yield {
            header: JSON.parse(decoder.decode(block.header)) as BlockHeader,
            certificate: JSON.parse(decoder.decode(block.certificate)) as Certificate,
            transactions: block.transactions,
          };
        }
      }
      let differs: ReplayResult["differs"];
      for (const step of replayBlocks(genesis, stored(), inherited)) {
        blocks++;
        root = step.computed;
        options.progress?.(step.height, head);
        if (step.differs !== undefined) differs = { height: step.height, what: step.differs };
        options.signal?.throwIfAborted();
      }
      return { group: name, blocks, transactions, root, ...(differs === undefined ? {} : { differs }) };
    } finally {
      before?.close();
      database.close();
    }
  });
}

/**
 * Puts a backup in the place of a group's databases. What stood there is moved beside it, not deleted; the trail's index is made anew
 * by the next start.
 *
 * @throws HansaError `node.home-missing`, `storage.wrong-key`, `storage.corrupt`, `storage.in-use` while a node runs on the home
 */
export async function restoreLedger(options: OfflineOptions & { readonly folder: string }): Promise<RestoreResult> {
  return withDataKey(options, async (name, key) => {
    const files = homeAt(options.home).group(name);
    mkdirSync(files.folder, { recursive: true, mode: 0o700 });
    const pairs = [
      { from: join(options.folder, "ledger.db"), to: files.ledger },
      { from: join(options.folder, "events.db"), to: files.events },
    ];
    for (const { from } of pairs)
      if (!existsSync(from))
        throw nodeError("node.home-missing", `${options.folder} holds no backup: ${from} is missing`, {
          folder: options.folder,
        });
    const kept = setAside(files, key);
    for (const { from, to } of pairs) await restore(from, key, to);
    retireStatusLists(files.events, key);
    const database = openDatabase({ file: files.ledger, key });
    try {
      const ledger = new Ledger(readGenesis(files.genesis), new GroupStore(database));
      return {
        group: name,
        height: ledger.height,
        root: ledger.head?.header.state ?? "",
        ...(kept === undefined ? {} : { kept }),
      };
    } finally {
      database.close();
    }
  });
}

/** Places in status lists that were given since the backup are not in it, and must not be given again. */
function retireStatusLists(file: string, key: Uint8Array): void {
  const database = openDatabase({ file, key });
  try {
    new StatusLists(new KeyValueStore(database, STATUS_NAMESPACE), systemClock, () => "").retire();
  } finally {
    database.close();
  }
}

/** Moves a group's databases, with all that belongs to them, into a folder of their own. */
function setAside(files: GroupFiles, key: Uint8Array): string | undefined {
  if (!existsSync(files.ledger)) return undefined;
  // Opening takes the lock: a node that runs on these files makes this fail before anything is moved.
  for (const file of [files.ledger, files.events]) if (existsSync(file)) probe(file, key);
  let number = 1;
  while (existsSync(join(files.folder, `replaced-${number}`))) number++;
  const kept = join(files.folder, `replaced-${number}`);
  mkdirSync(kept, { mode: 0o700 });
  const names = [files.ledger, files.events, files.trail].map((file) => basename(file));
  for (const entry of readdirSync(files.folder))
    if (names.some((name) => entry.startsWith(name))) renameSync(join(files.folder, entry), join(kept, entry));
  return kept;
}

function probe(file: string, key: Uint8Array): void {
  try {
    openDatabase({ file, key }).close();
  } catch (error) {
    // A damaged database is what a restore is for; one that is in use is not.
    if (isHansaError(error, "storage.in-use")) throw error;
  }
}
