import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64Url, decodeUtf8, isHansaError, type Json, type JsonObject } from "#base";
import { createCredentialSigner } from "../credentials/credential-key.ts";
import { issueCredential } from "../credentials/issue-credential.ts";
import { verifyPresentation } from "../credentials/verify-presentation.ts";
import type { ClaimPath } from "../sd-jwt/claim-path.ts";
import { covers, exposureOf, formatClaim, leavesOf, parseClaim } from "./claims.ts";
import { createMemoryWalletStore } from "./memory-wallet-store.ts";
import { degreeOf, finder, NOW, sdJwt, VERIFIER } from "./wallet.suite.ts";
import { Wallet } from "./wallet.ts";

const NAMES = ["a", "b", "c", "d"];

/** A claim's value is a secret of its own, so that it is found wherever it is told. */
let drawn = 0;
const secret = fc.constant(null).map((): Json => `secret-${drawn++}-`);
const { claims: value } = fc.letrec<{ claims: Json; object: JsonObject }>((tie) => ({
  claims: fc.oneof(
    { depthSize: "small", maxDepth: 3, withCrossShrink: true },
    secret,
    tie("object"),
    fc.array(tie("claims"), { minLength: 1, maxLength: 3 }),
  ),
  object: fc.dictionary(fc.constantFrom(...NAMES), tie("claims"), { minKeys: 1, maxKeys: 3 }),
}));
const object = fc.dictionary(fc.constantFrom(...NAMES), value, { minKeys: 1, maxKeys: 4 });

/** All places of a value, itself excepted. */
function placesOf(of: Json, at: ClaimPath = []): ClaimPath[] {
  if (typeof of !== "object" || of === null) return [];
  const members: [string | number, Json][] = Array.isArray(of) ? [...of.entries()] : Object.entries(of);
  return members.flatMap(([step, member]) => [[...at, step], ...placesOf(member, [...at, step])]);
}

function at(of: Json, path: ClaimPath): Json {
  return path.reduce<Json>((inner, step) => (inner as Record<string | number, Json>)[step as string] as Json, of);
}

/** Everything that whoever gets an SD-JWT can read. */
function readable(presentation: string): string {
  const [jwt, ...rest] = presentation.split("~") as [string, ...string[]];
  const parts = [jwt.split(".")[1] as string, ...rest.filter((part) => part !== "" && !part.includes("."))];
  return parts.map((part) => decodeUtf8(decodeBase64Url(part) as Uint8Array)).join("\n");
}

describe("a presentation with chosen claims", () => {
  it("never tells a claim that was not chosen and could have been kept back", async () => {
    const wallet = new Wallet({ store: createMemoryWalletStore(), now: () => NOW });
    const key = await wallet.createKey("Ed25519");
    let shown = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(object, fc.infiniteStream(fc.boolean()), async (claims, coin) => {
        const flip = () => coin.next().value as boolean;
        const places = placesOf(claims);
        const hidden = places.filter(flip);
        const chosen = places.filter(flip);
        const held = await wallet.receive(sdJwt(key, { vct: "https://types.example/x", ...claims }, hidden), {
          keys: finder,
        });
        const leaves = leavesOf(claims);
        const mayBeTold = (leaf: ClaimPath) =>
          chosen.some((path) => covers(path, leaf)) || !hidden.some((place) => covers(place, leaf));
        try {
          const { presentation, shown: entry } = await wallet.present(held.id, { ...VERIFIER, claims: chosen });
          const text = readable(presentation as string);
          for (const leaf of leaves)
            expect(text.includes(String(at(claims, leaf))), formatClaim(leaf)).toBe(mayBeTold(leaf));
          // And the log says exactly what was told.
          const told = leaves.filter((leaf) => entry.claims.includes(formatClaim(leaf)));
          expect(told).toEqual(leaves.filter(mayBeTold));
          shown++;
        } catch (error) {
          if (!isHansaError(error, "wallet.indivisible")) throw error;
          // Refused with a reason: some claim hangs together with a chosen one.
          expect(exposureOf(held.claims, hidden, chosen).unwanted.length).toBeGreaterThan(0);
          refused++;
        } finally {
          await wallet.remove(held.id);
        }
      }),
      { numRuns: 80 },
    );
    expect([shown > 20, refused > 0]).toEqual([true, true]);
  });

  it("holds for credentials of ecdsa-sd-2023, whose presentations verify whatever was chosen", async () => {
    const town = createCredentialSigner("P-256");
    const wallet = new Wallet({ store: createMemoryWalletStore(), now: () => NOW });
    const key = await wallet.createKey("Ed25519");
    // RDF has no arrays within arrays.
    const flat = fc.oneof(
      secret,
      fc.array(secret, { maxLength: 3 }),
      fc.constant(null),
      fc.dictionary(fc.constantFrom(...NAMES), secret, { minKeys: 1, maxKeys: 3 }),
      fc.array(fc.dictionary(fc.constantFrom(...NAMES), secret, { minKeys: 1, maxKeys: 2 }), { maxLength: 2 }),
    );
    const subject = fc.dictionary(fc.constantFrom(...NAMES), flat, { minKeys: 1, maxKeys: 4 });
    await fc.assert(
      fc.asyncProperty(subject, fc.infiniteStream(fc.boolean()), async (claims, coin) => {
        const credentialSubject = { id: key.controller, ...claims } as JsonObject;
        const document = degreeOf(key.controller, { issuer: town.controller, credentialSubject });
        const signed = await issueCredential(document, town, { suite: "ecdsa-sd-2023", created: NOW });
        const held = await wallet.receive(JSON.stringify(signed), { keys: finder });
        const chosen = placesOf(claims)
          .filter(() => coin.next().value)
          .map((path) => ["credentialSubject", ...path]);
        try {
          const { presentation, shown } = await wallet.present(held.id, { ...VERIFIER, claims: chosen });
          const text = JSON.stringify(presentation);
          for (const leaf of leavesOf(claims)) {
            const value = at(claims, leaf);
            const told = chosen.some((path) => covers(path, ["credentialSubject", ...leaf]));
            if (typeof value === "string") expect(text.includes(value), formatClaim(leaf)).toBe(told);
          }
          expect(shown.claims).toContain("issuer");
          await verifyPresentation(presentation, { keys: finder, now: NOW, ...VERIFIER });
        } catch (error) {
          // An array of one object is shown whole or not at all.
          if (!isHansaError(error, "wallet.indivisible")) throw error;
          expect(Object.values(claims).some((value) => Array.isArray(value) && value.length === 1)).toBe(true);
        } finally {
          await wallet.remove(held.id);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("is written as people write it", () => {
    for (const path of [["a", "b"], ["a", 0, "b"], ["a", null], ["a"]])
      expect(parseClaim(formatClaim(path))).toEqual(path);
  });
});
