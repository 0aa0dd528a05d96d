import { compactDecrypt, exportJWK, generateKeyPair } from "jose";
import { describe, expect, it } from "vitest";
import { encodeUtf8, isHansaError } from "#base";
import type { SealingKey } from "#protocol";
import { sealerTo } from "./seal.ts";

async function pairOf(crv: SealingKey["crv"]) {
  const { publicKey, privateKey } = await generateKeyPair("ECDH-ES", { crv });
  const { kty, x, y } = await exportJWK(publicKey);
  return { key: { kty, crv, x, ...(y === undefined ? {} : { y }) } as SealingKey, privateKey };
}

describe.each(["X25519", "P-256"] as const)("what is sealed to a key of %s", (crv) => {
  it("is opened by another JOSE library with that key, and with no other", async () => {
    const { key, privateKey } = await pairOf(crv);
    const text = encodeUtf8("a reading of 7.3 kWh".repeat(100));
    const sealed = sealerTo(key).seal(text);
    const { plaintext, protectedHeader } = await compactDecrypt(sealed, privateKey);
    expect(plaintext).toEqual(text);
    expect(protectedHeader).toMatchObject({ alg: "ECDH-ES", enc: "A256GCM", epk: { crv } });
    const { privateKey: other } = await pairOf(crv);
    await expect(compactDecrypt(sealed, other)).rejects.toThrow();
  });

  it("is never sealed under the same key twice", async () => {
    const { key } = await pairOf(crv);
    const sealer = sealerTo(key);
    const [one, two] = [sealer.seal(encodeUtf8("same")), sealer.seal(encodeUtf8("same"))];
    expect(one.split(".")[0]).not.toBe(two.split(".")[0]);
  });
});

describe("a key to seal to", () => {
  const zeros = "A".repeat(43);
  it.each([
    ["a point off its curve", { kty: "EC", crv: "P-256", x: zeros, y: zeros }],
    ["a point of low order", { kty: "OKP", crv: "X25519", x: zeros }],
  ] as const)("that is %s is refused", (_, key) => {
    try {
      sealerTo(key).check();
      expect.unreachable();
    } catch (error) {
      expect(isHansaError(error, "exchange.malformed")).toBe(true);
    }
  });
});
