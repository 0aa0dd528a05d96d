import { describe, expect, it } from "vitest";
import { encodeBase64Url } from "#base";
import { encodeMultikey } from "#crypto";
import type { DidDocument, IdentityRecord } from "#protocol";
import { resolutionError } from "../errors.ts";
import { HansaMethod } from "../methods/hansa/hansa-method.ts";
import { keyMethod } from "../methods/key/key-method.ts";
import type { DidMethod } from "../resolution/method.ts";
import { DidResolver } from "../resolution/resolver.ts";
import { encodeCredentialKey } from "./credential-key.ts";
import { codeOf, keys, signerOf } from "./credentials.suite.ts";
import { makeKeyFinder } from "./key-finder.ts";

const ALL = { mayRead: () => true };
const DID = "did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3";

function recordOf(number: number, ...secrets: number[]): IdentityRecord {
  return {
    did: DID,
    version: number,
    deactivated: secrets.length === 0,
    controllers: [],
    keys: secrets.map((secret) => ({
      id: `key${secret}`,
      publicKey: encodeMultikey({ algorithm: "Ed25519", bytes: signerOf(secret).publicKey }),
      relationships: secret % 2 === 0 ? ["authentication"] : ["assertionMethod", "authentication"],
    })),
    services: [],
    created: 0,
    updated: number * 1000,
  };
}

function hansaFinder(...history: IdentityRecord[]) {
  const ledger = {
    id: "hanse:main:2xG",
    name: "main",
    alliance: "hanse",
    height: 1,
    identity: (did: string) => (did === DID ? history.at(-1) : undefined),
    history: () => history,
  };
  const find = makeKeyFinder(new DidResolver([keyMethod, new HansaMethod([ledger])]), ALL);
  return { find, history };
}

describe("a key of did:key", () => {
  it.each(["Ed25519", "P-256", "P-384", "secp256k1"] as const)(
    "of %s is found, for both purposes",
    async (algorithm) => {
      const { id, controller, publicKey } = signerOf(7, algorithm);
      for (const purpose of ["assertionMethod", "authentication"] as const)
        expect(await keys(id, purpose)).toEqual({ id, controller, algorithm, publicKey });
      expect(await keys(id, "assertionMethod")).toBe(await keys(id, "assertionMethod"));
    },
  );

  it.each([
    ["without a fragment", () => signerOf(1).controller],
    ["with another fragment", () => `${signerOf(1).controller}#${encodeCredentialKey(signerOf(2))}`],
    ["with a parameter", () => signerOf(1).id.replace("#", "?versionId=1#")],
    ["with an empty query", () => signerOf(1).id.replace("#", "?#")],
    ["with a path", () => signerOf(1).id.replace("#", "/x#")],
    ["that is none", () => "did:key:invalidVm#invalidVm"],
    [
      "of a type that is not known",
      () => "did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc#z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc",
    ],
    ["at a web address", () => "https://vc.example/issuers/5678#key"],
    ["of a method that is not resolved here", () => "did:example:123#key"],
    ["of no form at all", () => "nothing"],
  ])("is none %s", async (_, id) => {
    expect(await codeOf(() => keys(id(), "assertionMethod"))).toBe("credentials.key");
  });
});

describe("a key of did:hansa", () => {
  it("is found where the document names it for the purpose", async () => {
    const { find } = hansaFinder(recordOf(1, 1, 2));
    expect((await find(`${DID}#key1`, "assertionMethod")).publicKey).toEqual(signerOf(1).publicKey);
    expect((await find(`${DID}#key2`, "authentication")).controller).toBe(DID);
    expect(await codeOf(() => find(`${DID}#key2`, "assertionMethod"))).toBe("credentials.key");
    expect(await codeOf(() => find(`${DID}#key3`, "assertionMethod"))).toBe("credentials.key");
  });

  it("is gone at once when it is rotated away, or the DID is deactivated", async () => {
    const { find, history } = hansaFinder(recordOf(1, 1));
    await find(`${DID}#key1`, "assertionMethod");
    history.push(recordOf(2, 3));
    expect(await codeOf(() => find(`${DID}#key1`, "assertionMethod"))).toBe("credentials.key");
    await find(`${DID}#key3`, "assertionMethod");
    history.push(recordOf(3));
    expect(await codeOf(() => find(`${DID}#key3`, "assertionMethod"))).toBe("credentials.key");
  });

  it("cannot be asked for as of an older version", async () => {
    const { find } = hansaFinder(recordOf(1, 1), recordOf(2, 3));
    for (const parameter of ["versionId=1", "versionTime=1970-01-01T00:00:01Z"])
      expect(await codeOf(() => find(`${DID}?${parameter}#key1`, "assertionMethod"))).toBe("credentials.key");
  });
});

describe("what was read of a key", () => {
  const ledger = {
    id: "hanse:main:2xG",
    name: "main",
    alliance: "hanse",
    height: 1,
    identity: () => record,
    history: () => [record],
  };
  const record = recordOf(1, 1);

  it("serves every asker of the resolver, and nobody who may not read its group", async () => {
    const resolver = new DidResolver([keyMethod, new HansaMethod([ledger])]);
    const [one, other] = [makeKeyFinder(resolver, ALL), makeKeyFinder(resolver, { mayRead: () => true })];
    for (const id of [`${DID}#key1`, signerOf(1).id])
      expect(await other(id, "assertionMethod")).toBe(await one(id, "assertionMethod"));
    const stranger = makeKeyFinder(resolver, { mayRead: () => false });
    expect(await codeOf(() => stranger(`${DID}#key1`, "assertionMethod"))).toBe("credentials.key");
  });

  it("is not taken for another resolver's", async () => {
    await makeKeyFinder(new DidResolver([keyMethod]), ALL)(signerOf(1).id, "assertionMethod");
    const find = makeKeyFinder(new DidResolver([new HansaMethod([ledger])]), ALL);
    expect(await codeOf(() => find(signerOf(1).id, "assertionMethod"))).toBe("credentials.key");
  });
});

describe("a key of any document", () => {
  const jwk = { kty: "OKP", crv: "Ed25519", x: encodeBase64Url(signerOf(5).publicKey) };
  const method = { id: "did:test:a#1", type: "JsonWebKey", controller: "did:test:a", publicKeyJwk: jwk };
  const found = async (document: object, id = "did:test:a#1") => {
    const test: DidMethod = {
      name: "test",
      options: [],
      resolve: () => ({ document: document as DidDocument, metadata: {} }),
    };
    return makeKeyFinder(new DidResolver([test]), ALL)(id, "assertionMethod");
  };
  const documentOf = (more: object, relationship: unknown = ["did:test:a#1"]) => ({
    id: "did:test:a",
    verificationMethod: [{ ...method, ...more }],
    assertionMethod: relationship,
  });

  it("may be a JWK, named relatively, or stand in the relationship", async () => {
    const expected = signerOf(5).publicKey;
    expect((await found(documentOf({}))).publicKey).toEqual(expected);
    expect((await found(documentOf({ id: "#1" }, ["#1"]))).publicKey).toEqual(expected);
    expect((await found({ id: "did:test:a", assertionMethod: [method] })).publicKey).toEqual(expected);
  });

  it.each<[string, object]>([
    ["the document is another's", { ...documentOf({}), id: "did:test:b" }],
    ["it has another controller", documentOf({ controller: "did:test:b" })],
    ["it has none", documentOf({ controller: undefined })],
    ["no relationship names it", documentOf({}, [])],
    ["the relationship is no list", documentOf({}, "did:test:a#1")],
    [
      "two have its id",
      {
        ...documentOf({}),
        verificationMethod: [
          method,
          { ...method, publicKeyJwk: { ...jwk, x: encodeBase64Url(signerOf(6).publicKey) } },
        ],
      },
    ],
    ["it is given twice over", documentOf({ publicKeyMultibase: encodeCredentialKey(signerOf(6)) })],
    ["its secret was published", documentOf({ publicKeyJwk: { ...jwk, d: jwk.x } })],
    ["it is of another type", documentOf({ type: "RsaVerificationKey2018" })],
    ["it is of another curve", documentOf({ publicKeyJwk: { ...jwk, crv: "X25519" } })],
    ["it is too short", documentOf({ publicKeyJwk: { ...jwk, x: "AAAA" } })],
  ])("is none where %s", async (_, document) => {
    expect(await codeOf(() => found(document))).toBe("credentials.key");
  });

  it("is not said to be missing where its document cannot be had", async () => {
    const down: DidMethod = {
      name: "test",
      options: [],
      resolve() {
        throw resolutionError("resolution.unreachable", "down");
      },
    };
    const find = makeKeyFinder(new DidResolver([down]), ALL);
    expect(await codeOf(() => find("did:test:a#1", "assertionMethod"))).toBe("credentials.unreachable");
  });
});
