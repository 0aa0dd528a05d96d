import { copyFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeBase64Url, encodeHex } from "#base";
import { openKeyFile } from "#crypto/node";
import { homeAt } from "#node";
import { decodeFounding, decodeJoining } from "#protocol";
import { NOW, openTerminal, PASSPHRASE, type Terminal } from "../../terminal.suite.ts";

let terminal: Terminal;
beforeEach(async () => {
  terminal = await openTerminal();
});
afterEach(() => terminal.close());

const MEMBERS = ["acme", "borea", "castor"] as const;
type Member = (typeof MEMBERS)[number];

const inside = (...path: string[]) => join(terminal.cwd, ...path);
const text = (...path: string[]) => readFile(inside(...path), "utf8");

/** Runs `hansa group …` in a member's home; it must end well. */
async function group(member: Member | undefined, ...argv: string[]) {
  const home = member === undefined ? [] : ["--home", member];
  const ran = await terminal.run(["group", ...argv, ...home]);
  expect(ran.err, argv.join(" ")).toBe("");
  expect(ran.exit).toBe(0);
  return ran;
}

/** The same, refused with this code. */
async function refused(code: string, member: Member | undefined, ...argv: string[]) {
  const ran = await terminal.run(["group", ...argv, "--json", ...(member === undefined ? [] : ["--home", member])]);
  expect(ran.err).not.toBe("");
  expect(JSON.parse(ran.err).error.code).toBe(code);
  expect(ran.out).toBe("");
  return JSON.parse(ran.err).error as { readonly message: string; readonly advice: string };
}

const request = (member: Member, name = "main", ...more: string[]) =>
  group(
    member,
    "request",
    "--alliance",
    "hanse",
    "--group",
    name,
    "--name",
    member,
    "--roles",
    "platform",
    "--address",
    `${member}.example:7422`,
    ...more,
  );

const files = (name = "joining.jws") => MEMBERS.map((member) => `${member}.${name}`);

/** All have asked, and the founding file is made. */
async function create(...more: string[]) {
  for (const member of MEMBERS) await request(member);
  return group(undefined, "create", ...files(), ...more);
}

/** All have signed it, too. */
async function signed() {
  await create();
  for (const member of MEMBERS) await group(member, "sign", "founding.json");
}

describe("founding a group", () => {
  it("leads from four commands of each member to homes whose nodes share one group", async () => {
    await create("--window-seconds", "60", "--reads", "anyone");
    // Everybody signs a copy, as they would by mail.
    for (const member of MEMBERS) await group(member, "sign", "founding.json", "--out", `${member}.json`);
    const combined = await group(undefined, "combine", ...files("json"), "--out", "all.json", "--json");
    expect(combined.json).toMatchObject({ missing: [], parameters: { windowSeconds: 60, reads: "anyone" } });
    const ids = new Set<string>();
    for (const member of MEMBERS) {
      const joined = (await group(member, "join", "all.json", "--json")).json as { groupId: string };
      ids.add(joined.groupId);
      const [listed] = ((await group(member, "list", "--json")).json as { items: object[] }).items;
      expect(listed).toMatchObject({
        name: "main",
        engine: "cometbft",
        state: "served",
        validators: 3,
        id: joined.groupId,
      });
      const config = JSON.parse(await text(member, "config.json"));
      expect(config).toMatchObject({
        member: "member",
        groups: [{ name: "main", engineKey: "engine/main", p2p: { host: "0.0.0.0", port: 7422 } }],
      });
    }
    expect([...ids]).toEqual([decodeFounding(await text("all.json")).groupId]);
  });

  it("lets no secret leave the home", async () => {
    await signed();
    const keys = await openKeyFile(homeAt(inside("acme")).keyFile, PASSPHRASE);
    const secrets = keys.dataKeyNames().map((name) => keys.dataKey(name));
    keys.close();
    expect(secrets.length).toBeGreaterThanOrEqual(2);
    const sent = [await text("acme.joining.jws"), await text("founding.json")];
    const parts = sent.flatMap((file) => file.match(/[A-Za-z0-9_-]{20,}/g) ?? []);
    const read = [...sent, ...parts.map((part) => Buffer.from(part, "base64url").toString("latin1"))].join("\n");
    for (const secret of secrets)
      for (const spelled of [encodeHex(secret), encodeBase64Url(secret), Buffer.from(secret).toString("latin1")])
        expect(read).not.toContain(spelled);
  });

  it("shows who founds, by which rules, and who has signed", async () => {
    await create();
    await group("borea", "sign", "founding.json");
    const { out } = await group(undefined, "show", "founding.json");
    expect(out).toMatch(/^validators\s+3; goes on with 0 of them down or lying$/m);
    expect(out).toMatch(/^read by\s+its parties alone$/m);
    expect(out).toMatch(/^borea\s+platform\s+borea\.example:7422\s+signed/m);
    expect(out).toMatch(/^acme\s+platform\s+acme\.example:7422\s+not yet/m);
    expect(out).toMatch(/Still to sign.*acme.*castor|Still to sign.*castor.*acme/);
  });

  it("takes parameters from a file, and options before it", async () => {
    const quorums = { remove: { numerator: 3, denominator: 4 } };
    await writeFile(inside("parameters.json"), JSON.stringify({ windowSeconds: 30, proposalSeconds: 600, quorums }));
    const { json } = await create("--parameters", "parameters.json", "--window-seconds", "45s", "--json");
    expect(json).toMatchObject({
      parameters: {
        windowSeconds: 45,
        proposalSeconds: 600,
        reads: "parties",
        quorums: { remove: quorums.remove, admit: { numerator: 1, denominator: 2 } },
      },
    });
    await writeFile(inside("wrong.json"), JSON.stringify({ windowSeconds: 1 }));
    await refused("proof.malformed", undefined, "create", ...files(), "--parameters", "wrong.json", "--out", "x.json");
  });

  it("is refused by a member that asked anew meanwhile, and by one that did not ask", async () => {
    await create();
    await request("acme", "main", "--out", "again.jws", "--valid", "1d");
    await refused("cli.founding-mismatch", "acme", "sign", "founding.json");
    await request("castor", "other", "--out", "other.jws");
    await rm(inside("founding.json"));
    await group(undefined, "create", "again.jws", "borea.joining.jws");
    await group("acme", "sign", "founding.json");
    await refused("cli.not-founder", "castor", "sign", "founding.json");
  });

  it("is refused by a member whose keys are others", async () => {
    await create();
    await rm(inside("acme"), { recursive: true });
    await request("acme", "main", "--out", "again.jws");
    await refused("cli.not-founder", "acme", "sign", "founding.json");
    // The member key is the same, and the group's keys are not.
    await rm(inside("founding.json"));
    await group(undefined, "create", "again.jws", "borea.joining.jws");
    const keys = await openKeyFile(homeAt(inside("acme")).keyFile, PASSPHRASE);
    keys.remove("engine/main");
    keys.generate("engine/main", "Ed25519");
    keys.close();
    await refused("cli.founding-mismatch", "acme", "sign", "founding.json");
  });

  it("is refused where the file was changed", async () => {
    await create();
    const file = await text("founding.json");
    await writeFile(inside("founding.json"), file.replace('"numerator":1', '"numerator":2'));
    await group("acme", "sign", "founding.json");
    // Rules are the proposer's to choose until somebody has signed; from then on every byte counts.
    const mine = await text("founding.json");
    await writeFile(inside("founding.json"), mine.replace('"numerator":2', '"numerator":1'));
    await refused("founding.approval", "borea", "sign", "founding.json");
    await writeFile(inside("founding.json"), file.replace("acme.example", "evil.example"));
    await refused("founding.differs", "borea", "sign", "founding.json");
  });

  it("is refused until all have signed, naming who has not", async () => {
    await create();
    await group("acme", "sign", "founding.json");
    await group("borea", "sign", "founding.json");
    const { message } = await refused("founding.unapproved", "acme", "join", "founding.json");
    expect(message).toContain("castor");
    expect(await readdir(inside("acme", "groups", "main"))).toEqual(["joining.jws"]);
  });
});

describe("joining", () => {
  it("may be repeated, also after half of it was lost", async () => {
    await signed();
    expect((await group("acme", "join", "founding.json", "--json")).json).toMatchObject({ repeated: false });
    const before = await text("acme", "config.json");
    expect((await group("acme", "join", "founding.json", "--json")).json).toMatchObject({ repeated: true });
    expect(await text("acme", "config.json")).toBe(before);
    await rm(inside("acme", "config.json"));
    await rm(inside("acme", "groups", "main", "founding.json"));
    await group("acme", "join", "founding.json");
    expect(await text("acme", "config.json")).toBe(before);
    expect(await text("acme", "groups", "main", "founding.json")).toBe(await text("founding.json"));
  });

  it("keeps what the operator has set, and listens elsewhere where told", async () => {
    await signed();
    await group("acme", "join", "founding.json");
    const config = JSON.parse(await text("acme", "config.json"));
    config.http.port = 9000;
    config.groups[0].snapshotBlocks = 500;
    await writeFile(inside("acme", "config.json"), JSON.stringify(config));
    await group("acme", "join", "founding.json", "--listen", "[::]:7500");
    const after = JSON.parse(await text("acme", "config.json"));
    expect(after.http.port).toBe(9000);
    expect(after.groups[0]).toMatchObject({ snapshotBlocks: 500, p2p: { host: "::", port: 7500 } });
  });

  it("takes no second group of the same name", async () => {
    await signed();
    await group("acme", "join", "founding.json");
    await copyFile(inside("acme", "groups", "main", "joining.jws"), inside("mine.jws"));
    await group(undefined, "create", "mine.jws", "borea.joining.jws", "--out", "two.json");
    await group("acme", "sign", "two.json");
    await group("borea", "sign", "two.json");
    await refused("node.group-exists", "acme", "join", "two.json");
  });

  it("wants to know, for a group that runs, where the node is and whom to tell", async () => {
    await signed();
    await refused("cli.argument", "acme", "join", "founding.json", "--running");
    await refused("cli.argument", "acme", "join", "founding.json", "--via", "http://127.0.0.1:1");
  });
});

describe("several groups", () => {
  it("stand side by side in a home, each with its own keys", async () => {
    await signed();
    await group("acme", "join", "founding.json");
    for (const member of ["acme", "borea"] as const) await request(member, "second", "--out", `${member}.second.jws`);
    await group(undefined, "create", "acme.second.jws", "borea.second.jws", "--out", "second.json");
    for (const member of ["acme", "borea"] as const) await group(member, "sign", "second.json");
    await group("acme", "join", "second.json");
    const { items } = (await group("acme", "list", "--json")).json as { items: { name: string; state: string }[] };
    expect(items.map(({ name, state }) => [name, state])).toEqual([
      ["main", "served"],
      ["second", "served"],
    ]);
    expect(((await group("borea", "list", "--json")).json as { items: object[] }).items).toMatchObject([
      { name: "main", state: "requested", id: null },
      { name: "second", state: "requested" },
    ]);
    const [first, second] = [await text("acme.joining.jws"), await text("acme.second.jws")].map(decodeJoining);
    expect(first?.member.did).toBe(second?.member.did);
    expect(first?.node?.key).not.toBe(second?.node?.key);
    expect(first?.node?.node).not.toBe(second?.node?.node);
  });
});

describe("leaving", () => {
  it("takes the group out of the configuration and sets its data aside", async () => {
    await signed();
    await group("acme", "join", "founding.json");
    const genesis = await text("acme", "groups", "main", "genesis.json");
    await group("acme", "leave", "main");
    expect((await group("acme", "list", "--json")).json).toEqual({ items: [] });
    expect(await text("acme", "left", "main-1", "genesis.json")).toBe(genesis);
    expect(JSON.parse(await text("acme", "config.json"))).toMatchObject({ member: "member", groups: [] });
    await refused("cli.group-unknown", "acme", "leave", "main");
    const up = await terminal.run(["up", "--home", "acme"]);
    expect(up.exit).toBe(1);
    expect(up.err).toContain("node.no-group");
  });

  it("takes a request back, and lets the group be joined again", async () => {
    await request("castor");
    await group("castor", "leave", "main");
    expect((await group("castor", "list", "--json")).json).toEqual({ items: [] });
    await rm(inside("castor.joining.jws"));
    await signed();
    await group("castor", "join", "founding.json");
    await group("castor", "leave", "main");
    await group("castor", "join", "founding.json");
    expect(await readdir(inside("castor", "left"))).toEqual(["main-1", "main-2"]);
  });
});

describe("a request", () => {
  it("is refused where it could not be meant, with 2", async () => {
    const whole = ["--alliance", "hanse", "--group", "main", "--name", "Acme", "--roles", "platform"];
    for (const argv of [
      ["--alliance", "hanse", "--name", "Acme", "--roles", "platform"],
      ["--alliance", "Hanse!", "--group", "main", "--name", "Acme", "--roles", "platform"],
      [...whole, "--address", "acme.example"],
      [...whole, "--address", "acme.example:99999"],
      [...whole, "--endpoint", "ftp://acme.example"],
      ["--alliance", "hanse", "--group", "MAIN", "--name", "Acme", "--roles", "platform"],
      ["--alliance", "hanse", "--group", "main", "--name", "Acme", "--roles", "king"],
    ]) {
      const { exit, err } = await terminal.run(["group", "request", ...argv]);
      expect(exit, argv.join(" ")).toBe(2);
      expect(err).not.toBe("");
    }
    expect(await readdir(terminal.cwd)).toEqual([]);
  });

  it("never writes over a file, and says until when it may be used", async () => {
    await request("acme");
    expect(decodeJoining(await text("acme.joining.jws")).exp).toBe(NOW / 1000 + 14 * 86_400);
    const again = ["request", "--alliance", "hanse", "--group", "main", "--name", "acme", "--roles", "lab"];
    await refused("cli.file-exists", "acme", ...again);
    const { out } = await group("acme", ...again, "--out", "-");
    expect(decodeJoining(out).member.roles).toEqual(["lab"]);
  });
});
