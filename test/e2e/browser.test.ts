import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createIdentity } from "./devices.suite.ts";
import { Alliance } from "./member.suite.ts";

const BROWSER = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const HOW = BROWSER === undefined ? " (skipped: no browser; apt-get install chromium)" : "";

let alliance: Alliance;
let origin: string;
let pages: Server;
let bundle: string;
let browser: ChildProcess | undefined;
let told: (result: string) => void;
const result = new Promise<string>((resolve) => {
  told = resolve;
});

beforeAll(async () => {
  const built = await build({
    entryPoints: [fileURLToPath(new URL("../../src/sdk/index.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "hansa",
    platform: "browser",
    conditions: ["browser", "development"],
    target: "es2022",
    logLevel: "silent",
  });
  bundle = built.outputFiles[0]?.text ?? "";
  pages = createServer((request, response) => {
    if (request.url === "/sdk.js") response.setHeader("content-type", "text/javascript").end(bundle);
    else if (request.method === "POST") {
      let body = "";
      request.on("data", (part) => {
        body += part;
      });
      request.on("end", () => {
        response.end();
        told(body);
      });
    } else response.setHeader("content-type", "text/html").end(page());
  });
  await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
  alliance = await Alliance.create({ config: { http: { host: "127.0.0.1", port: 0, origins: [origin] } } });
  await alliance.up({ HANSA_LOG_LEVEL: "warn" });
  await createIdentity(alliance, "alice");
});
afterAll(async () => {
  browser?.kill("SIGKILL");
  pages.close();
  await alliance.remove();
});

/** Makes a DID of its own key in the page, has it vouched for by nobody, and reads what the ledger says. */
function page(): string {
  const options = JSON.stringify({ url: alliance.node.url, group: alliance.groupId });
  return `<!doctype html><script src="/sdk.js"></script><script type="module">
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
  const profile = mkdtempSync(join(tmpdir(), "hansa-browser-"));
  try {
    browser = spawn(
      BROWSER as string,
      ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", `--user-data-dir=${profile}`, `${origin}/`],
      { stdio: "ignore" },
    );
    const closed = new Promise((resolve) => browser?.once("close", resolve));
    expect(JSON.parse(await result)).toEqual({ members: 4, refused: "transaction.unknown-key", proved: true });
    browser.kill("SIGKILL");
    await closed;
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
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
  expect(await ask(origin)).toBe(origin);
  for (const other of ["https://evil.example", "null", `${origin}.evil.example`]) expect(await ask(other)).toBeNull();
});
