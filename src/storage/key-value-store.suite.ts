/** What every store of keys and values must do. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes } from "./fixtures.suite.ts";
import { type Harness, use } from "./harness.suite.ts";
import type { KeyValueStore } from "./key-value-store.ts";

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
