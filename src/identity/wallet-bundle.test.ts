import { fileURLToPath } from "node:url";
import { createContext, Script } from "node:vm";
import { expect, it } from "vitest";
import { bundlePage } from "../../test/browser.suite.ts";

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** What it takes to read, present and verify SD-JWTs. */
const SMALL = `
export { createSigner } from "#crypto";
export { issueSdJwt } from ${JSON.stringify(path("./sd-jwt/issue-sd-jwt.ts"))};
export { presentSdJwt, readSdJwt } from ${JSON.stringify(path("./sd-jwt/present-sd-jwt.ts"))};
export { verifySdJwt } from ${JSON.stringify(path("./sd-jwt/verify-sd-jwt.ts"))};
`;
/** And to know their status, and what comes in JWTs and envelopes. */
const WHOLE = `${SMALL}
export { verifyEnveloped } from ${JSON.stringify(path("./jose/envelope.ts"))};
export { issueJwtPresentation, verifyJwtPresentation } from ${JSON.stringify(path("./jose/jwt-presentation.ts"))};
export { statusSource } from ${JSON.stringify(path("./status/status-source.ts"))};
export { StatusList } from ${JSON.stringify(path("./status/status-list.ts"))};
export { issueTokenStatusList, tokenStatusReference } from ${JSON.stringify(path("./status/token-status.ts"))};
`;

const FOLDER = new URL(".", import.meta.url);

it("presents and verifies an SD-JWT with its status in a browser, without Node", async () => {
  const code = await bundlePage({ contents: WHOLE, folder: FOLDER });
  expect(code).not.toMatch(/process\.(env|versions)/);

  // What a web page has; `process` and `global` are not there, whatever the bundle asks for.
  const { TextEncoder, TextDecoder, URL, URLSearchParams, crypto, CompressionStream, DecompressionStream } = globalThis;
  const { fetch, Headers, Request, Response, AbortController, ReadableStream, FormData, MessageChannel } = globalThis;
  const { atob, btoa, structuredClone, setTimeout, clearTimeout, queueMicrotask } = globalThis;
  const context = createContext({
    ...{ TextEncoder, TextDecoder, URL, URLSearchParams, crypto, CompressionStream, DecompressionStream, Uint8Array },
    ...{ fetch, Headers, Request, Response, AbortController, ReadableStream, FormData, MessageChannel, ArrayBuffer },
    ...{ atob, btoa, structuredClone, setTimeout, clearTimeout, queueMicrotask },
  });
  new Script("globalThis.self = globalThis; globalThis.window = globalThis;").runInContext(context);
  new Script(code).runInContext(context);
  const run = new Script(`(async () => {
    const party = (did, algorithm) => ({ ...hansa.createSigner(algorithm), id: did + "#1", controller: did });
    const lab = party("did:example:lab", "Ed25519");
    const holder = party("did:example:owner", "P-256");
    const uri = "https://labs.example/1";
    const list = hansa.StatusList.create({ order: "right" });
    list.set(5, 1);
    const token = await hansa.issueTokenStatusList(list, { uri, iat: 1000 }, lab);
    const keys = async () => lab;
    const status = hansa.statusSource({ keys, now: () => 1e6, fetchList: async () => token });
    const verify = async (index) => {
      const claims = { vct: "urn:x", a: 1, b: 2, status: hansa.tokenStatusReference({ index, uri }) };
      const sdJwt = hansa.issueSdJwt(claims, lab, { disclose: [["a"], ["b"]], decoys: 2, holderKey: holder });
      const keyBinding = { signer: holder, audience: "v", nonce: "n", issuedAt: 1000 };
      const presented = hansa.presentSdJwt(sdJwt, { disclose: [["b"]], keyBinding });
      return hansa.verifySdJwt(presented, { keys, now: 1e6, status, keyBinding: { audience: "v", nonce: "n" } });
    };
    const { claims } = await verify(4);
    const code = await verify(5).then(() => "passed", (error) => error.code);
    return JSON.stringify({ a: claims.a ?? null, b: claims.b, code });
  })()`).runInContext(context) as Promise<string>;
  expect(JSON.parse(await run)).toEqual({ a: null, b: 2, code: "credentials.status" });
});

it("needs neither contexts nor schemas to present and verify an SD-JWT, and compiles nothing at run time", async () => {
  const code = await bundlePage({ contents: SMALL, folder: FOLDER });
  expect(code.match(/\bnew Function\b|\beval\(|\brequire\(/g)).toBeNull();
  expect(code).not.toContain("https://www.w3.org/ns/credentials");
  console.log(`SD-JWT for browsers, with its cryptography: ${(code.length / 1024).toFixed(0)} KiB minified`);
});
