import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { operation } from "#protocol";
import { getBlock, getStatus, query, readEvents, sendOperations } from "#sdk";
import { admit, connect, createIdentity, furnish, report, tokenOf, topicOf } from "./devices.suite.ts";
import { Alliance, PASSPHRASE } from "./member.suite.ts";

/** What must be nowhere on the disk in the clear. Random-looking, so that nothing else can hold it. */
const MARKS = {
  service: "endpoint-7Qx2mark",
  payload: "payload-9Kd4mark",
  model: "castor/model-3Vt8mark",
  proposal: "reason-5Lw1mark",
};

let alliance: Alliance;
let output = "";

beforeAll(async () => {
  alliance = await Alliance.create();
  // Everything that a node can say: also what it says when somebody looks for a fault must hold no secret.
  await alliance.up({ HANSA_LOG_LEVEL: "trace" });
  await furnish(alliance, [MARKS.model]);
  await createIdentity(alliance, "alice");
  await admit(alliance, "acme", "device/sensor", { model: MARKS.model });
});
afterAll(() => alliance.remove());

async function head() {
  const [group] = (await getStatus(alliance.as("acme"))).groups;
  return { height: group?.height ?? 0, root: group?.root ?? "" };
}

/** Every file of the home, but for what is public by its purpose. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !["genesis.json", "config.json"].includes(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

it("a backup taken under load is restored into its home, replays to equal roots, and nothing on the disk can be read", async () => {
  const { did } = alliance.party("alice");
  let loading = true;
  let sent = 0;
  const client = alliance.as("alice");
  const load = async () => {
    while (loading) {
      const service = { id: `s${sent % 3}`, type: "Mark", endpoint: `https://${MARKS.service}.example/${sent}` };
      await sendOperations(client, [operation("identity.setService", { did, service })]);
      sent++;
    }
  };
  const sensor = await connect(alliance, "device/sensor");
  let said = 0;
  const speak = async () => {
    while (loading) await report(alliance, sensor, "acme", "device/sensor", "note", { n: said++, mark: MARKS.payload });
  };
  const loads = [load(), load(), speak()];
  const change = { kind: "roles", member: alliance.party("borea").did, roles: ["platform", "lab"] } as const;
  const proposal = { change: { ...change, roles: [...change.roles] }, reason: MARKS.proposal };
  await alliance.send("acme", [operation("members.propose", proposal)]);

  const before = sent;
  const backup = await alliance.hansa("ledger", "backup", "--as", "acme", "--json");
  expect(backup.code, backup.stderr).toBe(0);
  const { file, height } = JSON.parse(backup.stdout) as { file: string; height: number };
  loading = false;
  await Promise.all(loads);
  expect(sent, "transactions went on while the backup was written").toBeGreaterThan(before);
  const block = await getBlock(alliance.as("acme"), height);
  const later = await head();
  expect(later.height).toBeGreaterThan(height);

  // With the node still up, and its write-ahead logs as they are.
  const found: string[] = [];
  const look = () => {
    const paths = filesOf(alliance.folder);
    expect(paths.map((path) => basename(path))).toEqual(
      expect.arrayContaining(["ledger.db", "events.db", "keys.json"]),
    );
    for (const path of paths) {
      const bytes = readFileSync(path);
      for (const mark of [...Object.values(MARKS), PASSPHRASE, did, "SQLite format"])
        if (bytes.includes(mark)) found.push(`${mark} in ${path}`);
    }
  };
  look();
  output += alliance.node.output();
  expect(await alliance.end("SIGKILL")).toBeNull();
  look();
  expect(found).toEqual([]);

  const restored = await alliance.hansa("ledger", "restore", file, "--json");
  expect(restored.code, restored.stderr).toBe(0);
  const state = JSON.parse(restored.stdout) as { height: number; root: string; kept: string };
  // The backup holds the block that it names, and perhaps some that came while it was written.
  expect(state.height).toBeGreaterThanOrEqual(height);
  expect(state.height).toBeLessThan(later.height);
  expect(readdirSync(state.kept)).toContain("ledger.db");

  const replayed = await alliance.hansa("ledger", "replay", "--json");
  expect(replayed.code, replayed.stderr).toBe(0);
  expect(JSON.parse(replayed.stdout)).toMatchObject({ blocks: state.height + 1, root: state.root });

  await alliance.up();
  expect(await getBlock(alliance.as("acme"), height)).toEqual(block);
  const { services } = await query(alliance.as("acme"), "identity.resolve", { did });
  expect(services.length).toBeGreaterThan(0);
  const { items } = await readEvents(alliance.as("acme"), { topic: topicOf("acme"), from: 0, limit: 1000 });
  const notes = items.filter(({ event }) => event.subject === "note");
  expect(notes.map(({ event }) => (event.data as { n: number }).n)).toEqual(notes.map((_, n) => n));
  // It goes on from there: the ledger takes transactions, the topic takes events.
  await alliance.send("alice", [
    operation("identity.setService", { did, service: { id: "after", type: "Mark", endpoint: "https://a.example/" } }),
  ]);
  const again = await connect(alliance, "device/sensor");
  await report(alliance, again, "acme", "device/sensor", "note", { n: notes.length });
  again.end(true);
  look();
  expect(found).toEqual([]);
});

it("a restore is refused while a node runs on the home, and changes nothing", async () => {
  if (alliance.isUp) await alliance.end();
  await alliance.up({ HANSA_LOG_LEVEL: "trace" });
  const backup = await alliance.hansa("ledger", "backup", "--as", "acme", "--json");
  const { file } = JSON.parse(backup.stdout) as { file: string };
  const before = await head();
  const { code, stderr } = await alliance.hansa("ledger", "restore", file, "--json");
  expect(code).toBe(1);
  expect(stderr).toContain("storage.in-use");
  expect((await head()).height).toBeGreaterThanOrEqual(before.height);
});

it("the log says no passphrase, no token and no payload, at its most talkative", async () => {
  if (!alliance.isUp) await alliance.up({ HANSA_LOG_LEVEL: "trace" });
  const token = tokenOf(alliance, "acme");
  const { url } = alliance.node;
  const topic = encodeURIComponent(topicOf("acme"));
  for (const authorization of [`Bearer ${token}`, `Bearer ${token}x`])
    await fetch(`${url}/groups/main/events?topic=${topic}`, { headers: { authorization } });
  const client = await connect(alliance, "device/sensor", { clientId: "log" });
  await report(alliance, client, "acme", "device/sensor", "spoken", { mark: MARKS.payload });
  client.end(true);
  const wrong = tokenOf(alliance, "device/stranger");
  await connect(alliance, "device/sensor", { password: wrong }).catch(() => {});
  output += alliance.node.output();
  expect(output).toContain("the node is up");
  for (const secret of [PASSPHRASE, token, wrong, token.split(".")[2] as string, MARKS.payload, MARKS.service])
    expect(output.includes(secret), secret.slice(0, 20)).toBe(false);
});
