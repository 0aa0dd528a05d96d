import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FilterTree, isTopicFilter, isTopicName, matchesFilter } from "./topic-filter.ts";

const level = fc.constantFrom("a", "b", "", "$x");
const name = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join("/"));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant("+")), { maxLength: 4 }), fc.boolean())
  .map(([levels, rest]) => (rest || levels.length === 0 ? [...levels, "#"] : levels).join("/"));

/** A filter as a regular expression: another reading of the same clauses. */
function expression(wanted: string): RegExp {
  const source = wanted
    .replace(/\$/g, "\\$")
    .replace(/(^|\/)\+(?=\/|$)/g, (_, before: string) => `${before}[^/]*`)
    .replace(/^#$/, ".*")
    .replace(/\/#$/, "(/.*)?");
  return new RegExp(`^${source}$`);
}

describe("matchesFilter", () => {
  it("follows the standard's clauses", () => {
    fc.assert(
      fc.property(filter, name, (wanted, given) => {
        const hidden = given.startsWith("$") && /^[+#]/.test(wanted);
        expect(matchesFilter(wanted, given)).toBe(!hidden && expression(wanted).test(given));
      }),
      { numRuns: 3000 },
    );
    expect(matchesFilter("a/#", "a")).toBe(true);
    expect(matchesFilter("a/+", "a")).toBe(false);
    expect(matchesFilter("+", "/a")).toBe(false);
    expect(matchesFilter("/+", "/a")).toBe(true);
  });
});

describe("FilterTree", () => {
  it("finds what looking at each filter finds, while filters come and go", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(filter, fc.constantFrom("x", "y"), fc.boolean()), { maxLength: 30 }),
        name,
        (steps, given) => {
          const tree = new FilterTree<string>();
          const plain = new Map<string, string>();
          for (const [wanted, key, add] of steps) {
            if (add) {
              tree.set(wanted, key, `${wanted} ${key}`);
              plain.set(`${wanted} ${key}`, wanted);
            } else {
              tree.delete(wanted, key);
              plain.delete(`${wanted} ${key}`);
            }
          }
          expect(tree.size).toBe(plain.size);
          const expected = [...plain].filter(([, wanted]) => matchesFilter(wanted, given)).map(([item]) => item);
          expect(tree.match(given).sort()).toEqual(expected.sort());
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("names and filters", () => {
  it("are told apart, and bounded", () => {
    expect(["a", "a/b", "/", "a//b", "ä"].every(isTopicName)).toBe(true);
    expect(["", "a/+", "#", "a\u0000", "x".repeat(513), "/".repeat(16)].some(isTopicName)).toBe(false);
    expect(["a", "+", "#", "a/+/b", "a/#", "+/#"].every(isTopicFilter)).toBe(true);
    expect(["", "a#", "a/#/b", "a+", "a/b+/c", "#/a"].some(isTopicFilter)).toBe(false);
  });
});
