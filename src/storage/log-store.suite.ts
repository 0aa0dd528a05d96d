/** What every store of topic logs must do. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes, hashOf } from "./fixtures.suite.ts";
import { type Harness, use } from "./harness.suite.ts";
import type { LogStore } from "./log-store.ts";

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
