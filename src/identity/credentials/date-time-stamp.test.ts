import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDateTimeStamp } from "./date-time-stamp.ts";

fc.configureGlobal({ seed: 11 });

describe("a dateTimeStamp", () => {
  it.each([
    ["2026-01-31T12:00:00Z", Date.UTC(2026, 0, 31, 12)],
    ["2026-01-31T12:00:00.5Z", Date.UTC(2026, 0, 31, 12, 0, 0, 500)],
    ["2026-01-31T12:00:00.123456789Z", Date.UTC(2026, 0, 31, 12, 0, 0, 123)],
    ["2026-01-31T12:00:00+14:00", Date.UTC(2026, 0, 30, 22)],
    ["2026-01-31T12:00:00-05:30", Date.UTC(2026, 0, 31, 17, 30)],
    ["2026-01-31T24:00:00Z", Date.UTC(2026, 1, 1)],
    ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
    ["2000-02-29T00:00:00Z", Date.UTC(2000, 1, 29)],
  ])("is read: %s", (text, time) => {
    expect(parseDateTimeStamp(text)).toBe(time);
  });

  it.each([
    "",
    "2026-01-31",
    "2026-01-31T12:00:00",
    "2026-01-31 12:00:00Z",
    "2026-01-31T12:00Z",
    "2026-1-31T12:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2100-02-29T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-01-31T24:00:01Z",
    "2026-01-31T25:00:00Z",
    "2026-01-31T12:60:00Z",
    "2026-01-31T12:00:60Z",
    "2026-01-31T12:00:00+14:01",
    "2026-01-31T12:00:00+15:00",
    "2026-01-31T12:00:00.Z",
    "2026-01-31T12:00:00z",
    "2026-01-31T12:00:00Z ",
    "20260131T120000Z",
    "12026-01-31T12:00:00Z",
    "invalidDate",
  ])("is not %j", (text) => {
    expect(parseDateTimeStamp(text)).toBe(undefined);
  });

  it("is read as it was written, of any year that has four digits", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date("0000-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true }),
        (date) => {
          expect(parseDateTimeStamp(date.toISOString())).toBe(date.getTime());
        },
      ),
    );
  });
});
