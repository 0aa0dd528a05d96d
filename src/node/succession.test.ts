/** State files: what a survivor writes is what a founder reads, and nothing else is. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeUtf8, isHansaError } from "#base";
import { createMemoryKeyStore } from "#crypto/node";
import { Ledger, MemoryStore } from "#ledger";
import { operation, type Predecessor, signTransaction } from "#protocol";
import { GroupStore, KeyValueStore, openDatabase } from "#storage";
import { FIRST, QUORUM_GENESIS, vouchedBy } from "../protocol/comet/quorum.suite.ts";
import { alice, BEGIN } from "../protocol/fixtures.suite.ts";
import { type GroupFiles, homeAt } from "./config/home.ts";
import {
  bringEvents,
  installInherited,
  leavesOf,
  loadState,
  openStateFile,
  predecessorOf,
  withLedger,
  writeState,
} from "./succession.ts";

const KEY = new Uint8Array(32).fill(7);
let folder: string;
let files: GroupFiles;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hansa-succession-"));
  files = homeAt(folder).group("quorum");
  mkdirSync(files.folder, { recursive: true });
  writeFileSync(files.genesis, JSON.stringify(QUORUM_GENESIS));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);

/** A ledger of so many blocks behind its genesis; the last `open` of them lack their votes. */
function fill(blocks: number, open: number): void {
  const database = openDatabase({ file: files.ledger, key: KEY });
  const ledger = new Ledger(QUORUM_GENESIS, new GroupStore(database));
  for (let height = 0; height <= blocks; height++) {
    const claims = {
      iss: alice.did,
      aud: ledger.group.id,
      jti: `transaction-number-${height}`,
      exp: BEGIN / 1000 + height + 60,
      ops: [operation("topics.open", { topic: `topic-${height}`, publish: [], subscribe: [] })],
    };
    const transactions = [encodeUtf8(signTransaction(claims, [alice]))];
    const execution =
      height === 0 ? ledger.executeGenesis() : ledger.execute({ height, time: BEGIN + height * 1000, transactions });
    expect(execution.receipts.every(({ code }) => code === 0)).toBe(true);
    const block = 3 * height;
    ledger.commit(execution, { engine: "cometbft", block });
    if (height <= blocks - open) ledger.certify(height, vouchedBy(execution.header, block, FIRST).certificate);
  }
  database.close();
}

async function codeOf(run: () => unknown): Promise<string> {
  try {
    await run();
  } catch (error) {
    if (isHansaError(error)) return error.code;
    throw error;
  }
  return "accepted";
}

const load = (file: string) => loadState(openStateFile(file), new MemoryStore());
const own = () =>
  withLedger(files, KEY, ({ ledger, store }) => ({ ...predecessorOf(ledger), leaves: [...store.leaves()] }));

describe("a state file", () => {
  it.each([
    { open: 0, certified: 4 },
    { open: 1, certified: 3 },
  ])("holds the head and all its records where $open blocks lack their votes", async ({ open, certified }) => {
    fill(4, open);
    const { leaves, ...head } = await own();
    expect(await writeState(files, KEY, at("state"))).toMatchObject({ ...head, height: 4, certified });
    const state = openStateFile(at("state"));
    const store = new MemoryStore();
    expect(predecessorOf(loadState(state, store))).toEqual(head);
    expect([...store.leaves()]).toEqual(leaves);
    expect([...leavesOf(store)]).toEqual([...leavesOf(store)]);
    expect(state.group).toBe(head.group);
    // It is never written over.
    await expect(writeState(files, KEY, at("state"))).rejects.toThrow("EEXIST");
  });

  it("is not written while the ledger lacks more votes, is in use, or is not there, and nothing is left behind", async () => {
    expect(await codeOf(() => writeState(files, KEY, at("state")))).toBe("node.no-state");
    fill(4, 2);
    expect(await codeOf(() => writeState(files, KEY, at("state")))).toBe("node.no-votes");
    const database = openDatabase({ file: files.ledger, key: KEY });
    expect(await codeOf(() => writeState(files, KEY, at("state")))).toBe("storage.in-use");
    database.close();
    expect(existsSync(at("state"))).toBe(false);
  });

  it.each([
    { where: "whose head has votes", open: 0 },
    { where: "with a block that lacks them", open: 1 },
  ])(
    "$where is refused with any byte changed, cut off, or added, or is told from the one that was written",
    async ({ open }) => {
      fill(2, open);
      await writeState(files, KEY, at("state"));
      const bytes = readFileSync(at("state"));
      const written = predecessorOf(load(at("state")));
      const attempt = async (changed: Uint8Array) => {
        writeFileSync(at("changed"), changed);
        const code = await codeOf(() => load(at("changed")));
        if (code !== "accepted") return code;
        return isDeepStrictEqual(predecessorOf(load(at("changed"))), written) ? "the same" : "another";
      };
      expect(await attempt(bytes)).toBe("the same");
      const refused = /^(proof\.(malformed|invalid)|ledger\.root-mismatch|ledger\.block-order)$/;
      // Nobody voted for the time of a block that lacks votes: another time makes another head, which its genesis does not name. The
      // number that the engine gave that block decides nothing.
      const told =
        open === 0 ? refused : /^(proof\.(malformed|invalid)|ledger\.root-mismatch|ledger\.block-order|another)$/;
      const numbered = bytes.indexOf('"last":{"block":') + '"last":{"block":'.length;
      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (where, by) => {
          fc.pre(open === 0 || where !== numbered);
          const changed = Uint8Array.from(bytes);
          changed[where] = (changed[where] as number) ^ by;
          expect(await attempt(changed)).toMatch(told);
        }),
        { numRuns: 150 },
      );
      for (const length of [0, 1, 100, bytes.length - 1])
        expect(await attempt(bytes.subarray(0, length))).toMatch(refused);
      expect(await attempt(Buffer.concat([bytes, Buffer.from('["one/more",{}]\n')]))).toBe("ledger.root-mismatch");
      expect(await attempt(Buffer.concat([bytes, Buffer.from("{}\n")]))).toBe("proof.malformed");
    },
  );

  it("without its last block is the state of the one before, and no other", async () => {
    fill(3, 1);
    await writeState(files, KEY, at("state"));
    const [first = "", ...records] = readFileSync(at("state"), "utf8").split("\n");
    const { last, ...opening } = JSON.parse(first) as { last: object };
    writeFileSync(at("cut"), [JSON.stringify(opening), ...records].join("\n"));
    const loaded = load(at("cut"));
    expect(loaded.height).toBe(2);
    expect((last as { header: { previous: string } }).header.previous).toBe(loaded.headHash);
  });
});

describe("the records of the group before", () => {
  it("are put into the home once, encrypted, and only where they are those that the genesis names", async () => {
    fill(2, 0);
    const from: Predecessor = await writeState(files, KEY, at("state"));
    const state = openStateFile(at("state"));
    const to = homeAt(folder).group("next");
    mkdirSync(to.folder, { recursive: true });
    const other = { ...from, height: 1 };
    expect(await codeOf(() => installInherited(to, KEY, other, state))).toBe("founding.other-state");
    expect(readdirSync(to.folder)).toEqual([]);
    installInherited(to, KEY, from, state);
    const before = readFileSync(to.inherited);
    expect(before.includes("topic-1")).toBe(false);
    // Again, without reading the file once more.
    installInherited(to, KEY, from, { ...state, records: [] });
    const database = openDatabase({ file: to.inherited, key: KEY });
    expect([...new GroupStore(database).leaves()]).toEqual((await own()).leaves);
    database.close();
  });

  it("come with the topic logs of the home, under the new group's key, and only once", async () => {
    const keys = createMemoryKeyStore();
    const home = homeAt(folder);
    mkdirSync(home.group("next").folder, { recursive: true });
    expect(await bringEvents(home, "quorum", "next", keys)).toBe(false);
    const old = openDatabase({ file: files.events, key: keys.dataKey("data/quorum") });
    new KeyValueStore(old, "kept").batch([{ key: "one", value: encodeUtf8("event") }]);
    expect(await codeOf(() => bringEvents(home, "quorum", "next", keys))).toBe("storage.in-use");
    old.close();
    expect(await bringEvents(home, "quorum", "next", keys)).toBe(true);
    const brought = openDatabase({ file: home.group("next").events, key: keys.dataKey("data/next") });
    expect(new KeyValueStore(brought, "kept").get("one")).toEqual(encodeUtf8("event"));
    brought.close();
    expect(await bringEvents(home, "quorum", "next", keys)).toBe(false);
    expect(readdirSync(home.group("next").folder).sort()).toEqual(["events.db", "events.db-guard"]);
  });
});
