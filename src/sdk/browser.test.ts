import { readFileSync } from "node:fs";
import { createContext, Script } from "node:vm";
import { describe, expect, it } from "vitest";
import { bundlePage } from "../../test/browser.suite.ts";

const ENTRY = new URL("./index.ts", import.meta.url);

/** What a browser's window has and the sdk may use; `globalThis` holds nothing else. */
function createWindow() {
  const { TextEncoder, TextDecoder, URL, AbortController, ReadableStream, crypto, fetch, setTimeout, clearTimeout } =
    globalThis;
  const seen: { url: string; body: string }[] = [];
  const answer = async (url: string, init: { body: string }) => {
    seen.push({ url, body: init.body });
    return new Response(JSON.stringify({ id: "00", height: 1, index: 0, code: 0, facts: [] }));
  };
  expect(typeof fetch).toBe("function");
  const globals = { TextEncoder, TextDecoder, URL, AbortController, ReadableStream, crypto, setTimeout, clearTimeout };
  return { context: createContext({ ...globals, Uint8Array, ArrayBuffer, fetch: answer }), seen };
}

describe("the sdk in a browser", () => {
  it("is bundled without Node, then signs, sends and verifies a transaction with web globals alone", async () => {
    const code = await bundlePage(ENTRY);
    expect(code).not.toMatch(/\brequire\(|process\.(env|versions|nextTick)/);
    const { context, seen } = createWindow();
    new Script(code).runInContext(context);
    const run = new Script(`(async () => {
      const party = hansa.createParty("hanse", hansa.createSigner("Ed25519"));
      const group = "hanse:main:2xGabcdefghijkmnopqrstuvwx";
      const client = hansa.createClient({ url: "http://127.0.0.1:1", group, signer: party });
      const receipt = await hansa.closeTopic(client, { topic: "acme" });
      const other = hansa.createParty("hanse", hansa.createSigner("P-256"));
      const text = hansa.cosignTransaction(
        await hansa.signOperations(client, [hansa.operation("topics.close", { topic: "acme" })]), other);
      const decoded = hansa.decodeTransaction(text);
      const keys = [party, other].map(({ signer }) => ({ algorithm: signer.algorithm, bytes: signer.publicKey }));
      const held = decoded.signatures.map((s, i) => hansa.verifySignature(keys[i], s.input, s.signature));
      const crossed = hansa.verifySignature(keys[0], decoded.signatures[0].input.slice(1), decoded.signatures[0].signature);
      return JSON.stringify({ code: receipt.code, held, crossed });
    })()`).runInContext(context) as Promise<string>;
    expect(JSON.parse(await run)).toEqual({ code: 0, held: [true, true], crossed: false });
    expect(seen[0]?.url).toContain("/transactions");
    expect(seen[0]?.body.split(".")).toHaveLength(3);
    const file = readFileSync(new URL("../../vectors/cometbft/trail-proof.json", import.meta.url), "utf8");
    const verify = new Script(
      `(text) => {
        const { group, vouched, entries } = hansa.verifyProofFile(text);
        let refused;
        try { hansa.verifyProofFile(text.replace('"round":1', '"round":2')); } catch (error) { refused = error.code; }
        return JSON.stringify({ group, signed: vouched.signed, entries: entries.length, refused });
      }`,
    ).runInContext(context) as (text: string) => string;
    expect(JSON.parse(verify(file))).toEqual({
      group: JSON.parse(file).headers[0].header.group,
      signed: 41,
      entries: 3,
      refused: "proof.invalid",
    });
    console.log(`sdk for browsers: ${(code.length / 1024).toFixed(0)} KiB minified`);
  });
});
