/** Validators come and go by vote under load, and proofs, replays and snapshots hold over it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeBase64Url } from "#base";
import { createSigner, encodeMultikey } from "#crypto";
import { homeAt } from "#node";
import { cometAddress, type MemberChange, type NodeRecord, nodeProofInput, operation, type ProofFile } from "#protocol";
import {
  type Client,
  createParty,
  encodeProof,
  getBlock,
  getProof,
  getRecord,
  query,
  signOperations,
  submitTransaction,
  verifyProofFile,
} from "#sdk";
import type { MemberHome } from "../../../src/cli/devnet/build-homes.ts";
import { freePorts } from "../../../src/cli/devnet/free-ports.ts";
import { codeOf, type Finished, runHansa } from "../member.suite.ts";
import { History } from "../network/checks.suite.ts";
import { ENGINE, WITHOUT_ENGINE } from "../network/engine.suite.ts";
import { Load } from "../network/load.suite.ts";
import { ALLIANCE, eventually, Members, SECONDS } from "./members.suite.ts";

const LONG = 240 * SECONDS;
const FOUNDERS = ["acme", "borea", "castor", "delphi"];

let members: Members;
let folder: string;
/** What founders vote with, each. */
let power: number;
/** Proof files by the time of which they are. */
const proofs = new Map<string, string>();

describe.skipIf(ENGINE === undefined)(`validators${WITHOUT_ENGINE}`, { shuffle: false }, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "hansa-proofs-"));
    members = await Members.found({ parameters: { reads: "parties" }, group: { snapshotBlocks: 25 } });
    await members.up();
    power = (await nodeOf("acme"))?.power ?? 0;
  }, LONG);
  afterAll(async () => {
    await members?.remove();
    rmSync(folder, { recursive: true, force: true });
  }, LONG);

  it("5: a fifth member joins a running group and is voted in, another is voted out, under load and without a halt", {
    timeout: LONG,
  }, async () => {
    const acme = members.as("acme");
    const first = await getRecord(acme, { key: memberKey("borea"), verified: true });
    expect(first.vouched).toMatchObject({ engine: "cometbft", changes: 0 });
    await keepProofs("before");

    const load = Load.begin({
      groupId: members.groupId,
      senders: FOUNDERS.map((name) => ({ party: members.party(name), client: () => members.as(name) })),
    });
    const echo = await makeHome("echo");
    const { publicKey, did } = (await at(echo, "key", "create", "echo", "--alliance", ALLIANCE)) as Named;
    await members.done("acme", "did", "create", publicKey);
    await members.vote({ kind: "admit", member: did, name: "Echo Grid", roles: ["platform"] }, FOUNDERS);
    const where = ["--running", "--address", echo.address, "--via", members.home("borea").url];
    const joined = (await at(echo, "group", "join", members.made.founding, ...where)) as { readonly node: string };
    await members.seat(
      { ...echo, did, node: joined.node },
      { HANSA_HTTP_PORT: String(echo.ports.http), HANSA_MQTT_PORT: String(echo.ports.mqtt) },
    );
    await members.up("echo");
    // Nobody tells it to: it says so itself once it has caught up.
    await eventually("echo's word that it has caught up", async () => (await nodeOf("echo"))?.ready !== null);
    expect(await nodeOf("echo")).toMatchObject({ status: "registered", power: 0 });

    const added = await members.vote({ kind: "addValidator", node: joined.node, power: power }, FOUNDERS);
    await votes("echo", true);
    const removed = await members.vote({ kind: "removeValidator", node: node("delphi") }, [...FOUNDERS, "echo"]);
    await votes("delphi", false);
    const change = { added: load.acknowledged.length, height: removed.height };
    await eventually(
      "20 more transactions under the new validators",
      () => load.acknowledged.length >= change.added + 20,
    );
    await load.end();

    // Each transaction was answered in time, whatever changed meanwhile.
    expect(load.surprises).toEqual([]);
    expect(load.unanswered).toBe(0);
    expect(added.height).toBeLessThan(removed.height);
    const history = new History();
    await members.agreed(removed.height);
    for (const name of members.names) expect(await history.read(name, members.as(name))).toEqual([]);
    expect(await history.findLosses(acme, load.acknowledged)).toEqual([]);
    expect(validatorsOf(await query(members.as("echo"), "nodes.validators", {}))).toEqual(
      ["acme", "borea", "castor", "echo"].map(node).sort(),
    );
  });

  it("17: proofs hold over every change of validators, for who begins at the genesis and for who was there before", {
    timeout: LONG,
  }, async () => {
    await keepProofs("after");
    for (const name of members.names) {
      const client = members.as(name);
      const { value, vouched } = await getRecord(client, { key: memberKey("borea"), verified: true });
      expect(value).toMatchObject({ did: members.party("borea").did, status: "active" });
      expect(vouched).toMatchObject({ engine: "cometbft", changes: 2 });
      // It has followed both changes, and is shown none again.
      const again = await getRecord(client, { key: memberKey("acme"), verified: true });
      expect(again.vouched).toMatchObject({ changes: 0 });
      const nobody = await getRecord(client, { key: `member/${stranger()}`, verified: true });
      expect(nobody.value).toBeNull();
    }
  });

  it("17: proof files of presence and absence verify offline from the group's id alone, and forged ones do not", {
    timeout: LONG,
  }, async () => {
    expect([...proofs.keys()]).toEqual(["before presence", "before absence", "after presence", "after absence"]);
    for (const [name, text] of proofs) {
      const { code, stdout, stderr } = await verify(name, text);
      expect(`${name} ${code} ${stderr}`).toBe(`${name} 0 `);
      const { records } = JSON.parse(stdout) as { records: { value: unknown }[] };
      if (name.endsWith("absence")) expect(records[0]?.value).toBeNull();
      else expect(records[0]?.value).toMatchObject({ did: members.party("borea").did });
    }
    const presence = proofs.get("after presence") as string;
    const { code, stderr } = await verify("foreign", presence, "hanse:main:2xGabcdefghijkmnopqrstuvwx");
    expect([code, stderr]).toEqual([1, expect.stringContaining("proof.untrusted")]);
    for (const [what, forged] of forgeries())
      expect(`${what}: ${await codeOfProof(forged)}`).toMatch(/: proof\.(invalid|untrusted|malformed)$/);
    expect((await verify("forged", forgeries().get("another value") as string)).code).toBe(1);
  });

  it("6: refuses what would break the quorum, and takes the same once everybody is there", {
    timeout: LONG,
  }, async () => {
    const without: MemberChange = { kind: "removeValidator", node: node("echo") };
    await members.kill("castor");
    try {
      // Who is absent is known of the block before: these tell.
      await members.beat("acme");
      await members.beat("borea");
      const refusal = await members.propose("acme", without).catch((error: unknown) => error);
      expect(refusal).toMatchObject({
        code: "nodes.no-quorum",
        payload: { live: 2 * power, total: 3 * power, absent: [node("castor")] },
      });
      const suspension: MemberChange = { kind: "suspend", member: members.party("echo").did };
      expect(await codeOf(members.propose("acme", suspension))).toMatch(/^nodes\.(no-quorum|still-voting)$/);
      // A refusal changes nothing: the three go on.
      await members.beat("echo");
    } finally {
      await members.up("castor");
    }
    await votes("castor", true);
    await members.agreed();
    await members.beat("castor");
    await members.beat("castor");
    expect(await codeOf(members.propose("acme", without))).toBe("accepted");
  });

  it("6: refuses a validator that has not caught up", { timeout: LONG }, async () => {
    // A node of borea's that was registered and never ran.
    const [voting, peer] = [createSigner("Ed25519"), createSigner("Ed25519")];
    const multikey = encodeMultikey({ algorithm: "Ed25519", bytes: peer.publicKey });
    await members.send("borea", [
      operation("nodes.register", {
        node: multikey,
        key: encodeMultikey({ algorithm: "Ed25519", bytes: voting.publicKey }),
        address: "127.0.0.1:9",
        proof: encodeBase64Url(voting.sign(nodeProofInput(members.groupId, members.party("borea").did, multikey))),
      }),
    ]);
    const id = cometAddress({ algorithm: "Ed25519", bytes: peer.publicKey });
    const add: MemberChange = { kind: "addValidator", node: id, power: power };
    expect(await codeOf(members.propose("acme", add))).toBe("nodes.not-ready");
    await members.send("borea", [operation("nodes.retire", { node: id })]);
  });

  it("13, 14, 17: a node that lost everything begins from a snapshot, refuses what was executed before it, and proves as well as any", {
    timeout: LONG,
  }, async () => {
    const spent = await signOperations(members.as("borea"), [serviceOf("borea")]);
    const receipt = await submitTransaction(members.as("borea"), spent);
    // Then enough for a snapshot behind it.
    while ((await members.beat("acme")).height <= receipt.height + 30);
    await members.stop("delphi");
    const { folder: files } = homeAt(members.home("delphi").folder).group("main");
    // What a backup of the configuration brings back, and nothing else.
    for (const file of readdirSync(files)) if (file !== "genesis.json") rmSync(join(files, file), { recursive: true });
    rmSync(homeAt(members.home("delphi").folder).group("main").comet, { recursive: true, force: true });
    await members.beat("acme");
    await members.up("delphi");
    const { height } = await members.agreed();
    expect(height).toBeGreaterThan(25);
    const delphi = members.as("delphi");
    // Of what was before the snapshot it has nothing: it did not fetch the blocks.
    expect(await codeOf(getBlock(delphi, 1))).not.toBe("accepted");
    const { vouched, value } = await getRecord(delphi, { key: memberKey("echo"), verified: true });
    expect(value).toMatchObject({ status: "active" });
    expect(vouched).toMatchObject({ changes: 2 });
    for (const key of [memberKey("borea"), `member/${stranger()}`]) {
      const { code, stderr } = await verify("of-delphi", encodeProof(await getProof(delphi, { key })));
      expect(`${code} ${stderr}`).toBe("0 ");
    }
    // The block is not here, and yet it is known that the transaction was executed.
    expect(await codeOf(submitTransaction(members.as("borea", { at: "delphi" }), spent))).toBe("transaction.replayed");
    // It goes on with the others.
    const { height: next } = await members.beat("acme");
    await members.agreed(next);
  });

  it("13: replaying everything gives every member the same root, and the one that a snapshot led to", {
    timeout: LONG,
  }, async () => {
    const { root } = await members.agreed();
    await members.stop();
    // Echo may have begun from a snapshot, too: it came when there was one.
    const whole = ["acme", "borea", "castor"];
    const replayed = await Promise.all(whole.map((name) => members.done(name, "ledger", "replay")));
    expect(replayed.map((found) => found["root"])).toEqual(whole.map(() => root));
    const { code, stderr } = await members.hansa("delphi", "ledger", "replay");
    expect([code, stderr]).toEqual([1, expect.stringContaining("the ledger began from a snapshot")]);
  });
});

interface Named {
  readonly publicKey: string;
  readonly did: string;
}

const node = (name: string) => members.home(name).node;
const memberKey = (name: string) => `member/${members.party(name).did}`;
const serviceOf = (name: string) =>
  operation("identity.setService", {
    did: members.party(name).did,
    service: { id: "home", type: "Web", endpoint: `https://home.example/${name}` },
  });
const stranger = () => createParty(ALLIANCE, createSigner("Ed25519")).did;

async function nodeOf(name: string, client: Client = members.as("acme")): Promise<NodeRecord | undefined> {
  return (await query(client, "nodes.get", { node: node(name) })) as NodeRecord;
}

function validatorsOf({
  validators,
}: {
  readonly validators: readonly { readonly node: string }[];
}): readonly string[] {
  return validators.map((one) => one.node).sort();
}

/** Waits until a node votes, or votes no more, as it says itself. */
function votes(name: string, wanted: boolean): Promise<void> {
  return eventually(`${name}'s node ${wanted ? "" : "not "}voting`, async () => {
    const [view] = await members.look(name);
    return view?.consensus?.validator === wanted;
  });
}

/** A home for who is not a member yet. */
async function makeHome(name: string): Promise<MemberHome> {
  const [http, mqtt, peers] = (await freePorts(3)) as [number, number, number];
  return {
    name,
    folder: join(members.made.folder, name),
    passphrase: "the newcomer has one of its own",
    did: "",
    node: "",
    validator: false,
    ports: { http, mqtt, peers },
    address: `127.0.0.1:${peers}`,
    url: `http://127.0.0.1:${http}`,
  };
}

async function at(home: MemberHome, ...argv: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await runHansa([...argv, "--home", home.folder, "--json"], {
    HANSA_PASSPHRASE: home.passphrase,
  });
  expect(`${argv.slice(0, 2).join(" ")}: ${code} ${stderr}`).toMatch(/: 0 /);
  return JSON.parse(stdout);
}

/** Proof files as the command writes them: of a record that is there and of one that is not. */
async function keepProofs(when: string): Promise<void> {
  const keys = { presence: memberKey("borea"), absence: `member/${stranger()}` };
  for (const [what, key] of Object.entries(keys)) {
    const out = join(folder, `${when}-${what}.json`);
    await members.done("castor", "ledger", "proof", key, "--out", out);
    proofs.set(`${when} ${what}`, readFileSync(out, "utf8"));
  }
}

/** `hansa verify` in a process without home, key, network or node. */
function verify(name: string, text: string, trust = members.groupId): Promise<Finished> {
  const file = join(folder, `${name.replaceAll(" ", "-")}.checked.json`);
  writeFileSync(file, text);
  return runHansa(["verify", file, "--trust", trust, "--json"], { HANSA_URL: "http://127.0.0.1:1" }, folder);
}

/** Files that say something else than the validators signed, made of ones that hold. */
function forgeries(): ReadonlyMap<string, string> {
  const absent = JSON.parse(proofs.get("after absence") as string) as { readonly key: string };
  const path = (file: OpenProof) => file.validators as { validators: { power: number }[] }[];
  const forge = (of: string, how: (file: OpenProof) => Partial<OpenProof>) => {
    const file = JSON.parse(proofs.get(of) as string) as OpenProof;
    return encodeProof({ ...file, ...how(file) } as unknown as ProofFile);
  };
  return new Map([
    ["another value", forge("after presence", ({ value }) => ({ value: { ...value, status: "suspended" } }))],
    ["no value", forge("after presence", () => ({ value: null }))],
    ["another key", forge("after presence", () => ({ key: absent.key }))],
    ["a way without its first step", forge("after presence", (file) => ({ validators: path(file).slice(1) }))],
    ["a way without its last step", forge("after presence", (file) => ({ validators: path(file).slice(0, -1) }))],
    ["a way without any", forge("after presence", () => ({ validators: [] }))],
    [
      "more power to one validator",
      forge("after presence", (file) => {
        const [first, ...others] = path(file);
        const [one, ...rest] = first?.validators ?? [];
        if (first === undefined || one === undefined) throw new Error("the proof shows no change of validators");
        return { validators: [{ ...first, validators: [{ ...one, power: one.power + 1000 }, ...rest] }, ...others] };
      }),
    ],
    ["another value of old", forge("before presence", ({ value }) => ({ value: { ...value, status: "removed" } }))],
  ]);
}

interface OpenProof {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>> | null;
  readonly validators: readonly object[];
}

async function codeOfProof(text: string): Promise<string> {
  return codeOf(Promise.resolve().then(() => verifyProofFile(text, { trust: members.groupId })));
}
