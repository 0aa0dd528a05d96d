import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsedOnce } from "./used-once.ts";

describe("the memory of what was used", () => {
  it("takes each name once while it lives, and forgets it when it has run out", () => {
    const memory = new UsedOnce({ all: 1000 });
    expect(memory.use("x", 100, 50, "did:a")).toBe("fresh");
    expect(memory.use("x", 100, 99, "did:a")).toBe("used");
    expect(memory.use("y", 100, 99, "did:b")).toBe("fresh");
    expect(memory.use("z", 200, 100, "did:a")).toBe("fresh");
    expect(memory.size).toBe(1);
  });

  it("takes no more than it can remember, of one party or of all, until room is made by time", () => {
    const memory = new UsedOnce({ all: 3, ofOne: 2 });
    expect([1, 2, 3].map((n) => memory.use(`a${n}`, 60, 0, "did:a"))).toEqual(["fresh", "fresh", "full"]);
    expect([1, 2].map((n) => memory.use(`b${n}`, 90, 0, "did:b"))).toEqual(["fresh", "full"]);
    expect(memory.use("a1", 60, 0, "did:a")).toBe("used");
    expect(memory.use("a4", 90, 60, "did:a")).toBe("fresh");
  });

  it("has room for all of one party where nothing else is said", () => {
    const memory = new UsedOnce({ all: 2 });
    expect(["x", "y", "z"].map((name) => memory.use(name, 60, 0))).toEqual(["fresh", "fresh", "full"]);
  });

  it("never says fresh twice of what has not run out", () => {
    const step = fc.record({
      party: fc.integer({ min: 0, max: 2 }),
      id: fc.integer({ min: 0, max: 5 }),
      life: fc.integer({ min: 1, max: 9 }),
      wait: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const memory = new UsedOnce({ all: 8, ofOne: 5 });
        const living = new Map<string, number>();
        let now = 0;
        for (const { party, id, life, wait } of steps) {
          now += wait;
          const until = now + life;
          const key = `${party} ${id} ${until}`;
          const answer = memory.use(`${party} ${id}`, until, now, `did:${party}`);
          if ((living.get(key) ?? 0) > now) expect(answer).toBe("used");
          else expect(answer).not.toBe("used");
          if (answer === "fresh") living.set(key, until);
          expect(memory.size).toBe([...living.values()].filter((end) => end > now).length);
          expect(memory.size).toBeLessThanOrEqual(8);
        }
      }),
    );
  });
});
