/** Credentials of a ledger's facts: issued by the members at the command line, held by a device and its owner, verified against the node. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "#base";
import {
  createMemoryWalletStore,
  credentialSigner,
  DidResolver,
  type KeyFinder,
  keyMethod,
  makeKeyFinder,
  remoteMethod,
  type VerifiedCredential,
  verifyPresentation,
  Wallet,
} from "#identity";
import { operation } from "#protocol";
import { resolveDid, verifyProofFile } from "#sdk";
import { admit, FIRMWARE, furnish, MODEL } from "./devices.suite.ts";
import { Alliance } from "./member.suite.ts";

const LAMP = "device/lamp";
const VERIFIER = { domain: "https://insurer.example", challenge: "a-fresh-question" };
let alliance: Alliance;
let folder: string;
let keys: KeyFinder;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hansa-facts-"));
  alliance = await Alliance.create();
  await alliance.up({ HANSA_LOG_LEVEL: "warn" });
  await furnish(alliance);
  await admit(alliance, "acme", LAMP);
  const client = alliance.as("acme");
  const resolver = new DidResolver([keyMethod, remoteMethod("hansa", (did) => resolveDid(client, did))]);
  keys = makeKeyFinder(resolver, { mayRead: () => true });
});
afterAll(async () => {
  await alliance.remove();
  rmSync(folder, { recursive: true, force: true });
});

let made = 0;
/** What `hansa device credential` writes into a file. */
async function issue(fact: string, as: string, ...more: string[]): Promise<string> {
  const out = join(folder, `${made++}.json`);
  const { did } = alliance.party(LAMP);
  const { code, stderr } = await alliance.hansa(
    "device",
    "credential",
    did,
    "--fact",
    fact,
    "--as",
    as,
    "--out",
    out,
    ...more,
  );
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return readFileSync(out, "utf8");
}

/** The wallet of somebody whose key the alliance knows. */
function walletOf(name: string): Wallet {
  const { did, kid, signer } = alliance.party(name);
  const own = credentialSigner(signer, { id: kid, controller: did });
  return new Wallet({ store: createMemoryWalletStore(), otherKeys: { signers: async () => [own] } });
}

describe("what the ledger keeps of a device", () => {
  it.each([
    ["admission", "acme", "eddsa-rdfc-2022", []],
    ["certification", "delphi", "eddsa-jcs-2022", ["--suite", "eddsa-jcs-2022"]],
    ["ownership", "acme", "eddsa-rdfc-2022", []],
  ] as const)("%s is a credential of %s, which the device presents with its own key", async (fact, as, suite, more) => {
    const wallet = walletOf(LAMP);
    const held = await wallet.receive(await issue(fact, as, ...more), { keys });
    const { presentation } = await wallet.present(held.id, { ...VERIFIER, claims: "all" });
    const verified = await verifyPresentation(presentation, { keys, now: Date.now(), ...VERIFIER });
    expect(verified.presenter).toBe(alliance.party(LAMP).did);
    const credential = verified.credentials[0] as VerifiedCredential;
    expect(credential).toMatchObject({ issuer: alliance.party(as).did, proofs: [{ cryptosuite: suite }] });
    expect(credential.credential["credentialSubject"]).toMatchObject({ deviceModel: MODEL });
    // The ledger's own word, which needs neither the node nor the issuer.
    const [evidence] = credential.credential["evidence"] as readonly JsonObject[];
    const proof = verifyProofFile(evidence?.["recordProof"] as string, { trust: alliance.groupId });
    expect(proof.records[0]?.key).toBe(evidence?.["recordKey"]);
    expect(JSON.stringify(proof.records[0]?.value)).toContain(FIRMWARE);
  });

  it("ownership is the owner's to present, too, also in a JWT", async () => {
    const wallet = walletOf("owner");
    const held = await wallet.receive(await issue("ownership", "acme", "--holder", "owner", "--format", "jwt"), {
      keys,
    });
    expect(held).toMatchObject({ format: "jwt_vc_json", subjects: [alliance.party("owner").did] });
    await wallet.present(held.id, { ...VERIFIER, claims: "all" });
    const other = walletOf("borea");
    await expect(other.receive(held.text, { keys })).rejects.toThrow(
      expect.objectContaining({ code: "wallet.foreign" }),
    );
  });

  it("is issued by whoever vouches for it and by nobody else", async () => {
    const { did } = alliance.party(LAMP);
    const { code, stderr } = await alliance.hansa("device", "credential", did, "--fact", "admission", "--as", "borea");
    expect(code).toBe(2);
    expect(stderr).toContain(alliance.party("acme").did);
  });

  it("is not issued once the ledger says otherwise", async () => {
    await admit(alliance, "acme", "device/toaster");
    const { did } = alliance.party("device/toaster");
    await alliance.send("acme", [operation("devices.quarantine", { device: did, reason: "smoke" })]);
    const { code, stderr } = await alliance.hansa("device", "credential", did, "--fact", "admission", "--as", "acme");
    expect(code).toBe(1);
    expect(stderr).toContain("credentials.not-vouched");
  });
});
