import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeBase64Url, encodeUtf8, HansaError } from "#base";
import { decodeMultikey, type PublicKey } from "#crypto";
import { alice, BEGIN, bob, carol, genesis, group } from "./fixtures.suite.ts";
import {
  type Attestation,
  checkGenesis,
  type DeviceCertificate,
  decodeAttestation,
  decodeCertificate,
  decodeConnectionToken,
  decodeToken,
  didOf,
  didOfKeyId,
  fingerprintOf,
  fingerprintOfDid,
  groupIdOf,
  isDid,
  isKeyId,
  isSignedBy,
  keyIdOf,
  PROTOCOL_ERRORS,
  parseDid,
  requireSignedBy,
  signAttestation,
  signCertificate,
  signCompact,
  signConnectionToken,
} from "./index.ts";

fc.configureGlobal({ seed: 7515 });

const keyOf = (party: { multikey: string }) => decodeMultikey(party.multikey) as PublicKey;
const digest = "A".repeat(43);

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof HansaError && Object.hasOwn(PROTOCOL_ERRORS, error.code)) return error.code;
    throw error;
  }
  return "accepted";
}

const certificate: DeviceCertificate = {
  iss: alice.did,
  sub: carol.did,
  key: carol.multikey,
  model: "acme/lamp",
  serial: digest,
  iat: BEGIN / 1000,
  exp: BEGIN / 1000 + 1000,
};
const attestation: Attestation = {
  iss: carol.did,
  aud: alice.did,
  nonce: "n".repeat(22),
  model: "acme/lamp",
  firmware: { version: "1.0.0", digest },
  lifecycle: "production",
  iat: BEGIN / 1000,
};

describe("what devices and makers sign", () => {
  it("is read back, and bears the signature of its key alone", () => {
    const text = signCertificate(certificate, alice.kid, alice.signer);
    const { token, claims } = decodeCertificate(text);
    expect(claims).toEqual(certificate);
    expect(isSignedBy(token, keyOf(alice))).toBe(true);
    expect(isSignedBy(token, keyOf(bob))).toBe(false);
    expect(codeOf(() => requireSignedBy(token, keyOf(carol)))).toBe("token.signature");
    expect(decodeAttestation(signAttestation(attestation, carol.kid, carol.signer)).claims).toEqual(attestation);
  });

  it("is never taken for a token of another type", () => {
    expect(codeOf(() => decodeAttestation(signCertificate(certificate, alice.kid, alice.signer)))).toBe("token.type");
    expect(codeOf(() => decodeConnectionToken(signAttestation(attestation, carol.kid, carol.signer)))).toBe(
      "token.type",
    );
  });

  it("is refused with a claim too many, missing or of a wrong form", () => {
    const sign = (claims: object) => signCompact(claims, "hansa-attestation+jwt", carol.kid, carol.signer);
    const { nonce: _, ...without } = attestation;
    for (const claims of [{ ...attestation, more: 1 }, without, { ...attestation, lifecycle: "broken" }])
      expect(codeOf(() => decodeAttestation(sign(claims)))).toBe("token.claims");
  });

  it("opens connections for the seconds that it is asked for", () => {
    const text = signConnectionToken(carol.did, group, carol.kid, carol.signer, BEGIN + 500, 600);
    expect(decodeConnectionToken(text).claims).toEqual({
      iss: carol.did,
      aud: group,
      iat: BEGIN / 1000,
      exp: BEGIN / 1000 + 600,
    });
  });
});

describe("decodeToken", () => {
  const sign = (header: object, payload: string) => {
    const input = `${encodeBase64Url(encodeUtf8(JSON.stringify(header)))}.${encodeBase64Url(encodeUtf8(payload))}`;
    return `${input}.${encodeBase64Url(alice.signer.sign(encodeUtf8(input)))}`;
  };
  const good = { alg: "EdDSA", kid: alice.kid, typ: "t" };

  it.each([
    ["token.malformed", ""],
    ["token.malformed", "a.b"],
    ["token.malformed", sign(good, "[]")],
    ["token.malformed", sign(good, '{"a":1,"a":2}')],
    ["token.malformed", sign(good, '{"__proto__":1}')],
    ["token.malformed", sign({ ...good, crit: [] }, "{}")],
    ["token.malformed", `${sign(good, "{}")}=`],
    ["token.malformed", `${sign(good, "{}")}${"A".repeat(20_000)}`],
    ["token.algorithm", sign({ ...good, alg: "none" }, "{}")],
    ["token.algorithm", sign({ ...good, alg: "HS256" }, "{}")],
    ["token.type", sign({ ...good, typ: undefined }, "{}")],
    ["token.type", sign({ ...good, typ: "T" }, "{}")],
  ])("refuses with %s: %.30s", (code, text) => {
    expect(codeOf(() => decodeToken(text, "t"))).toBe(code);
  });

  it("does not let a key be used with another algorithm than its own", () => {
    const token = decodeToken(sign({ ...good, alg: "ES256" }, "{}"), "t");
    expect(isSignedBy(token, keyOf(alice))).toBe(false);
  });

  it("throws nothing but the room's codes", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.tuple(fc.json(), fc.json()).map(([a, b]) => sign(JSON.parse(a), b)),
        ),
        (text) => {
          codeOf(() => decodeToken(text, "t"));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("DIDs", () => {
  it("bear the fingerprint of their first key", () => {
    const did = didOf("hanse", keyOf(bob));
    expect(did).toBe(bob.did);
    expect(parseDid(did)).toEqual({ alliance: "hanse", fingerprint: fingerprintOf(keyOf(bob)) });
    expect(keyIdOf(did, keyOf(bob))).toBe(bob.kid);
    expect(didOfKeyId(bob.kid)).toBe(did);
    expect(fingerprintOfDid(did)).toBe(fingerprintOf(keyOf(bob)));
    expect(isKeyId(bob.kid) && !isKeyId(did) && !isDid(bob.kid)).toBe(true);
  });

  it.each([
    "",
    "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
    "did:hansa:Hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3",
    "did:hansa:-a:3QJmV3qfvL9SuYo34YihAf3sRCW3",
    "did:hansa:hanse:0QJmV3qfvL9SuYo34YihAf3sRCW3",
    "did:hansa:hanse:3QJm",
    `${alice.did}\n`,
    ` ${alice.did}`,
    `${alice.did}/path`,
  ])("refuses %j", (text) => {
    expect(isDid(text)).toBe(false);
    expect(codeOf(() => parseDid(text))).toBe("did.syntax");
  });

  it("always have a fingerprint that the pattern takes, whatever the key", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        expect(isDid(didOf("a", { algorithm: "Ed25519", bytes }))).toBe(true);
      }),
    );
  });
});

describe("genesis", () => {
  it("gives the group an id that any change of it changes", () => {
    expect(groupIdOf(genesis)).toBe(group);
    expect(group).toMatch(/^hanse:main:[1-9A-HJ-NP-Za-km-z]{26,28}$/);
    expect(groupIdOf({ ...genesis, time: genesis.time + 1 })).not.toBe(group);
  });

  const parameters = genesis.parameters;
  it.each<[string, unknown]>([
    ["a member too many", { ...genesis, more: 1 }],
    ["no members", { ...genesis, members: [] }],
    ["a member whose DID is not its key's", { ...genesis, members: [{ ...genesis.members[0], did: bob.did }] }],
    ["a member twice", { ...genesis, members: [genesis.members[0], genesis.members[0]] }],
    ["an engine key that is none", { ...genesis, engine: { kind: "solo", key: `z${"1".repeat(45)}` } }],
    [
      "a quorum above all members",
      {
        ...genesis,
        parameters: { ...parameters, quorums: { ...parameters.quorums, roles: { numerator: 3, denominator: 2 } } },
      },
    ],
    ["fewer members than must remain", { ...genesis, parameters: { ...parameters, leastMembers: 3 } }],
    ["nothing", null],
  ])("is refused with %s", (_, value) => {
    expect(codeOf(() => checkGenesis(value))).toBe("proof.malformed");
  });
});
