import { DcqlPresentationResult, DcqlQuery } from "dcql";
import { beforeEach, describe, expect, it } from "vitest";
import type { Json } from "#base";
import { verifyPresentation } from "../credentials/verify-presentation.ts";
import { readSdJwt } from "../sd-jwt/present-sd-jwt.ts";
import { verifySdJwt } from "../sd-jwt/verify-sd-jwt.ts";
import { createMemoryWalletStore } from "./memory-wallet-store.ts";
import { dataIntegrity, finder, jose, NOW, PERSON, sdJwt, VERIFIER } from "./wallet.suite.ts";
import { Wallet } from "./wallet.ts";
import type { WalletKey } from "./wallet-keys.ts";

const HOW = { keys: finder };
const code = (name: string) => expect.objectContaining({ code: name });
const RESIDENT = "https://town.example/resident";

let now: number;
let wallet: Wallet;
let key: WalletKey;

beforeEach(async () => {
  now = NOW;
  wallet = new Wallet({ store: createMemoryWalletStore(), now: () => now });
  key = await wallet.createKey("Ed25519");
});

const resident = (more: object = {}) => ({
  id: "resident",
  format: "dc+sd-jwt",
  meta: { vct_values: [RESIDENT] },
  ...more,
});
const degree = (more: object = {}) => ({
  id: "degree",
  format: "ldp_vc",
  meta: { type_values: [["ExampleDegreeCredential"]] },
  ...more,
});
const ask = (...credentials: object[]) => ({ credentials }) as unknown as Json;

describe("a query", () => {
  it("finds what answers it by format, type and claims, and answers with those claims alone", async () => {
    const held = await wallet.receive(sdJwt(key), HOW);
    await wallet.receive(jose(key.controller), HOW);
    const query = ask(resident({ claims: [{ path: ["name"] }, { path: ["nationalities", null], values: ["DK"] }] }));
    const found = await wallet.find(query);
    expect(found.satisfied).toBe(true);
    expect(found.wanted[0]?.matches.map(({ credential, claims }) => [credential.id, claims])).toEqual([
      [held.id, [["name"], ["nationalities", null]]],
    ]);
    const { presentations, shown } = await wallet.answer(query, VERIFIER);
    const [presentation] = presentations["resident"] as string[];
    const { claims } = await verifySdJwt(presentation as string, {
      keys: finder,
      now,
      keyBinding: { nonce: VERIFIER.challenge, audience: VERIFIER.domain },
    });
    expect(claims).toMatchObject({ name: "Alice Adler", nationalities: ["DE", "DK"] });
    expect([claims["born"], claims["address"]]).toEqual([undefined, undefined]);
    expect(shown).toEqual(await wallet.shown());
    expect(shown[0]?.query).toBe("resident");
  });

  it("is answered as the verifier's own matching wants it", async () => {
    await wallet.receive(sdJwt(key), HOW);
    await wallet.receive(await dataIntegrity(key.controller), HOW);
    const query = ask(
      resident({ claims: [{ path: ["nationalities", null], values: ["DK"] }, { path: ["born"] }] }),
      degree({ claims: [{ path: ["credentialSubject", "degree"] }] }),
    );
    const { presentations } = await wallet.answer(query, { ...VERIFIER, whole: true });
    const { claims } = readSdJwt(String(presentations["resident"]?.[0]).replace(/[^~]*$/, ""));
    const { credentials } = await verifyPresentation(presentations["degree"]?.[0], { keys: finder, now, ...VERIFIER });
    const [first] = credentials;
    const bound = { cryptographic_holder_binding: true };
    const result = DcqlPresentationResult.fromDcqlPresentation(
      {
        resident: [{ ...bound, credential_format: "dc+sd-jwt", vct: RESIDENT, claims: claims as never }],
        degree: [
          {
            ...bound,
            credential_format: "ldp_vc",
            type: [...(first?.types ?? [])],
            claims: first?.credential as never,
          },
        ],
      },
      { dcqlQuery: DcqlQuery.parse(query as unknown as DcqlQuery.Input) },
    );
    expect(result.can_be_satisfied).toBe(true);
  });

  it("takes the verifier's first set of claims that the credential has", async () => {
    await wallet.receive(sdJwt(key), HOW);
    const query = ask(
      resident({
        claims: [
          { id: "phone", path: ["phone"] },
          { id: "born", path: ["born"] },
          { id: "name", path: ["name"] },
        ],
        claim_sets: [["phone"], ["born"], ["name"]],
      }),
    );
    expect((await wallet.find(query)).wanted[0]?.matches[0]?.claims).toEqual([["born"]]);
  });

  it("asks for nothing that may be kept back where it names no claims", async () => {
    await wallet.receive(sdJwt(key), HOW);
    const { shown } = await wallet.answer(ask(resident()), VERIFIER);
    for (const name of ["name", "born", "address.city"]) expect(shown[0]?.claims).not.toContain(name);
  });

  it("finds types as the contexts expand them, and as they are written", async () => {
    await wallet.receive(await dataIntegrity(key.controller), HOW);
    for (const type of [
      "ExampleDegreeCredential",
      "https://www.w3.org/2018/credentials#VerifiableCredential",
      "https://www.w3.org/ns/credentials/examples#ExampleDegreeCredential",
    ])
      expect((await wallet.find(ask(degree({ meta: { type_values: [[type]] } })))).satisfied).toBe(true);
    expect((await wallet.find(ask(degree({ meta: { type_values: [["Other"]] } })))).satisfied).toBe(false);
  });

  it("shows a credential that is shown whole only where that is allowed", async () => {
    await wallet.receive(await dataIntegrity(key.controller), HOW);
    const query = ask(degree({ claims: [{ path: ["credentialSubject", "degree"] }] }));
    await expect(wallet.answer(query, VERIFIER)).rejects.toThrow(code("wallet.indivisible"));
    const { presentations } = await wallet.answer(query, { ...VERIFIER, whole: true });
    await verifyPresentation(presentations["degree"]?.[0], { keys: finder, now, ...VERIFIER });
  });

  it("says what is missing, and shows nothing of the rest", async () => {
    await wallet.receive(sdJwt(key), HOW);
    const query = ask(resident(), degree());
    expect(await wallet.find(query)).toMatchObject({ satisfied: false, missing: ["degree"] });
    await expect(wallet.answer(query, VERIFIER)).rejects.toThrow(
      expect.objectContaining({ code: "wallet.no-match", payload: { missing: ["degree"] } }),
    );
    expect(await wallet.shown()).toEqual([]);
  });

  it("passes over what has expired or has no key, unless no proof of a key is wanted", async () => {
    await wallet.receive(sdJwt(key, { ...PERSON, exp: NOW / 1000 + 60 }), HOW);
    await wallet.receive(sdJwt(undefined), HOW);
    now += 61_000;
    expect((await wallet.find(ask(resident()))).satisfied).toBe(false);
    const unbound = ask(resident({ require_cryptographic_holder_binding: false }));
    const { presentations, shown } = await wallet.answer(unbound, VERIFIER);
    expect(presentations["resident"]).toEqual([expect.stringMatching(/~$/)]);
    expect(shown[0]?.key).toBeNull();
  });

  it("answers required sets with the first option that there is, and leaves optional ones out", async () => {
    await wallet.receive(sdJwt(key), HOW);
    await wallet.receive(await dataIntegrity(key.controller), HOW);
    const query = {
      ...(ask(resident(), degree(), degree({ id: "other", meta: { type_values: [["Other"]] } })) as object),
      credential_sets: [{ options: [["other"], ["resident"]] }, { options: [["degree"]], required: false }],
    } as unknown as Json;
    expect(await wallet.find(query)).toMatchObject({ satisfied: true, needed: ["resident"] });
    expect(Object.keys((await wallet.answer(query, VERIFIER)).presentations)).toEqual(["resident"]);
    const choose = Object.fromEntries(
      (await wallet.find(query)).wanted
        .filter(({ matches }) => matches.length > 0)
        .map(({ id, matches }) => [id, [matches[0]?.credential.id as string]]),
    );
    const both = await wallet.answer(query, { ...VERIFIER, choose, whole: true });
    expect(Object.keys(both.presentations).sort()).toEqual(["degree", "resident"]);
  });

  it("takes the holder's choice among several, and no choice that does not answer it", async () => {
    await wallet.receive(sdJwt(key), HOW);
    const second = await wallet.receive(sdJwt(key, { ...PERSON, name: "A. Adler" }), HOW);
    const degreeHeld = await wallet.receive(await dataIntegrity(key.controller), HOW);
    const query = ask(resident({ claims: [{ path: ["name"] }] }));
    const { shown } = await wallet.answer(query, { ...VERIFIER, choose: { resident: [second.id] } });
    expect(shown.map(({ credential }) => credential)).toEqual([second.id]);
    const all = (await wallet.find(query)).wanted[0]?.matches.map(({ credential }) => credential.id) as string[];
    expect(all).toHaveLength(2);
    for (const choose of [
      {},
      { resident: [] },
      { resident: all },
      { resident: [degreeHeld.id] },
      { other: [second.id] },
      { resident: [second.id], other: [second.id] },
    ])
      await expect(wallet.answer(query, { ...VERIFIER, choose })).rejects.toThrow(code("wallet.choice"));
    const several = ask(resident({ multiple: true }));
    const answered = await wallet.answer(several, { ...VERIFIER, choose: { resident: all } });
    expect(answered.presentations["resident"]).toHaveLength(2);
  });

  it.each<[string, unknown]>([
    ["no object", 7],
    ["null", null],
    ["without credentials", {}],
    ["empty", { credentials: [] }],
    ["of an unknown format", { credentials: [{ id: "a", format: "other", meta: {} }] }],
    ["with one id twice", { credentials: [resident(), resident()] }],
    ["with a set of what it does not ask for", { credentials: [resident()], credential_sets: [{ options: [["x"]] }] }],
    ["with sets of claims that it does not name", { credentials: [resident({ claim_sets: [["x"]] })] }],
    ["with too many parts", { credentials: Array.from({ length: 33 }, (_, i) => resident({ id: `a${i}` })) }],
    ["too long", { credentials: [resident({ id: "a".repeat(70_000) })] }],
  ])("is refused where it is %s", async (_, query) => {
    await expect(wallet.find(query as Json)).rejects.toThrow(code("wallet.query"));
  });
});
