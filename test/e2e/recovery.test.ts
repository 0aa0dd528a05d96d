/** What is lost and how it comes back, by real processes with the real engine: a third and more of the votes, or one member's disk. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type KeyFile, openKeyFile } from "#crypto/node";
import { findCometbft } from "#engines";
import { homeAt } from "#node";
import { createClient, createParty } from "#sdk";
import { buildHomes, type MemberHome } from "../../src/cli/devnet/build-homes.ts";
import { freePorts } from "../../src/cli/devnet/free-ports.ts";
import { type MemberNode, startMember } from "../../src/cli/devnet/run-nodes.ts";
import { agree, lookUntil, type MemberView, type Watched } from "../../src/cli/devnet/watch.ts";
import { runHansa } from "./member.suite.ts";

const ENGINE = await findCometbft(process.env).catch(() => undefined);
const MINUTES = 60_000;

let folder: string;
const nodes = new Map<string, MemberNode>();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hansa-recovery-"));
});
afterEach(async () => {
  await Promise.all([...nodes.values()].map((node) => node.stop()));
  nodes.clear();
  rmSync(folder, { recursive: true, force: true });
});

type Home = Pick<MemberHome, "folder" | "passphrase">;

/** Runs `hansa … --json` in a member's home. */
async function hansa(home: Home, ...argv: string[]) {
  const ran = await runHansa([...argv, "--home", home.folder, "--json"], { HANSA_PASSPHRASE: home.passphrase }, folder);
  return { ...ran, json: ran.stdout === "" ? undefined : JSON.parse(ran.stdout) };
}

async function done(home: Home, ...argv: string[]) {
  const { code, stderr, json } = await hansa(home, ...argv);
  expect(`${argv.join(" ")}: ${code} ${stderr}`).toMatch(/: 0 /);
  return json;
}

/** The same, refused. @returns its error */
async function refused(home: Home, code: string, ...argv: string[]) {
  const ran = await hansa(home, ...argv);
  expect(`${argv.join(" ")}: ${ran.stderr}`).toContain(`"${code}"`);
  return JSON.parse(ran.stderr).error as { readonly message: string; readonly payload: Record<string, unknown> };
}

async function start(home: MemberHome, env?: Readonly<Record<string, string>>): Promise<void> {
  const node = startMember(home, { env });
  nodes.set(home.name, node);
  await node.waitUp();
}

async function end(home: MemberHome, signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
  const node = nodes.get(home.name) as MemberNode;
  if (signal === "SIGTERM") await node.stop();
  else node.kill(signal);
  await node.ended;
  nodes.delete(home.name);
}

/** Once all have the same block of a group, at this height at least. Members may read; their keys are in their homes. */
async function agreed(homes: readonly MemberHome[], group: string, height: number): Promise<MemberView & Block> {
  const watched: Watched[] = [];
  const opened: KeyFile[] = [];
  for (const home of homes) {
    const keys = await openKeyFile(homeAt(home.folder).keyFile, home.passphrase);
    const { member } = JSON.parse(readFileSync(homeAt(home.folder).configFile, "utf8")) as { member: string };
    const signer = createParty("hanse", keys.signer(member));
    watched.push({ name: home.name, client: createClient({ url: home.url, group, signer }) });
    opened.push(keys);
  }
  const views = await lookUntil(watched, group, AbortSignal.timeout(MINUTES), (seen) => agree(seen, height));
  for (const keys of opened) keys.close();
  expect(views.map((view) => view.root)).toEqual(views.map(() => views[0]?.root));
  expect(agree(views, height), JSON.stringify(views)).toBe(true);
  return views[0] as MemberView & Block;
}

interface Block {
  readonly height: number;
  readonly root: string;
}

type Four = [MemberHome, MemberHome, MemberHome, MemberHome];

describe.skipIf(ENGINE === undefined)("a group that lost more than a third of its votes for good", () => {
  it("goes on as another one that its survivors found with a newcomer, with every record and no lost block", {
    timeout: 5 * MINUTES,
  }, async () => {
    const made = await buildHomes({ folder, members: 4, parameters: { reads: "parties", windowSeconds: 77 } });
    const [acme, borea, castor, delphi] = made.homes as Four;
    await Promise.all(made.homes.map((home) => start(home)));
    await done(acme, "topic", "open", "acme/first", "--url", acme.url);
    const lamp = await done(acme, "did", "create", "lamp", "--url", acme.url);

    // Somebody's older state, from a time at which its node was stopped.
    await agreed(made.homes, made.groupId, 2);
    await end(acme);
    const old = await done(acme, "group", "inherit", "main", "--out", "old.hansa");
    expect(old).toMatchObject({ group: made.groupId, height: 2 });
    await start(acme);

    await done(castor, "topic", "open", "castor/kept", "--url", castor.url);
    await agreed(made.homes, made.groupId, 3);
    await Promise.all([end(castor, "SIGKILL"), end(delphi, "SIGKILL")]);
    for (const home of [castor, delphi]) rmSync(home.folder, { recursive: true });
    await refused(acme, "storage.in-use", "group", "inherit", "main", "--out", "early.hansa");
    expect(existsSync(join(folder, "early.hansa"))).toBe(false);
    const last = await agreed([acme, borea], made.groupId, 3);
    await Promise.all([end(acme), end(borea)]);

    const state = await done(acme, "group", "inherit", "main", "--out", "state.hansa");
    expect(state).toMatchObject({ group: made.groupId, height: last.height, state: last.root });
    expect((await done(borea, "group", "inherit", made.groupId, "--out", "borea.hansa")).header).toBe(state.header);

    const [http, mqtt, peers] = (await freePorts(3)) as [number, number, number];
    const echo: MemberHome = {
      name: "echo",
      folder: join(folder, "echo"),
      passphrase: "the newcomer has one of its own",
      did: "",
      node: "",
      validator: true,
      ports: { http, mqtt, peers },
      address: `127.0.0.1:${peers}`,
      url: `http://127.0.0.1:${http}`,
    };
    for (const { name, address, ...home } of [acme, borea, echo])
      await done(
        home,
        ...["group", "request", "--alliance", "hanse", "--group", "next", "--name", name, "--roles", "platform"],
        ...["--address", address, "--out", `${name}.jws`],
      );
    const joinings = ["acme.jws", "borea.jws", "echo.jws"];

    // What was changed by a single byte is nobody's state.
    const text = readFileSync(join(folder, "state.hansa"), "utf8");
    writeFileSync(join(folder, "forged.hansa"), text.replace('"topic":"acme/first"', '"topic":"acme/firsT"'));
    const forge = ["group", "create", ...joinings, "--out", "forged.json", "--from", "forged.hansa"];
    await refused(echo, "ledger.root-mismatch", ...forge);
    writeFileSync(
      join(folder, "forged.hansa"),
      text.replace(/"state":"[A-Za-z0-9_-]{43}"/, `"state":"${"A".repeat(43)}"`),
      {
        flag: "w",
      },
    );
    await refused(echo, "proof.invalid", ...forge);
    // What is genuine and older would lose blocks: whoever has them does not sign.
    await done(echo, "group", "create", ...joinings, "--out", "stale.json", "--from", "old.hansa");
    const stale = await refused(borea, "founding.stale-state", "group", "sign", "stale.json", "--state", "old.hansa");
    expect(stale.message).toContain(`height ${last.height}`);

    const created = await done(echo, "group", "create", ...joinings, "--out", "next.json", "--from", "state.hansa");
    expect(created).toMatchObject({
      parameters: { windowSeconds: 77, reads: "parties" },
      from: { group: made.groupId, height: last.height, header: state.header },
    });
    expect(2 * created.from.power.founders).toBe(created.from.power.total);
    await refused(echo, "founding.state-needed", "group", "sign", "next.json");
    await refused(echo, "founding.other-state", "group", "sign", "next.json", "--state", "old.hansa");
    expect((await done(acme, "group", "sign", "next.json")).from.checked).toEqual(["own ledger"]);
    await done(borea, "group", "sign", "next.json", "--state", "state.hansa");
    expect((await done(echo, "group", "sign", "next.json", "--state", "state.hansa")).missing).toEqual([]);
    await refused(echo, "founding.state-needed", "group", "join", "next.json");
    for (const home of [acme, borea, echo]) {
      const joined = await done(home, "group", "join", "next.json", "--state", "state.hansa");
      expect(joined).toMatchObject({ groupId: created.group, from: { ended: home === echo ? null : "main" } });
    }
    expect((await done(acme, "group", "list")).items).toMatchObject([
      { name: "main", state: "installed" },
      { name: "next", state: "served", id: created.group },
    ]);

    await Promise.all([
      start(acme),
      start(borea),
      start(echo, { HANSA_HTTP_PORT: String(http), HANSA_MQTT_PORT: String(mqtt) }),
    ]);
    const all = [acme, borea, echo];
    await agreed(all, created.group, 0);
    const at = (home: MemberHome) => ["--group", created.group, "--url", home.url];
    // Records of all of them are there, at the newcomer's node, too; who is gone is a member no more.
    expect(await done(echo, "did", "show", lamp.did ?? lamp.facts[0].about[0], ...at(echo))).toBeDefined();
    expect(await done(acme, "topic", "show", "castor/kept", ...at(acme))).toMatchObject({ operator: castor.did });
    const members = (await done(acme, "member", "list", ...at(acme))).items as { name: string; status: string }[];
    expect(Object.fromEntries(members.map(({ name, status }) => [name, status]))).toEqual({
      acme: "active",
      borea: "active",
      castor: "removed",
      delphi: "removed",
      echo: "active",
    });
    // It goes on: what was begun before is changed now, and by everybody's votes.
    await done(acme, "topic", "close", "acme/first", ...at(borea));
    await done(echo, "topic", "open", "echo/new", ...at(echo));
    await agreed(all, created.group, 2);
    await done(acme, "ledger", "proof", "topic/acme/first", "--out", "proof.json", ...at(acme));
    const verified = await done(acme, "verify", "proof.json", "--trust", created.group);
    expect(verified).toMatchObject({ holds: true, group: created.group, vouched: { engine: "cometbft" } });
    expect(verified.vouched.validators.validators).toHaveLength(3);
    expect(verified.records[0].value).toMatchObject({ status: "closed" });

    await end(echo);
    expect(await done(echo, "ledger", "replay", "--group", "next")).toMatchObject({ blocks: 3 });
  });
});

describe.skipIf(ENGINE === undefined)("a member that lost its disk", () => {
  it("comes back from a backup of its ledger, or with its ledger alone, and has every block of the group", {
    timeout: 5 * MINUTES,
  }, async () => {
    const made = await buildHomes({ folder, members: 4, parameters: { reads: "parties" } });
    const [acme, borea] = made.homes as Four;
    const files = homeAt(acme.folder).group("main");
    await Promise.all(made.homes.map((home) => start(home)));
    await done(acme, "topic", "open", "before/backup", "--url", acme.url);
    const backup = await done(acme, "ledger", "backup", "--url", acme.url);
    await done(borea, "topic", "open", "after/backup", "--url", borea.url);
    await agreed(made.homes, made.groupId, 2);

    await end(acme, "SIGKILL");
    const kept = ["genesis.json", "founding.json", "joining.jws"];
    for (const entry of readdirSync(files.folder))
      if (!kept.includes(entry)) rmSync(join(files.folder, entry), { recursive: true });
    expect(existsSync(files.ledger) || existsSync(files.consensus) || existsSync(files.comet)).toBe(false);
    expect(await done(acme, "ledger", "restore", backup.file)).toMatchObject({ height: backup.height });
    await start(acme);
    await agreed(made.homes, made.groupId, 2);
    await done(acme, "topic", "open", "after/restore", "--url", acme.url);

    // The ledger is there, and all that CometBFT had is gone, while the others went on.
    await end(acme);
    rmSync(files.comet, { recursive: true });
    await done(borea, "topic", "open", "without/acme", "--url", borea.url);
    await start(acme);
    const { height, root } = await agreed(made.homes, made.groupId, 4);
    // Had it ended before it was done, it would go on with the blocks that it has by then.
    await end(acme);
    expect(readdirSync(files.comet)).not.toContain("regaining");
    writeFileSync(join(files.comet, "regaining"), "");
    await start(acme);
    await agreed(made.homes, made.groupId, height);
    expect(readdirSync(files.comet)).not.toContain("regaining");
    // From now on it starts as ever.
    await end(acme);
    await start(acme);
    await done(acme, "topic", "open", "at/last", "--url", acme.url);
    await agreed(made.homes, made.groupId, height + 1);
    await end(acme);
    const replayed = await done(acme, "ledger", "replay", "--group", "main");
    expect(replayed.blocks).toBeGreaterThan(height + 1);
    expect(replayed.root).not.toBe(root);
  });
});
