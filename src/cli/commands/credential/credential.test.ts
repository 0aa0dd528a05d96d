import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { JsonObject } from "#base";
import { ISSUERS, plainCredential, startVcNode, type VcNode } from "../../../node/http/vc-api.suite.ts";
import { openTerminal, type Ran, type Terminal } from "../../terminal.suite.ts";

let terminal: Terminal;
beforeEach(async () => {
  terminal = await openTerminal();
  await terminal.makeKeys("acme", "alice");
  await writeFile(join(terminal.cwd, "label.json"), JSON.stringify(plainCredential({ id: "urn:example:label" })));
});
afterEach(() => terminal.close());

const read = (file: string) => JSON.parse(readFileSync(join(terminal.cwd, file), "utf8")) as JsonObject;
const run = (...argv: string[]): Promise<Ran> => terminal.run(["credential", ...argv, "--json"]);
async function done(...argv: string[]): Promise<JsonObject> {
  const ran = await run(...argv);
  expect(ran.exit, ran.err + ran.out).toBe(0);
  return ran.json as JsonObject;
}
async function codeOf(...argv: string[]): Promise<string> {
  const { exit, err, out } = await run(...argv);
  expect(exit, out).not.toBe(0);
  return (JSON.parse(err || out) as { error: { code: string } }).error.code;
}
const own = ["--did-key", "--as", "acme"];

describe("hansa credential without any network", () => {
  it.each([
    ["eddsa-rdfc-2022", []],
    ["eddsa-jcs-2022", []],
    [undefined, ["--format", "jwt"]],
  ] as const)("issues and verifies with %s %s", async (suite, more) => {
    const chosen = suite === undefined ? [] : ["--suite", suite];
    const signed = await done("issue", "label.json", ...own, ...chosen, ...more, "--out", "signed.json");
    expect(read("signed.json")).toEqual(signed);
    const verdict = await done("verify", "signed.json", "--offline");
    expect(verdict).toMatchObject({
      verified: true,
      credentials: [{ id: "urn:example:label", types: ["VerifiableCredential"] }],
    });
    const text = JSON.stringify(signed).replace("The School of Examples", "Elsewhere");
    await writeFile(join(terminal.cwd, "forged.json"), text);
    if (suite !== undefined) expect(await codeOf("verify", "forged.json", "--offline")).toBe("credentials.signature");
    expect(await codeOf("issue", "label.json", ...own, "--out", "signed.json")).toBe("cli.file-exists");
  });

  it("shows what was chosen of a credential, and no more", async () => {
    const ran = await terminal.run(["key", "create", "p256", "--algorithm", "P-256", "--alliance", "hanse"]);
    expect(ran.exit, ran.err).toBe(0);
    const claims = { credentialSubject: { id: "did:example:thing", energyClass: "A", owner: "somebody" } };
    await writeFile(join(terminal.cwd, "label.json"), JSON.stringify(plainCredential(claims)));
    const as = ["--did-key", "--as", "p256", "--suite", "ecdsa-sd-2023", "--mandatory", "/issuer"];
    await done("issue", "label.json", ...as, "--out", "base.json");
    await done("derive", "base.json", "--show", "/credentialSubject/energyClass", "--out", "shown.json");
    expect(JSON.stringify(read("shown.json"))).not.toContain("somebody");
    expect(await done("verify", "shown.json", "--offline")).toMatchObject({ verified: true });
    expect(await codeOf("derive", "base.json", "--show", "/credentialSubject/none")).toBe("credentials.document");
  });

  it("presents for one verifier", async () => {
    await done("issue", "label.json", ...own, "--out", "signed.json");
    const to = ["--challenge", "mine", "--domain", "shop.example"];
    await done("present", "signed.json", ...to, "--did-key", "--as", "alice", "--out", "shown.json");
    // Proofs are made in whole seconds, and the clock of these tests stands.
    expect(await done("verify", "shown.json", "--offline", ...to)).toMatchObject({
      presenter: expect.stringMatching(/^did:key:/),
    });
    expect(await codeOf("verify", "shown.json", "--offline", "--challenge", "other")).toBe("credentials.challenge");
    expect(await codeOf("verify", "shown.json", "--offline", "--domain", "bank.example")).toBe("credentials.domain");
    const late = await terminal.run(["credential", "verify", "shown.json", "--offline", "--json"], {
      now: 1_767_225_600_000 + 3_600_000,
    });
    expect(JSON.parse(late.err)).toMatchObject({ error: { code: "credentials.expired" } });
  });

  it("wants the document of a DID that nothing on this machine knows", async () => {
    const signed = await done(
      "issue",
      "label.json",
      "--as",
      "acme",
      "--group",
      "hanse:main:2xGabcdefghijkmnopqrstuvwx",
    );
    await writeFile(join(terminal.cwd, "signed.json"), JSON.stringify(signed));
    expect(await codeOf("verify", "signed.json", "--offline")).toBe("cli.did-unknown");
    const { verificationMethod } = signed["proof"] as JsonObject;
    const exported = await terminal.run(["key", "list", "--json"]);
    const [found] = (exported.json as { items: { key: string; publicKey: string }[] }).items.filter(
      ({ key }) => key === "acme",
    );
    const did = signed["issuer"] as string;
    const method = { id: verificationMethod, type: "Multikey", controller: did, publicKeyMultibase: found?.publicKey };
    const document = { id: did, verificationMethod: [method], assertionMethod: [verificationMethod] };
    await writeFile(join(terminal.cwd, "issuer.json"), JSON.stringify({ didDocument: document }));
    expect(await done("verify", "signed.json", "--offline", "--did-document", "issuer.json")).toMatchObject({
      verified: true,
    });
  });

  it("refuses what cannot be meant", async () => {
    expect(await codeOf("issue", "none.json", ...own)).toBe("cli.file-missing");
    expect(await codeOf("issue", "label.json", ...own, "--issuer", "labels")).toBe("cli.argument");
    expect(await codeOf("issue", "label.json", ...own, "--suite", "ecdsa-jcs-2019")).toBe("credentials.proof");
    await writeFile(join(terminal.cwd, "list.json"), "[]");
    expect(await codeOf("issue", "list.json", ...own)).toBe("cli.file-malformed");
    expect(await codeOf("verify", "list.json", "--offline")).toBe("cli.file-malformed");
    for (const input of ["no JSON", "[]", '{"a":1,"a":2}']) {
      const ran = await terminal.run(["credential", "verify", "-", "--offline", "--json"], { input });
      expect(JSON.parse(ran.err)).toMatchObject({ error: { code: "cli.file-malformed" } });
    }
    expect(await codeOf("verify", "label.json", "--offline")).toBe("credentials.document");
    expect(await codeOf("verify", "label.json", "--offline", "--recognised")).toBe("cli.argument");
    expect(existsSync(join(terminal.cwd, "signed.json"))).toBe(false);
  });
});

describe("hansa credential with a node", () => {
  let at: VcNode;
  beforeAll(async () => {
    at = await startVcNode({
      issuers: [...ISSUERS, { name: "labels", did: "did:hansa", status: ["revocation", "suspension"] }],
    });
  });
  afterAll(() => at.close());

  const there = (...argv: string[]) =>
    terminal.run(["credential", ...argv, "--json", "--home", at.folder, "--url", at.node.url, "--as", "acme"], {
      env: { HANSA_PASSPHRASE: at.passphrase },
      now: Date.now(),
    });
  async function answered(...argv: string[]): Promise<JsonObject> {
    const ran = await there(...argv);
    expect(ran.exit, ran.err + ran.out).toBe(0);
    return ran.json as JsonObject;
  }
  const refused = async (...argv: string[]) =>
    (JSON.parse((await there(...argv)).err) as { error: { code: string } }).error.code;

  it("has the node issue, and verifies here and there, until the credential is revoked", async () => {
    const signed = await answered("issue", "label.json", "--node", "--issuer", "labels", "--out", "signed.json");
    expect(signed["issuer"]).toBe(at.acme.did);
    for (const how of [[], ["--node"]])
      expect(await answered("verify", "signed.json", ...how)).toMatchObject({ verified: true });
    expect(await answered("status", "signed.json")).toMatchObject([
      { purpose: "revocation", value: 0 },
      { purpose: "suspension", value: 0 },
    ]);
    await answered("revoke", "signed.json", "--suspend");
    expect(await answered("status", "signed.json")).toMatchObject([{ value: 0 }, { value: 1 }]);
    for (const how of [[], ["--node"]])
      expect(await refused("verify", "signed.json", ...how)).toBe("credentials.status");
    await answered("revoke", "urn:example:label", "--lift");
    expect(await answered("verify", "signed.json")).toMatchObject({ verified: true });
    await answered("revoke", "urn:example:label");
    expect(await refused("verify", "signed.json")).toBe("credentials.status");
    expect(await answered("verify", "signed.json", "--no-status")).toMatchObject({ verified: true });
    expect(await refused("revoke", "urn:example:none")).toBe("vc-api.not-found");
    expect(await refused("verify", "signed.json", "--recognised", "--no-status")).toBe("credentials.issuer");
  });

  it("issues with the home's own key, which the node's resolver knows", async () => {
    await answered("issue", "label.json", "--out", "signed.json");
    expect(read("signed.json")["issuer"]).toBe(at.acme.did);
    for (const how of [[], ["--node"]])
      expect(await answered("verify", "signed.json", ...how)).toMatchObject({ verified: true });
    expect(await answered("status", "signed.json")).toEqual([]);
  });
});
