import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HansaError } from "#base";
import { formatDateTime, parseDateTime } from "./date-time.ts";
import { parseDidUrl } from "./did-url.ts";

fc.configureGlobal({ seed: 3986, numRuns: 400 });

function codeOf(text: string): string {
  try {
    parseDidUrl(text);
    return "accepted";
  } catch (error) {
    expect(error, text).toBeInstanceOf(HansaError);
    return (error as HansaError).code;
  }
}

describe("a DID", () => {
  // Examples of DID Core §3 and of the methods' own specifications.
  it.each([
    ["did:example:123456789abcdefghi", "example", "123456789abcdefghi"],
    ["did:example:a:b:c", "example", "a:b:c"],
    ["did:example::", undefined, undefined],
    ["did:example:::a", "example", "::a"],
    ["did:web:w3c-ccg.github.io:user:alice", "web", "w3c-ccg.github.io:user:alice"],
    ["did:web:localhost%3A8443", "web", "localhost%3A8443"],
    ["did:0x:A_b-c.d", "0x", "A_b-c.d"],
  ])("%s", (text, method, id) => {
    if (method === undefined) expect(codeOf(text)).toBe("resolution.did");
    else expect(parseDidUrl(text)).toMatchObject({ did: text, method, id, path: "", fragment: undefined });
  });

  it.each([
    "",
    "did",
    "did:",
    "did:a",
    "did:a:",
    "DID:a:b",
    "did:A:b",
    "did:a_b:c",
    "did:a:b:",
    "did:a:%4",
    "did:a:%zz",
  ])("is not %j", (text) => expect(codeOf(text)).toBe("resolution.did"));

  it.each(["did:a:b c", "did:a:ü", "did:a:b\n", " did:a:b", "did:a:b\0", "did:a:b~", "did:a:(b)", "did:a:b@c"])(
    "has no %j",
    (text) => expect(codeOf(text)).toBe("resolution.did"),
  );
});

describe("a DID URL", () => {
  it("has path, query and fragment, each as RFC 3986 has them", () => {
    expect(parseDidUrl("did:example:123/a/b;c?service=files&relativeRef=%2Fmy%2Fdoc%3Fa%3D1&x#k/1?2")).toEqual({
      did: "did:example:123",
      method: "example",
      id: "123",
      path: "/a/b;c",
      parameters: new Map([
        ["service", "files"],
        ["relativeRef", "/my/doc?a=1"],
        ["x", ""],
      ]),
      fragment: "k/1?2",
    });
    expect(parseDidUrl("did:example:123#").fragment).toBe("");
    expect(parseDidUrl("did:example:123?")).toMatchObject({ parameters: new Map() });
    expect(parseDidUrl("did:example:123#a?b").parameters.size).toBe(0);
  });

  it.each([
    "did:a:b/ü",
    "did:a:b/%2",
    "did:a:b?x=%",
    "did:a:b?x=%ff",
    "did:a:b?x=1&x=2",
    "did:a:b#a#b",
    "did:a:b#<x>",
    `did:a:b?${Array.from({ length: 17 }, (_, i) => `p${i}=1`).join("&")}`,
    `did:a:${"b".repeat(1020)}`,
  ])("is not %j", (text) => expect(codeOf(text)).toBe("resolution.did-url"));

  it("is refused with a code of this room or taken, whatever the text", () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary", maxLength: 80 }),
      fc
        .string({ unit: fc.constantFrom(..."did:x%4A/?#&=.~ \u{1f600}") as fc.Arbitrary<string>, maxLength: 60 })
        .map((rest) => `did:x:${rest}`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(["accepted", "resolution.did", "resolution.did-url"]).toContain(codeOf(text));
      }),
    );
  });

  it("is taken apart without loss where it is one", () => {
    const hex = fc.integer({ min: 0, max: 0x7f }).map((byte) => `%${byte.toString(16).padStart(2, "0")}`);
    const of = (characters: string) =>
      fc.array(fc.oneof(fc.constantFrom(...characters), hex), { maxLength: 12 }).map((parts) => parts.join(""));
    const pchar = "abcXYZ019._~!$'()*+,;:@-";
    const name = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const id = fc.tuple(of("aZ9._-:"), fc.constantFrom("a", "%41", "9")).map(([start, end]) => start + end);
    fc.assert(
      fc.property(
        name,
        id,
        of(`${pchar}/`),
        fc.option(of(`${pchar}/?`)),
        fc.option(of(`${pchar}/?`)),
        (method, id, path, query, fragment) => {
          const slashed = path === "" ? "" : `/${path}`;
          const text = `did:${method}:${id}${slashed}${query === null ? "" : `?${query}`}${fragment === null ? "" : `#${fragment}`}`;
          const parsed = parseDidUrl(text);
          expect(parsed).toMatchObject({
            did: `did:${method}:${id}`,
            method,
            id,
            path: slashed,
          });
          expect(parsed.fragment).toBe(fragment ?? undefined);
        },
      ),
    );
  });

  it("takes no longer for a text made to be slow", () => {
    // Of this process alone: on a busy machine the clock goes on while it waits. Backtracking over so much takes seconds, or never ends.
    const started = process.cpuUsage();
    for (const text of [`did:a:${":".repeat(1000)}`, `did:a:${"%4".repeat(500)}`, `did:a:b${"/".repeat(1000)}ü`])
      codeOf(text);
    expect(process.cpuUsage(started).user).toBeLessThan(500_000);
  });
});

describe("a moment", () => {
  it.each([
    ["2026-01-31T12:00:00Z", Date.UTC(2026, 0, 31, 12)],
    ["1970-01-01T00:00:00Z", 0],
  ])("%s", (text, milliseconds) => {
    expect(parseDateTime(text)).toBe(milliseconds);
    expect(formatDateTime(milliseconds + 999)).toBe(text);
  });

  it.each([
    "2026-02-30T12:00:00Z",
    "2026-01-31",
    "2026-01-31T12:00:00",
    "2026-01-31T12:00:00.000Z",
    "2026-01-31T12:00:00+00:00",
    "2026-01-31T24:00:00Z",
    "2026-13-01T00:00:00Z",
    "now",
    "",
  ])("is not %j: UTC and whole seconds are wanted", (text) => expect(parseDateTime(text)).toBe(undefined));
});
