import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "./bytes.ts";
import { HansaError } from "./error.ts";
import { canonicalJson, JSON_ERRORS, type JsonErrorCode, parseJson } from "./json.ts";

fc.configureGlobal({ seed: 8785 });

const strict = { depth: 8, integers: true };

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof HansaError) return error.code;
    throw error;
  }
  return "accepted";
}

describe("parseJson", () => {
  const refused: readonly (readonly [JsonErrorCode, string | Uint8Array])[] = [
    ["json.duplicate-key", '{"a":1,"a":1}'],
    ["json.duplicate-key", '{"a":1,"\\u0061":2}'],
    ["json.duplicate-key", '{"x":{"é":1,"\\u00e9":2}}'],
    ["json.duplicate-key", '[{"a:":":","a:":1}]'],
    ["json.duplicate-key", '{"":1,"":2}'],
    ["json.duplicate-key", '{"a\\\\":1,"a\\\\":2}'],
    ["json.forbidden-key", '{"__proto__":{}}'],
    ["json.forbidden-key", '{"\\u005f_proto__":1}'],
    ["json.forbidden-key", '{"a":[{"constructor":1}]}'],
    ["json.forbidden-key", '{"prototype":1}'],
    ["json.depth", "[[[[[[[[[]]]]]]]]]"],
    ["json.depth", "[".repeat(100_000)],
    ["json.number", "1.5"],
    ["json.number", "-0"],
    ["json.number", "9007199254740992"],
    ["json.number", "-9007199254740992"],
    ["json.number", "9007199254740991.4"],
    ["json.number", "1.0"],
    ["json.number", "1e2"],
    ["json.number", '{"a":[1E2]}'],
    ["json.number", "1e400"],
    ["json.utf8", Uint8Array.of(0x22, 0xff, 0x22)],
    ["json.utf8", Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22)],
    ["json.unpaired-surrogate", '"\\ud800"'],
    ["json.unpaired-surrogate", '"\\udc00\\ud800"'],
    ["json.unpaired-surrogate", '{"\\ud83d":1}'],
    ["json.syntax", ""],
    ["json.syntax", "{'a':1}"],
    ["json.syntax", "[1,]"],
    ["json.syntax", '{"a"}'],
    ["json.syntax", '"a'],
    ["json.syntax", '"\\"'],
    ["json.syntax", "]".repeat(50) + "[".repeat(40)],
    ["json.syntax", "01"],
    ["json.syntax", "NaN"],
    ["json.syntax", '{"a":1} {"a":1}'],
    ["json.syntax", "\ufeff1"],
  ];

  it.each(refused)("refuses with %s: %.40s", (code, input) => {
    expect(codeOf(() => parseJson(input, strict))).toBe(code);
  });

  it("reaches every code of its table", () => {
    expect(new Set(refused.map(([code]) => code))).toEqual(new Set(Object.keys(JSON_ERRORS)));
  });

  it("is not taken in by colons, braces and quotes inside strings", () => {
    const value = { "a:{[": '":"', b: "\\", c: ["]}", '\\"'], "d\\": ":::" };
    expect(parseJson(JSON.stringify(value), strict)).toEqual(value);
  });

  it("takes the greatest safe integers, and fractions only where they are allowed", () => {
    expect(parseJson("[9007199254740991,-9007199254740991,0]", strict)).toEqual([
      9007199254740991, -9007199254740991, 0,
    ]);
    expect(parseJson("[1.5,1e2,true,false]", { depth: 1, integers: false })).toEqual([1.5, 100, true, false]);
  });

  it("reads bytes as it reads text, and allows exactly the depth that it is given", () => {
    expect(parseJson(encodeUtf8('{"ä":"😀"}'), strict)).toEqual({ ä: "😀" });
    expect(parseJson("[[[[[[[[]]]]]]]]", strict)).toEqual([[[[[[[[]]]]]]]]);
    expect(parseJson("1", { depth: 0, integers: true })).toBe(1);
  });

  it("agrees with JSON.parse wherever it accepts, and throws nothing but its own codes", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.json(), fc.string(), fc.string({ unit: fc.constantFrom(...'{}[]":,\\ae10-.u') })),
        (text) => {
          try {
            expect(parseJson(text, { depth: 8, integers: false })).toEqual(JSON.parse(text));
          } catch (error) {
            if (!(error instanceof HansaError)) throw error;
            expect(Object.keys(JSON_ERRORS)).toContain(error.code);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("does not repeat the input in its message", () => {
    try {
      parseJson('{"password":"hunter2"', strict);
      expect.unreachable();
    } catch (error) {
      expect(JSON.stringify(error)).not.toContain("hunter2");
    }
  });
});

describe("canonicalJson", () => {
  it("orders members as RFC 8785, section 3.2.3", () => {
    const value = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    expect(canonicalJson(value)).toBe(
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis",' +
        '"\u20ac":"Euro Sign","\ud83d\ude00":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    );
  });

  it("writes values as RFC 8785, section 3.2.2", () => {
    const value = {
      numbers: [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  // RFC 8785, appendix B: IEEE 754 bits and the text.
  it.each([
    ["0000000000000000", "0"],
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"],
    ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af6", "1e+23"],
    ["444b1ae4d6e2ef50", "1e+21"],
    ["3eb0c6f7a0b5ed8d", "0.000001"],
    ["41b3de4355555555", "333333333.3333333"],
  ])("writes the number with the bits %s as %s", (bits, text) => {
    expect(canonicalJson(Buffer.from(bits, "hex").readDoubleBE())).toBe(text);
  });

  it("gives one text for one value, whatever the order of insertion", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), (object) => {
        const turned = Object.fromEntries(Object.entries(object).reverse());
        expect(canonicalJson(turned)).toBe(canonicalJson(object));
        expect(JSON.parse(canonicalJson(object))).toEqual({ ...object });
      }),
    );
  });

  it("leaves out members that are undefined, and refuses what has no JSON form", () => {
    expect(canonicalJson({ b: undefined, a: 1 })).toBe('{"a":1}');
    expect(codeOf(() => canonicalJson(Number.NaN))).toBe("json.number");
    expect(codeOf(() => canonicalJson([undefined]))).toBe("json.syntax");
    expect(codeOf(() => canonicalJson(1n))).toBe("json.syntax");
    expect(codeOf(() => canonicalJson(["\ud800"]))).toBe("json.unpaired-surrogate");
    expect(codeOf(() => canonicalJson({ "\udfff": 1 }))).toBe("json.unpaired-surrogate");
  });
});
