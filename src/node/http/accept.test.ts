import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RESOLUTION_TYPES } from "#protocol";
import { typeChooser } from "./accept.ts";

const { result, document, documentJson, legacyResult } = RESOLUTION_TYPES;
const OFFERED = [result, document, documentJson, legacyResult] as const;
const choose = typeChooser(OFFERED);

describe("the type of an answer", () => {
  it.each([
    [undefined, result],
    ["*/*", result],
    ["application/*", result],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", result],
    ["application/did", document],
    ["APPLICATION/DID", document],
    ["application/did;charset=utf-8", document],
    ["application/did+json, application/did", document],
    ["application/did+json, application/did;q=0.9", documentJson],
    ["*/*;q=0.1, application/did+json;q=0.5", documentJson],
    ["*/*, application/did-resolution;q=0", document],
    ["application/*;q=0.5, application/did;q=0.2, application/did-resolution;q=0.1", documentJson],
    [legacyResult, legacyResult],
    ["application/ld+json; profile=https://w3id.org/did-resolution ", legacyResult],
  ])("for %j is %s", (accept, type) => expect(choose(accept)).toBe(type));

  it.each([
    "text/html",
    "application/json",
    "application/ld+json",
    'application/ld+json;profile="https://example.com/"',
    "application/did;q=0",
    "application/did;q=2",
    "application/did;q=x",
    "*/*;q=0",
    "",
    ",,;;=",
  ])("for %j is none", (accept) => expect(choose(accept)).toBe(undefined));

  it("is one of those offered or none, whatever the header", () => {
    const part = fc.constantFrom(...'*/;=,q. "', "application", "did", "q=0.3", "*/*", ...OFFERED);
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string({ maxLength: 5 })), { maxLength: 30 }), (parts) => {
        expect([undefined, ...OFFERED]).toContain(choose(parts.join("")));
      }),
    );
  });
});
