import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { acceptOffer, openOffer, verifySdJwt } from "#identity";
import { CLAIMS, type OpenidNode, offering, startOpenidNode, VCT } from "./openid.suite.ts";

let at: OpenidNode;
beforeAll(async () => {
  at = await startOpenidNode();
});
afterAll(() => at.close());

const accept = (wallet: ReturnType<OpenidNode["wallet"]>, uri: string, more: object = {}) =>
  acceptOffer(wallet, uri, { fetch: at.fetch, keys: at.finder, checkStatus: false, ...more });

describe("an offer, over HTTPS", () => {
  it("becomes an SD-JWT VC of the wallet, bound to its key, with a place in a status list", async () => {
    const offered = await at.offer();
    expect(offered, JSON.stringify(offered.json)).toMatchObject({ status: 201, json: { id: expect.any(String) } });
    const opened = await openOffer(offered.json.uri, { fetch: at.fetch });
    expect(opened).toEqual({
      issuer: at.node.url,
      credentials: [{ configuration: "resident", format: "dc+sd-jwt", types: [VCT] }],
      txCode: undefined,
    });
    const wallet = at.wallet();
    const [held] = await accept(wallet, offered.json.uri);
    expect(held).toMatchObject({ format: "dc+sd-jwt", types: [VCT], claims: { ...CLAIMS, vct: VCT } });
    expect(held?.hidden).toEqual(
      expect.arrayContaining([["name"], ["born"], ["address", "street"], ["address", "city"]]),
    );
    expect(held?.claims["status"]).toMatchObject({ status_list: { uri: expect.stringContaining("/status-lists/") } });
    const state = await at.get(`/openid4vci/offers/${offered.json.id}/state`, at.mine());
    expect(state.json).toMatchObject({ state: "issued", credentialId: offered.json.credentialId });
    const verified = await verifySdJwt(held?.text as string, { keys: at.finder, now: Date.now(), checkStatus: false });
    expect(verified.type).toBe(VCT);
  });

  it.each([
    ["degree", "ldp_vc", { degree: "Master of Meters" }],
    ["colour", "ldp_vc", { colour: "red" }],
    ["pass", "jwt_vc_json", { alumniOf: "The School of Examples" }],
  ])("becomes a credential of the data model: %s in %s", async (configuration, format, claims) => {
    const offered = await at.offer({ configuration, claims });
    expect(offered, JSON.stringify(offered.json)).toMatchObject({ status: 201 });
    const wallet = at.wallet();
    const key = await wallet.createKey("Ed25519");
    const [held] = await accept(wallet, offered.json.uri);
    expect(held).toMatchObject({ format, subjects: [key.controller] });
  });
});

describe("a configuration of Data Integrity", () => {
  it("is issued so, whatever its issuer does where nobody says", async () => {
    const own = await startOpenidNode(offering({}, { format: "jwt" }));
    try {
      const offered = await own.offer({ configuration: "one", claims: { degree: "Master of Meters" } });
      const how = { fetch: own.fetch as typeof fetch, keys: own.finder, checkStatus: false };
      const [held] = await acceptOffer(own.wallet(), offered.json.uri, how);
      expect(held?.format).toBe("ldp_vc");
    } finally {
      await own.close();
    }
  });

  it("keeps the node from starting where its issuer's key makes no such proof", async () => {
    const start = startOpenidNode(offering({ issuer: "k1" }));
    await expect(start).rejects.toMatchObject({
      code: "node.config",
      message: expect.stringContaining("k1 signs JWTs alone"),
    });
  });
});
