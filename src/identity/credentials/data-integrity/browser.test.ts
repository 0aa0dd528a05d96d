import { readFileSync } from "node:fs";
import { createContext, Script } from "node:vm";
import { expect, it } from "vitest";
import { bundlePage } from "../../../../test/browser.suite.ts";

const at = (path: string): URL => new URL(path, import.meta.url);

/** The suites, as a page's own code has them. */
const PAGE = `
  export { ecdsaRdfc2019 } from "./ecdsa-rdfc-2019.ts";
  export { deriveCredential, ecdsaSd2023 } from "./ecdsa-sd-2023.ts";
  export { eddsaRdfc2022 } from "./eddsa-rdfc-2022.ts";
  export { decodeCredentialKey } from "../credential-key.ts";`;

it("verifies the standards' vectors, plain and by jsonld, and derives, in a browser", async () => {
  const code = await bundlePage({ contents: PAGE, folder: at(".") });
  const { TextEncoder, TextDecoder, URL, URLSearchParams, crypto, fetch, Headers, Request, Response } = globalThis;
  const { AbortController, ReadableStream, FormData, structuredClone, setTimeout, clearTimeout, queueMicrotask } =
    globalThis;
  const context = createContext({
    ...{ TextEncoder, TextDecoder, URL, URLSearchParams, crypto, fetch, Headers, Request, Response, Uint8Array },
    ...{ AbortController, ReadableStream, FormData, structuredClone, setTimeout, clearTimeout, queueMicrotask },
    ...{ ArrayBuffer, MessageChannel, atob, btoa },
    rdfc: readFileSync(at("../../../../vectors/credentials-rdfc.json"), "utf8"),
    sd: readFileSync(at("../../../../vectors/credentials-sd.json"), "utf8"),
  });
  new Script("globalThis.self = globalThis; globalThis.window = globalThis;").runInContext(context);
  new Script(code).runInContext(context);
  const run = new Script(`(async () => {
    const suites = [hansa.eddsaRdfc2022, hansa.ecdsaRdfc2019, hansa.ecdsaSd2023];
    const verify = async ({ proof, ...document }, multikey) => {
      const suite = suites.find(({ name }) => name === proof.cryptosuite);
      const key = { id: proof.verificationMethod, controller: "", ...hansa.decodeCredentialKey(multikey) };
      return [
        await suite.verify(document, proof, key),
        await suite.verify({ ...document, issuer: "did:example:other" }, proof, key),
      ];
    };
    const found = [];
    for (const { signed, publicKeyMultibase } of JSON.parse(rdfc).vectors) found.push(await verify(signed, publicKeyMultibase));
    const { base, derived, selectivePointers, publicKeyMultibase } = JSON.parse(sd);
    found.push(await verify(derived, publicKeyMultibase));
    const again = await hansa.deriveCredential(base, { selectivePointers });
    return { found, same: again.proof.proofValue === derived.proof.proofValue };
  })()`);
  const { found, same } = await run.runInContext(context);
  expect(JSON.parse(JSON.stringify(found))).toEqual(Array.from({ length: 4 }, () => [true, false]));
  expect(same).toBe(true);
});
