import { p256 as nobleP256 } from "@noble/curves/nist.js";
import { secp256k1 as nobleSecp256k1 } from "@noble/curves/secp256k1.js";
import { CompactSign, compactVerify, importJWK, type JWK } from "jose";
import { describe, expect, it } from "vitest";
import { decodeBase64Url, encodeBase64Url, encodeUtf8 } from "#base";
import * as node from "./backend.ts";
import { ALGORITHMS, suiteOf } from "./suites/index.ts";
import type { Algorithm } from "./suites/suite.ts";

const CURVES = { "P-256": nobleP256, secp256k1: nobleSecp256k1 };

/** JWK of a secret, made with another library than the suites'. */
function jwkOf(algorithm: Algorithm, secret: Uint8Array): JWK {
  const d = encodeBase64Url(secret);
  if (algorithm === "Ed25519")
    return { kty: "OKP", crv: "Ed25519", x: encodeBase64Url(node.ed25519PublicKey(secret)), d };
  const point = CURVES[algorithm].getPublicKey(secret, false);
  return {
    kty: "EC",
    crv: algorithm,
    x: encodeBase64Url(point.slice(1, 33)),
    y: encodeBase64Url(point.slice(33)),
    d,
  };
}

/** jose leaves ES256K to nobody since version 5; WebCrypto has no secp256k1. */
const joseAlgorithms = ALGORITHMS.filter((algorithm) => algorithm !== "secp256k1");

describe.each(joseAlgorithms)("interop with jose: %s", (algorithm) => {
  const suite = suiteOf(algorithm);
  const secret = new Uint8Array(32).fill(5);
  const jwk = jwkOf(algorithm, secret);

  it("verifies what jose signs", async () => {
    const jws = await new CompactSign(encodeUtf8("from jose"))
      .setProtectedHeader({ alg: suite.jose })
      .sign(await importJWK(jwk, suite.jose));
    const [header, payload, signature] = jws.split(".") as [string, string, string];
    const input = encodeUtf8(`${header}.${payload}`);
    expect(suite.verify(input, decodeBase64Url(signature) as Uint8Array, suite.publicKey(secret))).toBe(true);
  });

  it("signs what jose verifies", async () => {
    const input = `${encodeBase64Url(encodeUtf8(JSON.stringify({ alg: suite.jose })))}.${encodeBase64Url(encodeUtf8("to jose"))}`;
    const jws = `${input}.${encodeBase64Url(suite.sign(encodeUtf8(input), secret))}`;
    const { d: _, ...publicJwk } = jwk;
    const { payload } = await compactVerify(jws, await importJWK(publicJwk, suite.jose));
    expect(new TextDecoder().decode(payload)).toBe("to jose");
  });
});
