import { describe, expect, it } from "vitest";
import { Alliance, actor, north, south } from "../alliance.suite.ts";
import { LEDGER_ERRORS, Ledger, MemoryStore, RECEIPT_ERRORS } from "../index.ts";
import { busy, describeKernel } from "./kernel.suite.ts";

describeKernel("a store in memory", () => {
  const stores = new Map<string, MemoryStore>();
  return {
    lasting: true,
    open(name) {
      const store = stores.get(name) ?? new MemoryStore();
      stores.set(name, store);
      return store;
    },
    close: () => stores.clear(),
  };
});

describe("a ledger", () => {
  it("refuses records that do not give the signed root", () => {
    const store = new MemoryStore();
    const alliance = new Alliance(store);
    busy(alliance);
    const altered = new MemoryStore();
    const head = store.head();
    const records = [...store.leaves()].map((record) =>
      record.key === "parameters" ? { ...record, value: new TextEncoder().encode("{}") } : record,
    );
    if (head === undefined) expect.unreachable();
    else altered.restoreSnapshot(records, head);
    expect(() => new Ledger(alliance.genesis, altered)).toThrow(
      expect.objectContaining({ code: "ledger.root-mismatch" }),
    );
  });

  it("leaves its state as it was when the store fails, and takes the block again", () => {
    class Failing extends MemoryStore {
      fails = false;
      override commit(...batch: Parameters<MemoryStore["commit"]>): void {
        if (this.fails) throw new Error("disk full");
        super.commit(...batch);
      }
    }
    const store = new Failing();
    const alliance = new Alliance(store);
    const before = alliance.dump();
    const { head } = alliance.ledger;
    const execution = alliance.execute(
      alliance.sign([north], [{ op: "topics.open", args: { topic: "a", publish: [], subscribe: [] } }]),
    );
    store.fails = true;
    expect(() => alliance.commit(execution)).toThrow("disk full");
    expect(alliance.dump()).toEqual(before);
    expect(alliance.ledger.head).toBe(head);
    expect(alliance.ledger.remembered).toBe(0);
    store.fails = false;
    expect(alliance.commit(execution)[0]?.code).toBe(0);
  });

  it("gives the same records however transactions are batched, where time does not come in", () => {
    const newcomers = Array.from({ length: 6 }, (_, i) => actor(`newcomer ${i}`));
    const run = (sizes: number[]) => {
      const alliance = new Alliance();
      const all = newcomers.flatMap((_, i) => [
        alliance.sign([north], [{ op: "topics.open", args: { topic: `n/${i}`, publish: [], subscribe: [] } }]),
        alliance.sign([south], [{ op: "topics.open", args: { topic: `n/${i}/x`, publish: [], subscribe: [] } }]),
        alliance.sign([north], [{ op: "topics.close", args: { topic: `n/${i % 3}` } }]),
      ]);
      const receipts = sizes.flatMap((size) => alliance.block(...all.splice(0, size)));
      return { records: [...alliance.dump()].sort(), codes: receipts.map(({ code }) => code) };
    };
    const whole = run([18]);
    expect(run([1, 2, 3, 4, 5, 3])).toEqual(whole);
    expect(run(Array(18).fill(1))).toEqual(whole);
  });

  it("gives one root for one history, whatever is in its memory", () => {
    const one = new Alliance();
    const two = new Alliance();
    busy(one);
    two.follow(one);
    two.reopen();
    const bytes = one.sign([north], [{ op: "topics.close", args: { topic: "north/things" } }]);
    expect(two.execute(bytes).header).toEqual(one.execute(bytes).header);
  });
});

describe("codes", () => {
  it("have numbers that no two share, since receipts hash them", () => {
    const numbers = Object.values(RECEIPT_ERRORS).map(({ number }) => number);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(Math.min(...numbers)).toBeGreaterThan(0);
  });

  it("have a status, a meaning and advice each", () => {
    for (const entry of [...Object.values(RECEIPT_ERRORS), ...Object.values(LEDGER_ERRORS)]) {
      expect(entry.status).toBeGreaterThanOrEqual(400);
      expect(entry.meaning.endsWith(".") && entry.advice.length > 0).toBe(true);
    }
  });
});
