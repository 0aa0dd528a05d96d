import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "#base";
import {
  createCredentialSigner,
  createPresentation,
  envelopCredential,
  issueJwtPresentation,
  makePresentation,
} from "#identity";
import { CREDENTIALS, plainCredential, startVcNode, type VcNode } from "./vc-api.suite.ts";

let at: VcNode;
let credential: JsonObject;
beforeAll(async () => {
  at = await startVcNode(CREDENTIALS);
  credential = (await at.issue(plainCredential({ id: "urn:example:1" }), { issuer: "ed" })).json.verifiableCredential;
});
afterAll(() => at.close());

const DOMAIN = "shop.example";
const holder = createCredentialSigner("Ed25519");
const show = (challenge: string, more: object = {}, credentials: readonly JsonObject[] = [credential]) =>
  createPresentation(makePresentation(credentials, holder.controller), holder, {
    suite: "eddsa-rdfc-2022",
    created: Date.now() - 1000,
    challenge,
    domain: DOMAIN,
    ...more,
  });
const check = (verifiablePresentation: unknown, options: object = {}) =>
  at.post("/presentations/verify", { verifiablePresentation, options });

describe("presentations", () => {
  it("hold for the challenge and the domain that they were made for", async () => {
    const shown = await show("mine");
    const answer = await check(shown, { challenge: "mine", domain: DOMAIN });
    expect(answer).toMatchObject({ status: 200, json: { verified: true, errors: [] } });
    expect(answer.json).not.toHaveProperty("verifiablePresentation");
    const full = await check(shown, { challenge: "mine", domain: DOMAIN, returnPresentation: true });
    expect(full.json.verifiablePresentation).toEqual(shown);
    // What the W3C's suite sends: no word of a challenge.
    expect((await check(shown, { checks: [] })).status).toBe(200);
    expect(await check(shown, { challenge: "other", domain: DOMAIN })).toMatchObject({
      status: 422,
      json: {
        code: "credentials.challenge",
        problemDetails: [{ type: "https://w3id.org/security#INVALID_CHALLENGE_ERROR" }],
      },
    });
    expect(await check(shown, { challenge: "mine", domain: "bank.example" })).toMatchObject({
      status: 422,
      json: { code: "credentials.domain" },
    });
  });

  it("use up a challenge of this node, whether they hold or not", async () => {
    const made = await at.post("/challenges", { domain: DOMAIN });
    expect(made).toMatchObject({
      status: 200,
      json: { domain: DOMAIN, challenge: expect.stringMatching(/^[\w-]{62}$/) },
    });
    const { challenge } = made.json;
    const shown = await show(challenge);
    expect((await check(shown, { challenge, domain: DOMAIN })).status).toBe(200);
    expect(await check(shown, { challenge, domain: DOMAIN })).toMatchObject({
      status: 422,
      json: { code: "credentials.challenge" },
    });

    const second = (await at.post("/challenges", { domain: DOMAIN })).json.challenge;
    expect((await check({ ...(await show(second)), proof: null }, { challenge: second, domain: DOMAIN })).status).toBe(
      400,
    );
    expect((await check(await show(second), { challenge: second, domain: DOMAIN })).json.code).toBe(
      "credentials.challenge",
    );

    const third = (await at.post("/challenges", { domain: DOMAIN })).json.challenge;
    const elsewhere = await show(third, { domain: "bank.example" });
    expect((await check(elsewhere, { challenge: third, domain: "bank.example" })).json.code).toBe("credentials.domain");
  });

  it("are taken once where two arrive at the same moment", async () => {
    const { challenge } = (await at.post("/challenges", { domain: DOMAIN })).json;
    const shown = await show(challenge);
    const answers = await Promise.all([1, 2, 3].map(() => check(shown, { challenge, domain: DOMAIN })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422, 422]);
  });

  it("are refused with a stripped proof, a foreign holder, a credential that does not hold, or too late", async () => {
    const options = { challenge: "mine", domain: DOMAIN };
    const shown = await show("mine");
    const { proof: _, ...bare } = shown;
    expect((await check(bare, options)).status).toBe(400);
    expect((await check({ ...shown, holder: "did:example:other" }, options)).status).toBe(422);
    const changed = { ...credential, credentialSubject: { id: "did:example:subject", alumniOf: "Elsewhere" } };
    expect((await check(await show("mine", {}, [changed]), options)).json.code).toBe("credentials.signature");
    expect((await check(await show("mine", { expires: Date.now() - 500 }), options)).json.code).toBe(
      "credentials.expired",
    );
    expect((await check({ type: ["NonconformingDocument"] }, options)).status).toBe(400);
    expect((await check(undefined, options)).json.code).toBe("vc-api.request");
  });

  it("without a proof are shown as what they are, and answer no challenge", async () => {
    const presentation = makePresentation([credential]);
    const unsigned = (options: object) => at.post("/presentations/verify", { presentation, options });
    expect(await unsigned({})).toMatchObject({ status: 200, json: { verified: true } });
    expect((await unsigned({ challenge: "mine" })).json.code).toBe("credentials.challenge");
    const both = await at.post("/presentations/verify", { presentation, verifiablePresentation: presentation });
    expect(both.json.code).toBe("vc-api.request");
  });

  it("may be enveloped, and hold envelopes", async () => {
    const options = { challenge: "mine", domain: DOMAIN };
    const envelope = (await at.issue(plainCredential(), { issuer: "k1" })).json.verifiableCredential;
    expect((await check(await show("mine", {}, [envelope]), options)).status).toBe(200);
    const now = Math.floor(Date.now() / 1000);
    const how = { domain: DOMAIN, challenge: "mine", issuedAt: now, expires: now + 60 };
    const token = issueJwtPresentation(makePresentation([envelope, credential]), holder, how);
    const context = "https://www.w3.org/ns/credentials/v2";
    const wrapped = {
      "@context": context,
      type: "EnvelopedVerifiablePresentation",
      id: `data:application/vp+jwt,${token}`,
    };
    for (const shown of [token, wrapped, wrapped.id])
      expect((await check(shown, options)).json).toMatchObject({ verified: true });
    for (const wrong of [
      { ...wrapped, "@context": [] },
      { ...wrapped, id: token },
      { ...wrapped, type: ["VerifiablePresentation"] },
      envelopCredential(token, "application/vc+jwt"),
    ])
      expect([400, 422]).toContain((await check(wrong, options)).status);
    expect((await check(wrapped, { ...options, challenge: "other" })).json.code).toBe("credentials.challenge");
    expect((await check(wrapped)).json.code).toBe("vc-api.request");
  });
});

describe("the node's holder", () => {
  it("signs for a challenge and a domain, and for nothing less", async () => {
    const presentation = makePresentation([credential]);
    for (const path of ["/presentations", "/presentations/prove"]) {
      const { challenge } = (await at.post("/challenges", { domain: DOMAIN })).json;
      const made = await at.post(path, { presentation, options: { challenge, domain: DOMAIN } });
      expect(made).toMatchObject({
        status: 201,
        json: { verifiablePresentation: { proof: { challenge, domain: DOMAIN } } },
      });
      expect((await check(made.json.verifiablePresentation, { challenge, domain: DOMAIN })).status).toBe(200);
    }
    expect((await at.post("/presentations", { presentation })).json.code).toBe("vc-api.request");
    const foreign = { ...presentation, holder: "did:example:other" };
    const options = { challenge: "mine", domain: DOMAIN };
    expect((await at.post("/presentations", { presentation: foreign, options })).json.code).toBe("credentials.holder");
    for (const more of [
      { cryptosuite: "ecdsa-jcs-2019" },
      { cryptosuite: "x" },
      { created: "now" },
      { verificationMethod: "x" },
    ])
      expect((await at.post("/presentations", { presentation, options: { ...options, ...more } })).status).toBe(400);
  });

  it("keeps credentials for the member alone: stores, lists, shows, erases", async () => {
    const mine = at.mine();
    const store = (verifiableCredential: unknown, headers = mine) =>
      at.post("/credentials", { verifiableCredential }, headers);
    expect((await store(credential, {} as never)).status).toBe(401);
    expect((await at.get("/credentials")).status).toBe(401);
    expect(await store(credential)).toMatchObject({ status: 201, json: { id: "urn:example:1" } });
    expect(await store(credential)).toMatchObject({ status: 201, json: { id: "urn:example:1" } });
    const nameless = (await at.issue(plainCredential(), { issuer: "p384" })).json.verifiableCredential;
    const { id } = (await store(nameless)).json;
    expect(id).toMatch(/^urn:uuid:[0-9a-f-]{36}$/);
    const list = (await at.get("/credentials", mine)).json.items as { id: string }[];
    expect(list.map((one) => one.id)).toEqual(expect.arrayContaining([id, "urn:example:1"]));
    const path = `/credentials/${encodeURIComponent(id)}`;
    expect(await at.get(path, mine)).toMatchObject({ status: 200, json: { verifiableCredential: nameless } });
    expect((await at.get(path)).status).toBe(401);
    expect((await at.call("DELETE", path)).status).toBe(401);
    expect((await at.call("DELETE", path, undefined, mine)).status).toBe(202);
    for (const method of ["GET", "DELETE"])
      expect((await at.call(method, path, undefined, mine)).json.code).toBe("vc-api.not-found");
    const forged = { ...credential, credentialSubject: { id: "did:example:x" } };
    expect((await store(forged)).status).toBe(422);
  });

  it("keeps base proofs, which it alone may see", async () => {
    const base = (await at.issue(plainCredential(), { issuer: "p256", cryptosuite: "ecdsa-sd-2023" })).json;
    expect((await at.post("/credentials", base, at.mine())).status).toBe(201);
    const broken = { ...base.verifiableCredential, issuer: credential["issuer"] };
    expect((await at.post("/credentials", { verifiableCredential: broken }, at.mine())).status).toBeGreaterThanOrEqual(
      400,
    );
  });
});
