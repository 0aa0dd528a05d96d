import fc from "fast-check";
import { GeneralSign, importJWK, type JWK, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { encodeBase64Url, encodeUtf8, HansaError } from "#base";
import { decodeMultikey, type PublicKey, verifySignature } from "#crypto";
import { alice, BEGIN, bob, carol, claimsOf, group, type Party } from "./fixtures.suite.ts";
import {
  checkOperation,
  cosignTransaction,
  decodeTransaction,
  type Operation,
  operation,
  prepareClaims,
  signTransaction,
  TRANSACTION_ERRORS,
  TRANSACTION_LIMITS,
  transactionId,
} from "./index.ts";

fc.configureGlobal({ seed: 7519 });

const base64 = (value: unknown) =>
  encodeBase64Url(encodeUtf8(typeof value === "string" ? value : JSON.stringify(value)));

/** A compact JWT of any parts, signed by alice. */
function compact(payload: unknown, header: unknown = { alg: "EdDSA", kid: alice.kid, typ: "hansa-tx+jwt" }): string {
  const input = `${base64(header)}.${base64(payload)}`;
  return `${input}.${encodeBase64Url(alice.signer.sign(encodeUtf8(input)))}`;
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof HansaError && Object.hasOwn(TRANSACTION_ERRORS, error.code)) return error.code;
    throw error;
  }
  return "accepted";
}

/** What a ledger does before state comes into play. */
function decodeAll(input: string | Uint8Array) {
  const transaction = decodeTransaction(input);
  transaction.claims.ops.forEach(checkOperation);
  return transaction;
}

function allHold(text: string, parties: readonly Party[]): boolean {
  return decodeTransaction(text).signatures.every(({ input, signature }, i) =>
    verifySignature(decodeMultikey((parties[i] as Party).multikey) as PublicKey, input, signature),
  );
}

/** JWKs of the fixtures' keys; jose has no ES256K. */
const jwks: Readonly<Record<"alice" | "bob", JWK>> = {
  alice: { kty: "OKP", crv: "Ed25519", x: encodeBase64Url(alice.signer.publicKey), d: base64("\u0001".repeat(32)) },
  // Affine coordinates of 0x0202…02 · G.
  bob: {
    kty: "EC",
    crv: "P-256",
    d: base64("\u0002".repeat(32)),
    x: "VVqr79zuTqdIHnAe4DqkZHqpjfEl3WwaoKRAQY5MI1U",
    y: "",
  },
};

describe("a transaction made by jose", () => {
  it("with SignJWT decodes and verifies here", async () => {
    const { ops, ...claims } = claimsOf();
    const text = await new SignJWT({ ops: ops as never })
      .setProtectedHeader({ alg: "EdDSA", kid: alice.kid, typ: "hansa-tx+jwt" })
      .setIssuer(claims.iss)
      .setAudience(claims.aud)
      .setJti(claims.jti)
      .setIssuedAt(claims.exp - 60)
      .setExpirationTime(claims.exp)
      .sign(await importJWK(jwks.alice, "EdDSA"));
    const transaction = decodeAll(text);
    expect(transaction.claims).toEqual({ ...claimsOf(), iat: claims.exp - 60 });
    expect(allHold(text, [alice])).toBe(true);
  });

  it("with GeneralSign and two signers decodes and verifies here", async () => {
    const { createECDH } = await import("node:crypto");
    const ecdh = createECDH("prime256v1");
    ecdh.setPrivateKey(Buffer.alloc(32, 2));
    const point = ecdh.getPublicKey();
    const bobJwk = {
      ...jwks.bob,
      x: point.subarray(1, 33).toString("base64url"),
      y: point.subarray(33).toString("base64url"),
    };
    const jws = await new GeneralSign(encodeUtf8(JSON.stringify(claimsOf())))
      .addSignature(await importJWK(jwks.alice, "EdDSA"))
      .setProtectedHeader({ alg: "EdDSA", kid: alice.kid })
      .addSignature(await importJWK(bobJwk, "ES256"))
      .setProtectedHeader({ alg: "ES256", kid: bob.kid, typ: "JWT" })
      .sign();
    const text = JSON.stringify(jws);
    const transaction = decodeAll(text);
    expect(transaction.claims).toEqual(claimsOf());
    expect(transaction.signatures.map(({ did }) => did)).toEqual([alice.did, bob.did]);
    expect(allHold(text, [alice, bob])).toBe(true);
  });
});

describe("signing", () => {
  it.each([
    ["Ed25519", alice],
    ["P-256", bob],
    ["secp256k1", carol],
  ] as const)("decodes and verifies what a key of %s signed", (_, party) => {
    const text = signTransaction(claimsOf({ iss: party.did }), [party]);
    expect(decodeAll(text).claims).toEqual(claimsOf({ iss: party.did }));
    expect(allHold(text, [party])).toBe(true);
    expect(allHold(text, [alice])).toBe(party === alice);
  });

  it("lets parties add their signatures one after the other, without changing the id", () => {
    const once = signTransaction(claimsOf(), [alice]);
    const thrice = cosignTransaction(cosignTransaction(once, bob), carol);
    expect(allHold(thrice, [alice, bob, carol])).toBe(true);
    expect(decodeTransaction(thrice).idText).toBe(decodeTransaction(once).idText);
    expect(thrice).not.toBe(signTransaction(claimsOf(), [alice, bob, carol]));
    expect(decodeTransaction(thrice).signatures[0]?.input).toEqual(decodeTransaction(once).signatures[0]?.input);
  });

  it("prepares claims with a fresh jti each time and an end in whole seconds", () => {
    const make = () => prepareClaims(alice.did, group, [operation("topics.close", { topic: "a" })], BEGIN + 999, 30);
    expect(make().jti).not.toBe(make().jti);
    expect(make().exp).toBe(BEGIN / 1000 + 30);
    expect(codeOf(() => decodeAll(signTransaction(make(), [alice])))).toBe("accepted");
  });

  it("makes ids that sort by expiry and depend on issuer and jti", () => {
    const id = (changes: object) => Buffer.from(transactionId({ ...claimsOf(), ...changes })).toString("hex");
    expect(id({ exp: 1 }) < id({ exp: 256 })).toBe(true);
    expect(id({ exp: 0xffffffff }).startsWith("ffffffff")).toBe(true);
    expect(new Set([id({}), id({ iss: bob.did }), id({ jti: "x".repeat(22) })]).size).toBe(3);
    expect(id({ aud: "another" })).toBe(id({}));
  });
});

describe("bad input gives its own code", () => {
  const good = signTransaction(claimsOf(), [alice]);
  const general = signTransaction(claimsOf(), [alice, bob]);
  const [header, payload, signature] = good.split(".") as [string, string, string];
  const claims = claimsOf();
  const outer = JSON.parse(general) as { payload: string; signatures: { protected: string; signature: string }[] };
  const deep = `${"[".repeat(20)}${"]".repeat(20)}`;
  const withOps = (ops: unknown) => compact({ ...claims, ops });
  const text = JSON.stringify(claims);

  it.each<[string, string, string | Uint8Array]>([
    ["nothing", "transaction.malformed", ""],
    ["not a JWT", "transaction.malformed", "hello"],
    ["two parts", "transaction.malformed", `${header}.${payload}`],
    ["four parts", "transaction.malformed", `${good}.x`],
    ["no header", "transaction.malformed", `.${payload}.${signature}`],
    ["no signature", "transaction.malformed", `${header}.${payload}.`],
    ["a padded signature", "transaction.malformed", `${good}==`],
    ["a short signature", "transaction.malformed", `${header}.${payload}.AAAA`],
    ["white space", "transaction.malformed", ` ${good}`],
    ["a payload that is not base64url", "transaction.malformed", `${header}.${payload}!.${signature}`],
    ["a second spelling of base64url", "transaction.malformed", `${header}.${payload.slice(0, -1)}.${signature}`],
    ["alg none", "transaction.algorithm", compact(claims, { alg: "none", kid: alice.kid })],
    ["alg HS256", "transaction.algorithm", compact(claims, { alg: "HS256", kid: alice.kid })],
    ["no alg", "transaction.algorithm", compact(claims, { kid: alice.kid })],
    ["no kid", "transaction.header", compact(claims, { alg: "EdDSA" })],
    ["a kid that is no DID URL", "transaction.header", compact(claims, { alg: "EdDSA", kid: "key-1" })],
    ["a header's jwk", "transaction.header", compact(claims, { alg: "EdDSA", kid: alice.kid, jwk: {} })],
    ["crit", "transaction.header", compact(claims, { alg: "EdDSA", kid: alice.kid, crit: ["b64"], b64: false })],
    ["another token's type", "transaction.header", compact(claims, { alg: "EdDSA", kid: alice.kid, typ: "at+jwt" })],
    ["a header that is a list", "transaction.header", compact(claims, [])],
    ["alg twice", "transaction.json", compact(claims, `{"alg":"none","alg":"EdDSA","kid":"${alice.kid}"}`)],
    ["a huge header", "transaction.header", compact(claims, { alg: "EdDSA", kid: "x".repeat(600) })],
    ["over size", "transaction.too-large", `${good}${"A".repeat(TRANSACTION_LIMITS.bytes)}`],
    ["bytes over size", "transaction.too-large", new Uint8Array(TRANSACTION_LIMITS.bytes + 1)],
    ["nested too deep", "transaction.json", compact(text.replace('"topic"', `"x":${deep},"topic"`))],
    ["nested far too deep", "transaction.json", compact("[".repeat(40_000))],
    ["a claim twice", "transaction.json", compact(text.replace("{", '{"exp":1,'))],
    ["a claim twice, once escaped", "transaction.json", compact(text.replace("{", '{"\\u0065xp":1,'))],
    ["__proto__", "transaction.json", compact(text.replace("{", '{"__proto__":{},'))],
    ["constructor in arguments", "transaction.json", compact(text.replace('"topic"', '"constructor":1,"topic"'))],
    ["a fraction", "transaction.json", compact(text.replace(/"exp":\d+/, '"exp":1.5'))],
    ["an exponent", "transaction.json", compact(text.replace(/"exp":\d+/, '"exp":1e9'))],
    ["invalid UTF-8 outside", "transaction.json", Uint8Array.of(0x7b, 0xff, 0x7d)],
    [
      "invalid UTF-8 inside",
      "transaction.json",
      `${header}.${encodeBase64Url(Uint8Array.of(0x22, 0xff, 0x22))}.${signature}`,
    ],
    ["half a surrogate pair", "transaction.json", compact('{"iss":"\\ud800"}')],
    ["a payload that is no object", "transaction.claims", compact([claims])],
    ["a claim too many", "transaction.claims", compact({ ...claims, sub: "x" })],
    ["nbf", "transaction.claims", compact({ ...claims, nbf: 0 })],
    ["an issuer that is no DID", "transaction.claims", compact({ ...claims, iss: "alice" })],
    ["several audiences", "transaction.claims", compact({ ...claims, aud: [group] })],
    ["no audience", "transaction.claims", compact({ ...claims, aud: undefined })],
    ["a short jti", "transaction.claims", compact({ ...claims, jti: "short" })],
    ["exp before 1970", "transaction.claims", compact({ ...claims, exp: -1 })],
    ["exp beyond 32 bits", "transaction.claims", compact({ ...claims, exp: 2 ** 32 })],
    ["exp as text", "transaction.claims", compact({ ...claims, exp: "1" })],
    ["iat as text", "transaction.claims", compact({ ...claims, iat: "1" })],
    ["no operations", "transaction.claims", withOps([])],
    ["too many operations", "transaction.claims", withOps(Array(101).fill(claims.ops[0]))],
    ["operations that are no list", "transaction.claims", withOps({})],
    ["an operation that is no object", "transaction.claims", withOps([1])],
    ["an operation's member too many", "transaction.claims", withOps([{ op: "topics.close", args: {}, more: 1 }])],
    ["arguments that are a list", "transaction.claims", withOps([{ op: "topics.close", args: [] }])],
    ["an operation without a module", "transaction.claims", withOps([{ op: "close", args: {} }])],
    ["an unknown module", "transaction.unknown-operation", withOps([{ op: "money.mint", args: {} }])],
    ["an unknown operation", "transaction.unknown-operation", withOps([{ op: "topics.burn", args: {} }])],
    ["an inherited name", "transaction.claims", withOps([{ op: "__proto__.x", args: {} }])],
    ["a missing argument", "transaction.operation-arguments", withOps([{ op: "topics.close", args: {} }])],
    [
      "an argument too many",
      "transaction.operation-arguments",
      withOps([{ op: "topics.close", args: { topic: "a", force: true } }]),
    ],
    [
      "an argument of a wrong form",
      "transaction.operation-arguments",
      withOps([{ op: "topics.close", args: { topic: "A/../b" } }]),
    ],
    [
      "a topic too long for the state tree",
      "transaction.operation-arguments",
      withOps([{ op: "topics.close", args: { topic: Array(4).fill("a".repeat(50)).join("/") } }]),
    ],
    ["an issuer that did not sign", "transaction.signer-missing", signTransaction(claims, [bob])],
    ["a signer twice", "transaction.signer-missing", signTransaction(claims, [alice, alice])],
    ["general without signatures", "transaction.malformed", JSON.stringify({ payload: outer.payload, signatures: [] })],
    [
      "too many signatures",
      "transaction.malformed",
      JSON.stringify({ payload: outer.payload, signatures: Array(17).fill(outer.signatures[0]) }),
    ],
    ["a general member too many", "transaction.malformed", JSON.stringify({ ...outer, header: {} })],
    [
      "an unprotected header",
      "transaction.malformed",
      JSON.stringify({
        ...outer,
        signatures: [{ ...outer.signatures[0], header: { kid: bob.kid } }, outer.signatures[1]],
      }),
    ],
    ["flattened serialisation", "transaction.malformed", JSON.stringify({ payload, protected: header, signature })],
    ["general with payload twice", "transaction.json", general.replace("{", '{"payload":"x",')],
    ["general that is cut", "transaction.json", general.slice(0, -1)],
  ])("%s: %s", (_, code, input) => {
    expect(codeOf(() => decodeAll(input))).toBe(code);
  });

  it("names the operation and the place of a wrong argument", () => {
    try {
      decodeAll(withOps([claims.ops[0], { op: "topics.close", args: { topic: 7 } }]));
      expect.unreachable();
    } catch (error) {
      expect((error as HansaError).payload).toMatchObject({ op: "topics.close", index: 1, path: "/topic" });
    }
  });
});

describe("decodeTransaction on anything at all", () => {
  const known = (run: () => unknown) => {
    const code = codeOf(run);
    expect(code === "accepted" || Object.hasOwn(TRANSACTION_ERRORS, code)).toBe(true);
    return code;
  };

  it("throws nothing but its own codes on texts and bytes", () => {
    const segment = fc.oneof(fc.base64String({ maxLength: 40 }), fc.string({ maxLength: 20 }), fc.json().map(base64));
    const input = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }),
      fc.json(),
      fc.tuple(segment, segment, segment).map((parts) => parts.join(".")),
      fc.tuple(fc.json(), fc.json()).map(([payload, header]) => compact(payload, header)),
    );
    fc.assert(
      fc.property(input, (value) => {
        known(() => decodeAll(value));
      }),
      { numRuns: 3000 },
    );
  });

  it("throws nothing but its own codes on valid transactions with bytes changed, and never calls them the same", () => {
    const texts = [signTransaction(claimsOf(), [alice]), signTransaction(claimsOf(), [alice, bob, carol])];
    const parties = [[alice], [alice, bob, carol]];
    const change = fc.record({ at: fc.nat(), char: fc.integer({ min: 0, max: 255 }), cut: fc.nat(3) });
    fc.assert(
      fc.property(fc.nat(1), fc.array(change, { minLength: 1, maxLength: 4 }), (which, changes) => {
        const original = texts[which] as string;
        let text = original;
        for (const { at, char, cut } of changes) {
          const place = at % (text.length + 1);
          text = text.slice(0, place) + String.fromCharCode(char) + text.slice(place + cut);
        }
        if (known(() => decodeAll(text)) !== "accepted" || text === original) return;
        // What still decodes may differ in white space of the outer JSON only; anything else breaks a signature.
        if (which === 1 && JSON.stringify(JSON.parse(text)) === original) return;
        expect(allHold(text, parties[which] as Party[])).toBe(false);
      }),
      { numRuns: 4000 },
    );
  });

  it("throws nothing but its own codes on valid JWTs of changed claims", () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(alice.did, group, BEGIN / 1000));
    const names = fc.constantFrom("iss", "aud", "jti", "exp", "iat", "ops", "sub", "op", "args");
    fc.assert(
      fc.property(fc.dictionary(names, value), fc.dictionary(names, value), (changes, inOperation) => {
        const ops = [{ ...claimsOf().ops[0], ...inOperation }] as unknown as Operation[];
        known(() => decodeAll(compact({ ...claimsOf({ ops }), ...changes })));
      }),
      { numRuns: 1500 },
    );
  });
});
