/** The wallet in a page of a real browser, over its IndexedDB. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { createCredentialSigner, issueCredential, verifyPresentation } from "#identity";
import { finder } from "../../src/identity/wallet/wallet.suite.ts";
import { BROWSER, bundlePage, HOW, type ServedPage, servePage } from "../browser.suite.ts";

const VERIFIER = { challenge: "a-fresh-question", domain: "https://shop.example" };
const SECRET = "Master of Meters";

let served: ServedPage;
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
  const code = await bundlePage(new URL("../../src/identity/wallet.ts", import.meta.url));
  served = await servePage(code, () => PAGE, { "/issue": issueTo });
});
afterAll(() => served.close());

/** Makes a wallet, is issued a credential, shows it, and opens the wallet again: with a wrong passphrase and with the right one. */
const PAGE = `<!doctype html><script src="/code.js"></script><script type="module">
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
  const { presentation, ...rest } = JSON.parse(await served.open());
  expect(rest).toEqual({ wrong: "wallet.locked", found: 1, shown: 1, entries: 3, readable: false });
  await verifyPresentation(presentation, { keys: finder, now: Date.now(), ...VERIFIER });
});
