import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "#base";
import { equalSecret, open, seal, wipe } from "./secret.ts";

const key = Uint8Array.from({ length: 32 }, (_, i) => i);
const purpose = encodeUtf8("wallet/7");
const broken = expect.objectContaining({ code: "crypto.seal-broken" });

describe("seal and open", () => {
  it("give back what was sealed, under the same key and associated data", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 50 }), (plaintext, associated) => {
        const sealed = seal(key, plaintext, associated);
        expect(sealed).toHaveLength(plaintext.length + 40);
        expect(open(key, sealed, associated)).toEqual(plaintext);
      }),
    );
  });

  it("seal one text into different bytes each time", () => {
    expect(seal(key, purpose, purpose)).not.toEqual(seal(key, purpose, purpose));
  });

  it("refuse another key, other associated data, and any change, cut or extension", () => {
    const sealed = seal(key, encodeUtf8("content"), purpose);
    expect(() =>
      open(
        key.map((byte) => byte ^ 1),
        sealed,
        purpose,
      ),
    ).toThrowError(broken);
    expect(() => open(key, sealed, encodeUtf8("wallet/8"))).toThrowError(broken);
    for (let i = 0; i < sealed.length; i++) {
      const changed = sealed.map((byte, at) => (at === i ? byte ^ 1 : byte));
      expect(() => open(key, changed, purpose)).toThrowError(broken);
      expect(() => open(key, sealed.subarray(0, i), purpose)).toThrowError(broken);
    }
    expect(() => open(key, Uint8Array.from([...sealed, 0]), purpose)).toThrowError(broken);
  });

  it("refuse keys of another length", () => {
    const wrong = expect.objectContaining({ code: "crypto.seal-key" });
    expect(() => seal(key.subarray(1), purpose, purpose)).toThrowError(wrong);
    expect(() => open(key.subarray(1), new Uint8Array(40), purpose)).toThrowError(wrong);
  });
});

describe("secret bytes", () => {
  it("are equal when every byte is", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 40 }), (a, b) => {
        expect(equalSecret(a, a.slice())).toBe(true);
        expect(equalSecret(a, b)).toBe(a.join() === b.join());
      }),
    );
  });

  it("are zero once wiped", () => {
    const bytes = key.slice();
    wipe(bytes);
    expect(bytes).toEqual(new Uint8Array(32));
    wipe(new Uint8Array(0));
  });
});
