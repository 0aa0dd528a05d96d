import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeUtf8, isHansaError } from "#base";
import { createSigner } from "#crypto";
import { verifyEventProof } from "#events";
import { createParty, type EventProof, encodeProof, eventProof, getTrailProof, verifyProofFile } from "#sdk";
import { admit, connect, furnish, report, topicOf } from "./devices.suite.ts";
import { ALLIANCE, Alliance, type Finished, runHansa } from "./member.suite.ts";

const EVENTS = 40;
const SAMPLE = 300;

let alliance: Alliance;
let folder: string;
const stranger = createParty(ALLIANCE, createSigner("Ed25519")).did;
const events: EventProof[] = [];
const files = { presence: "", absence: "", trail: "" };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hansa-proofs-"));
  alliance = await Alliance.create();
  await alliance.up({ HANSA_LOG_LEVEL: "warn" });
  await furnish(alliance);
  await admit(alliance, "acme", "device/sensor");
  const client = await connect(alliance, "device/sensor");
  for (let n = 0; n < EVENTS; n++) await report(alliance, client, "acme", "device/sensor", "temperature", n);
  client.end(true);
  for (let offset = 0; offset < EVENTS; offset++)
    events.push(await eventProof(alliance.as("acme"), { topic: topicOf("acme"), offset }));
  const write = async (name: keyof typeof files, key: string) => {
    const made = await alliance.hansa("ledger", "proof", key, "--out", join(folder, `${name}.json`));
    expect(made.code, made.stderr).toBe(0);
    files[name] = readFileSync(join(folder, `${name}.json`), "utf8");
  };
  await write("presence", `member/${alliance.party("borea").did}`);
  await write("absence", `member/${stranger}`);
  const about = alliance.party("device/sensor").did;
  files.trail = encodeProof(await getTrailProof(alliance.as("delphi"), { about }));
  // From here on nobody could be asked.
  await alliance.end("SIGKILL");
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await alliance.remove();
});

/** `hansa verify` in a process without home, key, network or node. */
async function verify(name: string, text: string, trust = alliance.groupId): Promise<Finished> {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, text);
  return runHansa(["verify", file, "--trust", trust, "--json"], { HANSA_URL: "http://127.0.0.1:1" }, folder);
}

const valueIn = ({ stdout }: Finished) =>
  (JSON.parse(stdout) as { records: { key: string; value: unknown }[] }).records[0]?.value;

describe("a proof file", () => {
  it("of a record that is there verifies offline and holds the record", async () => {
    const verified = await verify("of-presence", files.presence);
    expect(verified.code, verified.stderr).toBe(0);
    expect(valueIn(verified)).toMatchObject({ did: alliance.party("borea").did, status: "active" });
    expect(files.presence.length).toBeLessThan(4096);
  });

  it("of a record that is not there verifies offline as absent", async () => {
    const verified = await verify("of-absence", files.absence);
    expect(verified.code, verified.stderr).toBe(0);
    expect(valueIn(verified)).toBeNull();
  });

  it("of a device's trail verifies offline, every signature with it", async () => {
    const verified = await verify("of-trail", files.trail);
    expect(verified.code, verified.stderr).toBe(0);
    const { entries } = JSON.parse(verified.stdout) as { entries: { signers: { signature: string }[] }[] };
    expect(entries.length).toBeGreaterThan(0);
    for (const { signers } of entries) for (const { signature } of signers) expect(signature).toBe("verified");
  });

  it("of another group does not hold for whoever trusts this one", async () => {
    const { code, stderr } = await verify("foreign", files.presence, "hanse:main:2xGabcdefghijkmnopqrstuvwx");
    expect(code).toBe(1);
    expect(stderr).toContain("proof.untrusted");
  });

  it("of presence does not pass for one of absence, nor one key's for another's", async () => {
    const presence = JSON.parse(files.presence) as { value: unknown; key: string };
    const absence = JSON.parse(files.absence) as { value: unknown; key: string };
    const forged = [
      { ...presence, value: null },
      { ...presence, key: absence.key },
      { ...absence, key: presence.key },
      { ...absence, value: presence.value },
      { ...absence, value: presence.value, key: presence.key },
    ];
    for (const [i, proof] of forged.entries())
      expect((await verify(`forged-${i}`, JSON.stringify(proof))).code, `forgery ${i}`).toBe(1);
  });

  it.each(Object.keys(files) as (keyof typeof files)[])(
    "of %s fails with any byte changed, left out or put in, at hundreds of places",
    async (name) => {
      const bytes = encodeUtf8(files[name].trimEnd());
      const believed: string[] = [];
      const mustFail = (what: string, changed: Uint8Array) => {
        try {
          verifyProofFile(changed, { trust: alliance.groupId });
          believed.push(what);
        } catch (error) {
          if (!isHansaError(error)) believed.push(`${what}: ${error}`);
        }
      };
      verifyProofFile(bytes, { trust: alliance.groupId });
      for (let i = 0; i < SAMPLE; i++) {
        const at = Math.floor((i * bytes.length) / SAMPLE);
        const flipped = bytes.slice();
        flipped[at] = (flipped[at] as number) ^ (1 << (i % 7));
        mustFail(`bit ${i % 7} of byte ${at}`, flipped);
        mustFail(`without byte ${at}`, Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]));
        mustFail(`a space before ${at}`, Buffer.concat([bytes.subarray(0, at), Buffer.from(" "), bytes.subarray(at)]));
      }
      expect(believed).toEqual([]);
      // And so says the command, in its own process.
      const text = files[name].trimEnd();
      const at = Math.floor(text.length / 2);
      const changed = text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
      expect((await verify(`changed-${name}`, changed)).code).toBe(1);
    },
  );
});

describe("an event's proof", () => {
  const trust = () => {
    const { did, signer } = alliance.party("acme");
    return { group: alliance.groupId, name: did, key: { algorithm: signer.algorithm, bytes: signer.publicKey } };
  };

  it("holds for every event under the signed checkpoint, and gives the event", () => {
    events.forEach((proof, n) => {
      expect(verifyEventProof(proof, trust())).toMatchObject({ data: n, subject: "temperature" });
    });
  });

  it("does not hold for another place, another event, another group, or another signer", () => {
    const [first, second] = events as [EventProof, EventProof];
    expect(verifyEventProof({ ...first, entry: second.entry }, trust())).toBeUndefined();
    expect(verifyEventProof({ ...first, offset: 1 }, trust())).toBeUndefined();
    expect(verifyEventProof({ ...first, topic: topicOf("borea") }, trust())).toBeUndefined();
    expect(verifyEventProof(first, { ...trust(), group: "hanse:main:2xGabcdefghijkmnopqrstuvwx" })).toBeUndefined();
    const { signer } = alliance.party("borea");
    const key = { algorithm: signer.algorithm, bytes: signer.publicKey };
    expect(verifyEventProof(first, { ...trust(), key })).toBeUndefined();
    expect(verifyEventProof({ ...first, checkpoint: first.checkpoint.replace("\n", "x\n") }, trust())).toBeUndefined();
  });
});
