import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeMultikey } from "#crypto";
import { createCredentialSigner, issueCredential, issueSdJwt, jwkOfKey, keyOfJwk, verifySdJwt } from "#identity";
import { finder } from "../../../identity/wallet/wallet.suite.ts";
import { NOW, openTerminal, type RunOptions, type Terminal } from "../../terminal.suite.ts";

const town = createCredentialSigner("Ed25519");
const VCT = "https://town.example/resident";
const VERIFIER = ["--challenge", "4fX9", "--domain", "shop.example"];

let terminal: Terminal;
let did: string;

beforeEach(async () => {
  terminal = await openTerminal();
  await terminal.makeKeys();
  const { json } = await terminal.run(["wallet", "init", "--json"]);
  ({ did } = json as { did: string });
});
afterEach(() => terminal.close());

async function run(...argv: readonly string[]) {
  const ran = await terminal.run(argv);
  expect(ran.err).toBe("");
  expect(ran.exit).toBe(0);
  return ran;
}

async function refused(argv: readonly string[], options: RunOptions = {}) {
  const { exit, out, err } = await terminal.run(argv, options);
  expect(out).toBe("");
  return { exit, err };
}

const file = (name: string) => join(terminal.cwd, name);

/** A resident's card and a degree, as their issuer hands them over. */
async function makeFiles(subject = did): Promise<void> {
  const publicKey = decodeMultikey(subject.slice("did:key:".length));
  if (publicKey === undefined) throw new Error("no did:key");
  const holderKey = keyOfJwk(jwkOfKey({ algorithm: publicKey.algorithm, publicKey: publicKey.bytes }));
  const claims = { vct: VCT, iat: NOW / 1000, name: "Alice Adler", address: { street: "Long Lane 7", city: "Lübeck" } };
  const disclose = [["name"], ["address", "street"], ["address", "city"]];
  await writeFile(file("resident.sd-jwt"), `${issueSdJwt(claims, town, { disclose, holderKey })}\n`);
  const degree = {
    "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
    type: ["VerifiableCredential", "ExampleDegreeCredential"],
    issuer: town.controller,
    credentialSubject: { id: subject, degree: "Master of Meters" },
  };
  const signed = await issueCredential(degree, town, { suite: "eddsa-jcs-2022", created: NOW });
  await writeFile(file("degree.json"), JSON.stringify(signed));
}

async function receive(name: string): Promise<string> {
  const { json } = await run("wallet", "receive", name, "--json");
  return (json as { id: string }).id;
}

describe("hansa wallet", () => {
  it("is made once, with a key that is listed beside the home's identities", async () => {
    const again = await refused(["wallet", "init"]);
    expect(again).toMatchObject({ exit: 1, err: expect.stringContaining("cli.wallet-exists") });
    await run("key", "create", "line", "--alliance", "hanse");
    const { json } = await run("wallet", "keys", "--create", "P-256", "--json");
    expect((json as { items: object[] }).items).toMatchObject([
      { did, algorithm: "Ed25519", kept: true },
      { algorithm: "P-256", kept: true },
      { did: expect.stringMatching(/^did:hansa:hanse:/), kept: false },
    ]);
    expect((await stat(file(".hansa/wallet.db"))).size).toBeGreaterThan(0);
  });

  it("says what to do where there is none", async () => {
    const { exit, err } = await refused(["wallet", "list", "--home", "elsewhere"]);
    expect(exit).toBe(1);
    expect(err).toContain("cli.wallet-missing");
    expect(err).toContain("hansa wallet init");
  });

  it("receives what verifies, lists and shows it, and says what may be kept back", async () => {
    await makeFiles();
    const id = await receive("resident.sd-jwt");
    await receive("degree.json");
    const { out } = await run("wallet", "list");
    expect(out).toContain(VCT);
    expect(out).toContain("ExampleDegreeCredential");
    const shown = await run("wallet", "show", "--", id.slice(0, 5));
    expect(shown.out).toMatch(/address\.city +Lübeck +if chosen/);
    expect((await run("wallet", "show", id, "--text")).out.trim()).toBe(
      (await readFile(file("resident.sd-jwt"), "utf8")).trim(),
    );
    expect((await refused(["wallet", "receive", "degree.json"])).err).toContain("wallet.exists");
    await writeFile(file("forged.json"), (await readFile(file("degree.json"), "utf8")).replace("Master", "Doctor"));
    expect((await refused(["wallet", "receive", "forged.json"])).err).toContain("credentials.signature");
    expect((await refused(["wallet", "receive", "none.json"])).err).toContain("cli.file-missing");
  });

  it("refuses what is about somebody else, and keeps it where it is told to", async () => {
    await makeFiles(createCredentialSigner("Ed25519").controller);
    const { err } = await refused(["wallet", "receive", "degree.json"]);
    expect(err).toContain("wallet.foreign");
    expect(err).toContain("hansa wallet keys");
    await run("wallet", "receive", "degree.json", "--foreign");
  });

  it("presents chosen claims, and the log says to whom", async () => {
    await makeFiles();
    const id = await receive("resident.sd-jwt");
    const { out } = await run("wallet", "present", "--credential", id, "--claims", "name,address.city", ...VERIFIER);
    const keyBinding = { nonce: "4fX9", audience: "shop.example" };
    const { claims } = await verifySdJwt(out.trim(), { keys: finder, now: NOW, keyBinding });
    expect(claims).toMatchObject({ name: "Alice Adler", address: { city: "Lübeck" } });
    expect(JSON.stringify(claims)).not.toContain("Long Lane");
    const log = await run("wallet", "shown");
    expect(log.out).toContain("shop.example");
    expect(log.out).toContain("address.city, name");
    const { json } = await run("wallet", "shown", "--domain", "other.example", "--json");
    expect(json).toEqual({ items: [], more: false });
  });

  it("names the claims that there are where one is misspelt", async () => {
    await makeFiles();
    const id = await receive("resident.sd-jwt");
    const { exit, err } = await refused(["wallet", "present", "--credential", id, "--claims", "nam", ...VERIFIER]);
    expect(exit).toBe(2);
    expect(err).toContain("it has address.city, address.street, name");
  });

  it("finds and answers a query into a file of its owner alone", async () => {
    await makeFiles();
    await receive("resident.sd-jwt");
    const degree = await receive("degree.json");
    const credentials = [
      { id: "home", format: "dc+sd-jwt", meta: { vct_values: [VCT] }, claims: [{ path: ["address", "city"] }] },
      { id: "degree", format: "ldp_vc", meta: { type_values: [["ExampleDegreeCredential"]] } },
    ];
    await writeFile(file("query.json"), JSON.stringify({ dcql_query: { credentials } }));
    const found = await run("wallet", "find", "query.json");
    expect(found.out).toMatch(/home .*address\.city/);
    expect(found.out).toMatch(/degree .*all of it/);
    const present = ["wallet", "present", "--query", "query.json", ...VERIFIER];
    expect((await refused(present)).err).toContain("wallet.indivisible");
    await run(...present, "--all", "--out", "answer.json");
    const answer = JSON.parse(await readFile(file("answer.json"), "utf8")) as Record<string, unknown[]>;
    expect(Object.keys(answer)).toEqual(["home", "degree"]);
    expect((await stat(file("answer.json"))).mode & 0o077).toBe(0);
    const before = (await run("wallet", "shown", "--json")).json;
    expect((await refused([...present, "--all", "--out", "answer.json"])).err).toContain("cli.file-exists");
    expect((await run("wallet", "shown", "--json")).json).toEqual(before);
    const chosen = await refused([...present, "--choose", `home=${degree}`]);
    expect(chosen.err).toContain("wallet.choice");
    await writeFile(
      file("other.json"),
      JSON.stringify({ credentials: [{ ...credentials[1], meta: { type_values: [["Other"]] } }] }),
    );
    expect((await run("wallet", "find", "other.json")).out).toContain("nothing fits");
    expect((await refused(["wallet", "present", "--query", "other.json", ...VERIFIER])).err).toContain(
      "wallet.no-match",
    );
  });

  it.each([
    ["neither a query nor a credential", VERIFIER],
    ["both", ["--query", "q.json", "--credential", "abcd", ...VERIFIER]],
    ["no verifier", ["--credential", "abcd", "--all"]],
    ["no claims", ["--credential", "abcd", ...VERIFIER]],
    ["claims and all", ["--credential", "abcd", "--claims", "a", "--all", ...VERIFIER]],
    ["claims for a query", ["--query", "q.json", "--claims", "a", ...VERIFIER]],
    ["a choice that is none", ["--query", "q.json", "--choose", "home", ...VERIFIER]],
  ])("ends a call to present with %s with 2", async (_, argv) => {
    expect((await refused(["wallet", "present", ...argv])).exit).toBe(2);
  });

  it("removes a credential, and a key that none needs", async () => {
    await makeFiles();
    const id = await receive("degree.json");
    expect((await refused(["wallet", "keys", "--remove", did])).err).toContain("wallet.in-use");
    await run("wallet", "remove", id);
    await run("wallet", "keys", "--remove", did);
    expect((await refused(["wallet", "remove", id])).err).toContain("wallet.unknown");
    expect((await run("wallet", "list")).out).toContain("no credentials");
  });

  it("is backed up under a passphrase of its own and restored into another home, or merged", async () => {
    await makeFiles();
    await receive("resident.sd-jwt");
    await writeFile(file("secret"), "another passphrase\n");
    const own = ["--backup-passphrase-file", "secret"];
    await run("wallet", "backup", "alice.wallet", ...own);
    expect((await stat(file("alice.wallet"))).mode & 0o077).toBe(0);
    expect((await refused(["wallet", "backup", "alice.wallet"])).err).toContain("cli.file-exists");
    expect((await refused(["wallet", "restore", "alice.wallet", "--merge"])).err).toContain("wallet.locked");
    expect((await refused(["wallet", "restore", "alice.wallet", ...own])).err).toContain("wallet.not-empty");
    const merged = await run("wallet", "restore", "alice.wallet", "--merge", "--json", ...own);
    expect(merged.json).toEqual({ keys: 0, credentials: 0, shown: 0, known: 2 });
    const there = ["--home", "laptop"];
    await run("key", "create", "laptop", "--alliance", "hanse", ...there);
    const restored = await run("wallet", "restore", "alice.wallet", "--json", ...own, ...there);
    expect(restored.json).toEqual({ keys: 1, credentials: 1, shown: 0, known: 0 });
    const list = await run("wallet", "list", "--json", ...there);
    const { items } = list.json as { items: { id: string }[] };
    await run("wallet", "present", "--credential", items[0]?.id as string, "--claims", "name", ...VERIFIER, ...there);
    await writeFile(file("cut.wallet"), (await readFile(file("alice.wallet"))).subarray(0, 100));
    expect((await refused(["wallet", "restore", "cut.wallet", "--merge", ...own])).err).toContain("wallet.damaged");
  });
});
