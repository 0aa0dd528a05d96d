import { describe, expect, it } from "vitest";
import { collectRules, parseCount, parseDuration, parseMoment, parseNumber, parseRoles } from "./parse.ts";

const DID = "did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3";

describe("parsers of arguments", () => {
  it("take whole numbers only", () => {
    expect(parseNumber("0")).toBe(0);
    expect(parseCount("12")).toBe(12);
    for (const text of ["", "-1", "1.5", "1e3", "0x10", " 1", "01", "9".repeat(16)])
      expect(() => parseNumber(text), text).toThrow();
    expect(() => parseCount("0")).toThrow();
  });

  it("take lengths of time with a unit", () => {
    expect(["90", "90s", "15m", "12h", "30d", "2w", "1y"].map(parseDuration)).toEqual([
      90, 90, 900, 43_200, 2_592_000, 1_209_600, 31_536_000,
    ]);
    for (const text of ["", "0s", "-5m", "1.5h", "5 m", "5q"]) expect(() => parseDuration(text), text).toThrow();
  });

  it("take moments as ISO times or from now on", () => {
    expect(parseMoment("2026-01-01")(0)).toBe(1_767_225_600);
    expect(parseMoment("2026-01-01T01:00:00+01:00")(0)).toBe(1_767_225_600);
    expect(parseMoment("90d")(1_000_500)).toBe(1000 + 90 * 86_400);
    for (const text of ["", "tomorrow", "90", "2026-13-01", "01/02/2026"])
      expect(() => parseMoment(text), text).toThrow();
  });

  it("take roles once each", () => {
    expect(parseRoles("lab, maker,lab")).toEqual(["lab", "maker"]);
    expect(() => parseRoles("lab,king")).toThrow("king is no role");
  });

  it("take topic rules of every kind, one after another", () => {
    const rules = [DID, "role:lab@{device}/properties/#", `devices-of:${DID}`, `owners-of-devices-of:${DID}@#`].reduce(
      (before, text) => collectRules(text, before),
      undefined as ReturnType<typeof collectRules> | undefined,
    );
    expect(rules).toEqual([
      { who: { did: DID } },
      { who: { role: "lab" }, at: "{device}/properties/#" },
      { who: { devicesOf: DID } },
      { who: { ownersOfDevicesOf: DID }, at: "#" },
    ]);
    for (const text of ["", "lab", "role:king", "devices-of:acme", "everybody"])
      expect(() => collectRules(text), text).toThrow();
  });
});
