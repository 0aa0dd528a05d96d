import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const folder = import.meta.dirname;
const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && !/\.(test|suite)\.ts$/.test(name))
  .sort();

/** Code without comments and without the insides of strings. */
function codeOf(text: string): string {
  return (
    text
      .replace(/\/\*[\s\S]*?\*\//g, "")
      .replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""')
      .replace(/\/\/.*$/gm, "")
      // The one division that gives whole numbers: of what is left once the remainder is taken away.
      .replace(/\((\w+) - \(\1 % (\w+)\)\) \/ \2/g, "whole")
  );
}

describe("the ledger's sources", () => {
  it("are there", () => {
    expect(sources.length).toBeGreaterThan(30);
  });

  // Whatever differs between two machines, two runs or two moments.
  it.each([
    ["a clock", /\bDate\b|\bperformance\b|\bhrtime\b/],
    ["chance", /\bMath\b|\brandom|\bgetRandomValues\b/],
    [
      "timers or promises",
      /\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b|\bqueueMicrotask\b|\basync\b|\bawait\b|\bPromise\b/,
    ],
    ["the process or its files", /\bprocess\b|"node:|\brequire\b|\bglobalThis\b|\bfetch\b/],
    ["locale", /\blocaleCompare\b|\btoLocale\w*|\bIntl\b/],
    ["garbage collection", /\bWeakRef\b|\bFinalizationRegistry\b/],
    ["floats: a division, a fraction, or a parser of them", /[\w)\]] \/ [\w(]|\b\d+\.\d|\bparseFloat\b|\btoFixed\b/],
    ["iteration over object keys in for…in", /\bfor \((?:const|let) \w+ in\b/],
  ])("have no use of %s", (_, pattern) => {
    const found = sources.flatMap((name) =>
      codeOf(readFileSync(join(folder, name), "utf8"))
        .split("\n")
        .filter((line) => pattern.test(line))
        .map((line) => `${name}: ${line.trim()}`),
    );
    expect(found).toEqual([]);
  });

  it("import nothing but base, crypto, protocol, themselves and the schema library", () => {
    const found = sources.flatMap((name) =>
      [...readFileSync(join(folder, name), "utf8").matchAll(/from "([^"]+)"/g)]
        .map(([, from]) => from as string)
        .filter((from) => !/^(\.|#base$|#crypto$|#protocol$|@sinclair\/typebox)/.test(from)),
    );
    expect(found).toEqual([]);
  });
});
