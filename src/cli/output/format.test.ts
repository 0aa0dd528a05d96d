import { describe, expect, it } from "vitest";
import { formatSeconds, formatTime, shortenId, shortenIds } from "./format.ts";

describe("formatTime", () => {
  it("gives ISO 8601 in UTC, milliseconds only where there are some", () => {
    expect(formatTime(1_767_225_600_000)).toBe("2026-01-01T00:00:00Z");
    expect(formatTime(1_767_225_600_120)).toBe("2026-01-01T00:00:00.120Z");
    expect(formatSeconds(1_767_225_600)).toBe("2026-01-01T00:00:00Z");
  });

  it("shows a number that is no time as it is", () => {
    expect(formatTime(1e20)).toBe("100000000000000000000");
  });
});

describe("shortenId", () => {
  it("keeps what kind of id it is, and both ends", () => {
    expect(shortenId("did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3")).toBe("did:hansa:hanse:3QJm…RCW3");
    expect(shortenId("lk_3QJmV3qfvL9SuYo34YihAf3sRCW3")).toBe("lk_3QJm…RCW3");
    expect(shortenId("acme/things")).toBe("acme/things");
  });

  it("finds ids within a text", () => {
    const digest = "A".repeat(43);
    expect(shortenIds(`{"to":"did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3","digest":"${digest}"}`)).toBe(
      '{"to":"did:hansa:hanse:3QJm…RCW3","digest":"AAAA…AAAA"}',
    );
  });
});
