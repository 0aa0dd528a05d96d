import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeBase64Url, encodeUtf8 } from "#base";
import { sha256 } from "#crypto";
import { decodeProof, type EvidenceProof, HansaError, verifyEvidence } from "#sdk";
import { Alliance, codeOf, type Finished, otherThan, runHansa } from "./member.suite.ts";

const COUNT = 5000;
const TYPE = "EnergyLabelCredential";

let alliance: Alliance;
let folder: string;
/** What was answered when the documents were anchored. */
let anchored: { readonly root: string; readonly size: number; readonly facts: readonly { readonly fact: string }[] };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hansa-evidence-"));
  alliance = await Alliance.create();
  await alliance.up({ HANSA_LOG_LEVEL: "warn" });
});
// A hook of its own, with time of its own: on a busy machine the two take most of a minute.
beforeAll(async () => {
  writeFileSync(path("digests.txt"), Array.from({ length: COUNT }, (_, n) => digestOf(n)).join("\n"));
  const made = await run(
    ...["evidence", "anchor", "--digests", path("digests.txt"), "--folder", path("proofs"), "--as", "delphi"],
    ...["--signer", "borea", "--note", "Type tests", "--json"],
  );
  anchored = JSON.parse(made.stdout) as typeof anchored;
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await alliance.remove();
});

const path = (name: string) => join(folder, name);
const textOf = (n: number) => `Test report ${n}: passed.`;
const digestOf = (n: number) => encodeBase64Url(sha256(encodeUtf8(textOf(n))));

async function run(...args: string[]): Promise<Finished> {
  const finished = await alliance.hansa(...args);
  expect(finished.code, `${args.join(" ")}\n${finished.stderr}`).toBe(0);
  return finished;
}

/** A process without home, key, network or node. */
const offline = (...args: string[]) => runHansa([...args, "--json"], { HANSA_URL: "http://127.0.0.1:1" }, folder);

describe("an issuer, its schema and its evidence on a member's node", () => {
  it("is recognised by the members' votes, and a verifier asks over HTTP", async () => {
    const { did } = alliance.party("delphi");
    const isRecognised = async (time = "") => {
      const group = encodeURIComponent(alliance.groupId);
      const asked = `issuer=${did}&type=${TYPE}${time}`;
      const response = await fetch(`${alliance.node.url}/groups/${group}/queries/issuers.recognised?${asked}`);
      expect(response.status).toBe(200);
      return ((await response.json()) as { recognised: boolean }).recognised;
    };
    expect(await isRecognised()).toBe(false);
    await run("issuer", "recognise", "delphi", TYPE, "--as", "acme");
    for (const voter of ["borea", "castor"]) await run("member", "approve", "1", "--as", voter);
    expect(await isRecognised()).toBe(true);
    expect(await isRecognised("&time=1000")).toBe(false);
    expect((await run("issuer", "list")).stdout).toContain(TYPE);
    const shown = await run("issuer", "show", "delphi", TYPE, "--at", "2020-01-01", "--json");
    expect(JSON.parse(shown.stdout)).toMatchObject({ effective: "recognised", at: { recognised: false } });
  });

  it("registers a schema by its file, and a file is recognised as one of its versions", async () => {
    const schema = "delphi/energy-label";
    writeFileSync(path("label.json"), JSON.stringify({ type: "object", required: ["class"] }));
    const common = ["--type", TYPE, "--as", "delphi"];
    await run("schema", "register", schema, path("label.json"), "--schema-version", "1.0", ...common);
    const shown = await run("schema", "show", schema, "--file", path("label.json"), "--json");
    expect(JSON.parse(shown.stdout)).toMatchObject({ latest: "1.0", versions: 1, matching: ["1.0"] });
    writeFileSync(path("other.json"), JSON.stringify({ type: "object" }));
    const other = await run("schema", "show", schema, "--file", path("other.json"), "--json");
    expect(JSON.parse(other.stdout)).toMatchObject({ matching: [] });
    expect((await run("schema", "list")).stdout).toContain(schema);
  });

  it(`anchors ${COUNT} hashes in one operation, each with a proof that holds offline`, async () => {
    const { root, size, facts } = anchored;
    expect(size).toBe(COUNT);
    expect(facts.map(({ fact }) => fact)).toEqual(["evidence.anchored"]);
    const files = readdirSync(path("proofs"));
    expect(files).toHaveLength(COUNT);

    writeFileSync(path("report.txt"), textOf(4321));
    const proof = path(`proofs/${digestOf(4321)}.evidence.json`);
    const held = await offline("evidence", "verify", proof, path("report.txt"), "--trust", alliance.groupId);
    expect(held.code, held.stderr).toBe(0);
    expect(JSON.parse(held.stdout)).toMatchObject({
      holds: true,
      trusted: true,
      root,
      index: 4321,
      complete: false,
      evidence: { size: COUNT, issuer: alliance.party("delphi").did, note: "Type tests" },
    });
    const plain = await offline("verify", proof);
    expect(plain.code, plain.stderr).toBe(0);
    expect(JSON.parse(plain.stdout)).toMatchObject({ holds: true, trusted: false, kind: "evidence" });
    writeFileSync(path("forged.txt"), `${textOf(4321)} `);
    const forged = await offline("evidence", "verify", proof, path("forged.txt"));
    expect(forged.code).toBe(1);
    expect(forged.stderr).toContain("proof.invalid");
    const elsewhere = await offline("verify", proof, "--trust", otherThan(alliance.groupId));
    expect(elsewhere.code).toBe(1);

    // Any byte, of the proof's own part or of the ledger's.
    const text = readFileSync(proof, "utf8").trimEnd();
    for (let at = 0; at < text.length; at += 7) {
      const changed = `${text.slice(0, at)}${text[at] === "1" ? "2" : "1"}${text.slice(at + 1)}`;
      const held = () => verifyEvidence(changed, { trust: alliance.groupId });
      expect(held, `byte ${at}`).toThrow(HansaError);
    }
    expect(verifyEvidence(text, { trust: alliance.groupId }).index).toBe(4321);

    // Not a word of any document, and no digest of one, is on the ledger or in another's proof.
    const { salt } = decodeProof(readFileSync(proof, "utf8")) as unknown as EvidenceProof;
    const record = await run("ledger", "record", `evidence/${root}`, "--json");
    const neighbour = readFileSync(path(`proofs/${digestOf(4320)}.evidence.json`), "utf8");
    for (const text of [record.stdout, neighbour])
      for (const secret of [salt, digestOf(4321)]) expect(text).not.toContain(secret);
  });

  it("is signed by others, revoked and unrevoked, document by document", async () => {
    const proof = path(`proofs/${digestOf(17)}.evidence.json`);
    const other = path(`proofs/${digestOf(18)}.evidence.json`);
    await run("evidence", "sign", proof, "--as", "borea");
    await run("evidence", "revoke", proof, "--reason", "a broken probe", "--as", "delphi");
    // The file at hand is of before: it says up to when.
    expect((await offline("evidence", "verify", proof, digestOf(17))).code).toBe(0);
    await run("evidence", "prove", proof, other);
    const revoked = await offline("evidence", "verify", proof, digestOf(17));
    expect(revoked.code).toBe(1);
    expect(revoked.stderr).toContain("proof.revoked");
    expect((await offline("verify", proof)).code).toBe(1);
    const still = await offline("evidence", "verify", other, digestOf(18));
    expect(JSON.parse(still.stdout)).toMatchObject({ complete: true, revoked: null, revocationShown: true });
    expect((await run("evidence", "show", proof)).stdout).toContain("a broken probe");
    await run("evidence", "unrevoke", proof, "--as", "delphi");
    await run("evidence", "prove", proof);
    expect((await offline("evidence", "verify", proof, digestOf(17))).code).toBe(0);
    // Another document's absence of a revocation does not speak for this one.
    const [one, two] = [proof, other].map((file) => decodeProof(readFileSync(file)) as unknown as EvidenceProof);
    writeFileSync(path("mixed.json"), `${JSON.stringify({ ...one, revocation: two?.revocation })}\n`);
    expect((await offline("verify", path("mixed.json"))).code).toBe(1);
  });

  it("keeps no proof files of what the ledger refused, and the salts of what is on its way", async () => {
    writeFileSync(path("letter.txt"), "a letter");
    const refused = await alliance.hansa(
      "evidence",
      "anchor",
      path("letter.txt"),
      "--note",
      "\u0007",
      "--as",
      "delphi",
    );
    expect(refused.code).toBe(1);
    expect(readdirSync(folder)).not.toContain("letter.txt.evidence.json");
    const out = ["--out", path("anchor.jws")];
    await run("evidence", "anchor", path("letter.txt"), "--signer", "borea", "--as", "delphi", ...out);
    const proof = path("letter.txt.evidence.json");
    const early = await offline("verify", proof);
    expect(early.stderr).toContain("proof.invalid");
    await run("sign", path("anchor.jws"), "--as", "borea");
    await run("submit", path("anchor.jws"));
    await run("evidence", "prove", proof);
    const verified = await offline("evidence", "verify", proof, path("letter.txt"));
    expect(JSON.parse(verified.stdout)).toMatchObject({ complete: true, revocationShown: true });
    const again = await alliance.hansa("evidence", "anchor", path("letter.txt"), "--as", "delphi");
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("cli.file-exists");
  });

  it("answers bad questions with a refusal of its own", async () => {
    const group = encodeURIComponent(alliance.groupId);
    for (const [query, status] of [
      ["issuers.recognised?issuer=x&type=y", 400],
      ["issuers.recognised", 400],
      ["evidence.get?root=short", 400],
      [`evidence.get?root=${digestOf(1)}`, 404],
      [`evidence.document?root=${digestOf(1)}&index=-1`, 400],
      ["issuers.schema?schema=nobody/nothing", 404],
      ["statuses.get?issuer=x&list=1", 400],
    ] as const) {
      const response = await fetch(`${alliance.node.url}/groups/${group}/queries/${query}`);
      expect([query, response.status]).toEqual([query, status]);
      expect(response.headers.get("content-type")).toContain("application/problem+json");
    }
    expect(await codeOf(alliance.send("borea", [{ op: "evidence.sign", args: { root: digestOf(1) } }]))).toBe(
      "evidence.unknown",
    );
  });
});
