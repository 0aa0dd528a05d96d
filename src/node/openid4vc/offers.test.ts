import { describe, expect, it } from "vitest";
import { ManualClock } from "#base";
import { ProofNonces } from "./nonces.ts";
import { Offers } from "./offers.ts";

const NOW = 1_767_225_600_000;
const REQUEST = { configuration: "resident", claims: { name: "Alice" }, seconds: 60 };

describe("offers", () => {
  it("are as many as are allowed, and make room once they ran out", () => {
    const clock = new ManualClock(NOW);
    const offers = new Offers(clock, 2);
    const { offer } = offers.create(REQUEST);
    offers.create(REQUEST);
    expect(() => offers.create(REQUEST)).toThrow(expect.objectContaining({ code: "openid.busy" }));
    clock.advance(60_000);
    expect(offers.stateOf(offer.id).state).toBe("expired");
    expect(offer.claims).toBeUndefined();
    clock.advance(3_600_000);
    expect(offers.create(REQUEST).offer.state).toBe("offered");
    expect(() => offers.stateOf(offer.id)).toThrow(expect.objectContaining({ code: "openid.unknown" }));
  });

  it("forget what was to be said once it is issued, and void the token", () => {
    const offers = new Offers(new ManualClock(NOW));
    const { offer } = offers.create(REQUEST);
    const { token } = offers.redeem(offer.code, undefined, undefined);
    const grant = offers.grantOf(token);
    offers.finish(grant);
    expect(offer.claims).toBeUndefined();
    expect(() => offers.grantOf(token)).toThrow(expect.objectContaining({ code: "openid.token" }));
  });

  it("have codes and transaction codes that nobody guesses, each another", () => {
    const offers = new Offers(new ManualClock(NOW));
    const made = Array.from({ length: 50 }, () => offers.create({ ...REQUEST, txCode: "text" }));
    expect(new Set(made.map(({ offer }) => offer.code)).size).toBe(50);
    expect(new Set(made.map(({ txCode }) => txCode)).size).toBe(50);
    for (const { offer, txCode } of made) {
      expect(offer.code).toMatch(/^[\w-]{43}$/);
      expect(txCode).toMatch(/^[2-9a-hj-km-np-z]{10}$/);
    }
  });
});

describe("nonces", () => {
  it("are this node's own, once, and not for long", () => {
    const clock = new ManualClock(NOW);
    const nonces = new ProofNonces(clock);
    const refused = expect.objectContaining({ code: "openid.nonce" });
    const [used, late] = [nonces.create(), nonces.create()];
    nonces.use(used);
    expect(() => nonces.use(used)).toThrow(refused);
    expect(() => new ProofNonces(clock).use(late)).toThrow(refused);
    for (const wrong of [
      "",
      "x",
      `${late}A`,
      late.slice(0, -1),
      late.replace(/^./, (first) => (first === "A" ? "B" : "A")),
      "A".repeat(late.length),
    ])
      if (wrong !== late) expect(() => nonces.use(wrong), wrong).toThrow(refused);
    clock.advance(300_000);
    expect(() => nonces.use(late)).toThrow(refused);
  });
});
