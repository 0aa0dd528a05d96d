/** What every store of this room must do, whatever it is kept in. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { batchAt, blockAt, bytes, hashOf, idOf } from "./fixtures.suite.ts";
import type { GroupStore } from "./group-store.ts";
import type { KeyValueStore } from "./key-value-store.ts";
import type { LogStore } from "./log-store.ts";

/** A store under test: `reopen` closes it and opens the same data again. */
export interface Harness<Store> {
  store(): Store;
  reopen(): Store;
  dispose(): void;
}

function use<Store>(make: () => Harness<Store>): { current: () => Harness<Store> } {
  let harness: Harness<Store>;
  beforeEach(() => {
    harness = make();
  });
  afterEach(() => harness.dispose());
  return { current: () => harness };
}

const changes = fc.array(
  fc.array(fc.record({ pick: fc.nat(20), value: fc.option(fc.uint8Array({ maxLength: 6000 }), { nil: null }) }), {
    maxLength: 12,
  }),
  { minLength: 1, maxLength: 12 },
);

export function describeGroupStore(make: () => Harness<GroupStore>): void {
  describe("group store", () => {
    const { current } = use(make);

    it("is empty at first", () => {
      const store = current().store();
      expect(store.head()).toBeUndefined();
      expect(store.lowestHeight()).toBeUndefined();
      expect(store.slotCount()).toBe(0);
      expect([...store.leaves()]).toEqual([]);
      expect([...store.transactionsSince(0)]).toEqual([]);
      expect(store.read(0)).toBeUndefined();
      expect(store.block(0)).toBeUndefined();
    });

    it("gives back what was committed, also after opening again", () => {
      let store = current().store();
      store.setMeta("genesis", bytes("g"));
      store.commit(batchAt(1, [{ slot: 0, key: "a", value: bytes("1") }]));
      store.commit(
        batchAt(2, [
          { slot: 0, key: "a", value: null },
          { slot: 1, key: "b", value: bytes("") },
        ]),
      );
      store.setCertificate(2, bytes("later"));
      for (let round = 0; round < 2; round++) {
        expect(store.meta("genesis")).toEqual(bytes("g"));
        expect(store.meta("other")).toBeUndefined();
        expect(store.head()).toEqual({
          height: 2,
          time: 20,
          header: bytes("header 2"),
          certificate: bytes("later"),
        });
        expect(store.block(1)).toEqual(blockAt(1));
        expect([...store.blocks(1, 10)]).toEqual([blockAt(1), { ...blockAt(2), certificate: bytes("later") }]);
        expect([...store.blocks(1, 1)]).toEqual([blockAt(1)]);
        expect([...store.leaves()]).toEqual([
          { slot: 0, key: "a", value: null },
          { slot: 1, key: "b", value: bytes("") },
        ]);
        expect(store.readAt(0, 1)).toEqual(bytes("1"));
        expect(store.readAt(0, 2)).toBeNull();
        expect(store.readAt(1, 1)).toBeUndefined();
        expect(store.findTransaction(idOf(1001, "1/1"))).toEqual({ height: 1, index: 1 });
        expect(store.findTransaction(idOf(1001, "9/1"))).toBeUndefined();
        expect([...store.transactionsSince(11)].map(({ height, index }) => [height, index])).toEqual([
          [2, 0],
          [2, 1],
        ]);
        store = current().reopen();
      }
    });

    it("refuses what is out of order and keeps nothing of it", () => {
      const store = current().store();
      store.commit(batchAt(1, [{ slot: 0, key: "a", value: bytes("1") }]));
      const refused = expect.objectContaining({ code: "storage.out-of-order" });
      expect(() => store.commit(batchAt(3, []))).toThrow(refused);
      expect(() => store.commit(batchAt(1, []))).toThrow(refused);
      expect(() => store.commit({ ...batchAt(2, []), block: { ...blockAt(2), time: 9 } })).toThrow(refused);
      const gap = [
        { slot: 0, key: "a", value: bytes("lost") },
        { slot: 1, key: "b", value: bytes("lost") },
        { slot: 3, key: "c", value: bytes("lost") },
      ];
      expect(() => store.commit(batchAt(2, gap))).toThrow(refused);
      expect(() => store.commit(batchAt(2, gap.slice(0, 2).reverse()))).toThrow(refused);
      expect(store.slotCount()).toBe(1);
      expect(store.read(0)).toEqual(bytes("1"));
      expect(store.head()?.height).toBe(1);
      store.commit(batchAt(2, [{ slot: 1, key: "d", value: bytes("2") }]));
      expect([...current().reopen().leaves()].map(({ key }) => key)).toEqual(["a", "d"]);
    });

    it("finds every transaction among many, in memory and in sorted runs", () => {
      let store = current().store();
      const blocks = 45;
      const each = 1000;
      const id = (height: number, index: number) => idOf(5000 + ((height * 7 + index) % 60), `${height}/${index}`);
      for (let height = 1; height <= blocks; height++) {
        const ids = Array.from({ length: each }, (_, index) => ({ id: id(height, index), index }));
        store.commit({ block: blockAt(height, 0), records: [], ids });
      }
      for (let round = 0; round < 2; round++) {
        for (let height = 1; height <= blocks; height++)
          for (const index of [0, 1, 499, each - 1])
            expect(store.findTransaction(id(height, index))).toEqual({ height, index });
        expect(store.findTransaction(idOf(5000, "none"))).toBeUndefined();
        expect([...store.transactionsSince(0)].length).toBe(blocks * each);
        store = current().reopen();
      }
    });

    it("reads every slot at every height as a simple model does", () => {
      fc.assert(
        fc.property(changes, (blocks) => {
          const harness = make();
          try {
            let store = harness.store();
            const history: Map<number, Uint8Array | null>[] = [new Map()];
            let slots = 0;
            for (const [i, block] of blocks.entries()) {
              const changed = new Map<number, Uint8Array | null>();
              for (const { pick, value } of block) {
                // A deleted slot may come back; a pick beyond the end makes the next slot.
                const slot = pick < slots ? pick : slots++;
                changed.set(slot, value);
              }
              const records = [...changed].sort(([a], [b]) => a - b);
              store.commit(
                batchAt(
                  i + 1,
                  records.map(([slot, value]) => ({ slot, key: `key ${slot}`, value })),
                ),
              );
              history.push(new Map([...(history[i] ?? []), ...changed]));
              if (i % 5 === 4) store = harness.reopen();
            }
            const last = history[blocks.length] as Map<number, Uint8Array | null>;
            for (let height = 0; height <= blocks.length; height++)
              for (let slot = 0; slot <= slots; slot++)
                expect(store.readAt(slot, height)).toEqual(history[height]?.get(slot));
            for (let slot = 0; slot < slots; slot++) {
              expect(store.read(slot)).toEqual(last.get(slot));
              for (const { height, value } of store.versions(slot)) expect(history[height]?.get(slot)).toEqual(value);
            }
            expect([...store.leaves()]).toEqual(
              Array.from({ length: slots }, (_, slot) => ({ slot, key: `key ${slot}`, value: last.get(slot) })),
            );
          } finally {
            harness.dispose();
          }
        }),
        { numRuns: 25 },
      );
    });

    it("keeps pointers right while sweeps over many slots are under way", () => {
      let store = current().store();
      const model = new Map<number, string>();
      const slots = 30_000;
      const all = (function* () {
        for (let slot = 0; slot < slots; slot++) {
          model.set(slot, `first ${slot}`);
          yield { slot, key: `k${slot}`, value: bytes(`first ${slot}`) };
        }
      })();
      store.restoreSnapshot(all, blockAt(7));
      for (let height = 8; height < 48; height++) {
        // A stride prime to the number of slots touches nearly every page of pointers in each block.
        const touched = Array.from({ length: 50 }, (_, i) => (height * 7919 + i * 601) % slots).sort((a, b) => a - b);
        const records = [...new Set(touched)].map((slot) => ({ slot, key: "", value: bytes(`${height} ${slot}`) }));
        for (const { slot } of records) model.set(slot, `${height} ${slot}`);
        store.commit(batchAt(height, records));
        if (height % 9 === 0) store = current().reopen();
      }
      store = current().reopen();
      let seen = 0;
      for (const { slot, key, value } of store.leaves()) {
        if (key !== `k${slot}` || Buffer.from(value ?? []).toString() !== model.get(slot))
          expect.fail(`slot ${slot} differs`);
        seen++;
      }
      expect(seen).toBe(slots);
    });

    it("begins with a snapshot, and takes one only while empty", () => {
      const store = current().store();
      const records = [
        { slot: 0, key: "a", value: bytes("1") },
        { slot: 1, key: "b", value: null },
      ];
      const holed = [{ slot: 1, key: "b", value: null }];
      expect(() => store.restoreSnapshot(holed, blockAt(5))).toThrow(
        expect.objectContaining({ code: "storage.out-of-order" }),
      );
      store.restoreSnapshot(records, blockAt(5));
      const again = current().reopen();
      expect([...again.leaves()]).toEqual(records);
      expect(again.lowestHeight()).toBe(5);
      expect(again.readAt(0, 5)).toEqual(bytes("1"));
      expect(again.readAt(0, 4)).toBeUndefined();
      again.commit(batchAt(6, [{ slot: 2, key: "c", value: bytes("3") }]));
      expect(again.slotCount()).toBe(3);
      expect(() => again.restoreSnapshot(records, blockAt(5))).toThrow(
        expect.objectContaining({ code: "storage.not-empty" }),
      );
    });
  });
}

export function describeLogStore(make: () => Harness<LogStore>): void {
  describe("log store", () => {
    const { current } = use(make);
    const entry = (name: string, time: number) => ({ time, body: bytes(name), hash: hashOf(name) });

    it("numbers the entries of each log from 0 and gives them back", () => {
      const logs = current().store();
      logs.append([
        { log: "a", entries: [entry("a0", 5), entry("a1", 6)], nodes: [{ level: 1, index: 0, hash: hashOf("n") }] },
        { log: "b", entries: [entry("b0", 7)], nodes: [] },
      ]);
      logs.append([{ log: "a", entries: [entry("a2", 8)], nodes: [] }]);
      const again = current().reopen();
      expect(again.logs()).toEqual(["a", "b"]);
      expect([again.size("a"), again.size("b"), again.size("c")]).toEqual([3, 1, 0]);
      expect(again.read("a", 1, 10)).toEqual([
        { offset: 1, ...entry("a1", 6) },
        { offset: 2, ...entry("a2", 8) },
      ]);
      expect(again.read("a", 0, 1)).toEqual([{ offset: 0, ...entry("a0", 5) }]);
      expect(again.hashes("a", 1, 9)).toEqual([hashOf("a1"), hashOf("a2")]);
      expect(again.node("a", 1, 0)).toEqual(hashOf("n"));
      expect(again.node("b", 1, 0)).toBeUndefined();
    });

    it("finds the first entry at or after a time, though times go back", () => {
      fc.assert(
        fc.property(fc.array(fc.nat(50), { maxLength: 40 }), fc.nat(55), (times, sought) => {
          const logs = current().store();
          const log = `log ${logs.logs().length}`;
          logs.append([{ log, entries: times.map((time, i) => entry(`${i}`, time)), nodes: [] }]);
          const first = times.findIndex((time) => time >= sought);
          expect(logs.offsetAtTime(log, sought)).toBe(first < 0 ? times.length : first);
        }),
        { numRuns: 50 },
      );
    });

    it("prunes bodies and keeps hashes", () => {
      const logs = current().store();
      logs.append([{ log: "a", entries: ["0", "1", "2"].map((name) => entry(name, 1)), nodes: [] }]);
      expect(logs.prune("a", 2)).toBe(2);
      expect(logs.prune("a", 2)).toBe(0);
      expect(logs.read("a", 0, 10)).toEqual([{ offset: 2, ...entry("2", 1) }]);
      expect(logs.kept("a")).toBe(2);
      expect(logs.hashes("a", 0, 3)).toEqual([hashOf("0"), hashOf("1"), hashOf("2")]);
      expect(logs.prune("a", 99)).toBe(1);
      logs.append([{ log: "a", entries: [entry("3", 1)], nodes: [] }]);
      expect(logs.read("a", 0, 10).map(({ offset }) => offset)).toEqual([3]);
    });

    it("keeps nothing of an append whose companion fails", () => {
      const logs = current().store();
      expect(() =>
        logs.append([{ log: "a", entries: [entry("0", 1)], nodes: [] }], () => {
          throw new Error("no");
        }),
      ).toThrow("no");
      expect(() =>
        logs.append([{ log: "a", entries: [entry("0", 1), { ...entry("1", 1), hash: bytes("short") }], nodes: [] }]),
      ).toThrow(expect.objectContaining({ code: "storage.limit" }));
      expect(logs.size("a")).toBe(0);
      expect(logs.logs()).toEqual([]);
    });
  });
}

export function describeKeyValueStore(make: () => Harness<(namespace: string) => KeyValueStore>): void {
  describe("key value store", () => {
    const { current } = use(make);

    it("agrees with a map under random changes and prefixes", () => {
      const key = fc.string({ unit: fc.constantFrom("a", "b", "\0", "é", "\u{10ffff}"), maxLength: 4 });
      const change = fc.record({ key, value: fc.option(fc.uint8Array({ maxLength: 40 }), { nil: null }) });
      fc.assert(
        fc.property(fc.array(change, { maxLength: 40 }), key, key, fc.nat(5), (list, prefix, after, limit) => {
          const harness = make();
          try {
            const store = harness.store()("space");
            const model = new Map<string, Uint8Array>();
            store.batch(list);
            for (const { key, value } of list) value === null ? model.delete(key) : model.set(key, value);
            const sorted = [...model]
              .filter(([key]) => key.startsWith(prefix))
              .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
              .map(([key, value]) => ({ key, value }));
            expect(store.list(prefix)).toEqual(sorted);
            expect(store.count(prefix)).toBe(sorted.length);
            const later = sorted.filter(({ key }) => Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0);
            expect(store.list(prefix, { after, limit })).toEqual(later.slice(0, limit));
            for (const { key } of list) expect(store.get(key)).toEqual(model.get(key));
          } finally {
            harness.dispose();
          }
        }),
        { numRuns: 40 },
      );
    });

    it("keeps namespaces apart, also where one begins with another", () => {
      const open = current().store();
      open("a").put("b", bytes("1"));
      open("a\u0001").put("b", bytes("2"));
      open("ab").put("", bytes("3"));
      expect(open("a").list("")).toEqual([{ key: "b", value: bytes("1") }]);
      expect(open("ab").get("")).toEqual(bytes("3"));
      open("a").delete("b");
      expect(current().reopen()("a").count("")).toBe(0);
    });

    it("undoes a whole transaction, joined parts and swallowed failures too", () => {
      const store = current().store()("s");
      store.put("a", bytes("1"));
      expect(() =>
        store.transaction(() => {
          store.put("a", bytes("2"));
          throw new Error("no");
        }),
      ).toThrow("no");
      expect(() =>
        store.transaction(() => {
          store.put("a", bytes("3"));
          try {
            store.batch([
              { key: "b", value: bytes("4") },
              { key: "\ud800", value: bytes("5") },
            ]);
          } catch {
            // Swallowed on purpose: half of the batch is in.
          }
        }),
      ).toThrow(expect.objectContaining({ code: "storage.misuse" }));
      expect(store.list("")).toEqual([{ key: "a", value: bytes("1") }]);
      expect(store.transaction(() => store.count(""))).toBe(1);
    });

    it("refuses a transaction that waits", () => {
      const store = current().store()("s");
      expect(() => store.transaction(async () => store.put("a", bytes("1")))).toThrow(
        expect.objectContaining({ code: "storage.misuse" }),
      );
      expect(store.get("a")).toBeUndefined();
    });
  });
}
