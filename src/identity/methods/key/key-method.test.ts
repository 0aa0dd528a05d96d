import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, decodeBase58, encodeBase58, HansaError } from "#base";
import type { DidDocument } from "#protocol";
import { parseDidUrl } from "../../resolution/did-url.ts";
import type { Resolved } from "../../resolution/method.ts";
import { keyMethod } from "./key-method.ts";

const NOBODY = { mayRead: () => false };
const resolve = (did: string, publicKeyFormat?: string) =>
  keyMethod.resolve(parseDidUrl(did), publicKeyFormat === undefined ? {} : { publicKeyFormat }, NOBODY) as Resolved;

function codeOf(run: () => unknown): string {
  try {
    run();
    return "accepted";
  } catch (error) {
    expect(error).toBeInstanceOf(HansaError);
    return (error as HansaError).code;
  }
}

// w3c-ccg/did-method-key, test-vectors/nist-curves.json, and the examples of the specification itself.
const JWKS = [
  [
    "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
    { kty: "OKP", crv: "Ed25519", x: "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik" },
  ],
  [
    "zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv",
    {
      kty: "EC",
      crv: "P-256",
      x: "igrFmi0whuihKnj9R3Om1SoMph72wUGeFaBbzG2vzns",
      y: "efsX5b10x8yjyrj4ny3pGfLcY7Xby1KzgqOdqnsrJIM",
    },
  ],
  [
    "zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169",
    {
      kty: "EC",
      crv: "P-256",
      x: "fyNYMN0976ci7xqiSdag3buk-ZCwgXU4kz9XNkBlNUI",
      y: "hW2ojTNfH7Jbi8--CJUo3OCbH3y5n91g-IMA9MLMbTU",
    },
  ],
  [
    "z82Lm1MpAkeJcix9K8TMiLd5NMAhnwkjjCBeWHXyu3U4oT2MVJJKXkcVBgjGhnLBn2Kaau9",
    {
      kty: "EC",
      crv: "P-384",
      x: "lInTxl8fjLKp_UCrxI0WDklahi-7-_6JbtiHjiRvMvhedhKVdHBfi2HCY8t_QJyc",
      y: "y6N1IC-2mXxHreETBW7K3mBcw0qGr3CWHCs-yl09yCQRLcyfGv7XhqAngHOu51Zv",
    },
  ],
  [
    "z82LkvCwHNreneWpsgPEbV3gu1C6NFJEBg4srfJ5gdxEsMGRJUz2sG9FE42shbn2xkZJh54",
    {
      kty: "EC",
      crv: "P-384",
      x: "CA-iNoHDg1lL8pvX3d1uvExzVfCz7Rn6tW781Ub8K5MrDf2IMPyL0RTDiaLHC1JT",
      y: "Kpnrn8DkXUD3ge4mFxi-DKr0DYO2KuJdwNBrhzLRtfMa3WFMZBiPKUPfJj8dYNl_",
    },
  ],
] as const;

// test-vectors/secp256k1.json: the compressed point in base58.
const SECP256K1 = [
  ["zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme", "23o6Sau8NxxzXcgSc3PLcNxrzrZpbLeBn1izfv3jbKhuv"],
  ["zQ3shtxV1FrJfhqE1dvxYRcCknWNjHc3c5X1y3ZSoPDi2aur2", "291KzQhqCPC18PqH83XKhxv1HdqrdnxyS7dh15t2uNRzJ"],
  ["zQ3shZc2QzApp2oymGvQbzP8eKheVshBHbU4ZYjeXqwSKEn6N", "oesQ92MLiAkt2pjBcJFbW7H4DvzKJv22cotjYbmC2JEe"],
] as const;

describe("did:key", () => {
  it.each(JWKS)("tells %s as JWK", (key, publicKeyJwk) => {
    for (const [type, context] of [
      ["JsonWebKey", "https://w3id.org/security/jwk/v1"],
      ["JsonWebKey2020", "https://w3id.org/security/suites/jws-2020/v1"],
    ] as const) {
      const id = `did:key:${key}#${key}`;
      expect(resolve(`did:key:${key}`, type).document).toEqual({
        "@context": ["https://www.w3.org/ns/did/v1", context],
        id: `did:key:${key}`,
        verificationMethod: [{ id, type, controller: `did:key:${key}`, publicKeyJwk }],
        authentication: [id],
        assertionMethod: [id],
        capabilityInvocation: [id],
        capabilityDelegation: [id],
      });
    }
  });

  it.each(SECP256K1)("knows the secp256k1 key of %s", (key, base58) => {
    const { document } = resolve(`did:key:${key}`, "JsonWebKey");
    const [{ publicKeyJwk }] = (document as DidDocument)["verificationMethod"] as unknown as [
      { publicKeyJwk: { x: string; y: string } },
    ];
    const point = decodeBase58(base58) as Uint8Array;
    expect(Buffer.from(publicKeyJwk.x, "base64url")).toEqual(Buffer.from(point.subarray(1)));
    // The sign of the compressed point is the parity of y.
    expect((Buffer.from(publicKeyJwk.y, "base64url").at(-1) as number) & 1).toBe((point[0] as number) & 1);
  });

  it("is a Multikey where nothing is asked for, and an Ed25519VerificationKey2020 where it can be", () => {
    const [[ed25519], [p256]] = JWKS;
    const { document, metadata } = resolve(`did:key:${ed25519}`);
    expect(document).toMatchObject({
      "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
      verificationMethod: [{ type: "Multikey", publicKeyMultibase: ed25519 }],
    });
    expect(metadata).toEqual({});
    expect(resolve(`did:key:${ed25519}`, "Ed25519VerificationKey2020").document).toMatchObject({
      verificationMethod: [{ type: "Ed25519VerificationKey2020", publicKeyMultibase: ed25519 }],
    });
    expect(codeOf(() => resolve(`did:key:${p256}`, "Ed25519VerificationKey2020"))).toBe("resolution.options");
    for (const format of ["", "Multikey2", "constructor"])
      expect(codeOf(() => resolve(`did:key:${p256}`, format))).toBe("resolution.options");
  });
});

describe("a did:key is refused", () => {
  const of = (...bytes: (number | Uint8Array)[]) =>
    `did:key:z${encodeBase58(concatBytes(...bytes.map((part) => (typeof part === "number" ? Uint8Array.of(part) : part))))}`;
  const P256 = (decodeBase58(JWKS[1][0].slice(1)) as Uint8Array).subarray(2);
  const ED25519 = (decodeBase58(JWKS[0][0].slice(1)) as Uint8Array).subarray(2);

  it.each([
    ["without z", "did:key:6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"],
    ["of another base", `did:key:u${Buffer.concat([Uint8Array.of(0xed, 1), ED25519]).toString("base64url")}`],
    ["of no base58", "did:key:z0OIl"],
    ["empty", "did:key:z"],
    ["of two bytes", of(0xed, 0x01)],
    ["too long", `did:key:z${"6".repeat(101)}`],
    ["with a leading zero", `did:key:z1${JWKS[0][0].slice(1)}`],
    ["of an unknown multicodec", of(0x55, 0x01, ED25519)],
    ["with a multicodec of one byte", of(0xed, ED25519)],
    ["with an overlong multicodec", of(0xed, 0x81, 0x00, ED25519)],
    ["of Ed25519, cut short", of(0xed, 0x01, ED25519.subarray(1))],
    ["of Ed25519, too long", of(0xed, 0x01, ED25519, 0)],
    ["of Ed25519 that is no point", of(0xed, 0x01, new Uint8Array(32).fill(0xff))],
    ["of Ed25519, the identity", of(0xed, 0x01, 1, new Uint8Array(31))],
    ["of P-256, uncompressed", of(0x80, 0x24, 4, P256.subarray(1), P256.subarray(1))],
    ["of P-256 with another first byte", of(0x80, 0x24, 5, P256.subarray(1))],
    ["of P-256, off the curve", of(0x80, 0x24, 2, new Uint8Array(32).fill(0xff))],
    ["of P-256, the point at infinity", of(0x80, 0x24, 0)],
    ["of P-384 with a P-256 point", of(0x81, 0x24, P256)],
    ["of several parts", "did:key:1.1:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"],
  ])("%s", (_, did) => {
    expect(codeOf(() => resolve(did))).toBe("resolution.did");
  });

  it.each([
    ["X25519", of(0xec, 0x01, ED25519)],
    ["P-521", of(0x82, 0x24, 2, new Uint8Array(66))],
  ])("as not supported where it is of %s", (_, did) => {
    expect(codeOf(() => resolve(did))).toBe("resolution.feature");
  });

  it("or resolved, whatever it is", () => {
    const key = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => `z${encodeBase58(bytes)}`),
      fc
        .tuple(fc.constantFrom(...JWKS.map(([text]) => text)), fc.nat(60), fc.constantFrom(..."1azZ9"))
        .map(([text, at, character]) => text.slice(0, at) + character + text.slice(at + 1)),
      fc.stringMatching(/^[A-Za-z0-9._-]{1,110}$/),
    );
    fc.assert(
      fc.property(key, (text) => {
        expect(["accepted", "resolution.did", "resolution.feature"]).toContain(
          codeOf(() => resolve(`did:key:${text}`)),
        );
      }),
    );
  });
});
