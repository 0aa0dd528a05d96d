import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "#base";
import { bytes } from "./fixtures.suite.ts";
import { MAX_CHUNK_BYTES, SnapshotFiles } from "./index.ts";

const key = new Uint8Array(32).fill(9);
const what = { hash: bytes("hash"), metadata: bytes("metadata") };

function textOf(chunk: Uint8Array | undefined): string | undefined {
  return chunk === undefined ? undefined : Buffer.from(chunk).toString();
}

describe("files of snapshots", () => {
  let folder: string;
  let dropped: unknown[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hansa-snapshots-"));
    dropped = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const open = (options: { key?: Uint8Array; keep?: number; clock?: ManualClock } = {}) =>
    new SnapshotFiles({ folder, key, onDropped: (error) => dropped.push(error), ...options });

  const make = async (files: SnapshotFiles, height: number, chunks: readonly string[]) => {
    const draft = await files.begin({ height, format: 1 });
    for (const chunk of chunks) await draft.add(bytes(chunk));
    expect([...draft.chunks()].map(textOf)).toEqual(chunks);
    await draft.keep(what);
  };
  const damaged = (file: string) =>
    expect.objectContaining({ code: "storage.snapshot-damaged", payload: { file: join(folder, file) } });
  const kept = (height: number) => `${String(height).padStart(16, "0")}-1`;

  it("gives back what was kept, also after opening again, and only what was kept", async () => {
    let files = open();
    await make(files, 10, ["one", "", "three"]);
    const unfinished = await files.begin({ height: 11, format: 1 });
    await unfinished.add(bytes("lost"));
    for (let round = 0; round < 2; round++) {
      expect(files.list()).toEqual([{ height: 10, format: 1, chunks: 3, ...what }]);
      expect(textOf(await files.load({ height: 10, format: 1 }, 0))).toBe("one");
      expect(textOf(await files.load({ height: 10, format: 1 }, 1))).toBe("");
      expect(textOf(await files.load({ height: 10, format: 1 }, 2))).toBe("three");
      expect(await files.load({ height: 10, format: 1 }, 3)).toBeUndefined();
      expect(await files.load({ height: 10, format: 1 }, -1)).toBeUndefined();
      expect(await files.load({ height: 10, format: 2 }, 0)).toBeUndefined();
      expect(await files.load({ height: 11, format: 1 }, 0)).toBeUndefined();
      files = open();
    }
    expect(readdirSync(folder)).toEqual([kept(10)]);
    expect(dropped).toEqual([]);
  });

  it("keeps the newest ones and removes the rest from the disk", async () => {
    const files = open({ keep: 2 });
    for (const height of [10, 30, 20, 40]) await make(files, height, [`chunk ${height}`]);
    expect(files.list().map(({ height }) => height)).toEqual([40, 30]);
    expect(readdirSync(folder).sort()).toEqual([kept(30), kept(40)]);
    await expect(make(files, 40, ["again"])).rejects.toMatchObject({ code: "storage.exists" });
  });

  it("keeps what a peer was told of for a minute, and for a minute after each chunk that it fetched", async () => {
    const clock = new ManualClock(0);
    const files = open({ keep: 2, clock });
    const heights = () => files.list().map(({ height }) => height);
    for (const height of [10, 20]) await make(files, height, ["0", "1"]);
    files.lend({ height: 10, format: 1 });
    files.lend({ height: 20, format: 1 });
    for (const height of [30, 40]) await make(files, height, ["0"]);
    expect(heights()).toEqual([40, 30, 20, 10]);
    clock.advance(59_999);
    expect(textOf(await files.load({ height: 10, format: 1 }, 0))).toBe("0");
    clock.advance(1);
    await make(files, 50, ["0"]);
    expect(heights()).toEqual([50, 40, 10]);
    clock.advance(60_000);
    await make(files, 60, ["0"]);
    expect(heights()).toEqual([60, 50]);
    expect(readdirSync(folder).sort()).toEqual([kept(50), kept(60)]);
  });

  it("keeps no more than ten, whatever peers were told of", async () => {
    const files = open({ keep: 2 });
    for (let height = 1; height <= 12; height++) {
      await make(files, height, ["0"]);
      files.lend({ height, format: 1 });
    }
    expect(files.list().map(({ height }) => height)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
  });

  it("holds nothing readable on the disk, and the same chunk never twice in the same bytes", async () => {
    const files = open({ keep: 3 });
    const chunk = "a member that nobody else must know of";
    for (const height of [1, 2, 3]) await make(files, height, [chunk, chunk]);
    const seen = new Set<string>();
    for (const height of [1, 2, 3])
      for (const name of readdirSync(join(folder, kept(height)))) {
        const content = readFileSync(join(folder, kept(height), name));
        expect(content.includes("member") || content.includes("chunks")).toBe(false);
        seen.add(createHash("sha256").update(content).digest("hex"));
      }
    expect(seen.size).toBe(9);
  });

  it.each([
    ["a changed byte", (file: string) => flip(file)],
    ["a lost end", (file: string) => truncateSync(file, readFileSync(file).length - 1)],
    ["a lost file", (file: string) => rmSync(file)],
    ["another chunk in its place", (file: string) => writeFileSync(file, readFileSync(file.replace("00001", "00000")))],
    [
      "the chunk of another snapshot",
      (file: string) => writeFileSync(file, readFileSync(file.replace(kept(20), kept(10)))),
    ],
  ])("names %s when it is read, and drops that snapshot alone", async (_, harm) => {
    const files = open();
    await make(files, 10, ["old 0", "old 1"]);
    await make(files, 20, ["new 0", "new 1"]);
    const file = join(kept(20), "chunk-00001");
    harm(join(folder, file));
    await expect(files.load({ height: 20, format: 1 }, 1)).rejects.toEqual(damaged(file));
    expect(await files.load({ height: 20, format: 1 }, 0)).toBeUndefined();
    expect(files.list().map(({ height }) => height)).toEqual([10]);
    expect(readdirSync(folder)).toEqual([kept(10)]);
    expect(textOf(await files.load({ height: 10, format: 1 }, 1))).toBe("old 1");
    await make(files, 20, ["new 0", "new 1"]);
    expect(files.list()).toHaveLength(2);
  });

  it("drops what is cut, missing or of another key already when it is opened", async () => {
    const files = open({ keep: 4 });
    for (const height of [10, 20, 30, 40]) await make(files, height, ["0", "1"]);
    truncateSync(join(folder, kept(20), "chunk-00000"), 3);
    rmSync(join(folder, kept(30), "manifest"));
    flip(join(folder, kept(40), "manifest"));
    expect(
      open({ keep: 4 })
        .list()
        .map(({ height }) => height),
    ).toEqual([10]);
    expect(dropped).toEqual([
      damaged(join(kept(20), "chunk-00000")),
      damaged(join(kept(30), "manifest")),
      damaged(join(kept(40), "manifest")),
    ]);
    expect(open({ key: new Uint8Array(32).fill(1) }).list()).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("gathers a peer's chunks apart, notices damage to them, and lets them not outlive the process", async () => {
    const files = open();
    const pile = await files.receive();
    const chunks = ["first", "second", "third"];
    for (const chunk of chunks) await pile.add(bytes(chunk));
    expect(pile.size).toBe(3);
    for (let round = 0; round < 2; round++) expect([...pile.chunks()].map(textOf)).toEqual(chunks);
    const name = readdirSync(folder)[0] as string;
    flip(join(folder, name, "chunk-00001"));
    expect(() => [...pile.chunks()]).toThrow(damaged(join(name, "chunk-00001")));
    expect(files.list()).toEqual([]);
    open();
    expect(readdirSync(folder)).toEqual([]);
    const other = await files.receive();
    await other.add(bytes("x"));
    await other.discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("refuses a chunk that is too large and keeps what came before", async () => {
    const draft = await open().begin({ height: 1, format: 1 });
    await draft.add(bytes("fits"));
    await expect(draft.add(new Uint8Array(MAX_CHUNK_BYTES + 1))).rejects.toMatchObject({ code: "storage.limit" });
    expect([...draft.chunks()].map(textOf)).toEqual(["fits"]);
    for (const keep of [0, 11, 1.5])
      expect(() => open({ keep })).toThrow(expect.objectContaining({ code: "storage.misuse" }));
  });
});

function flip(file: string): void {
  const content = readFileSync(file);
  const at = content.length >> 1;
  content[at] = (content[at] as number) ^ 1;
  writeFileSync(file, content);
}
