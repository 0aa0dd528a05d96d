import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RequestMemory } from "./request-memory.ts";

describe("the memory of used request tokens", () => {
  it("takes each token once while it lives, and forgets it when it has run out", () => {
    const memory = new RequestMemory();
    expect(memory.use("did:a", "x", 100, 50)).toBe("fresh");
    expect(memory.use("did:a", "x", 100, 99)).toBe("used");
    expect(memory.use("did:b", "x", 100, 99)).toBe("fresh");
    expect(memory.use("did:a", "y", 200, 100)).toBe("fresh");
    expect(memory.size).toBe(1);
  });

  it("takes no more than it can remember, of one DID or of all, until room is made by time", () => {
    const memory = new RequestMemory({ tokens: 3, tokensOfOne: 2 });
    expect([1, 2, 3].map((n) => memory.use("did:a", `${n}`, 60, 0))).toEqual(["fresh", "fresh", "full"]);
    expect([1, 2].map((n) => memory.use("did:b", `${n}`, 90, 0))).toEqual(["fresh", "full"]);
    expect(memory.use("did:a", "1", 60, 0)).toBe("used");
    expect(memory.use("did:a", "4", 90, 60)).toBe("fresh");
  });

  it("never says fresh twice of what has not run out", () => {
    const step = fc.record({
      did: fc.integer({ min: 0, max: 2 }),
      jti: fc.integer({ min: 0, max: 5 }),
      life: fc.integer({ min: 1, max: 9 }),
      wait: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const memory = new RequestMemory({ tokens: 8, tokensOfOne: 5 });
        const living = new Map<string, number>();
        let now = 0;
        for (const { did, jti, life, wait } of steps) {
          now += wait;
          const exp = now + life;
          const key = `${did} ${jti} ${exp}`;
          const answer = memory.use(`did:${did}`, `${jti}`, exp, now);
          if ((living.get(key) ?? 0) > now) expect(answer).toBe("used");
          else expect(answer).not.toBe("used");
          if (answer === "fresh") living.set(key, exp);
          expect(memory.size).toBe([...living.values()].filter((end) => end > now).length);
          expect(memory.size).toBeLessThanOrEqual(8);
        }
      }),
    );
  });
});
