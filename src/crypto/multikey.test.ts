import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeHex, encodeBase58, encodeHex } from "#base";
import { decodeMultikey, encodeMultikey, keyText, suiteOfKey, verifySignature } from "./multikey.ts";
import { createSigner } from "./signer.ts";
import { ALGORITHMS, suiteOf, suiteOfJose } from "./suites/index.ts";

fc.configureGlobal({ seed: 58 });

describe("Multikey", () => {
  // The did:key specification's test vectors (w3c-ccg/did-key-spec, section 7 and test-vectors/).
  it.each([
    ["Ed25519", "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"],
    ["Ed25519", "z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG"],
    ["Ed25519", "z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf"],
    ["secp256k1", "zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme"],
    ["secp256k1", "zQ3shtxV1FrJfhqE1dvxYRcCknWNjHc3c5X1y3ZSoPDi2aur2"],
    ["P-256", "zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169"],
    ["P-256", "zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv"],
  ] as const)("reads and writes the did:key vectors: %s %s", (algorithm, text) => {
    const key = decodeMultikey(text);
    expect(key?.algorithm).toBe(algorithm);
    expect(encodeMultikey(key as NonNullable<typeof key>)).toBe(text);
  });

  it("reads the key bytes that did:key names for one of them", () => {
    expect(encodeHex(decodeMultikey("z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp")?.bytes as Uint8Array)).toBe(
      "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29",
    );
  });

  it.each([
    "",
    "z",
    "z1",
    "6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
    "m6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
    "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooW",
    "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp1",
    "z16MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
    // X25519, and P-384: keys, but none that signs here.
    "z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc",
    "z82LkvCwHNreneWpsgPEbV3gu1C6NFJEBg4srfJ5gdxEsMGRJUz2sG9FE42shbn2xkZJh54",
    // A P-256 key whose x is on no point.
    `z${encodeBase58(decodeHex(`802402${"ff".repeat(32)}`) as Uint8Array)}`,
    "z".repeat(81),
  ])("refuses %j", (text) => {
    expect(decodeMultikey(text)).toBeUndefined();
  });

  it("gives one key per text, so that keys compare by identity as long as they are remembered", () => {
    const text = "z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf";
    expect(decodeMultikey(text)).toBe(decodeMultikey(text));
  });

  it("never reads two texts as one key", () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 60, unit: fc.constantFrom(..."123456789ABCDEFGHJKLMNPQRSTUVWXYZz") }),
        (tail) => {
          const key = decodeMultikey(`z${tail}`);
          if (key !== undefined) expect(encodeMultikey(key)).toBe(`z${tail}`);
        },
      ),
    );
  });
});

describe.each(ALGORITHMS)("suite %s", (algorithm) => {
  const suite = suiteOf(algorithm);

  it("signs and verifies through the signer and the key's text", () => {
    const signer = createSigner(algorithm);
    const key = { algorithm, bytes: signer.publicKey };
    const data = Uint8Array.of(1, 2, 3);
    const signature = signer.sign(data);
    expect(verifySignature(decodeMultikey(encodeMultikey(key)) as typeof key, data, signature)).toBe(true);
    expect(verifySignature(key, Uint8Array.of(1, 2), signature)).toBe(false);
    expect(suiteOfKey(key)).toBe(suite);
    expect(keyText(key).startsWith(`${algorithm}:`)).toBe(true);
  });

  it("keeps its own copy of the secret", () => {
    const secret = suite.generate();
    const signer = createSigner(algorithm, secret);
    const data = Uint8Array.of(7);
    secret.fill(1);
    expect(suite.verify(data, signer.sign(data), signer.publicKey)).toBe(true);
  });

  it("is found by its JOSE name", () => {
    expect(suiteOfJose(suite.jose)).toBe(suite);
  });
});

describe("suiteOfJose", () => {
  it.each(["none", "None", "HS256", "RS256", "ES384", "Ed25519", "eddsa", "", "__proto__", "constructor"])(
    "has no suite for %j",
    (alg) => {
      expect(suiteOfJose(alg)).toBeUndefined();
    },
  );
});
