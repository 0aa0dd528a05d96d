import { beforeEach, describe, expect, it } from "vitest";
import { HansaError, ManualClock } from "#base";
import { Challenges } from "./challenges.ts";

const secret = new Uint8Array(32).fill(7);
const DOMAIN = "shop.example";

function codeOf(use: () => void): string {
  try {
    use();
    return "good";
  } catch (error) {
    if (error instanceof HansaError) return error.code;
    throw error;
  }
}

describe("challenges of a node", () => {
  let clock: ManualClock;
  beforeEach(() => {
    clock = new ManualClock(1_767_225_600_000);
  });

  it("are good once, for their domain, for ten minutes", () => {
    const challenges = new Challenges(clock, secret);
    const { challenge, domain, expires } = challenges.create(DOMAIN);
    expect([domain, expires]).toEqual([DOMAIN, 1_767_225_600 + 600]);
    expect(codeOf(() => challenges.use(challenge, DOMAIN))).toBe("good");
    expect(codeOf(() => challenges.use(challenge, DOMAIN))).toBe("credentials.challenge");
    for (const wrong of ["bank.example", undefined]) {
      const other = challenges.create(DOMAIN).challenge;
      expect(codeOf(() => challenges.use(other, wrong))).toBe("credentials.domain");
      expect(codeOf(() => challenges.use(other, DOMAIN))).toBe("credentials.challenge");
    }
    const late = challenges.create(DOMAIN).challenge;
    clock.advance(599_000);
    const later = challenges.create(DOMAIN).challenge;
    clock.advance(1000);
    expect(codeOf(() => challenges.use(late, DOMAIN))).toBe("credentials.challenge");
    expect(codeOf(() => challenges.use(later, DOMAIN))).toBe("good");
    expect(codeOf(() => challenges.use(challenge, DOMAIN))).toBe("credentials.challenge");
  });

  it("are refused after a restart, when nobody knows whether they were used", () => {
    const { challenge } = new Challenges(clock, secret).create(DOMAIN);
    expect(codeOf(() => new Challenges(clock, secret).use(challenge, DOMAIN))).toBe("credentials.challenge");
  });

  it("are told from those of callers, which are theirs to use once", () => {
    const challenges = new Challenges(clock, secret);
    const { challenge } = challenges.create(DOMAIN);
    const changed = (challenge.startsWith("A") ? "B" : "A") + challenge.slice(1);
    for (const own of ["", "mine", "a".repeat(62), changed, undefined])
      for (let i = 0; i < 2; i++) expect(codeOf(() => challenges.use(own, DOMAIN))).toBe("good");
  });

  it("cost memory once they are used, and that has an end", () => {
    const challenges = new Challenges(clock, secret, 3);
    const made = Array.from({ length: 4 }, () => challenges.create(DOMAIN).challenge);
    expect(made.map((one) => codeOf(() => challenges.use(one, DOMAIN)))).toEqual([
      "good",
      "good",
      "good",
      "vc-api.busy",
    ]);
    clock.advance(600_000);
    expect(codeOf(() => challenges.use(challenges.create(DOMAIN).challenge, DOMAIN))).toBe("good");
  });
});
