import { createContext, Script } from "node:vm";
import { expect, it } from "vitest";
import { bundlePage } from "../../test/browser.suite.ts";
import { verifySdJwt } from "./sd-jwt/verify-sd-jwt.ts";
import { CHEAP, dataIntegrity, finder, jose, NOW, PASSPHRASE, sdJwt, VERIFIER } from "./wallet/wallet.suite.ts";
import { createMemoryWalletStore, Wallet } from "./wallet.ts";

/** What a page has and the wallet may use; `globalThis` holds nothing else. */
function createPage() {
  const { TextEncoder, TextDecoder, URL, crypto, structuredClone, setTimeout, clearTimeout } = globalThis;
  const globals = { TextEncoder, TextDecoder, URL, crypto, structuredClone, setTimeout, clearTimeout };
  return createContext({ ...globals, Uint8Array, ArrayBuffer });
}

it("the wallet in a page: restored from a backup that Node made, it receives, finds and shows", async () => {
  const code = await bundlePage(new URL("./wallet.ts", import.meta.url));
  const context = createPage();
  new Script(`var self = globalThis;${code}`).runInContext(context);

  const phone = new Wallet({ store: createMemoryWalletStore(), now: () => NOW });
  const key = await phone.createKey("P-256");
  const given = {
    file: await phone.backup(PASSPHRASE, CHEAP),
    passphrase: PASSPHRASE,
    now: NOW,
    verifier: VERIFIER,
    credentials: [await dataIntegrity(key.controller, {}, "eddsa-rdfc-2022"), jose(key.controller), sdJwt(key)],
    query: {
      credentials: [
        {
          id: "resident",
          format: "dc+sd-jwt",
          meta: { vct_values: ["https://town.example/resident"] },
          claims: [{ path: ["name"] }],
        },
      ],
    },
  };
  const run = new Script(`async ({ file, passphrase, now, verifier, credentials, query }) => {
    const wallet = new hansa.Wallet({ store: hansa.createMemoryWalletStore(), now: () => now });
    await wallet.restore(file, passphrase);
    const keys = hansa.makeKeyFinder(new hansa.DidResolver([hansa.keyMethod]), { mayRead: () => false });
    for (const text of credentials) await wallet.receive(text, { keys });
    let refused;
    try {
      await wallet.receive(credentials[0].replace("Master", "Doctor"), { keys });
    } catch (error) {
      refused = error.code;
    }
    const { presentations, shown } = await wallet.answer(query, verifier);
    const [first] = await wallet.list({ type: "ExampleDegreeCredential", format: "ldp_vc" });
    await wallet.present(first.id, { ...verifier, claims: "all" });
    let noDatabase;
    try {
      await hansa.openIndexedDbWalletStore({ name: "w", passphrase });
    } catch (error) {
      noDatabase = error.code;
    }
    const log = await wallet.shown({ domain: verifier.domain });
    return { refused, noDatabase, presentation: presentations.resident[0], told: shown[0].claims, lines: log.length };
  }`).runInContext(context) as (input: typeof given) => Promise<{
    refused: string;
    noDatabase: string;
    presentation: string;
    told: string[];
    lines: number;
  }>;
  const told = await run(given);
  expect(told.refused).toBe("credentials.signature");
  expect(told.noDatabase).toBe("wallet.unavailable");
  expect(told.lines).toBe(2);
  expect([...told.told]).toContain("name");
  const keyBinding = { nonce: VERIFIER.challenge, audience: VERIFIER.domain };
  const verified = await verifySdJwt(told.presentation, { keys: finder, now: NOW, keyBinding });
  expect(verified.claims["name"]).toBe("Alice Adler");
  console.log(`wallet for browsers: ${(code.length / 1024).toFixed(0)} KiB minified`);
});
