import { fileURLToPath } from "node:url";
import { createContext, Script } from "node:vm";
import { build } from "esbuild";
import { expect, it } from "vitest";

/** A page's own code: the wallet's door, and what signs in a verifier's name. */
const path = (file: string) => JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));
const PAGE = `export * from ${path("../wallet.ts")};
export { signCompactJws } from ${path("../jose/compact-jws.ts")};`;

it("opens a signed request and an offer in a browser, without Node", async () => {
  const { outputFiles, metafile } = await build({
    stdin: { contents: PAGE, resolveDir: fileURLToPath(new URL(".", import.meta.url)), loader: "ts" },
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    globalName: "wallet",
    platform: "browser",
    conditions: ["browser", "development"],
    target: "es2022",
    metafile: true,
    logLevel: "silent",
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
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
  new Script(`var self = globalThis;${outputFiles[0]?.text ?? ""}`).runInContext(context);
  const run = new Script(`(async () => {
    const keys = wallet.makeKeyFinder(new wallet.DidResolver([wallet.keyMethod]), { mayRead: () => false });
    const shop = wallet.createCredentialSigner("P-256");
    const client = "decentralized_identifier:" + shop.controller;
    const jwt = wallet.signCompactJws({ typ: "oauth-authz-req+jwt", kid: shop.id }, {
      client_id: client, response_type: "vp_token", response_mode: "direct_post", nonce: "n", state: "s",
      response_uri: "https://shop.example/answer",
      dcql_query: { credentials: [{ id: "a", format: "dc+sd-jwt", meta: { vct_values: ["x"] } }] },
    }, shop);
    const fetch = async () => new Response("{}", { status: 404 });
    const request = await wallet.openRequest("openid4vp://?" + new URLSearchParams({ client_id: client, request: jwt }), { fetch, keys });
    const offer = "openid-credential-offer://?credential_offer_uri=" + encodeURIComponent("http://shop.example/offer");
    const code = await wallet.openOffer(offer, { fetch }).then(() => "opened", (error) => error.code);
    return JSON.stringify({ verifier: request.verifier === shop.controller, nonce: request.nonce, code });
  })()`).runInContext(context) as Promise<string>;
  expect(JSON.parse(await run)).toEqual({ verifier: true, nonce: "n", code: "openid.address" });
  expect(imports.filter(({ external }) => external === true)).toEqual([]);
});
