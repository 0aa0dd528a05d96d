/** Groups that are founded, joined while they run, and left, by real processes with the real engine. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openKeyFile } from "#crypto/node";
import { findCometbft } from "#engines";
import { homeAt } from "#node";
import type { NodeRecord } from "#protocol";
import { createClient, createParty, query } from "#sdk";
import { buildHomes, type MemberHome } from "../../src/cli/devnet/build-homes.ts";
import { freePorts } from "../../src/cli/devnet/free-ports.ts";
import { type MemberNode, startMember } from "../../src/cli/devnet/run-nodes.ts";
import { lookUntil, type Watched } from "../../src/cli/devnet/watch.ts";
import { runHansa, until } from "./member.suite.ts";

const ENGINE = await findCometbft(process.env).catch(() => undefined);
const MINUTES = 60_000;

let folder: string;
const nodes: MemberNode[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hansa-founding-"));
});
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
  rmSync(folder, { recursive: true, force: true });
});

/** Runs `hansa … --json` in a member's home. */
async function hansa(home: Pick<MemberHome, "folder" | "passphrase">, ...argv: string[]) {
  const ran = await runHansa([...argv, "--home", home.folder, "--json"], { HANSA_PASSPHRASE: home.passphrase });
  return { ...ran, json: ran.stdout === "" ? undefined : JSON.parse(ran.stdout) };
}

async function done(home: Pick<MemberHome, "folder" | "passphrase">, ...argv: string[]) {
  const { code, stderr, json } = await hansa(home, ...argv);
  expect(`${argv.join(" ")}: ${code} ${stderr}`).toMatch(/: 0 /);
  return json;
}

function start(home: MemberHome, env?: Readonly<Record<string, string>>): MemberNode {
  const node = startMember(home, { env });
  nodes.push(node);
  return node;
}

describe.skipIf(ENGINE === undefined)("a group", () => {
  it("is founded, joined by a newcomer's node that is voted in, and left by it", { timeout: 4 * MINUTES }, async () => {
    const made = await buildHomes({ folder, members: 4, parameters: { reads: "parties" } });
    const [acme, borea, castor, delphi] = made.homes as [MemberHome, MemberHome, MemberHome, MemberHome];
    await Promise.all(made.homes.map((home) => start(home).waitUp()));

    const [http, mqtt, peers] = (await freePorts(3)) as [number, number, number];
    const passphrase = "the newcomer has one of its own";
    const at = { folder: join(folder, "echo"), passphrase };
    const { publicKey, did } = await done(at, "key", "create", "echo", "--alliance", "hanse");
    await done(acme, "did", "create", publicKey, "--url", acme.url);
    const admit = ["member", "propose", "admit", did, "--name", "Echo", "--roles", "platform"];
    const vote = async (argv: readonly string[], ...others: readonly MemberHome[]) => {
      const { facts } = await done(acme, ...argv, "--url", acme.url);
      const { proposal } = facts[0].data as { proposal: number };
      for (const other of others) await done(other, "member", "approve", String(proposal), "--url", other.url);
    };
    const join4 = ["group", "join", made.founding, "--running", "--address", `127.0.0.1:${peers}`, "--via", borea.url];
    // No member yet: nothing is registered, and nothing installed.
    const early = await hansa(at, ...join4);
    expect(early.code).toBe(1);
    expect(existsSync(homeAt(at.folder).configFile)).toBe(false);
    await vote(admit, borea);
    const joined = await done(at, ...join4);
    expect(joined).toMatchObject({ ledger: "registered", did, groupId: made.groupId });
    expect(await done(at, ...join4)).toMatchObject({ ledger: "known already", repeated: true, node: joined.node });

    const echo: MemberHome = {
      ...at,
      name: "echo",
      did,
      node: joined.node,
      validator: false,
      ports: { http, mqtt, peers },
      address: `127.0.0.1:${peers}`,
      url: `http://127.0.0.1:${http}`,
    };
    const node = start(echo, { HANSA_HTTP_PORT: String(http), HANSA_MQTT_PORT: String(mqtt) });
    await node.waitUp();
    const keys = await openKeyFile(homeAt(echo.folder).keyFile, passphrase);
    const signer = createParty("hanse", keys.signer("echo"));
    const client = createClient({ url: echo.url, group: made.groupId, signer });
    const record = async () => (await query(client, "nodes.get", { node: echo.node })) as NodeRecord;
    await until(async () => (await record().catch(() => undefined))?.ready != null);
    expect(await record()).toMatchObject({ power: 0, status: "registered" });

    await vote(["member", "propose", "addValidator", echo.node], borea, castor, delphi);
    const watched: Watched = { name: "echo", client };
    const [view] = await lookUntil(
      [watched],
      made.groupId,
      AbortSignal.timeout(MINUTES),
      ([seen]) => seen?.consensus?.validator === true,
    );
    expect(view?.consensus?.validator).toBe(true);

    // While the node runs its files stay; what was done before stays done.
    const leaving = await hansa(echo, "group", "leave", "main", "--retire", "--url", echo.url);
    expect(leaving.stderr).toContain("cli.node-running");
    const through = createClient({ url: acme.url, group: made.groupId, signer });
    const there = async () => (await query(through, "nodes.get", { node: echo.node })) as NodeRecord;
    // Its own node told of it, and may have been the first.
    await until(async () => (await there()).status === "retired");
    expect(await there()).toMatchObject({ power: 0 });
    keys.close();
    await node.stop();
    const left = await done(echo, "group", "leave", "main");
    expect(existsSync(join(left.data, "ledger.db"))).toBe(true);
    expect(await done(echo, "group", "list")).toEqual({ items: [] });
    await done(acme, "topic", "open", "after/all", "--url", acme.url);
  });
});

describe.skipIf(ENGINE === undefined)("hansa devnet", () => {
  it("brings a network up, sees all execute a transaction, and ends every process", {
    timeout: 3 * MINUTES,
  }, async () => {
    const env = { HANSA_COMETBFT: ENGINE?.path ?? "" };
    const argv = ["devnet", "--members", "3", "--validators", "2", "--once", "--json", "--dir", join(folder, "net")];
    // The second time with the homes of the first.
    for (const height of [2, 3]) {
      const { code, stdout, stderr } = await runHansa(argv, env);
      expect(`${code} ${code === 0 ? "" : stderr}`).toBe("0 ");
      const { seen, homes } = JSON.parse(stdout) as { seen: { height: number; root: string }[]; homes: MemberHome[] };
      expect(seen).toHaveLength(3);
      expect(new Set(seen.map(({ root }) => root)).size).toBe(1);
      for (const one of seen) expect(one.height).toBeGreaterThanOrEqual(height);
      expect(stdout + stderr).not.toContain(readFileSync(join(folder, "net", "acme", "passphrase"), "utf8").trim());
      for (const { url } of homes) await expect(fetch(`${url}/health`)).rejects.toThrow();
    }
  });
});
