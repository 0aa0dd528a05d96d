import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { encodeBase64Url, encodeUtf8 } from "#base";
import { sha256 } from "#crypto";
import { createCredentialSigner, DidResolver, issueSdJwt, keyMethod, makeKeyFinder, Wallet } from "#identity";
import { openDatabase, WalletEntries } from "#storage";

const KILLS = 3;
const key = new Uint8Array(32).fill(5);
let folder: string;
let file: string;

/** Runs something with the wallet of the file, which nobody else has open. */
async function withWallet<Result>(run: (wallet: Wallet) => Promise<Result>): Promise<Result> {
  const wallet = new Wallet({ store: new WalletEntries(openDatabase({ file, key })) });
  try {
    return await run(wallet);
  } finally {
    await wallet.close();
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hansa-wallet-crash-"));
  file = join(folder, "wallet.db");
  await withWallet(async (wallet) => {
    const holderKey = await wallet.createKey("Ed25519");
    const issuer = createCredentialSigner("Ed25519");
    const claims = { vct: "https://town.example/resident", iat: Math.floor(Date.now() / 1000), name: "Alice" };
    const keys = makeKeyFinder(new DidResolver([keyMethod]), { mayRead: () => false });
    await wallet.receive(issueSdJwt(claims, issuer, { disclose: [["name"]], holderKey }), { keys });
  });
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Presentations that got out of a process before it was killed, wherever it then was. */
async function shownUntilKilled(count: number): Promise<string[]> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "--conditions=development", new URL("./wallet-shower.suite.ts", import.meta.url).pathname],
    {
      cwd: new URL("../..", import.meta.url),
      env: { ...process.env, HANSA_CRASH_FILE: file, HANSA_CRASH_KEY: Buffer.from(key).toString("hex") },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let text = "";
  let killed = false;
  child.stdout?.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    if (!killed && text.split("\n").length > count) {
      killed = true;
      child.kill("SIGKILL");
    }
  });
  const [, signal] = await once(child, "close");
  expect(signal).toBe("SIGKILL");
  return text.slice(0, text.lastIndexOf("\n")).split("\n");
}

it("a killed wallet has a line in its log for everything that it let out", async () => {
  let before = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const out = await shownUntilKilled(1 + Math.floor(Math.random() * 60));
    const log = await withWallet((wallet) => wallet.shown());
    const digests = new Set(log.map(({ digest }) => digest));
    for (const presentation of out) expect(digests).toContain(encodeBase64Url(sha256(encodeUtf8(presentation))));
    // At most one line is of a presentation that did not get out any more.
    const fresh = log.length - before;
    expect([out.length, out.length + 1]).toContain(fresh);
    before = log.length;
  }
});
