import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSigner } from "#crypto";
import {
  decodeRequestToken,
  didOf,
  isSignedBy,
  isTokenOf,
  keyIdOf,
  REQUEST_TOKEN_SECONDS,
  type SignedRequest,
  signRequestToken,
} from "#protocol";

const signer = createSigner("Ed25519", new Uint8Array(32).fill(3));
const key = { algorithm: signer.algorithm, bytes: signer.publicKey };
const did = didOf("hanse", key);
const sign = (request: SignedRequest) =>
  signRequestToken(did, "hanse:main:x", request, keyIdOf(did, key), signer, 1_700_000_000_500);

const target = fc
  .array(fc.constantFrom("/", "a", "%3A", "?", "&", "=", "1", "~", "'"), { maxLength: 30 })
  .map((parts) => `/${parts.join("")}`);
const request = fc.record({
  method: fc.constantFrom("GET", "POST"),
  target,
  body: fc.option(fc.uint8Array({ maxLength: 20 }), { nil: undefined }),
});

describe("a request token", () => {
  it("is its own request's and no other's", () => {
    fc.assert(
      fc.property(request, request, (one, other) => {
        const { token, claims } = decodeRequestToken(sign(one));
        expect(isSignedBy(token, key)).toBe(true);
        expect(isTokenOf(claims, one)).toBe(true);
        const bytes = (body: Uint8Array | undefined) => Buffer.from(body ?? []).toString("hex");
        const same =
          one.method === other.method && one.target === other.target && bytes(one.body) === bytes(other.body);
        expect(isTokenOf(claims, other)).toBe(same);
      }),
    );
  });

  it("lives for a minute, says whose and for whom it is, and never bears the same number twice", () => {
    const tokens = Array.from({ length: 50 }, () => decodeRequestToken(sign({ method: "GET", target: "/" })).claims);
    expect(new Set(tokens.map(({ jti }) => jti)).size).toBe(50);
    expect(tokens[0]).toMatchObject({ iss: did, aud: "hanse:main:x", iat: 1_700_000_000 });
    expect(tokens[0]?.exp).toBe(1_700_000_000 + REQUEST_TOKEN_SECONDS);
  });
});
