import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
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
import { connect } from "./cipher.ts";
import { batchAt, bytes } from "./fixtures.suite.ts";
import { type Database, GroupStore, KeyValueStore, openDatabase, rekey } from "./index.ts";

const key = new Uint8Array(32).fill(1);
const otherKey = new Uint8Array(32).fill(2);
const SECRET = "plaintext-that-must-not-be-found";

let folder: string;
let file: string;
const opened: Database[] = [];

function open(path = file, with_ = key, readonly = false): Database {
  const db = openDatabase({ file: path, key: with_, readonly });
  opened.push(db);
  return db;
}

function code(name: string) {
  return expect.objectContaining({ code: name });
}

/** Commits blocks with large records until the file has some pages. */
function fill(db: Database, from: number, to: number): void {
  const store = new GroupStore(db);
  for (let height = from; height <= to; height++)
    store.commit(batchAt(height, [{ slot: height - 1, key: SECRET, value: bytes(SECRET.repeat(100)) }]));
}

/** The files as a crash at this moment leaves them. */
function crashed(name: string): string {
  const copy = join(folder, name);
  for (const end of ["", "-wal", "-guard"]) if (existsSync(file + end)) copyFileSync(file + end, copy + end);
  return copy;
}

function flip(path: string, at: number): void {
  const content = readFileSync(path);
  content[at] = (content[at] as number) ^ 1;
  writeFileSync(path, content);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hansa-database-"));
  file = join(folder, "a.db");
});

afterEach(() => {
  for (const db of opened.splice(0)) db.close();
  rmSync(folder, { recursive: true });
});

describe("keys", () => {
  it("refuses a wrong key by name, and a key of another size", () => {
    fill(open(), 1, 3);
    opened.pop()?.close();
    expect(() => open(file, otherKey)).toThrow(code("storage.wrong-key"));
    expect(() => open(file, key.subarray(1))).toThrow(code("storage.key-size"));
    expect(new GroupStore(open()).head()?.height).toBe(3);
  });

  it("keeps no plaintext in the file, the log or the guard", () => {
    const db = open();
    new KeyValueStore(db, SECRET).put(SECRET, bytes(SECRET));
    fill(db, 1, 30);
    // The log holds the commits; a second round folds them into the file.
    for (let round = 0; round < 2; round++) {
      const names = readdirSync(folder);
      expect(names.length).toBeGreaterThan(1);
      for (const name of names) {
        const content = readFileSync(join(folder, name));
        expect(content.includes(SECRET.slice(0, 12))).toBe(false);
        expect(content.includes("CREATE TABLE")).toBe(false);
        expect(content.includes(Buffer.from(key))).toBe(false);
      }
      db.close();
    }
  });

  it("keeps nothing of what was deleted or replaced, in free pages neither", () => {
    const store = new KeyValueStore(open(), "erased");
    for (let i = 0; i < 20; i++) store.put(`key ${i}`, bytes(SECRET.repeat(1 + i * 100)));
    const pages = () => {
      opened.pop()?.close();
      const connection = connect(file, key);
      try {
        // As the library sees them: decrypted.
        return connection.serialize();
      } finally {
        connection.close();
      }
    };
    expect(pages().includes(SECRET)).toBe(true);
    const again = new KeyValueStore(open(), "erased");
    for (let i = 0; i < 20; i++) {
      if (i % 2 === 0) again.delete(`key ${i}`);
      else again.put(`key ${i}`, bytes("other"));
    }
    // The cipher's library has `secure_delete` on wherever a key is set; SQLite alone has not.
    expect(pages().includes(SECRET)).toBe(false);
  });

  it("changes the key: the old one is refused, the new one reads all", () => {
    const db = open();
    fill(db, 1, 20);
    rekey(db, otherKey);
    new KeyValueStore(db, "after").put("a", bytes("b"));
    db.close();
    expect(() => open(file, key)).toThrow(code("storage.wrong-key"));
    const again = open(file, otherKey);
    again.check();
    expect(new GroupStore(again).head()?.height).toBe(20);
    expect(new KeyValueStore(again, "after").get("a")).toEqual(bytes("b"));
  });

  it("says nothing of the key in its errors", () => {
    fill(open(), 1, 1);
    opened.pop()?.close();
    const secret = new Uint8Array(32).fill(0xab);
    try {
      open(file, secret);
      expect.unreachable();
    } catch (error) {
      expect(JSON.stringify(error)).not.toMatch(/abab|171,171/);
    }
  });
});

describe("damage", () => {
  it("names a damaged page, wherever it is, instead of reading it", () => {
    const db = open();
    fill(db, 1, 40);
    db.close();
    const pages = statSync(file).size / 4096;
    expect(pages).toBeGreaterThan(40);
    let refused = 0;
    for (let page = 0; page < pages; page++) {
      const copy = crashed(`page-${page}.db`);
      flip(copy, page * 4096 + 2000);
      try {
        const damaged = openDatabase({ file: copy, key });
        try {
          damaged.check();
        } finally {
          damaged.close();
        }
      } catch (error) {
        expect(error).toEqual(code("storage.corrupt"));
        refused++;
      }
    }
    expect(refused).toBe(pages);
  });

  it("refuses a file that lost its end, all of it, or its place", () => {
    fill(open(), 1, 40);
    opened.pop()?.close();
    const size = statSync(file).size;
    for (const left of [size - 1, size - 4096, 4096, 100, 0]) {
      const copy = crashed(`cut-${left}.db`);
      truncateSync(copy, left);
      expect(() => open(copy)).toThrow(code("storage.corrupt"));
    }
    const gone = crashed("gone.db");
    rmSync(gone);
    expect(() => open(gone)).toThrow(code("storage.corrupt"));
  });

  it("refuses a write-ahead log that was cut, damaged or removed, and leaves it for inspection", () => {
    fill(open(), 1, 40);
    const size = statSync(`${file}-wal`).size;
    const harms: Record<string, (wal: string) => void> = {
      removed: (wal) => rmSync(wal),
      emptied: (wal) => truncateSync(wal, 0),
      halved: (wal) => truncateSync(wal, size >> 1),
      "without its last byte": (wal) => truncateSync(wal, size - 1),
      "damaged in its head": (wal) => flip(wal, 20),
      "damaged in the middle": (wal) => flip(wal, size >> 1),
      "damaged at its end": (wal) => flip(wal, size - 100),
    };
    for (const [name, harm] of Object.entries(harms)) {
      const copy = crashed(`wal ${name}.db`);
      const wal = `${copy}-wal`;
      harm(wal);
      const before = existsSync(wal) ? readFileSync(wal) : undefined;
      expect(() => open(copy), name).toThrow(code("storage.wal-truncated"));
      if (before !== undefined && before.length > 0) expect(readFileSync(wal).equals(before), name).toBe(true);
    }
  });

  it("takes a log with an unfinished tail for what it is", () => {
    fill(open(), 1, 10);
    const copy = crashed("tail.db");
    appendFileSync(`${copy}-wal`, new Uint8Array(5000).fill(9));
    expect(new GroupStore(open(copy)).head()?.height).toBe(10);
  });

  it("refuses an older state of the file under the newer guard", () => {
    const db = open();
    fill(db, 1, 10);
    const older = crashed("older.db");
    fill(db, 11, 12);
    copyFileSync(`${file}-guard`, `${older}-guard`);
    expect(() => open(older)).toThrow(code("storage.wal-truncated"));
  });

  it("goes by the other slot where one of the guard is torn, and refuses where both are", () => {
    fill(open(), 1, 10);
    for (const at of [40, 90]) {
      const copy = crashed(`torn-${at}.db`);
      flip(`${copy}-guard`, at);
      expect(new GroupStore(open(copy)).head()?.height).toBe(10);
    }
    const copy = crashed("both.db");
    flip(`${copy}-guard`, 40);
    flip(`${copy}-guard`, 90);
    expect(() => open(copy)).toThrow(code("storage.guard-missing"));
    rmSync(`${copy}-guard`);
    expect(() => open(copy)).toThrow(code("storage.guard-missing"));
  });
});

describe("one owner", () => {
  it("refuses a second one, here and in another process, reading or not", () => {
    const db = open();
    fill(db, 1, 2);
    expect(() => open()).toThrow(code("storage.in-use"));
    expect(() => open(file, key, true)).toThrow(code("storage.in-use"));
    const script = `
      const { openDatabase } = await import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)});
      try { openDatabase({ file: ${JSON.stringify(file)}, key: new Uint8Array(32).fill(1) }); console.log("open"); }
      catch (error) { console.log(error.code); }`;
    const answer = execFileSync(
      process.execPath,
      ["--import", "tsx", "--conditions=development", "--input-type=module", "-e", script],
      { cwd: new URL("../..", import.meta.url), encoding: "utf8" },
    );
    expect(answer.trim()).toBe("storage.in-use");
    fill(db, 3, 3);
  });

  it("reads without changing anything where asked to", () => {
    expect(() => open(file, key, true)).toThrow(code("storage.not-found"));
    fill(open(), 1, 5);
    opened.pop()?.close();
    const store = new GroupStore(open(file, key, true));
    expect(store.head()?.height).toBe(5);
    expect(() => store.setMeta("a", bytes("b"))).toThrow(code("storage.readonly"));
  });

  it("refuses calls after it was closed", () => {
    const db = open();
    const store = new KeyValueStore(db, "s");
    db.close();
    expect(() => store.get("a")).toThrow(code("storage.closed"));
    expect(() => store.put("a", bytes("b"))).toThrow(code("storage.closed"));
  });

  it("refuses a file of a newer schema", () => {
    const db = open();
    db.prepare("PRAGMA user_version = 99").run();
    db.close();
    expect(() => open()).toThrow(code("storage.newer-schema"));
  });
});

const canMount = (() => {
  const probe = mkdtempSync(join(tmpdir(), "hansa-mount-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", probe], { stdio: "ignore" });
    execFileSync("umount", [probe], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true });
  }
})();

describe("a full disk", () => {
  function fillUntilFull(db: Database): number {
    let height = 0;
    expect(() => {
      for (;;) {
        fill(db, height + 1, height + 1);
        height++;
      }
    }).toThrow(code("storage.disk-full"));
    expect(height).toBeGreaterThan(3);
    return height;
  }

  it("is named, keeps what was acknowledged and goes on when there is room", () => {
    const db = open();
    db.prepare("PRAGMA max_page_count = 100").get();
    const height = fillUntilFull(db);
    expect(new GroupStore(db).head()?.height).toBe(height);
    db.prepare("PRAGMA max_page_count = 1000000").get();
    fill(db, height + 1, height + 2);
    db.check();
  });

  it.runIf(canMount)("is survived on a real file system, through a crash and a fresh start", () => {
    const mounted = join(folder, "small");
    mkdirSync(mounted);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", mounted]);
    try {
      file = join(mounted, "a.db");
      const ballast = join(mounted, "ballast");
      writeFileSync(ballast, new Uint8Array(400_000));
      const height = fillUntilFull(open());
      const name = crashed("from-full-disk.db");
      expect(new GroupStore(open(name)).head()?.height).toBe(height);
      rmSync(ballast);
      const db = opened[0] as Database;
      fill(db, height + 1, height + 1);
      expect(new GroupStore(db).head()?.height).toBe(height + 1);
    } finally {
      for (const db of opened.splice(0)) db.close();
      execFileSync("umount", [mounted]);
    }
  });
});
