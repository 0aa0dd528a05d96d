import { describe, expect, it } from "vitest";
import { ManualClock } from "#base";
import { type NonceLimits, type NonceUse, ReleaseNonces } from "./nonces.ts";

const USE: NonceUse = { audience: "did:a", recipient: "did:b", resource: { kind: "dataset", dataset: "one" } };

function bench(limits: Partial<NonceLimits> = {}) {
  const clock = new ManualClock(1_000_000);
  return { clock, nonces: new ReleaseNonces(clock, limits) };
}

const refusal = (code: string) => expect.objectContaining({ code });

describe("a nonce", () => {
  it("is good once", () => {
    const { nonces } = bench();
    const { nonce } = nonces.give(USE);
    nonces.use(nonce, USE);
    expect(() => nonces.use(nonce, USE)).toThrow(refusal("exchange.nonce"));
  });

  it("is good for what it was given for, whatever the order in which that is written, and for nothing else", () => {
    const { nonces } = bench();
    const other: Partial<NonceUse>[] = [
      { audience: "did:c" },
      { recipient: "did:c" },
      { resource: { kind: "dataset", dataset: "two" } },
      { resource: { kind: "credential", type: "one" } },
    ];
    for (const change of other)
      expect(() => nonces.use(nonces.give(USE).nonce, { ...USE, ...change })).toThrow(refusal("exchange.nonce"));
    nonces.use(nonces.give(USE).nonce, { ...USE, resource: { dataset: "one", kind: "dataset" } });
  });

  it("runs out", () => {
    const { clock, nonces } = bench({ seconds: 60 });
    const [early, late] = [nonces.give(USE), nonces.give(USE)];
    expect(early.exp).toBe(1060);
    clock.advance(59_999);
    nonces.use(early.nonce, USE);
    clock.advance(1);
    expect(() => nonces.use(late.nonce, USE)).toThrow(refusal("exchange.nonce"));
  });

  it("cannot be made up, nor made to last", () => {
    const { nonces } = bench();
    const { nonce } = nonces.give(USE);
    for (let i = 0; i < nonce.length; i++) {
      const other = nonce[i] === "A" ? "B" : "A";
      expect(() => nonces.use(nonce.slice(0, i) + other + nonce.slice(i + 1), USE)).toThrow(refusal("exchange.nonce"));
    }
    for (const text of ["", "x", "*".repeat(48), "A".repeat(48), "A".repeat(1000)])
      expect(() => nonces.use(text, USE)).toThrow(refusal("exchange.nonce"));
    nonces.use(nonce, USE);
  });

  it("of another process is none of this one's", () => {
    const { clock, nonces } = bench();
    const { nonce } = new ReleaseNonces(clock).give(USE);
    expect(() => nonces.use(nonce, USE)).toThrow(refusal("exchange.nonce"));
  });

  it("costs nothing until it is used, and nothing once it has run out", () => {
    const { clock, nonces } = bench({ seconds: 60 });
    const given = Array.from({ length: 1000 }, () => nonces.give(USE));
    expect(nonces.size).toBe(0);
    for (const { nonce } of given.slice(0, 10)) nonces.use(nonce, USE);
    expect(nonces.size).toBe(10);
    clock.advance(60_000);
    nonces.use(nonces.give(USE).nonce, USE);
    expect(nonces.size).toBe(1);
  });

  it("is refused where its use could not be remembered, for one recipient before all others", () => {
    const { nonces } = bench({ used: 5, usedOfOne: 3 });
    const use = (recipient: string) => nonces.use(nonces.give({ ...USE, recipient }).nonce, { ...USE, recipient });
    for (let i = 0; i < 3; i++) use("did:greedy");
    expect(() => use("did:greedy")).toThrow(refusal("exchange.busy"));
    use("did:b");
    use("did:c");
    expect(() => use("did:d")).toThrow(refusal("exchange.busy"));
  });
});
