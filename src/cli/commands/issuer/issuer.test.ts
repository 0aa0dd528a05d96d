import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeBase64Url, encodeUtf8 } from "#base";
import { sha256 } from "#crypto";
import {
  decodeTransaction,
  type EvidenceProof,
  encodeEvidenceProof,
  type IssuerView,
  prepareEvidence,
} from "#protocol";
import { GROUP, json, problem, serve } from "../../../sdk/server.suite.ts";
import { NOW, openTerminal, type Terminal } from "../../terminal.suite.ts";

const DID = "did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3";
const OTHER = "did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW4";
const digest = (text: string) => encodeBase64Url(sha256(encodeUtf8(text)));
const ISSUER: IssuerView = {
  issuer: DID,
  type: "Label",
  status: "recognised",
  recognised: [{ from: NOW, until: null }],
  effective: "suspended",
};

let terminal: Terminal;
const closers: (() => Promise<void>)[] = [];
beforeEach(async () => {
  terminal = await openTerminal();
  await terminal.makeKeys("acme");
});
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
  await terminal.close();
});

/** A node that takes every transaction, or refuses each with this code, and knows one issuer. */
async function serving(code?: string) {
  const sent: { op: string; args: object }[] = [];
  const served = await serve((arrived, response) => {
    if (arrived.path.endsWith("/queries/issuers.list")) return json(response, { items: [ISSUER] });
    if (arrived.path.endsWith("/queries/issuers.get")) return json(response, ISSUER);
    if (arrived.path.endsWith("/queries/issuers.recognised"))
      return json(response, { issuer: DID, type: "Label", time: NOW, recognised: true });
    if (!arrived.path.endsWith("/transactions")) return problem(response, 404, "query.not-found");
    const { claims, idText } = decodeTransaction(arrived.body);
    for (const { op, args } of claims.ops) sent.push({ op, args });
    const error = code === undefined ? {} : { error: { code, message: "no", payload: {}, operation: 0 } };
    json(response, { id: idText, height: 4, index: 0, code: code === undefined ? 0 : 902, facts: [], ...error });
  });
  closers.push(() => served.close());
  const flags = ["--url", served.url, "--as", "acme", "--group", GROUP];
  return { sent, run: (...argv: string[]) => terminal.run([...argv, ...flags]) };
}

describe("hansa issuer, schema, status-list and evidence", () => {
  it("send what their arguments say", async () => {
    const { sent, run } = await serving();
    const file = (name: string) => join(terminal.cwd, name);
    await writeFile(file("label.json"), "{}");
    await writeFile(file("list.bin"), new Uint8Array(16_384));
    const [proof] = prepareEvidence([digest("one"), digest("two")]).proofs as [EvidenceProof];
    await writeFile(file("canonical.json"), encodeEvidenceProof(proof));
    const { root } = proof;
    const cases: [string[], object][] = [
      [["issuer", "recognise", DID, "Label"], { change: { kind: "recogniseIssuer", issuer: DID, type: "Label" } }],
      [
        ["issuer", "derecognise", DID, "Label", "--reason", "why"],
        { change: { kind: "derecogniseIssuer", issuer: DID, type: "Label" }, reason: "why" },
      ],
      [
        ["member", "propose", "recogniseIssuer", DID, "--type", "Label"],
        { change: { kind: "recogniseIssuer", issuer: DID, type: "Label" } },
      ],
      [
        ["schema", "register", "acme/label", "label.json", "--schema-version", "1.0", "--type", "Label"],
        { schema: "acme/label", version: "1.0", type: "Label", digest: digest("{}") },
      ],
      [
        ["status-list", "publish", "one", "list.bin", "--list-version", "3", "--bits", "2"],
        {
          list: "one",
          kind: "bitstring",
          purpose: "revocation",
          bits: 2,
          size: 65_536,
          version: 3,
          digest: encodeBase64Url(sha256(new Uint8Array(16_384))),
        },
      ],
      [["evidence", "sign", root], { root }],
      [["evidence", "sign", "canonical.json"], { root }],
      [["evidence", "revoke", root, "--reason", "why"], { root, reason: "why" }],
      [["evidence", "revoke", "canonical.json"], { root, index: 0 }],
      [["evidence", "revoke", "canonical.json", "--all"], { root }],
      [["evidence", "unrevoke", "canonical.json"], { root, index: 0 }],
    ];
    for (const [argv, args] of cases) {
      const ran = await run(...argv);
      expect([argv, ran.exit, ran.err]).toEqual([argv, 0, ""]);
      expect(sent.at(-1)?.args).toEqual(args);
    }
    // A proof in other spelling is none.
    await writeFile(file("spaced.json"), JSON.stringify(proof, null, 1));
    expect((await run("evidence", "sign", "spaced.json")).exit).not.toBe(0);
  });

  it("show who is recognised, since when, and whether it was at a time", async () => {
    const { run } = await serving();
    const list = await run("issuer", "list");
    for (const part of ["Label", "suspended", DID]) expect(list.out).toContain(part);
    const shown = await run("issuer", "show", DID, "Label", "--at", "2026-01-01");
    expect(shown.out).toContain("suspended");
    expect(shown.out).toMatch(/2026-01-01\S* +recognised/);
  });

  it("name what is missing before anything is sent", async () => {
    const { run, sent } = await serving();
    await writeFile(join(terminal.cwd, "text.json"), "no JSON");
    const wrong: string[][] = [
      ["member", "propose", "recogniseIssuer", DID],
      ["member", "propose", "derecogniseIssuer", "--type", "Label"],
      ["schema", "register", "a/b", "text.json", "--schema-version", "1", "--type", "Label"],
      ["status-list", "publish", "one", "text.json", "--list-version", "1", "--bits", "3"],
      ["evidence", "anchor"],
      ["evidence", "anchor", "--digests", "text.json", "--folder", "out"],
    ];
    for (const argv of wrong) expect([argv, (await run(...argv)).exit]).toEqual([argv, 2]);
    await writeFile(join(terminal.cwd, "digests.txt"), `${digest("one")}\n`);
    expect((await run("evidence", "anchor", "--digests", "digests.txt")).exit).toBe(2);
    expect(sent).toEqual([]);
  });

  it("keep the proof files until it is known that the ledger refused the root", async () => {
    const proof = join(terminal.cwd, "letter.txt.evidence.json");
    await writeFile(join(terminal.cwd, "letter.txt"), "a letter");
    const refusing = await serving("evidence.exists");
    expect((await refusing.run("evidence", "anchor", "letter.txt")).exit).toBe(1);
    expect(refusing.sent).toHaveLength(1);
    expect(existsSync(proof)).toBe(false);
    const gone = ["--url", "http://127.0.0.1:1", "--as", "acme", "--group", GROUP];
    expect((await terminal.run(["evidence", "anchor", "letter.txt", "--signer", OTHER, ...gone])).exit).toBe(3);
    const kept = JSON.parse(await readFile(proof, "utf8")) as EvidenceProof;
    expect(kept.document).toBe(digest("a letter"));
    // Nor is one ever written over.
    expect((await terminal.run(["evidence", "anchor", "letter.txt", ...gone])).err).toContain("cli.file-exists");
    expect(JSON.parse(await readFile(proof, "utf8"))).toEqual(kept);
  });
});
