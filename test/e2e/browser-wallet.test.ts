/** The wallet in a page of a real browser, over its IndexedDB. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createCredentialSigner, issueCredential, verifyPresentation } from "#identity";
import { finder } from "../../src/identity/wallet/wallet.suite.ts";

const BROWSER = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const HOW = BROWSER === undefined ? " (skipped: no browser; apt-get install chromium)" : "";
const VERIFIER = { challenge: "a-fresh-question", domain: "https://shop.example" };
const SECRET = "Master of Meters";

let pages: Server;
let origin: string;
let browser: ChildProcess | undefined;
let told: (result: string) => void;
const result = new Promise<string>((resolve) => {
  told = resolve;
});
const issuer = createCredentialSigner("Ed25519");

/** A credential about whoever asks. */
async function issueTo(subject: string): Promise<string> {
  const credential = {
    "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
    type: ["VerifiableCredential", "ExampleDegreeCredential"],
    issuer: issuer.controller,
    credentialSubject: { id: subject, degree: SECRET },
  };
  return JSON.stringify(await issueCredential(credential, issuer, { suite: "eddsa-jcs-2022" }));
}

beforeAll(async () => {
  const built = await build({
    entryPoints: [fileURLToPath(new URL("../../src/identity/wallet.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "hansa",
    platform: "browser",
    conditions: ["browser", "development"],
    target: "es2022",
    logLevel: "silent",
  });
  const bundle = built.outputFiles[0]?.text ?? "";
  pages = createServer((request, response) => {
    if (request.url === "/wallet.js") response.setHeader("content-type", "text/javascript").end(bundle);
    else if (request.method === "POST") {
      let body = "";
      request.on("data", (part) => {
        body += part;
      });
      request.on("end", () => {
        if (request.url === "/issue") void issueTo(body).then((text) => response.end(text));
        else {
          response.end();
          told(body);
        }
      });
    } else response.setHeader("content-type", "text/html").end(PAGE);
  });
  await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
});
afterAll(() => {
  browser?.kill("SIGKILL");
  pages.close();
});

/** Makes a wallet, is issued a credential, shows it, and opens the wallet again: with a wrong passphrase and with the right one. */
const PAGE = `<!doctype html><script src="/wallet.js"></script><script type="module">
  const post = (path, body) => fetch(path, { method: "POST", body });
  const all = (name) => new Promise((resolve, reject) => {
    const request = indexedDB.open(name);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const entries = request.result.transaction("entries").objectStore("entries").getAll();
      entries.onsuccess = () => { request.result.close(); resolve(entries.result); };
    };
  });
  try {
    const cost = { passes: 2, memory: 19 * 1024 * 1024 };
    const open = (passphrase) => hansa.openIndexedDbWalletStore({ name: "wallet", passphrase, cost });
    const keys = hansa.makeKeyFinder(new hansa.DidResolver([hansa.keyMethod]), { mayRead: () => false });
    const wallet = new hansa.Wallet({ store: await open("right") });
    const key = await wallet.createKey("Ed25519");
    const held = await wallet.receive(await (await post("/issue", key.controller)).text(), { keys });
    const { presentation } = await wallet.present(held.id, { ...${JSON.stringify(VERIFIER)}, claims: "all" });
    await wallet.close();
    let wrong = "opened";
    try { await open("wrong"); } catch (error) { wrong = error.code; }
    const again = new hansa.Wallet({ store: await open("right") });
    const found = await again.list({ subject: key.controller });
    const shown = await again.shown();
    const entries = await all("wallet");
    const text = entries.map((entry) => String.fromCharCode(...entry.sealed) + JSON.stringify(entry)).join("");
    await post("/result", JSON.stringify({
      presentation, wrong, found: found.length, shown: shown.length, entries: entries.length,
      readable: text.includes(${JSON.stringify(SECRET)}) || text.includes(key.controller),
    }));
  } catch (error) { await post("/result", JSON.stringify({ error: String(error?.stack ?? error) })); }
</script>`;

it.skipIf(BROWSER === undefined)(`a wallet in IndexedDB holds, shows and comes back, sealed${HOW}`, async () => {
  const profile = mkdtempSync(join(tmpdir(), "hansa-browser-"));
  try {
    browser = spawn(
      BROWSER as string,
      ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", `--user-data-dir=${profile}`, `${origin}/`],
      { stdio: "ignore" },
    );
    const closed = new Promise((resolve) => browser?.once("close", resolve));
    const { presentation, ...rest } = JSON.parse(await result);
    expect(rest).toEqual({ wrong: "wallet.locked", found: 1, shown: 1, entries: 3, readable: false });
    await verifyPresentation(presentation, { keys: finder, now: Date.now(), ...VERIFIER });
    browser.kill("SIGKILL");
    await closed;
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
});
