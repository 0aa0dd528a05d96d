import { describe, expect, it } from "vitest";
import type { JsonObject } from "#base";
import { addContexts } from "./context-library.ts";

const A = "https://a.example/v1";
const B = "https://b.example/v1";
const one: JsonObject = { "@context": { size: "https://a.example/size", weight: "https://a.example/weight" } };
const turned: JsonObject = { "@context": { weight: "https://a.example/weight", size: "https://a.example/size" } };

describe("contexts beyond the bundled ones", () => {
  it("are one source for all who come with equal ones, in whatever order they come", () => {
    const source = addContexts(
      new Map([
        [A, one],
        [B, turned],
      ]),
    );
    const same = new Map([
      [B, structuredClone(turned)],
      [A, structuredClone(one)],
    ]);
    expect(addContexts(same)).toBe(source);
    expect(source(A)).toEqual(one);
  });

  it("are another source where their members stand in another order, which jsonld reads", () => {
    const [source, other] = [one, turned].map((document) => addContexts(new Map([[A, document]])));
    expect(other).not.toBe(source);
    expect(Object.keys(source?.(A)?.["@context"] as JsonObject)).toEqual(["size", "weight"]);
    expect(Object.keys(other?.(A)?.["@context"] as JsonObject)).toEqual(["weight", "size"]);
  });

  it("stay what they were when they came, whatever the caller does with them", () => {
    const mine = structuredClone(one);
    const source = addContexts(new Map([[A, mine]]));
    (mine["@context"] as { size: string }).size = "https://evil.example/size";
    expect(source(A)).toEqual(one);
  });
});
