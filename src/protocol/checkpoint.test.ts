import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sha256 } from "#crypto";
import { alice, bob, carol, group } from "./fixtures.suite.ts";
import { checkpointBody, openCheckpoint, signCheckpoint } from "./index.ts";

fc.configureGlobal({ seed: 11 });

const checkpoint = { origin: `${group}/acme/things`, size: 12_345, root: sha256(new Uint8Array(3)) };
const key = { algorithm: "Ed25519" as const, bytes: alice.signer.publicKey };
const note = signCheckpoint(checkpoint, alice.did, alice.signer);

describe("checkpoints", () => {
  it("are notes of three lines and a signature line", () => {
    const [origin, size, root, blank, signature, end] = note.split("\n");
    expect([origin, size, blank, end]).toEqual([checkpoint.origin, "12345", "", ""]);
    expect(Buffer.from(root as string, "base64")).toEqual(Buffer.from(checkpoint.root));
    expect(signature).toMatch(new RegExp(`^— ${alice.did} [A-Za-z0-9+/]+=*$`));
    expect(checkpointBody(checkpoint)).toBe(`${origin}\n${size}\n${root}\n`);
  });

  it("open with the key and name that signed them, whatever the size", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 999_999_999_999_999 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (size, root) => {
          const made = signCheckpoint({ origin: "g/t", size, root }, "witness", alice.signer);
          expect(openCheckpoint(made, "witness", key)).toEqual({ origin: "g/t", size, root });
        },
      ),
      { numRuns: 50 },
    );
  });

  it("open where others have signed too", () => {
    const other = signCheckpoint(checkpoint, bob.did, carol.signer).split("\n").at(-2) as string;
    const both = note.replace("\n\n", `\n\n${other}\n`);
    expect(openCheckpoint(both, alice.did, key)).toEqual(checkpoint);
  });

  it("stay shut for another key, another name, or an algorithm that notes of this kind do not have", () => {
    expect(
      openCheckpoint(note, alice.did, { algorithm: "Ed25519", bytes: new Uint8Array(32).fill(1) }),
    ).toBeUndefined();
    expect(openCheckpoint(note, bob.did, key)).toBeUndefined();
    expect(openCheckpoint(note, alice.did, { algorithm: "P-256", bytes: bob.signer.publicKey })).toBeUndefined();
  });

  it("stay shut with any character changed", () => {
    for (let at = 0; at < note.length; at++)
      for (const other of ["A", "1", "-", "\n"]) {
        if (note.charAt(at) === other) continue;
        const changed = note.slice(0, at) + other + note.slice(at + 1);
        // What follows the signature line is another signature's line, or none.
        if (at === note.length - 1) continue;
        expect([at, other, openCheckpoint(changed, alice.did, key)]).toEqual([at, other, undefined]);
      }
  });

  it("never throw on anything at all", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `${note}${text}`),
          fc.constant("\n\n"),
        ),
        (text) => {
          openCheckpoint(text, alice.did, key);
        },
      ),
    );
    expect(openCheckpoint(`${"x".repeat(5000)}\n\n`, alice.did, key)).toBeUndefined();
  });
});
