import { fileURLToPath } from "node:url";
import { createContext, Script } from "node:vm";
import { expect, it } from "vitest";
import { bundlePage } from "../../../test/browser.suite.ts";

/** A page's own code: the wallet's door, and what signs in a verifier's name. */
const path = (file: string) => JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));
const PAGE = `export * from ${path("../wallet.ts")};
export { signCompactJws } from ${path("../jose/compact-jws.ts")};`;

it("opens a signed request and an offer in a browser, without Node", async () => {
  const code = await bundlePage({ contents: PAGE, folder: new URL(".", import.meta.url) });
  const named = [
    "URL",
    "URLSearchParams",
    "Response",
    "Headers",
    "TextEncoder",
    "TextDecoder",
    "crypto",
    "atob",
    "btoa",
  ];
  const globals = Object.fromEntries(named.map((name) => [name, (globalThis as Record<string, unknown>)[name]]));
  const context = createContext({
    ...globals,
    Uint8Array,
    ArrayBuffer,
    fetch: () => expect.fail("a fetch that nobody handed in"),
  });
  new Script(`var self = globalThis;${code}`).runInContext(context);
  const run = new Script(`(async () => {
    const keys = hansa.makeKeyFinder(new hansa.DidResolver([hansa.keyMethod]), { mayRead: () => false });
    const shop = hansa.createCredentialSigner("P-256");
    const client = "decentralized_identifier:" + shop.controller;
    const jwt = hansa.signCompactJws({ typ: "oauth-authz-req+jwt", kid: shop.id }, {
      client_id: client, response_type: "vp_token", response_mode: "direct_post", nonce: "n", state: "s",
      response_uri: "https://shop.example/answer",
      dcql_query: { credentials: [{ id: "a", format: "dc+sd-jwt", meta: { vct_values: ["x"] } }] },
    }, shop);
    const fetch = async () => new Response("{}", { status: 404 });
    const request = await hansa.openRequest("openid4vp://?" + new URLSearchParams({ client_id: client, request: jwt }), { fetch, keys });
    const offer = "openid-credential-offer://?credential_offer_uri=" + encodeURIComponent("http://shop.example/offer");
    const refused = await hansa.openOffer(offer, { fetch }).then(() => "opened", (error) => error.code);
    return JSON.stringify({ verifier: request.verifier === shop.controller, nonce: request.nonce, code: refused });
  })()`).runInContext(context) as Promise<string>;
  expect(JSON.parse(await run)).toEqual({ verifier: true, nonce: "n", code: "openid.address" });
});
