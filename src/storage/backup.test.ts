import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { batchAt, bytes } from "./fixtures.suite.ts";
import { backup, type Database, GroupStore, openDatabase, restore } from "./index.ts";

const key = new Uint8Array(32).fill(1);
const otherKey = new Uint8Array(32).fill(2);
const SECRET = "plaintext-that-must-not-be-found";

let folder: string;
let db: Database;
let store: GroupStore;

function commit(height: number): void {
  store.commit(batchAt(height, [{ slot: height - 1, key: SECRET, value: bytes(`${SECRET} ${height}`.repeat(200)) }]));
}

function code(name: string) {
  return expect.objectContaining({ code: name });
}

const at = (name: string) => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hansa-backup-"));
  db = openDatabase({ file: at("live.db"), key });
  store = new GroupStore(db);
  for (let height = 1; height <= 20; height++) commit(height);
});

afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

async function heightOf(name: string, with_ = key): Promise<number | undefined> {
  await restore(at(name), with_, at(`${name}.restored`));
  const restored = openDatabase({ file: at(`${name}.restored`), key: with_ });
  try {
    restored.check();
    const found = new GroupStore(restored);
    const height = found.head()?.height ?? 0;
    for (let slot = 0; slot < height; slot++)
      expect(found.read(slot)).toEqual(bytes(`${SECRET} ${slot + 1}`.repeat(200)));
    return height;
  } finally {
    restored.close();
  }
}

describe("backup", () => {
  it("is one encrypted file that restores to what was committed", async () => {
    await backup(db, at("copy.db"));
    expect(readdirSync(folder).filter((name) => name.startsWith("copy"))).toEqual(["copy.db"]);
    expect(readFileSync(at("copy.db")).includes(SECRET.slice(0, 12))).toBe(false);
    expect(statSync(at("copy.db")).mode & 0o777).toBe(0o600);
    expect(await heightOf("copy.db")).toBe(20);
  });

  it("goes on beside commits and holds all that were acknowledged before", async () => {
    const running = backup(db, at("copy.db"));
    let height = 20;
    let done = false;
    void running.finally(() => {
      done = true;
    });
    while (!done) {
      commit(++height);
      await new Promise((next) => setImmediate(next));
    }
    await running;
    expect(height).toBeGreaterThan(21);
    expect(await heightOf("copy.db")).toBe(20);
    await backup(db, at("later.db"));
    expect(await heightOf("later.db")).toBe(height);
    expect(store.head()?.height).toBe(height);
  });

  it("can have a key of its own", async () => {
    await backup(db, at("copy.db"), { key: otherKey });
    await expect(restore(at("copy.db"), key, at("new.db"))).rejects.toThrow(code("storage.wrong-key"));
    expect(await heightOf("copy.db", otherKey)).toBe(20);
    commit(21);
  });

  it("overwrites nothing, runs once at a time, and leaves no file where it fails", async () => {
    writeFileSync(at("there.db"), "mine");
    await expect(backup(db, at("there.db"))).rejects.toThrow(code("storage.exists"));
    expect(readFileSync(at("there.db"), "utf8")).toBe("mine");
    const first = backup(db, at("first.db"));
    await expect(backup(db, at("second.db"))).rejects.toThrow(code("storage.misuse"));
    await first;
    const cut = backup(db, at("cut.db"));
    db.close();
    await expect(cut).rejects.toThrow(code("storage.closed"));
    expect(readdirSync(folder).sort()).toEqual(["first.db", "live.db", "live.db-guard", "there.db"]);
  });

  it("refuses to vouch for a damaged database", async () => {
    db.close();
    const content = readFileSync(at("live.db"));
    content[4096 * 12 + 99] = (content[4096 * 12 + 99] as number) ^ 1;
    writeFileSync(at("live.db"), content);
    db = openDatabase({ file: at("live.db"), key });
    await expect(backup(db, at("copy.db"))).rejects.toThrow(code("storage.corrupt"));
    expect(existsSync(at("copy.db"))).toBe(false);
  });
});

describe("restore", () => {
  it("goes on from where the backup stood", async () => {
    await backup(db, at("copy.db"));
    await restore(at("copy.db"), key, at("new.db"));
    db.close();
    db = openDatabase({ file: at("new.db"), key });
    store = new GroupStore(db);
    commit(21);
    db.close();
    db = openDatabase({ file: at("new.db"), key });
    expect(new GroupStore(db).head()?.height).toBe(21);
  });

  it("overwrites no database, and takes no live one for a backup", async () => {
    await backup(db, at("copy.db"));
    await expect(restore(at("copy.db"), key, at("live.db"))).rejects.toThrow(code("storage.exists"));
    await expect(restore(at("live.db"), key, at("new.db"))).rejects.toThrow(code("storage.not-a-backup"));
    await expect(restore(at("none.db"), key, at("new.db"))).rejects.toThrow(code("storage.not-found"));
    commit(21);
  });

  it("refuses a damaged, cut or foreign file and leaves nothing behind", async () => {
    await backup(db, at("copy.db"));
    const size = statSync(at("copy.db")).size;
    for (const [name, harm] of Object.entries({
      cut: () => truncateSync(at("cut"), size - 4096),
      odd: () => truncateSync(at("odd"), size - 10),
      empty: () => truncateSync(at("empty"), 0),
      foreign: () => writeFileSync(at("foreign"), "not a database at all, but long enough"),
      flipped: () => {
        const content = readFileSync(at("flipped"));
        content[size - 77] = (content[size - 77] as number) ^ 1;
        writeFileSync(at("flipped"), content);
      },
    })) {
      copyFileSync(at("copy.db"), at(name));
      harm();
      await expect(restore(at(name), key, at("new.db")), name).rejects.toThrow(code("storage.corrupt"));
    }
    expect(readdirSync(folder).filter((name) => name.startsWith("new"))).toEqual([]);
  });

  it("takes the place of a lost database whose guard is still there", async () => {
    await backup(db, at("copy.db"));
    commit(21);
    db.close();
    rmSync(at("live.db"));
    expect(() => openDatabase({ file: at("live.db"), key })).toThrow(code("storage.corrupt"));
    await restore(at("copy.db"), key, at("live.db"));
    db = openDatabase({ file: at("live.db"), key });
    expect(new GroupStore(db).head()?.height).toBe(20);
  });
});
