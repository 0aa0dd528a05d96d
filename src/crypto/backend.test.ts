import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, decodeHex, encodeHex, encodeUtf8 } from "#base";
import * as browser from "./backend.browser.ts";
import * as node from "./backend.ts";

fc.configureGlobal({ seed: 8032, numRuns: 50 });

const hex = (text: string) => decodeHex(text) as Uint8Array;
const data = fc.uint8Array({ maxLength: 200 });
const secret = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => {
  // Within [1, n-1] of all curves.
  bytes[0] = 1;
  return bytes;
});
const CURVES = ["P-256", "secp256k1", "P-384"] as const;
const WIDTHS = { "P-256": 32, secp256k1: 32, "P-384": 48 };
const ORDERS = {
  "P-256": 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  secp256k1: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
  "P-384": 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
};
const big = (bytes: Uint8Array) => BigInt(`0x${encodeHex(bytes)}`);
const toBytes = (value: bigint) => hex(value.toString(16).padStart(64, "0"));

describe("the two backends", () => {
  it("have the same names", () => {
    expect(Object.keys(browser).sort()).toEqual(Object.keys(node).sort());
  });

  it("hash alike", () => {
    expect(encodeHex(node.sha256(encodeUtf8("abc")))).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    fc.assert(
      fc.property(data, data, (a, b) => {
        expect(browser.sha256(a)).toEqual(node.sha256(a));
        expect(browser.sha384(a)).toEqual(node.sha384(a));
        expect(browser.sha512(a)).toEqual(node.sha512(a));
        expect(browser.sha256Parts(a, b)).toEqual(node.sha256(concatBytes(a, b)));
        expect(node.sha256Parts(a, b)).toEqual(node.sha256(concatBytes(a, b)));
        const digest = new Uint8Array(32);
        browser.sha256Into(digest, a);
        expect(digest).toEqual(node.sha256(a));
      }),
    );
    const pairs = node.randomBytes(64 * 5);
    const [one, two] = [new Uint8Array(32 * 5), new Uint8Array(32 * 5)];
    node.hashPairs(pairs, one, 5);
    browser.hashPairs(pairs, two, 5);
    expect(two).toEqual(one);
    expect(one.subarray(32, 64)).toEqual(node.sha256(pairs.subarray(64, 128)));
  });

  it("derive the same key of a passphrase", async () => {
    const salt = new Uint8Array(16).fill(7);
    const passphrase = encodeUtf8("correct horse battery staple");
    const key = await node.argon2id(passphrase, salt, 2, 8 * 2 ** 20);
    expect(await browser.argon2id(passphrase, salt, 2, 8 * 2 ** 20)).toEqual(key);
    expect(await browser.argon2id(passphrase, salt, 3, 8 * 2 ** 20)).not.toEqual(key);
  });

  it("draw random bytes of the length that is asked for", () => {
    for (const backend of [node, browser]) {
      expect(backend.randomBytes(32)).toHaveLength(32);
      expect(backend.randomBytes(32)).not.toEqual(backend.randomBytes(32));
    }
  });
});

describe("Ed25519", () => {
  // RFC 8032, section 7.1, tests 1 and 3.
  it.each([
    [
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
      "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
  ])("signs as RFC 8032 does: %.8s…", (seed, publicKey, message, signature) => {
    for (const backend of [node, browser]) {
      expect(encodeHex(backend.ed25519PublicKey(hex(seed)))).toBe(publicKey);
      expect(encodeHex(backend.ed25519Sign(hex(message), hex(seed)))).toBe(signature);
      expect(backend.ed25519Verify(hex(message), hex(signature), hex(publicKey))).toBe(true);
    }
  });

  it("gives one signature on both sides, and both refuse it with any bit changed", () => {
    fc.assert(
      fc.property(data, secret, fc.nat(63), fc.nat(7), (message, seed, byte, bit) => {
        const publicKey = node.ed25519PublicKey(seed);
        const signature = node.ed25519Sign(message, seed);
        expect(browser.ed25519Sign(message, seed)).toEqual(signature);
        for (const { ed25519Signer } of [node, browser]) expect(ed25519Signer(seed)(message)).toEqual(signature);
        const changed = signature.slice();
        changed[byte] = (changed[byte] as number) ^ (1 << bit);
        const otherKey = publicKey.slice();
        otherKey[byte % 32] = (otherKey[byte % 32] as number) ^ (1 << bit);
        for (const { ed25519Verify } of [node, browser]) {
          expect(ed25519Verify(message, signature, publicKey)).toBe(true);
          expect(ed25519Verify(message, changed, publicKey)).toBe(false);
          expect(ed25519Verify(message, signature, otherKey)).toBe(false);
          expect(ed25519Verify(concatBytes(message, Uint8Array.of(0)), signature, publicKey)).toBe(false);
        }
      }),
    );
  });

  const order = ed25519.Point.Fn.ORDER;
  const little = (bytes: Uint8Array) => big(bytes.slice().reverse());
  const seed = new Uint8Array(32).fill(7);
  const publicKey = node.ed25519PublicKey(seed);
  const scalar = (() => {
    const h = sha512(seed).slice(0, 32);
    h[0] = (h[0] as number) & 248;
    h[31] = ((h[31] as number) & 127) | 64;
    return little(h);
  })();
  const torsion = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "0000000000000000000000000000000000000000000000000000000000000000",
  ].map(hex);
  const forge = (r: Uint8Array, rScalar: bigint, key: Uint8Array, message: Uint8Array) => {
    const k = little(sha512(concatBytes(r, key, message))) % order;
    return concatBytes(r, toBytes((rScalar + k * scalar) % order).reverse());
  };

  it("refuses alike what a key's owner makes with points of small order, in R, in the key, or added to them", () => {
    const eighth = ed25519.Point.fromBytes(torsion[2] as Uint8Array);
    const mixedR = ed25519.Point.BASE.multiply(12345n).add(eighth).toBytes();
    const mixedKey = ed25519.Point.fromBytes(publicKey).add(eighth).toBytes();
    const plainR = ed25519.Point.BASE.multiply(12345n).toBytes();
    for (let i = 0; i < 24; i++) {
      const message = Uint8Array.of(i);
      const cases: [Uint8Array, Uint8Array][] = [
        ...torsion.map((r): [Uint8Array, Uint8Array] => [forge(r, 0n, publicKey, message), publicKey]),
        ...torsion.map((key): [Uint8Array, Uint8Array] => [concatBytes(plainR, toBytes(12345n).reverse()), key]),
        [forge(mixedR, 12345n, publicKey, message), publicKey],
        [forge(plainR, 12345n, mixedKey, message), mixedKey],
      ];
      for (const [signature, key] of cases)
        expect(browser.ed25519Verify(message, signature, key)).toBe(node.ed25519Verify(message, signature, key));
    }
    expect(node.ed25519Verify(Uint8Array.of(0), forge(mixedR, 12345n, publicKey, Uint8Array.of(0)), publicKey)).toBe(
      false,
    );
  });

  it("refuses a second spelling of a signature: S plus the order", () => {
    const message = encodeUtf8("once");
    const signature = node.ed25519Sign(message, seed);
    const s = little(signature.subarray(32)) + order;
    const twin = concatBytes(signature.subarray(0, 32), toBytes(s).reverse());
    for (const { ed25519Verify } of [node, browser]) expect(ed25519Verify(message, twin, publicKey)).toBe(false);
  });
});

describe.each(CURVES)("ECDSA over %s", (curve) => {
  const width = WIDTHS[curve];
  const ofWidth = (value: bigint) => hex(value.toString(16).padStart(2 * width, "0"));

  it("gives the same public keys, and each side takes the other's signatures", () => {
    fc.assert(
      fc.property(data, secret, (message, short) => {
        const key = concatBytes(short, new Uint8Array(width - 32));
        const publicKey = node.ecPublicKey(curve, key);
        expect(browser.ecPublicKey(curve, key)).toEqual(publicKey);
        for (const signer of [node, browser]) {
          for (const signature of [signer.ecSign(curve, message, key), signer.ecSigner(curve, key)(message)]) {
            expect(signature).toHaveLength(2 * width);
            for (const { ecVerify } of [node, browser]) {
              expect(ecVerify(curve, message, signature, publicKey)).toBe(true);
              expect(ecVerify(curve, concatBytes(message, Uint8Array.of(1)), signature, publicKey)).toBe(false);
            }
          }
        }
      }),
    );
  });

  it("takes both values of s, as JOSE does, and refuses numbers out of range, alike on both sides", () => {
    const key = new Uint8Array(width).fill(9);
    const publicKey = node.ecPublicKey(curve, key);
    const message = encodeUtf8("range");
    const signature = node.ecSign(curve, message, key);
    const [r, s] = [signature.subarray(0, width), big(signature.subarray(width))];
    const zero = new Uint8Array(width);
    const cases: [Uint8Array, boolean][] = [
      [concatBytes(r, ofWidth(ORDERS[curve] - s)), true],
      [concatBytes(zero, signature.subarray(width)), false],
      [concatBytes(r, zero), false],
      [concatBytes(r, ofWidth(ORDERS[curve])), false],
      [concatBytes(ofWidth(ORDERS[curve]), signature.subarray(width)), false],
      [signature.subarray(0, 2 * width - 1), false],
      [concatBytes(signature, zero), false],
      [new Uint8Array(0), false],
    ];
    for (const { ecVerify } of [node, browser])
      for (const [candidate, holds] of cases) expect(ecVerify(curve, message, candidate, publicKey)).toBe(holds);
  });

  it("knows what is no point, alike on both sides", () => {
    const good = node.ecPublicKey(curve, new Uint8Array(width).fill(3));
    const candidates = [
      good,
      concatBytes(Uint8Array.of(4), good.subarray(1)),
      concatBytes(Uint8Array.of(2), new Uint8Array(width).fill(0xff)),
      new Uint8Array(width + 1),
      good.subarray(0, width),
      new Uint8Array(0),
      ...Array.from({ length: 40 }, (_, i) => concatBytes(Uint8Array.of(2), new Uint8Array(width).fill(i + 1))),
    ];
    const answers = candidates.map((bytes) => node.isEcPublicKey(curve, bytes));
    expect(candidates.map((bytes) => browser.isEcPublicKey(curve, bytes))).toEqual(answers);
    expect(answers[0]).toBe(true);
    expect(new Set(answers)).toEqual(new Set([true, false]));
  });
});

describe("points", () => {
  it.each(["P-256", "secp256k1", "P-384"] as const)("of %s are read alike on both sides, or refused", (curve) => {
    const width = curve === "P-384" ? 48 : 32;
    const candidates = [
      ...Array.from({ length: 60 }, (_, i) =>
        concatBytes(Uint8Array.of(2 + (i % 2)), new Uint8Array(width).fill(i + 1)),
      ),
      concatBytes(Uint8Array.of(2), new Uint8Array(width).fill(0xff)),
      concatBytes(Uint8Array.of(4), new Uint8Array(width).fill(1)),
      new Uint8Array(width + 1),
      Uint8Array.of(0),
      new Uint8Array(0),
    ];
    const answers = candidates.map((bytes) => node.uncompressPoint(curve, bytes));
    expect(candidates.map((bytes) => browser.uncompressPoint(curve, bytes))).toEqual(answers);
    const points = answers.filter((point) => point !== undefined);
    expect(points.length).toBeGreaterThan(10);
    expect(points.length).toBeLessThan(50);
    for (const point of points) expect([point.length, point[0]]).toEqual([2 * width + 1, 4]);
    // The long form of a point that is one is no compressed point.
    for (const { uncompressPoint } of [node, browser])
      expect(uncompressPoint(curve, points[0] as Uint8Array)).toBe(undefined);
  });

  it("of edwards25519 may be keys or not, alike on both sides", () => {
    const good = node.ed25519PublicKey(new Uint8Array(32).fill(3));
    const torsion = ed25519.Point.fromBytes(good).add(
      ed25519.Point.fromBytes(hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")),
    );
    const bad = [
      torsion.toBytes(),
      concatBytes(Uint8Array.of(1), new Uint8Array(31)),
      new Uint8Array(32),
      new Uint8Array(32).fill(0xff),
      concatBytes(Uint8Array.of(2), new Uint8Array(31)),
      good.subarray(1),
    ];
    for (const { isEd25519Point } of [node, browser]) {
      expect(isEd25519Point(good)).toBe(true);
      for (const bytes of bad) expect(isEd25519Point(bytes), encodeHex(bytes)).toBe(false);
    }
  });
});
