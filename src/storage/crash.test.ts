import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { recordsAt } from "./crash-writer.suite.ts";
import { batchAt, blockAt, bytes } from "./fixtures.suite.ts";
import { GroupStore, KeyValueStore, openDatabase } from "./index.ts";

const KILLS = 10;
const key = new Uint8Array(32).fill(5);

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hansa-crash-"));
  file = join(folder, "a.db");
});

afterEach(() => rmSync(folder, { recursive: true }));

function start(...keys: Uint8Array[]): ChildProcess {
  const writer = new URL("./crash-writer.suite.ts", import.meta.url).pathname;
  return spawn(process.execPath, ["--import", "tsx", "--conditions=development", writer], {
    cwd: new URL("../..", import.meta.url),
    env: {
      ...process.env,
      HANSA_CRASH_FILE: file,
      HANSA_CRASH_KEYS: keys.map((each) => Buffer.from(each).toString("hex")).join(","),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Kills the writer after so many acknowledgements, wherever it then is. Gives the last one. */
async function killAfter(acks: number, ...keys: Uint8Array[]): Promise<number> {
  const child = start(...keys);
  let text = "";
  let killed = false;
  child.stdout?.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    if (!killed && text.split("\n").length > acks) {
      killed = true;
      child.kill("SIGKILL");
    }
  });
  const [, signal] = await once(child, "close");
  expect(signal).toBe("SIGKILL");
  // A line that the kill cut short was not acknowledged.
  return Number(text.slice(0, text.lastIndexOf("\n")).split("\n").at(-1));
}

describe("a killed process", () => {
  it("loses nothing that it acknowledged, however often", async () => {
    let checked = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const acknowledged = await killAfter(1 + Math.floor(Math.random() * 150), key);
      const db = openDatabase({ file, key });
      try {
        const store = new GroupStore(db);
        const height = store.head()?.height ?? 0;
        expect(height).toBeGreaterThanOrEqual(acknowledged);
        // At most one block was durable and not yet acknowledged.
        expect(height).toBeLessThanOrEqual(acknowledged + 1);
        expect(new KeyValueStore(db, "marks").get(`mark ${acknowledged % 8}`)).toEqual(bytes(`${acknowledged}`));
        for (; checked < height; checked++) {
          expect(store.block(checked + 1)).toEqual(blockAt(checked + 1));
          for (const { slot, value } of recordsAt(checked + 1)) expect(store.readAt(slot, checked + 1)).toEqual(value);
        }
        const current = new Map<number, Uint8Array>();
        for (let h = 1; h <= height; h++) for (const { slot, value } of recordsAt(h)) current.set(slot, value);
        expect([...store.leaves()].map(({ value }) => value)).toEqual(
          [...current].sort(([a], [b]) => a - b).map(([, value]) => value),
        );
        db.check();
      } finally {
        db.close();
      }
    }
  });

  it("leaves the old key or the new one while it changes keys, and all of the data", async () => {
    const keys = [key, new Uint8Array(32).fill(6)] as const;
    const filled = openDatabase({ file, key });
    const blocks = 60;
    const store = new GroupStore(filled);
    for (let height = 1; height <= blocks; height++) store.commit(batchAt(height, recordsAt(height)));
    filled.close();
    let current = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      await killAfter(1 + Math.floor(Math.random() * 20), keys[current] as Uint8Array, keys[1 - current] as Uint8Array);
      const open = [0, 1].filter((i) => {
        try {
          const db = openDatabase({ file, key: keys[i] as Uint8Array });
          db.check();
          expect(new GroupStore(db).head()?.height).toBe(blocks);
          db.close();
          return true;
        } catch (error) {
          expect(error).toEqual(expect.objectContaining({ code: "storage.wrong-key" }));
          return false;
        }
      });
      expect(open.length).toBe(1);
      current = open[0] as number;
    }
  });
});
