import { describe, expect, it } from "vitest";
import { encodeBase64Url, encodeUtf8 } from "#base";
import { createSigner, uncompressPoint } from "#crypto";
import {
  checkSignature,
  credentialSigner,
  decodeCredentialJwk,
  decodeCredentialKey,
  encodeCredentialKey,
} from "./credential-key.ts";
import { signerOf } from "./credentials.suite.ts";
import type { CredentialAlgorithm } from "./keys.ts";

const data = encodeUtf8("data");

function jwkOf({ algorithm, publicKey }: { algorithm: CredentialAlgorithm; publicKey: Uint8Array }) {
  if (algorithm === "Ed25519") return { kty: "OKP", crv: algorithm, x: encodeBase64Url(publicKey) };
  const point = uncompressPoint(algorithm, publicKey) as Uint8Array;
  const width = publicKey.length - 1;
  const [x, y] = [encodeBase64Url(point.subarray(1, 1 + width)), encodeBase64Url(point.subarray(1 + width))];
  return { kty: "EC", crv: algorithm, x, y };
}

describe.each(["Ed25519", "P-256", "P-384", "secp256k1"] as const)("a key of %s", (algorithm) => {
  const signer = signerOf(9, algorithm);
  const key = { algorithm, publicKey: signer.publicKey };

  it("signs what it verifies, and speaks as its did:key", () => {
    const signature = signer.sign(data);
    expect(checkSignature(signer, data, signature)).toBe(true);
    expect(checkSignature(signer, encodeUtf8("date"), signature)).toBe(false);
    expect(checkSignature(signerOf(8, algorithm), data, signature)).toBe(false);
    expect(signer.id).toBe(`${signer.controller}#${encodeCredentialKey(key)}`);
  });

  it("is written and read as Multikey and as JWK", () => {
    expect(decodeCredentialKey(encodeCredentialKey(key))).toEqual(key);
    expect(decodeCredentialJwk(jwkOf(key))).toEqual(key);
  });

  it("is not read from a JWK that is wrong, or that holds a secret", () => {
    const jwk = jwkOf(key);
    const wrong = [{ d: jwk.x }, { x: "AAAA" }, { x: 1 }, { kty: "RSA" }, { crv: "P-521" }, { x: `${jwk.x}=` }];
    for (const more of wrong) expect(decodeCredentialJwk({ ...jwk, ...more } as never)).toBe(undefined);
  });
});

describe("keys", () => {
  it("of one curve with another's y are none", () => {
    const [a, b] = [jwkOf(signerOf(1, "P-256")), jwkOf(signerOf(2, "P-256"))];
    expect(decodeCredentialJwk({ ...a, y: b.y as string })).toBe(undefined);
    expect(decodeCredentialJwk({ ...a, y: "" })).toBe(undefined);
  });

  it.each([
    "",
    "z",
    "z1",
    "u6Mk",
    `z${"2".repeat(100)}`,
    "z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc",
    "z16MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
  ])("are not read from %j", (text) => {
    expect(decodeCredentialKey(text)).toBe(undefined);
  });

  it("of a key store sign in the name that they are given", () => {
    const stored = createSigner("Ed25519");
    const signer = credentialSigner(stored, { id: "did:example:a#1" });
    expect(signer).toMatchObject({ id: "did:example:a#1", controller: "did:example:a", algorithm: "Ed25519" });
    expect(checkSignature(signer, data, signer.sign(data))).toBe(true);
  });
});
