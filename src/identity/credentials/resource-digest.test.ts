import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { concatBytes, encodeBase58, encodeBase64Url, encodeUtf8 } from "#base";
import { hasDigests, isDigestMultibase, isDigestSri } from "./resource-digest.ts";

const bytes = encodeUtf8("a resource");
const digest = (name: string, of = bytes) => createHash(name).update(of).digest();
const sri = (name: string, of = bytes) => `${name}-${digest(name, of).toString("base64")}`;
const CODES = { sha256: 0x12, sha384: 0x20, sha512: 0x13 };
const multihash = (name: keyof typeof CODES) => {
  const hash = new Uint8Array(digest(name));
  return concatBytes(Uint8Array.of(CODES[name], hash.length), hash);
};
const other = encodeUtf8("another");

describe.each(["sha256", "sha384", "sha512"] as const)("a digest by %s", (name) => {
  it("fits the resource, and no other, in each of its spellings", () => {
    const entries = [
      { digestSRI: sri(name) },
      { digestMultibase: `u${encodeBase64Url(multihash(name))}` },
      { digestMultibase: `z${encodeBase58(multihash(name))}` },
    ];
    for (const entry of entries) {
      expect(hasDigests(entry, bytes)).toBe(true);
      expect(hasDigests(entry, other)).toBe(false);
    }
  });
});

describe("digests", () => {
  it("have to fit, both kinds of them", () => {
    const good = `u${encodeBase64Url(multihash("sha256"))}`;
    expect(hasDigests({ digestSRI: sri("sha256"), digestMultibase: good }, bytes)).toBe(true);
    expect(hasDigests({ digestSRI: sri("sha256", other), digestMultibase: good }, bytes)).toBe(false);
    expect(hasDigests({ id: "urn:x:y" }, bytes)).toBe(false);
  });

  it("of several count by the strongest, of which one is enough", () => {
    expect(hasDigests({ digestSRI: `${sri("sha256", other)} ${sri("sha384")}` }, bytes)).toBe(true);
    expect(hasDigests({ digestSRI: `${sri("sha256")} ${sri("sha384", other)}` }, bytes)).toBe(false);
    expect(hasDigests({ digestSRI: `${sri("sha384", other)} ${sri("sha384")}` }, bytes)).toBe(true);
  });

  it("that no resource could have, none has", () => {
    const short = `sha384-${digest("sha256").toString("base64")}`;
    for (const digestSRI of ["sha256-AAAA", short, `${sri("sha256")} sha256-AAAA`, 7])
      expect(hasDigests({ digestSRI }, bytes)).toBe(false);
    for (const digestMultibase of ["uAAAA", `u${encodeBase64Url(multihash("sha256").subarray(0, 20))}`, 7])
      expect(hasDigests({ digestMultibase }, bytes)).toBe(false);
  });

  // Of the Data Model's examples, and the inputs of the W3C's suite.
  it("of the standard's own examples pass for digests", () => {
    expect(isDigestSri("sha384-Ml/HrjlBCNWyAX91hr6LFV2Y3heB5Tcr6IeE4/Tje8YyzYBM8IhqjHWiWpr8+ZbYU")).toBe(true);
    expect(isDigestSri("sha256-MIwhzJyufmsjiGS1qP0waCmFb0gKa5ZGBI0ZZtfQo9Ls=")).toBe(true);
    expect(isDigestMultibase("uEres1usWcWCmW7uolIW2uA0CjQ8iRV14eGaZStJL73Vz")).toBe(true);
    expect(isDigestMultibase("uEiAjCHMnK5-ayOIZLWo_TBoKYVvSAprlkYEjRlm19Cj0uw")).toBe(true);
  });

  it.each([1, "", "md5-abcd", "sha256-", "sha256-AAAA", `sha256-${"a3".repeat(32)}`, "x".repeat(2000)])(
    "are not %j",
    (text) => {
      expect(isDigestSri(text)).toBe(false);
    },
  );

  it.each([
    1,
    "",
    "u",
    "z",
    "m1234",
    "z0",
    "u=",
    "uAAAA",
    "uEiAA",
    "uZTQ0MjM1NiAgcmVwb3J0cc5jZWxhdGVkLXJlc291cmNlLmpzb24K",
    "u".repeat(2000),
  ])("are no multihash: %j", (text) => {
    expect(isDigestMultibase(text)).toBe(false);
  });
});
