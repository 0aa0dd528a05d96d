import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Database, type FactBlock, FactIndex, openDatabase, type Place } from "./index.ts";

const key = new Uint8Array(32).fill(7);
const subjects = Array.from({ length: 40 }, (_, i) => `did:hansa:test:${i}`);

/** The same, plainly: every place of every subject in order. */
function placesOf(blocks: readonly FactBlock[], subject: string): Place[] {
  return blocks.flatMap(({ height, facts }) =>
    facts.filter(({ about }) => about.includes(subject)).map(({ index }) => ({ height, index })),
  );
}

describe("FactIndex", () => {
  let folder: string;
  let db: Database;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hansa-facts-"));
    db = openDatabase({ file: join(folder, "a.db"), key });
  });
  afterEach(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });
  const reopen = () => {
    db.close();
    db = openDatabase({ file: join(folder, "a.db"), key });
    return new FactIndex(db);
  };

  it("finds every place of every subject in order, also after opening again", () => {
    const about = fc.uniqueArray(fc.constantFrom(...subjects), { maxLength: 3 });
    const history = fc.array(fc.array(fc.array(about, { maxLength: 5 }), { minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(history, fc.nat(3), (batches, gap) => {
        let index = new FactIndex(db);
        index.clear();
        const blocks: FactBlock[] = [];
        for (const batch of batches) {
          const added = batch.map((facts, i) => ({
            height: 5 + blocks.length + i + gap * (blocks.length > 0 ? 1 : 0),
            facts: facts.map((about, index) => ({ index, about })),
          }));
          index.append(added, `mark ${added.at(-1)?.height}`);
          blocks.push(...added);
        }
        for (let round = 0; round < 2; round++) {
          expect(index.height).toBe(blocks.at(-1)?.height);
          expect(index.mark).toBe(`mark ${index.height}`);
          for (const subject of subjects)
            expect(index.find(subject, { limit: 1000 })).toEqual(placesOf(blocks, subject));
          index = reopen();
        }
      }),
      { numRuns: 30 },
    );
  });

  it("keeps everything while generations are sealed and written, across kills at any append", () => {
    let index = new FactIndex(db);
    const blocks: FactBlock[] = [];
    // 100,000 places a block: the third seals a generation, and the next ones write it.
    for (let height = 0; height < 14; height++) {
      const facts = Array.from({ length: 50_000 }, (_, i) => ({
        index: i,
        about: [`filler ${height} ${i}`, i % 5000 === height ? (subjects[height % 4] as string) : `other ${i}`],
      }));
      blocks.push({ height, facts });
      index.append([{ height, facts }], "");
      if (height % 3 === 2) index = reopen();
    }
    for (const subject of subjects.slice(0, 4)) {
      const all = placesOf(blocks, subject);
      expect(all.length).toBeGreaterThan(20);
      expect(index.find(subject, { limit: 1000 })).toEqual(all);
      expect(index.find(subject, { limit: 7, newest: true })).toEqual(all.toReversed().slice(0, 7));
      const paged: Place[] = [];
      for (;;) {
        const page = index.find(subject, { after: paged.at(-1), limit: 6 });
        if (page.length === 0) break;
        paged.push(...page);
      }
      expect(paged).toEqual(all);
      expect(index.find(subject, { after: all[9], limit: 1000, newest: true })).toEqual(all.slice(0, 9).toReversed());
    }
    expect(index.find("nobody", { limit: 10 })).toEqual([]);
  });

  it("refuses what is out of order, and keeps nothing of it", () => {
    const index = new FactIndex(db);
    const block = (height: number) => ({ height, facts: [{ index: 0, about: ["a"] }] });
    index.append([block(3)], "three");
    const refused = expect.objectContaining({ code: "storage.out-of-order" });
    expect(() => index.append([block(3)], "x")).toThrow(refused);
    expect(() => index.append([block(5), block(4)], "x")).toThrow(refused);
    expect(() => db.transaction(() => index.append([block(4)], "x"))).toThrow(
      expect.objectContaining({ code: "storage.misuse" }),
    );
    expect(index.find("a", { limit: 9 })).toEqual([{ height: 3, index: 0 }]);
    expect(index.mark).toBe("three");
  });

  it("keeps nothing of an append that could not be committed", () => {
    const index = new FactIndex(db);
    index.append([{ height: 1, facts: [{ index: 0, about: ["a"] }] }], "one");
    db.close();
    expect(() => index.append([{ height: 2, facts: [{ index: 0, about: ["a"] }] }], "two")).toThrow(
      expect.objectContaining({ code: "storage.closed" }),
    );
    expect(index.height).toBe(1);
    expect(index.find("a", { limit: 9 })).toEqual([{ height: 1, index: 0 }]);
  });

  it("forgets everything when told to, and begins anew at any height", () => {
    const index = new FactIndex(db);
    index.append([{ height: 9, facts: [{ index: 0, about: ["a"] }] }], "nine");
    index.clear();
    expect(index.height).toBe(-1);
    expect(index.find("a", { limit: 9 })).toEqual([]);
    index.append([{ height: 2, facts: [{ index: 1, about: ["a"] }] }], "two");
    expect(reopen().find("a", { limit: 9 })).toEqual([{ height: 2, index: 1 }]);
  });
});
