/** What every store of a group must do, whatever it is kept in. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchAt, blockAt, bytes, idOf } from "./fixtures.suite.ts";
import type { GroupStore } from "./group-store.ts";
import { type Harness, use } from "./harness.suite.ts";
import type { StoredRecord } from "./record-log.ts";

const changes = fc.array(
  fc.array(fc.record({ pick: fc.nat(20), value: fc.option(fc.uint8Array({ maxLength: 6000 }), { nil: null }) }), {
    maxLength: 12,
  }),
  { minLength: 1, maxLength: 12 },
);

/** The same with values as text, which compare a hundred times faster. */
function plainRecords(records: readonly StoredRecord[]): readonly [number, string, string | null][] {
  return records.map(({ slot, key, value }) => [
    slot,
    key,
    value === null ? null : Buffer.from(value).toString("latin1"),
  ]);
}

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
            for (let height = 0; height <= blocks.length; height++) {
              const then = [...(history[height] ?? [])].map(([slot, value]) => ({ slot, key: `key ${slot}`, value }));
              then.sort((a, b) => a.slot - b.slot);
              const slices = [store.leavesAt(height, 0, 7), store.leavesAt(height, 7, 1000)];
              expect(plainRecords(slices.flat())).toEqual(plainRecords(then));
            }
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

    it("reads all records of a height in slices, while later blocks change, delete and add some", () => {
      const store = current().store();
      const slots = 5000;
      const first = Array.from({ length: slots }, (_, slot) => ({
        slot,
        key: `k${slot}`,
        value: bytes(`first ${slot}`),
      }));
      for (let from = 0; from < slots; from += 1250)
        store.commit(batchAt(from / 1250 + 1, first.slice(from, from + 1250)));
      const seen: StoredRecord[] = [];
      for (let height = 5; ; height++) {
        const slice = store.leavesAt(4, seen.length, 300);
        if (slice.length === 0) break;
        expect(slice.length).toBeLessThanOrEqual(300);
        seen.push(...slice);
        const changed = Array.from({ length: 40 }, (_, i) => (height * 97 + i * 113) % slots).sort((a, b) => a - b);
        const records = changed.map((slot, i) => ({ slot, key: "", value: i % 3 === 0 ? null : bytes(`${height}`) }));
        store.commit(
          batchAt(height, [...records, { slot: store.slotCount(), key: `n${height}`, value: bytes("new") }]),
        );
      }
      expect(plainRecords(seen)).toEqual(plainRecords(first));
      const { height = 0 } = store.head() ?? {};
      expect(plainRecords(store.leavesAt(height, 0, 10_000))).toEqual(plainRecords([...store.leaves()]));
      expect(store.leavesAt(height, store.slotCount(), 10)).toEqual([]);
      expect(store.leavesAt(0, 0, 10)).toEqual([]);
    });

    it("gives fewer records at once where they are large", () => {
      const store = current().store();
      const large = Array.from({ length: 200 }, (_, slot) => ({
        slot,
        key: `k${slot}`,
        value: new Uint8Array(20_000).fill(slot),
      }));
      store.commit(batchAt(1, large));
      const seen: StoredRecord[] = [];
      let slices = 0;
      for (;;) {
        const slice = store.leavesAt(1, seen.length, 1000);
        if (slice.length === 0) break;
        seen.push(...slice);
        slices++;
      }
      expect(slices).toBeGreaterThan(1);
      expect(plainRecords(seen)).toEqual(plainRecords(large));
    });

    it("removes the content of old blocks in slices, and nothing else", () => {
      let store = current().store();
      for (let height = 1; height <= 200; height++)
        store.commit(batchAt(height, [{ slot: height - 1, key: `k${height}`, value: bytes(`${height}`) }]));
      const records = [...store.leaves()];
      let slices = 1;
      while (store.prune(151, 0)) slices++;
      expect(slices).toBeGreaterThan(1);
      store.setCertificate(7, bytes("later"));
      for (let round = 0; round < 2; round++) {
        expect([store.firstHeight(), store.lowestHeight(), store.head()?.height]).toEqual([1, 151, 200]);
        expect(store.block(150)).toBeUndefined();
        expect(store.block(151)).toEqual(blockAt(151));
        expect([...store.blocks(0, 1000)].map(({ height }) => height)).toEqual(
          Array.from({ length: 50 }, (_, i) => 151 + i),
        );
        expect(store.header(7)).toEqual({
          height: 7,
          time: 70,
          header: bytes("header 7"),
          certificate: bytes("later"),
        });
        expect(store.header(201)).toBeUndefined();
        expect([...store.leaves()]).toEqual(records);
        expect(store.readAt(3, 5)).toEqual(bytes("4"));
        expect(store.leavesAt(9, 0, 100)).toEqual(records.slice(0, 9));
        expect(store.findTransaction(idOf(1001, "1/1"))).toEqual({ height: 1, index: 1 });
        store = current().reopen();
      }
      // The newest block stays whole, whatever is asked for.
      while (store.prune(10_000, 0));
      expect(store.lowestHeight()).toBe(200);
      expect(store.block(200)).toEqual(blockAt(200));
      store.commit(batchAt(201, []));
      expect([...store.blocks(0, 10)].map(({ height }) => height)).toEqual([200, 201]);
    });

    it("forgets the ids of pruned blocks once they have expired, and goes on finding all others", () => {
      let store = current().store();
      const each = 2000;
      // Ids of a block expire ten seconds after those of the block before; some much later.
      const expiry = (height: number, index: number) => (index % 100 === 7 ? 9000 + height : 1000 + height * 10);
      const id = (height: number, index: number) => idOf(expiry(height, index), `${height}/${index}`);
      const commit = (height: number) =>
        store.commit({
          block: blockAt(height, 0),
          records: [],
          ids: Array.from({ length: each }, (_, index) => ({ id: id(height, index), index })),
        });
      for (let height = 1; height <= 40; height++) commit(height);
      const check = (below: number, expired: number) => {
        for (let height = 1; height <= (store.head()?.height ?? 0); height++)
          for (const index of [0, 7, 107, each - 1])
            if (height >= below || expiry(height, index) > expired)
              expect(store.findTransaction(id(height, index))).toEqual({ height, index });
      };
      while (store.prune(30, 1200));
      check(30, 1200);
      expect(store.findTransaction(id(1, 0))).toEqual({ height: 1, index: 0 });
      store = current().reopen();
      check(30, 1200);
      // Nothing below block 20 can be replayed by now.
      while (store.prune(20, 9500));
      check(20, 9500);
      expect(store.findTransaction(id(1, 0))).toBeUndefined();
      store = current().reopen();
      for (let height = 41; height <= 60; height++) commit(height);
      store = current().reopen();
      check(20, 9500);
      expect(store.findTransaction(id(1, 0))).toBeUndefined();
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
      const failing = (function* () {
        yield* records;
        throw new Error("the snapshot ends here");
      })();
      expect(() => store.restoreSnapshot(failing, blockAt(5))).toThrow("the snapshot ends here");
      expect([store.head(), store.slotCount(), store.firstHeight()]).toEqual([undefined, 0, undefined]);
      store.restoreSnapshot(records, blockAt(5));
      const again = current().reopen();
      expect([...again.leaves()]).toEqual(records);
      expect([again.firstHeight(), again.lowestHeight()]).toEqual([5, 5]);
      expect(again.leavesAt(5, 0, 10)).toEqual(records);
      expect(again.leavesAt(4, 0, 10)).toEqual([]);
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
