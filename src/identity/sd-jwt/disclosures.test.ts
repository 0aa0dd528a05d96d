import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64Url, decodeUtf8, encodeBase64Url, encodeUtf8, type Json, type JsonObject } from "#base";
import { sha256 } from "#crypto";
import { decodeCompactJws } from "../jose/compact-jws.ts";
import { codeOf } from "../jose/parties.suite.ts";
import type { ClaimPath } from "./claim-path.ts";
import { digestText, makeDisclosure } from "./disclosure.ts";
import { issueSdJwt } from "./issue-sd-jwt.ts";
import { accept, encodeJson, forge, issuer, VCT } from "./meter.suite.ts";
import { presentSdJwt } from "./present-sd-jwt.ts";

describe("disclosures", () => {
  const one = makeDisclosure("colour", "green");

  it("are refused where they are malformed, doubled, of no digest, or of what no claim may be", async () => {
    const encode = (value: Json) => encodeJson(value);
    const fitting = (text: string) => forge({ _sd: [digestText(text)] }, [text]);
    expect(await codeOf(() => accept(fitting(one.text)))).toBeUndefined();
    const bad: string[] = [
      encode({}),
      encode("salt"),
      encode([]),
      encode(["salt"]),
      encode(["salt", "name", 1, 2]),
      encode([7, "name", 1]),
      encode(["salt", 7, 1]),
      encode(["salt", "_sd", ["x"]]),
      encode(["salt", "...", "x"]),
      encode(["salt", "__proto__", { admin: true }]),
      encode(["salt", "constructor", 1]),
      encode(["salt", "colour", { __proto: 1, _sd: "x" }]),
      encode(["salt", "colour", { _sd: [7] }]),
      encode(["salt", "colour", { "...": "x" }]),
      encode(["salt", "colour", [{ "...": "x", more: 1 }]]),
      encode(["salt", "colour", [{ "...": 7 }]]),
      encode(["salt", "element, not member"]),
      encode(["salt", "vct", "urn:other"]),
      encode(["salt", "_sd_alg", "sha-512"]),
      encodeBase64Url(encodeUtf8('["salt","colour",{"a":1,"a":2}]')),
      encodeBase64Url(encodeUtf8('["salt","colour",')),
      `${one.text}=`,
      one.text.replace(/.$/, (last) => (last === "A" ? "B" : "A")),
      "!",
    ];
    for (const text of bad)
      expect([text, await codeOf(() => accept(fitting(text)))]).toEqual([text, "credentials.disclosure"]);
    expect(await codeOf(() => accept(forge({ _sd: [one.digest] }, [one.text, one.text])))).toBe(
      "credentials.disclosure",
    );
    expect(await codeOf(() => accept(forge({ _sd: [one.digest, one.digest] }, [one.text])))).toBe(
      "credentials.disclosure",
    );
    expect(await codeOf(() => accept(forge({ _sd: [one.digest], list: [{ "...": one.digest }] }, [])))).toBe(
      "credentials.disclosure",
    );
    expect(await codeOf(() => accept(forge({ _sd: [digestText("decoy")] }, [one.text])))).toBe(
      "credentials.disclosure",
    );
    expect(await codeOf(() => accept(forge({ _sd: [one.digest], colour: "red" }, [one.text])))).toBe(
      "credentials.disclosure",
    );
    expect(await codeOf(() => accept(forge({ list: [{ "...": one.digest }] }, [one.text])))).toBe(
      "credentials.disclosure",
    );
    expect(await codeOf(() => accept(forge({ _sd: one.digest }, [one.text])))).toBe("credentials.disclosure");
    expect(await codeOf(() => accept(forge({ _sd: [one.digest], _sd_alg: "md5" }, [one.text])))).toBe(
      "credentials.disclosure",
    );
    const inner = makeDisclosure("inner", 1);
    const outer = makeDisclosure("outer", { _sd: [inner.digest] });
    expect(await codeOf(() => accept(forge({ _sd: [outer.digest] }, [outer.text, inner.text])))).toBeUndefined();
    // Its digest stands in a disclosure that is kept back.
    expect(await codeOf(() => accept(forge({ _sd: [outer.digest] }, [inner.text])))).toBe("credentials.disclosure");
  });

  it("never let a claim be named like a digest, at any depth", async () => {
    for (const bad of [
      { a: { _sd: [] } },
      { a: [{ "...": "x" }] },
      { _sd_alg: "sha-256" },
      { _sd: [] },
    ] as JsonObject[])
      expect(await codeOf(() => issueSdJwt({ vct: VCT, ...bad }, issuer, { disclose: [] }))).toBe(
        "credentials.disclosure",
      );
    const polluted = JSON.parse(`{"vct":"${VCT}","__proto__":{"admin":true}}`) as JsonObject;
    expect(await codeOf(() => issueSdJwt(polluted, issuer, { disclose: [] }))).toBe("credentials.disclosure");
  });

  it("have salts of at least 128 bits that never come again, so that no claim is guessed from its digest", () => {
    const salts = new Set<string>();
    for (let i = 0; i < 500; i++) {
      const { text, digest } = makeDisclosure("class", "B");
      const [salt] = JSON.parse(decodeUtf8(decodeBase64Url(text) as Uint8Array) as string) as [string];
      expect((decodeBase64Url(salt) as Uint8Array).length).toBeGreaterThanOrEqual(16);
      salts.add(salt);
      // Who knows name and value, but not the salt, makes another digest.
      expect(digest).not.toBe(encodeBase64Url(sha256(encodeUtf8(encodeJson(["", "class", "B"])))));
    }
    expect(salts.size).toBe(500);
  });

  it("are not told from decoys, nor is it told how many there are", () => {
    const payloadOf = (text: string) => decodeCompactJws(text.split("~")[0] as string, ["dc+sd-jwt"]).claims;
    const places = new Map<number, number>();
    for (let i = 0; i < 120; i++) {
      const text = issueSdJwt({ vct: VCT, a: 1, list: ["x"] }, issuer, { disclose: [["a"], ["list", 0]], decoys: 4 });
      const { _sd: digests, list } = payloadOf(text) as { _sd: string[]; list: { "...": string }[] };
      const real = text.split("~").slice(1, -1).map(digestText);
      expect(digests).toHaveLength(5);
      expect([...digests].sort()).toEqual(digests);
      for (const digest of [...digests, ...list.map((item) => item["..."])]) {
        expect(digest).toMatch(/^[A-Za-z0-9_-]{43}$/);
        expect(decodeBase64Url(digest)).toHaveLength(32);
      }
      const at = list.findIndex((item) => real.includes(item["..."]));
      expect(list).toHaveLength(5);
      places.set(at, (places.get(at) ?? 0) + 1);
    }
    // The one real element of the list stands in each of five places with the same chance: none of them is left out in 120 draws.
    expect([...places.keys()].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it("bring back the claims whatever is hidden, and show what was chosen and no more", async () => {
    const name = fc.stringMatching(/^[a-z]{1,6}$/);
    const { any } = fc.letrec<{ any: Json }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        fc.oneof(fc.string({ unit: "grapheme" }), fc.integer(), fc.boolean(), fc.constant(null)),
        fc.array(tie("any"), { maxLength: 4 }),
        fc.dictionary(name, tie("any"), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    const coins = fc.array(fc.boolean(), { minLength: 61, maxLength: 61 });
    await fc.assert(
      fc.asyncProperty(any, coins, coins, fc.nat({ max: 5 }), async (data, hideCoins, showCoins, decoys) => {
        const body: JsonObject = { data, vct: VCT };
        const all = pathsOf(data, ["data"]);
        const hidden = all.filter((_, i) => hideCoins[i % hideCoins.length]);
        const text = issueSdJwt(body, issuer, { disclose: hidden, decoys });
        expect((await accept(text)).claims).toEqual({ ...body, iss: issuer.controller });

        // Each leaf is marked, and must be seen just where nothing that it is in was kept back.
        const marked: JsonObject = { data: markLeaves(data, ["data"]), vct: VCT };
        const wanted = all.filter((_, i) => showCoins[i % showCoins.length] && i % 3 === 0);
        const issued = issueSdJwt(marked, issuer, { disclose: hidden, decoys });
        const shown = JSON.stringify((await accept(presentSdJwt(issued, { disclose: wanted }))).claims);
        const isPrefix = (a: ClaimPath, b: ClaimPath) => a.every((step, i) => step === b[i]);
        for (const leaf of all.filter((path) => typeof at(data, path.slice(1)) !== "object")) {
          const kept = hidden.some(
            (path) => isPrefix(path, leaf) && !wanted.some((want) => isPrefix(want, path) || isPrefix(path, want)),
          );
          expect(shown.includes(JSON.stringify(markOf(leaf)))).toBe(!kept);
        }
      }),
      { numRuns: 150 },
    );
  });
});

/** All parts of a value, by path. */
function pathsOf(value: Json, path: (string | number)[]): ClaimPath[] {
  if (typeof value !== "object" || value === null) return [path];
  const steps: (string | number)[] = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [path, ...steps.flatMap((step) => pathsOf(at(value, [step]) as Json, [...path, step]))];
}

function at(value: Json, path: ClaimPath): Json | undefined {
  return path.reduce<Json | undefined>((part, step) => (part as JsonObject)[step as string], value);
}

const markOf = (path: ClaimPath) => `leaf at ${path.join(".")}`;

function markLeaves(value: Json, path: (string | number)[]): Json {
  if (value === null) return null;
  if (Array.isArray(value)) return value.map((item: Json, i) => markLeaves(item, [...path, i]));
  if (typeof value !== "object") return markOf(path);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, markLeaves(part, [...path, name])]));
}
