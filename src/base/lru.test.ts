import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Lru } from "./lru.ts";

describe("Lru", () => {
  it("lets go of what was used longest ago, reading being a use", () => {
    const lru = new Lru<string, number>(4);
    for (const key of ["a", "b", "c"]) lru.set(key, 1);
    expect(lru.get("a")).toBe(1);
    lru.set("d", 1);
    expect([lru.get("a"), lru.get("b"), lru.get("d")]).toEqual([1, undefined, 1]);
  });

  it("replaces a value, and forgets what is deleted", () => {
    const lru = new Lru<string, number>(4);
    lru.set("a", 1);
    lru.set("a", 3);
    expect(lru.get("a")).toBe(3);
    lru.delete("a");
    expect([lru.get("a"), lru.size]).toEqual([undefined, 0]);
    lru.set("b", 1);
    lru.clear();
    expect([lru.get("b"), lru.size]).toEqual([undefined, 0]);
  });

  it("never answers a stale value, never exceeds its limit, and keeps the half used last", () => {
    const step = fc.record({ key: fc.integer({ min: 0, max: 12 }), write: fc.boolean() });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8 }), fc.array(step, { maxLength: 200 }), (limit, steps) => {
        const lru = new Lru<number, number>(limit);
        const written = new Map<number, number>();
        let recent: number[] = [];
        steps.forEach(({ key, write }, i) => {
          if (write) {
            lru.set(key, i);
            written.set(key, i);
          } else {
            const value = lru.get(key);
            if (value !== undefined) expect(value).toBe(written.get(key));
            if (value === undefined) return;
          }
          recent = [key, ...recent.filter((other) => other !== key)].slice(0, Math.floor(limit / 2));
          expect(lru.size).toBeLessThanOrEqual(Math.ceil(limit / 2) * 2);
          for (const kept of recent) expect(lru.get(kept)).toBe(written.get(kept));
        });
      }),
    );
  });
});
