import { beforeEach, describe, expect, it } from "vitest";
import type { Json } from "#base";
import { createCredentialSigner } from "../credentials/credential-key.ts";
import { issueCredential } from "../credentials/issue-credential.ts";
import { verifyPresentation } from "../credentials/verify-presentation.ts";
import { signCompactJws } from "../jose/compact-jws.ts";
import { verifyJwtPresentation } from "../jose/jwt-presentation.ts";
import { issueSdJwtCredential } from "../sd-jwt/issue-sd-jwt-credential.ts";
import { readSdJwt } from "../sd-jwt/present-sd-jwt.ts";
import { verifySdJwt } from "../sd-jwt/verify-sd-jwt.ts";
import { formatClaim } from "./claims.ts";
import { createMemoryWalletStore } from "./memory-wallet-store.ts";
import { dataIntegrity, degreeOf, finder, issuer, jose, NOW, PERSON, sdJwt, VERIFIER } from "./wallet.suite.ts";
import { Wallet } from "./wallet.ts";
import type { WalletKey } from "./wallet-keys.ts";
import type { WalletStore } from "./wallet-store.ts";

const HOW = { keys: finder };
const code = (name: string) => expect.objectContaining({ code: name });

let now: number;
let store: WalletStore;
let wallet: Wallet;
let key: WalletKey;

beforeEach(async () => {
  now = NOW;
  store = createMemoryWalletStore();
  wallet = new Wallet({ store, now: () => now });
  key = await wallet.createKey("Ed25519");
});

/** What a verifier has of a presentation of Data Integrity. */
const verify = (presentation: unknown, verifier = VERIFIER) =>
  verifyPresentation(presentation, { keys: finder, now, challenge: verifier.challenge, domain: verifier.domain });

describe("receiving", () => {
  it("takes every format, and finds it by type, issuer, subject and format", async () => {
    const first = await wallet.receive(await dataIntegrity(key.controller), HOW);
    now += 1000;
    const second = await wallet.receive(jose(key.controller), HOW);
    now += 1000;
    const third = await wallet.receive(sdJwt(key), HOW);
    const ids = async (filter: object) => (await wallet.list(filter)).map(({ id }) => id);
    expect(await ids({})).toEqual([first.id, second.id, third.id]);
    expect(await ids({ type: "ExampleDegreeCredential" })).toEqual([first.id, second.id]);
    expect(await ids({ type: "https://town.example/resident" })).toEqual([third.id]);
    expect(await ids({ issuer: issuer.controller })).toHaveLength(3);
    expect(await ids({ issuer: key.controller })).toEqual([]);
    expect(await ids({ subject: key.controller, format: "jwt_vc_json" })).toEqual([second.id]);
    expect((await wallet.get(first.id.slice(0, 6))).format).toBe("ldp_vc");
  });

  it("opens an envelope, and knows a credential again however it comes", async () => {
    const token = jose(key.controller);
    await wallet.receive(token, HOW);
    const envelope = {
      "@context": "https://www.w3.org/ns/credentials/v2",
      type: "EnvelopedVerifiableCredential",
      id: `data:application/vc+jwt,${token}`,
    };
    await expect(wallet.receive(JSON.stringify(envelope), HOW)).rejects.toThrow(code("wallet.exists"));
    const text = await dataIntegrity(key.controller);
    await wallet.receive(text, HOW);
    await expect(wallet.receive(JSON.stringify(JSON.parse(text), null, 2), HOW)).rejects.toThrow(code("wallet.exists"));
  });

  it("keeps nothing that does not verify: changed, expired, revoked, of an unknown status, of an issuer who is not recognised", async () => {
    const text = await dataIntegrity(key.controller);
    const changed = text.replace("Master of Meters", "Doctor of Meters");
    await expect(wallet.receive(changed, HOW)).rejects.toThrow(code("credentials.signature"));
    const forged = sdJwt(key).replace(/\.[^.~]+~/, (signature) => `.${"A".repeat(signature.length - 2)}~`);
    await expect(wallet.receive(forged, HOW)).rejects.toThrow(code("credentials.signature"));
    const old = await dataIntegrity(key.controller, { validUntil: "2025-12-31T00:00:00Z" });
    await expect(wallet.receive(old, HOW)).rejects.toThrow(code("credentials.expired"));
    await expect(wallet.receive(jose(key.controller, { validUntil: "2025-12-31T00:00:00Z" }), HOW)).rejects.toThrow(
      code("credentials.expired"),
    );
    const statusEntry = {
      type: "BitstringStatusListEntry",
      statusPurpose: "revocation",
      statusListIndex: "7",
      statusListCredential: "https://issuer.example/status/1",
    };
    const withStatus = await dataIntegrity(key.controller, { credentialStatus: statusEntry });
    await expect(wallet.receive(withStatus, HOW)).rejects.toThrow(code("credentials.status-unknown"));
    const nobody = { ...HOW, recognised: () => false };
    for (const one of [text, jose(key.controller), sdJwt(key)])
      await expect(wallet.receive(one, nobody)).rejects.toThrow(code("credentials.issuer"));
    expect(await wallet.list()).toEqual([]);
    await wallet.receive(withStatus, { ...HOW, checkStatus: false });
  });

  it("refuses what is about somebody else, unless it is told to keep it", async () => {
    const stranger = createCredentialSigner("Ed25519");
    for (const text of [await dataIntegrity(stranger.controller), jose(stranger.controller), sdJwt(stranger)]) {
      await expect(wallet.receive(text, HOW)).rejects.toThrow(code("wallet.foreign"));
      const kept = await wallet.receive(text, { ...HOW, foreign: true });
      await expect(wallet.present(kept.id, { ...VERIFIER, claims: "all" })).rejects.toThrow(code("wallet.no-key"));
    }
    expect(await wallet.shown()).toEqual([]);
    // About nobody: whoever has it may show it.
    await wallet.receive(await dataIntegrity(undefined), HOW);
  });

  it.each([
    ["a text", "hello"],
    ["JSON that is none", '{"type":"VerifiableCredential"}'],
    ["JSON with one member twice", '{"type":"a","type":"b"}'],
    ["a number", "{1}"],
    ["a token of something else", "eyJhbGciOiJub25lIn0.e30."],
    ["an SD-JWT without its token", "~~~"],
    ["nothing", ""],
  ])("refuses %s", async (_, text) => {
    await expect(wallet.receive(text, HOW)).rejects.toThrow(code("wallet.format"));
  });

  it("refuses presentations, which were made for others, and what is too large", async () => {
    const held = await wallet.receive(sdJwt(key), HOW);
    const { presentation } = await wallet.present(held.id, { ...VERIFIER, claims: [] });
    await expect(wallet.receive(presentation as string, HOW)).rejects.toThrow(code("wallet.format"));
    const degree = await wallet.receive(await dataIntegrity(key.controller), HOW);
    const whole = await wallet.present(degree.id, { ...VERIFIER, claims: "all" });
    await expect(wallet.receive(JSON.stringify(whole.presentation), HOW)).rejects.toThrow(code("wallet.format"));
    await expect(wallet.receive("x".repeat(600_000), HOW)).rejects.toThrow(code("wallet.limit"));
    const types = Array.from({ length: 30 }, (_, i) => `https://types.example/${i}`);
    const many = await dataIntegrity(key.controller, { type: ["VerifiableCredential", ...types] });
    await expect(wallet.receive(many, HOW)).rejects.toThrow(code("wallet.limit"));
  });
});

describe("presenting", () => {
  it("shows the chosen claims of an SD-JWT, bound to the key, the verifier and its challenge", async () => {
    const held = await wallet.receive(sdJwt(key), HOW);
    const { presentation, shown } = await wallet.present(held.id, {
      ...VERIFIER,
      claims: [
        ["address", "city"],
        ["address", "country"],
      ],
    });
    const keyBinding = { nonce: VERIFIER.challenge, audience: VERIFIER.domain };
    const verified = await verifySdJwt(presentation as string, { keys: finder, now, keyBinding });
    expect(verified.claims["address"]).toEqual({ city: "Lübeck", country: "DE" });
    expect(verified.claims["name"]).toBeUndefined();
    expect(verified.claims["nationalities"]).toEqual([]);
    expect(shown.claims).toContain("address.city");
    expect(shown.claims).not.toContain("address.street");
    const others = { keys: finder, now, keyBinding: { ...keyBinding, audience: "https://other.example" } };
    await expect(verifySdJwt(presentation as string, others)).rejects.toThrow(code("credentials.domain"));
  });

  it("refuses claims that stand in one piece with others that were not chosen", async () => {
    const held = await wallet.receive(sdJwt(key), HOW);
    // `country` has no disclosure of its own: who sees the city, would see it.
    await expect(wallet.present(held.id, { ...VERIFIER, claims: [["address", "city"]] })).rejects.toThrow(
      code("wallet.indivisible"),
    );
    await expect(wallet.present(held.id, { ...VERIFIER, claims: [["phone"]] })).rejects.toThrow(code("wallet.claim"));
    expect(await wallet.shown()).toEqual([]);
  });

  it("shows a Data Integrity credential whole, and only where that was chosen", async () => {
    const held = await wallet.receive(await dataIntegrity(key.controller), HOW);
    await expect(wallet.present(held.id, { ...VERIFIER, claims: [["credentialSubject", "degree"]] })).rejects.toThrow(
      code("wallet.indivisible"),
    );
    const { presentation, shown } = await wallet.present(held.id, { ...VERIFIER, claims: "all" });
    const { presenter, credentials } = await verify(presentation);
    expect([presenter, credentials.length]).toEqual([key.controller, 1]);
    expect(shown.claims).toContain("credentialSubject.degree");
    await expect(verify(presentation, { ...VERIFIER, challenge: "another" })).rejects.toThrow(
      code("credentials.challenge"),
    );
    await expect(verify(presentation, { ...VERIFIER, domain: "https://other.example" })).rejects.toThrow(
      code("credentials.domain"),
    );
    now += 301_000;
    await expect(verify(presentation)).rejects.toThrow(code("credentials.expired"));
  });

  it.each(["Ed25519", "P-256", "secp256k1"] as const)("shows a JOSE credential with a key of %s", async (algorithm) => {
    const holder = await wallet.createKey(algorithm);
    const held = await wallet.receive(jose(holder.controller), HOW);
    const { presentation } = await wallet.present(held.id, { ...VERIFIER, claims: "all" });
    const { presenter: named, credentials } = await verifyJwtPresentation(presentation as string, {
      keys: finder,
      now,
      ...VERIFIER,
    });
    expect(named).toBe(holder.controller);
    expect(credentials[0]?.credential["credentialSubject"]).toMatchObject({ degree: "Master of Meters" });
  });

  it("derives a credential with ecdsa-sd-2023 that shows the chosen claims and no others", async () => {
    const town = createCredentialSigner("P-256");
    const document = degreeOf(key.controller, {
      issuer: town.controller,
      credentialSubject: { id: key.controller, degree: "Master of Meters", marks: { oral: "A", written: "B" } },
    });
    const signed = await issueCredential(document, town, { suite: "ecdsa-sd-2023", created: NOW - 1000 });
    const changed = JSON.stringify(signed).replace('"A"', '"A+"');
    await expect(wallet.receive(changed, HOW)).rejects.toThrow(code("credentials.signature"));
    const held = await wallet.receive(JSON.stringify(signed), HOW);
    expect(held.hidden?.map(formatClaim)).toEqual([
      "credentialSubject.degree",
      "credentialSubject.marks.oral",
      "credentialSubject.marks.written",
    ]);
    const claims = [["credentialSubject", "marks", "oral"]];
    const { presentation, shown } = await wallet.present(held.id, { ...VERIFIER, claims });
    const { credentials } = await verify(presentation);
    expect(credentials[0]?.credential["credentialSubject"]).toEqual({ id: key.controller, marks: { oral: "A" } });
    expect(JSON.stringify(presentation)).not.toContain("Master of Meters");
    expect(shown.claims).toContain("credentialSubject.marks.oral");
    expect(shown.claims).not.toContain("credentialSubject.degree");
    const whole = await wallet.present(held.id, { ...VERIFIER, claims: "all" });
    expect((await verify(whole.presentation)).credentials[0]?.credential["credentialSubject"]).toEqual(
      document["credentialSubject"],
    );
    await expect(wallet.present(held.id, { ...VERIFIER, claims: [["credentialSubject", "age"]] })).rejects.toThrow(
      code("wallet.claim"),
    );
    const query = {
      credentials: [
        {
          id: "degree",
          format: "ldp_vc",
          meta: { type_values: [["ExampleDegreeCredential"]] },
          claims: [{ path: ["credentialSubject", "degree"] }],
        },
      ],
    };
    // Nothing has to be shown whole.
    const answered = await wallet.answer(query as unknown as Json, VERIFIER);
    const [derived] = (await verify(answered.presentations["degree"]?.[0])).credentials;
    expect(derived?.credential["credentialSubject"]).toEqual({ id: key.controller, degree: "Master of Meters" });
  });

  it("signs with P-256 where the subject has such a key, and says where it has none that will do", async () => {
    const p256 = await wallet.createKey("P-256");
    const held = await wallet.receive(await dataIntegrity(p256.controller), HOW);
    const { presentation } = await wallet.present(held.id, { ...VERIFIER, claims: "all" });
    expect((await verify(presentation)).proofs[0]?.cryptosuite).toBe("ecdsa-jcs-2019");
    const secp256k1 = await wallet.createKey("secp256k1");
    const other = await wallet.receive(await dataIntegrity(secp256k1.controller), HOW);
    await expect(wallet.present(other.id, { ...VERIFIER, claims: "all" })).rejects.toThrow(code("wallet.no-key"));
  });

  it("shows chosen claims of VC Data Model in an SD-JWT", async () => {
    const document = degreeOf(key.controller, {
      credentialSubject: { id: key.controller, degree: "Master of Meters", mark: "A" },
    });
    const text = issueSdJwtCredential(document, issuer, {
      disclose: [
        ["credentialSubject", "degree"],
        ["credentialSubject", "mark"],
      ],
      holderKey: key,
    });
    const held = await wallet.receive(text, HOW);
    expect(held).toMatchObject({ format: "vc+sd-jwt", subjects: [key.controller] });
    const { presentation } = await wallet.present(held.id, { ...VERIFIER, claims: [["credentialSubject", "mark"]] });
    expect(readSdJwt(presentation as string).claims["credentialSubject"]).toEqual({ id: key.controller, mark: "A" });
    await expect(wallet.receive(text.replace("~", "~W10~"), HOW)).rejects.toThrow(code("wallet.format"));
  });

  it("shows a JWT of data model 1.1 in a presentation of 1.1", async () => {
    const vc = {
      "@context": ["https://www.w3.org/2018/credentials/v1"],
      type: ["VerifiableCredential", "OldCredential"],
      credentialSubject: { degree: "Master of Meters" },
    };
    const claims = { iss: issuer.controller, sub: key.controller, nbf: NOW / 1000 - 60, vc };
    const held = await wallet.receive(signCompactJws({ kid: issuer.id, typ: "JWT" }, claims, issuer), HOW);
    expect(held).toMatchObject({ version: "1.1", subjects: [key.controller], validFrom: NOW - 60_000 });
    const { presentation } = await wallet.present(held.id, { ...VERIFIER, claims: "all" });
    const verified = await verifyJwtPresentation(presentation as string, { keys: finder, now, ...VERIFIER });
    expect(verified.presenter).toBe(key.controller);
    expect(verified.credentials[0]?.types).toContain("OldCredential");
  });

  it("signs with keys that others keep", async () => {
    const device = createCredentialSigner("P-256");
    const own = new Wallet({ store, otherKeys: { signers: async () => [device] }, now: () => now });
    const held = await own.receive(sdJwt(device), HOW);
    const { shown } = await own.present(held.id, { ...VERIFIER, claims: [["name"]] });
    expect(shown.key).toBe(device.id);
    expect((await own.keys()).map(({ id, kept }) => [id, kept])).toEqual([
      [key.id, true],
      [device.id, false],
    ]);
  });

  it("is for somebody: no presentation without domain and challenge", async () => {
    const held = await wallet.receive(sdJwt(key), HOW);
    for (const verifier of [
      { domain: "", challenge: "c" },
      { domain: "d", challenge: "" },
      { domain: "d".repeat(3000), challenge: "c" },
    ])
      await expect(wallet.present(held.id, { ...verifier, claims: [] })).rejects.toThrow(code("wallet.verifier"));
  });
});

describe("the log", () => {
  it("says to whom what was shown and when, latest first, also of credentials that are gone", async () => {
    const held = await wallet.receive(sdJwt(key), HOW);
    const first = await wallet.present(held.id, { ...VERIFIER, claims: [["name"]] });
    now += 5000;
    const second = await wallet.present(held.id, { domain: "https://other.example", challenge: "c2", claims: [] });
    await wallet.remove(held.id);
    expect(await wallet.shown()).toEqual([second.shown, first.shown]);
    expect(await wallet.shown({ domain: VERIFIER.domain })).toEqual([first.shown]);
    expect(await wallet.shown({ domain: VERIFIER.domain, credential: "other" })).toEqual([]);
    expect(first.shown).toMatchObject({
      at: NOW,
      ...VERIFIER,
      credential: held.id,
      types: [PERSON["vct"]],
      issuer: issuer.controller,
      key: key.id,
      query: null,
    });
    // Names of claims, never what they say.
    expect(JSON.stringify(await wallet.shown())).not.toContain("Alice");
  });

  it("comes first: where it cannot be written, nothing leaves", async () => {
    const held = await wallet.receive(sdJwt(key), HOW);
    const failing: WalletStore = {
      get: (...args) => store.get(...args),
      list: (...args) => store.list(...args),
      count: (...args) => store.count(...args),
      close: () => store.close(),
      write: async () => {
        throw new Error("the disk is full");
      },
    };
    const broken = new Wallet({ store: failing, now: () => now });
    await expect(broken.present(held.id, { ...VERIFIER, claims: [] })).rejects.toThrow("the disk is full");
  });
});

describe("removing", () => {
  it("forgets a credential, and keeps a key that credentials need unless it is forced", async () => {
    const held = await wallet.receive(sdJwt(key), HOW);
    await expect(wallet.removeKey(key.id)).rejects.toThrow(code("wallet.in-use"));
    expect((await wallet.remove(held.id)).id).toBe(held.id);
    await expect(wallet.get(held.id)).rejects.toThrow(code("wallet.unknown"));
    await wallet.removeKey(key.controller);
    await expect(wallet.removeKey(key.id)).rejects.toThrow(code("wallet.unknown"));
    expect(await wallet.keys()).toEqual([]);
  });

  it("may be forced to forget a key", async () => {
    const held = await wallet.receive(sdJwt(key), HOW);
    await wallet.removeKey(key.id, true);
    await expect(wallet.present(held.id, { ...VERIFIER, claims: [] })).rejects.toThrow(code("wallet.no-key"));
  });
});
