import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPaint } from "./paint.ts";
import { cleanText, cutText, renderFields, renderTable, widthOf } from "./table.ts";

const red = createPaint({ isTerminal: true }, {});

describe("renderTable", () => {
  it("aligns columns under upper-case headings and leaves no spaces at line ends", () => {
    expect(
      renderTable(
        ["name", "height"],
        [
          ["main", "12"],
          ["a longer one", ""],
        ],
      ),
    ).toBe("NAME          HEIGHT\nmain          12\na longer one");
  });

  it("aligns by what is seen: colours take no room, wide characters two", () => {
    const lines = renderTable(
      ["a", "b"],
      [
        [red("red", "x"), "1"],
        ["漢字", "2"],
      ],
    ).split("\n");
    expect(lines.map((line) => widthOf(line))).toEqual([7, 7, 7]);
  });

  it("fits every line into the terminal, cutting the widest columns", () => {
    const cells = fc.array(fc.string({ maxLength: 60 }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(cells, { maxLength: 8 }), fc.integer({ min: 30, max: 120 }), (rows, columns) => {
        const clean = rows.map((row) => row.map(cleanText));
        for (const line of renderTable(["one", "two", "three"], clean, { columns }).split("\n"))
          expect(widthOf(line)).toBeLessThanOrEqual(columns);
      }),
    );
  });

  it("leaves narrow columns whole while a wide one can give way", () => {
    const table = renderTable(["id", "text"], [["lk_3QJmV3qf", "x".repeat(100)]], { columns: 40 });
    expect(table.split("\n")[1]).toBe(`lk_3QJmV3qf  ${"x".repeat(26)}…`);
  });
});

describe("cutText", () => {
  it("never exceeds the width", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 40 }), (text, width) => {
        expect(widthOf(cutText(cleanText(text), width))).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe("cleanText", () => {
  it("lets no control character or direction mark reach the terminal", () => {
    expect(cleanText("a\u001b[31mb\u0007\u009bc\u202ed\ne")).toBe("a\ufffd[31mb\ufffd\ufffdc\ufffdd e");
  });
});

describe("renderFields", () => {
  it("aligns the values", () => {
    expect(
      renderFields(
        [
          ["did", "x"],
          ["status", "y"],
        ],
        (text) => text,
      ),
    ).toBe("did     x\nstatus  y");
  });
});

describe("createPaint", () => {
  it("colours on a terminal only, and not against NO_COLOR", () => {
    expect(red("red", "x")).toBe("\u001b[31mx\u001b[39m");
    expect(createPaint({ isTerminal: false }, {})("red", "x")).toBe("x");
    expect(createPaint({ isTerminal: true }, { NO_COLOR: "1" })("red", "x")).toBe("x");
    expect(createPaint({ isTerminal: true }, { NO_COLOR: "" })("red", "x")).not.toBe("x");
    expect(createPaint({ isTerminal: true }, { TERM: "dumb" })("red", "x")).toBe("x");
  });
});
