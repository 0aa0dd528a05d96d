import { afterAll, beforeAll, expect, it } from "vitest";
import { BROWSER, bundlePage, HOW, type ServedPage, servePage } from "../browser.suite.ts";
import { createIdentity } from "./devices.suite.ts";
import { Alliance } from "./member.suite.ts";

let alliance: Alliance;
let served: ServedPage;

beforeAll(async () => {
  served = await servePage(await bundlePage(new URL("../../src/sdk/index.ts", import.meta.url)), page);
  alliance = await Alliance.create({ config: { http: { host: "127.0.0.1", port: 0, origins: [served.origin] } } });
  await alliance.up({ HANSA_LOG_LEVEL: "warn" });
  await createIdentity(alliance, "alice");
});
afterAll(async () => {
  served.close();
  await alliance.remove();
});

/** Makes a DID of its own key in the page, has it vouched for by nobody, and reads what the ledger says. */
function page(): string {
  const options = JSON.stringify({ url: alliance.node.url, group: alliance.groupId });
  return `<!doctype html><script src="/code.js"></script><script type="module">
    const say = (value) => fetch("/result", { method: "POST", body: JSON.stringify(value) });
    try {
      const signer = hansa.createParty("hanse", hansa.createSigner("Ed25519"));
      const client = hansa.createClient({ ...${options}, signer });
      const members = await hansa.query(client, "members.list", {});
      let refused = "accepted";
      try {
        await hansa.setService(client, { did: signer.did, service: { id: "a", type: "A", endpoint: "https://a.example/" } });
      } catch (error) { refused = error.code; }
      const key = "member/" + members.items[0].did;
      const proof = hansa.encodeProof(await hansa.getProof(client, { key }));
      const proved = hansa.verifyProofFile(proof, { trust: client.group });
      await say({ members: members.items.length, refused, proved: proved.records[0].key === key });
    } catch (error) { await say({ error: String(error?.stack ?? error) }); }
  </script>`;
}

it.skipIf(BROWSER === undefined)(`the sdk signs, asks and verifies a proof in a page of a browser${HOW}`, async () => {
  expect(JSON.parse(await served.open())).toEqual({ members: 4, refused: "transaction.unknown-key", proved: true });
});

it("a page of an origin that the configuration names may call the node, and no other page may", async () => {
  const ask = async (from: string) => {
    const answer = await fetch(`${alliance.node.url}/groups/main/transactions`, {
      method: "OPTIONS",
      headers: {
        origin: from,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
      },
    });
    return answer.headers.get("access-control-allow-origin");
  };
  expect(await ask(served.origin)).toBe(served.origin);
  for (const other of ["https://evil.example", "null", `${served.origin}.evil.example`])
    expect(await ask(other)).toBeNull();
});
