import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeConnectionToken, decodeTransaction } from "#protocol";
import { encodeProof } from "#sdk";
import { type Answer, GROUP, json, problem, serve } from "../sdk/server.suite.ts";
import { LINKAGE, makeTrail, TRAIL_GROUP } from "../sdk/trail.suite.ts";
import type { CommandGroup, CommandSpec } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { NOW, openTerminal, PASSPHRASE, type Terminal } from "./terminal.suite.ts";

const DID = "did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3";
const MEMBER = { did: DID, name: "Acme", roles: ["maker"], status: "active", since: NOW };

let terminal: Terminal;
const closers: (() => Promise<void>)[] = [];

beforeEach(async () => {
  terminal = await openTerminal();
});
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
  await terminal.close();
});

/** A node that executes everything, and answers queries as told. */
async function serving(answers: Record<string, unknown> = {}, other?: Answer) {
  const served = await serve((arrived, response, request) => {
    const query = arrived.path.split("/queries/")[1];
    if (query !== undefined && Object.hasOwn(answers, query)) return json(response, answers[query]);
    if (arrived.path.endsWith("/transactions")) {
      const facts = [{ fact: "topics.closed", about: ["acme/things"], data: {} }];
      return json(response, { id: decodeTransaction(arrived.body).idText, height: 4, index: 0, code: 0, facts });
    }
    if (other !== undefined) return other(arrived, response, request);
    return problem(response, 404, "query.not-found", { advice: "Look in the list." });
  });
  closers.push(() => served.close());
  return { ...served, flags: ["--url", served.url, "--group", GROUP] };
}

function leaves(entries: readonly (CommandSpec | CommandGroup)[], path: string[] = []): [string[], CommandSpec][] {
  return entries.flatMap((entry) =>
    "commands" in entry
      ? leaves(entry.commands, [...path, entry.name])
      : [[[...path, entry.name], entry] as [string[], CommandSpec]],
  );
}

describe("a command line", () => {
  it.each(leaves(COMMANDS).map(([path, spec]) => [path.join(" "), path, spec] as const))(
    "explains `hansa %s` with examples of that very command",
    async (name, path, spec) => {
      const { exit, out } = await terminal.run([...path, "--help"]);
      expect(exit).toBe(0);
      expect(out).toContain(`Usage: hansa ${name}`);
      expect(out).toContain("Examples:");
      expect(out).toContain("--json");
      expect(spec.examples.some((example) => example.includes(name))).toBe(true);
    },
  );

  it("suggests what was meant, and ends with 2", async () => {
    const command = await terminal.run(["membr"]);
    expect(command).toMatchObject({ exit: 2, out: "" });
    expect(command.err).toContain("Did you mean member?");
    const below = await terminal.run(["member", "lits"]);
    expect(below.exit).toBe(2);
    expect(below.err).toContain("Did you mean list?");
    const option = await terminal.run(["member", "list", "--jsn"]);
    expect(option.exit).toBe(2);
    expect(option.err).toContain("Did you mean --json?");
  });

  it("takes an id or a root that begins with a dash for the value that it is, wherever it stands", async () => {
    const { flags, arrived } = await serving();
    const asks = async (...argv: readonly string[]) => {
      expect((await terminal.run([...argv, ...flags])).err).toContain("query.not-found");
      return Object.fromEntries(arrived.at(-1)?.query ?? []);
    };
    for (const grant of [
      "-jsonAAAAAAAAAAAAAAAAA",
      "--json-AAAAAAAAAAAAAAA",
      "-h_-----------------_A",
      "--------------------2-",
    ]) {
      expect(await asks("grant", "show", grant)).toEqual({ grant });
      expect(await asks("grant", "show", "--full", "--height", "3", grant)).toEqual({ grant, height: "3" });
      expect(await asks("--full", "grant", "show", grant, "--height", "3")).toEqual({ grant, height: "3" });
      expect(await asks("grant", "delegate", grant, DID, "--count", "1")).toEqual({ grant });
      const refused = async (...more: readonly string[]) => (await terminal.run(["grant", "show", grant, ...more])).err;
      expect(await refused("--nonsense")).toContain("unknown option '--nonsense'");
      expect(await refused(grant)).toContain("too many arguments");
      expect((await terminal.run(["grant", "show", grant, "--help"])).out).toContain("Usage: hansa grant show");
    }
    const root = `-${"A".repeat(42)}`;
    expect(await asks("evidence", "show", root)).toEqual({ root });
  });

  it("takes nothing else that begins with a dash for a value", async () => {
    for (const text of [`-${"A".repeat(20)}`, "--option-of-that-size-", `--${"a".repeat(41)}`, `-${"A".repeat(41)}=`]) {
      const { exit, err } = await terminal.run(["evidence", "show", text]);
      expect(exit).toBe(2);
      expect(err).toContain(`unknown option '${text}'`);
    }
  });

  it("refuses values that cannot be meant, and missing ones, with 2", async () => {
    for (const argv of [
      ["member", "approve", "three"],
      ["member", "approve"],
      ["member", "list", "--limit", "0"],
      ["device", "revoke", DID],
      ["model", "certify", "acme/T1", "1.0", "--evidence", "A".repeat(43), "--status", "fine"],
      ["status", "--url", "nonsense"],
    ]) {
      const { exit, err } = await terminal.run(argv);
      expect(exit, argv.join(" ")).toBe(2);
      expect(err).not.toBe("");
    }
  });

  it("ends with 3 and says what to do where no node answers", async () => {
    const { url } = await serving();
    await closers.pop()?.();
    const { exit, err } = await terminal.run(["status", "--url", url]);
    expect(exit).toBe(3);
    expect(err).toContain("sdk.unreachable");
    expect(err).toContain("hansa up");
  });

  it("shows the node's refusal with its advice and ends with 1; with --json as one object", async () => {
    const { flags } = await serving();
    const plain = await terminal.run(["member", "show", DID, ...flags]);
    expect(plain).toMatchObject({ exit: 1, out: "" });
    expect(plain.err).toBe("error query.not-found: no: query.not-found\ntry   Look in the list.\n");
    const { err } = await terminal.run(["member", "show", DID, "--json", ...flags]);
    expect(JSON.parse(err)).toMatchObject({ error: { code: "query.not-found", advice: "Look in the list." } });
  });

  it("takes the node's address from the environment, and the option before it", async () => {
    const { url, arrived } = await serving({ "members.list": { items: [] } });
    const env = { HANSA_URL: url };
    expect((await terminal.run(["member", "list", "--group", GROUP], { env })).exit).toBe(0);
    expect(arrived).toHaveLength(1);
    expect((await terminal.run(["member", "list", "--url", "http://127.0.0.1:1"], { env })).exit).toBe(3);
  });
});

describe("a list", () => {
  it("is a table for people: ids short on a terminal, whole with --full or into a pipe", async () => {
    const { flags } = await serving({ "members.list": { items: [MEMBER] } });
    const table = (did: string) =>
      `NAME  ROLES  STATUS  SINCE                 DID\nAcme  maker  active  2026-01-01T00:00:00Z  ${did}\n`;
    const env = { NO_COLOR: "1" };
    expect((await terminal.run(["member", "list", ...flags])).out).toBe(table(DID));
    const onTerminal = await terminal.run(["member", "list", ...flags], { terminal: true, env });
    expect(onTerminal.out).toBe(table("did:hansa:hanse:3QJm…RCW3"));
    expect((await terminal.run(["member", "list", "--full", ...flags], { terminal: true, env })).out).toBe(table(DID));
    expect((await terminal.run(["member", "list", ...flags], { terminal: true })).out).toContain("\u001b[32mactive");
  });

  it("is one JSON value for programs", async () => {
    const { flags } = await serving({ "members.list": { items: [MEMBER] } });
    const ran = await terminal.run(["member", "list", "--json", ...flags], { terminal: true });
    expect(ran.json).toEqual({ items: [MEMBER], more: false });
  });

  it("does not let a name move the cursor", async () => {
    const { flags } = await serving({ "members.list": { items: [{ ...MEMBER, name: "\u001b[2Jx" }] } });
    expect((await terminal.run(["member", "list", ...flags])).out).not.toContain("\u001b");
  });
});

describe("a command that signs", () => {
  it("signs as the home's identity and shows what it did", async () => {
    await terminal.makeKeys("acme", "bob");
    const { flags, arrived } = await serving();
    const { exit, out } = await terminal.run(["topic", "close", "acme/things", "--as", "acme", ...flags]);
    expect(exit).toBe(0);
    expect(out).toContain("done in block 4, transaction 0");
    expect(out).toContain("topics.closed");
    const { claims } = decodeTransaction(arrived[0]?.body ?? "");
    expect(claims.ops).toEqual([{ op: "topics.close", args: { topic: "acme/things" } }]);
    expect(claims.exp).toBe(NOW / 1000 + 60);
  });

  it("asks for the passphrase where the environment has none, and never takes it from the arguments", async () => {
    await terminal.makeKeys("acme");
    const { flags } = await serving();
    const close = ["topic", "close", "acme", "--as", "acme", ...flags];
    expect(await terminal.run(close, { typed: [PASSPHRASE] })).toMatchObject({ exit: 0, asked: ["Passphrase: "] });
    const none = await terminal.run(close, { typed: [] });
    expect(none.exit).toBe(2);
    expect(none.err).toContain("HANSA_PASSPHRASE");
    const wrong = await terminal.run(close, { typed: ["something else"] });
    expect(wrong.exit).toBe(1);
    expect(wrong.err).toContain("crypto.keystore-locked");
    expect(wrong.err).not.toContain("something else");
    await writeFile(join(terminal.cwd, "secret"), `${PASSPHRASE}\n`);
    expect((await terminal.run([...close, "--passphrase-file", "secret"], { typed: [] })).exit).toBe(0);
    expect((await terminal.run([...close, "--passphrase", PASSPHRASE])).exit).toBe(2);
  });

  it("names the identities that there are where the wanted one is not", async () => {
    await terminal.makeKeys("acme", "bob");
    const { flags } = await serving();
    const { exit, err } = await terminal.run(["topic", "close", "acme", "--as", "carol", ...flags]);
    expect(exit).toBe(1);
    expect(err).toContain("it has acme, bob");
    expect((await terminal.run(["topic", "close", "acme", ...flags])).err).toContain("cli.identity-needed");
  });

  it("lets several of the home sign, or hands a half-signed transaction on", async () => {
    await terminal.makeKeys("alice", "bob");
    const { flags, arrived } = await serving();
    const transfer = ["device", "transfer", DID, "bob", "--as", "alice", ...flags];
    expect((await terminal.run([...transfer, "--also", "bob"])).exit).toBe(0);
    const both = decodeTransaction(arrived[0]?.body ?? "");
    expect(both.signatures).toHaveLength(2);
    const to = (both.claims.ops[0] as { args: { to?: unknown } }).args.to;
    expect(both.signatures[1]?.did).toBe(to);

    const out = await terminal.run([...transfer, "--out", "transfer.jws", "--valid", "110s"]);
    expect(out.out).toContain("2026-01-01T00:01:50Z");
    expect(arrived).toHaveLength(1);
    const signed = await terminal.run(["sign", "transfer.jws", "--as", "bob", ...flags]);
    expect(signed.exit).toBe(0);
    expect(signed.err).toContain("devices.transfer");
    const again = await terminal.run(["sign", "transfer.jws", "--as", "bob", ...flags]);
    expect(again.err).toContain("transaction.signer-missing");
    expect((await terminal.run(["submit", "transfer.jws", ...flags])).exit).toBe(0);
    expect(decodeTransaction(arrived[1]?.body ?? "").signatures.map(({ did }) => did)).toEqual(
      both.signatures.map(({ did }) => did),
    );
  });

  it("never writes over a file", async () => {
    await terminal.makeKeys("alice");
    const { flags } = await serving();
    const close = ["topic", "close", "acme", "--as", "alice", "--out", "t.jws", ...flags];
    expect((await terminal.run(close)).exit).toBe(0);
    const before = await readFile(join(terminal.cwd, "t.jws"), "utf8");
    const second = await terminal.run(close);
    expect(second.exit).toBe(1);
    expect(second.err).toContain("cli.file-exists");
    expect(await readFile(join(terminal.cwd, "t.jws"), "utf8")).toBe(before);
  });

  it("shows the receipt's refusal with the operation and what it needs", async () => {
    await terminal.makeKeys("alice");
    const served = await serve((one, response) =>
      json(response, {
        id: decodeTransaction(one.body).idText,
        height: 3,
        index: 0,
        code: 20,
        facts: [],
        error: { code: "kernel.forbidden", message: "not yours", payload: { needs: "the operator" }, operation: 0 },
      }),
    );
    closers.push(() => served.close());
    const flags = ["--url", served.url, "--group", GROUP];
    const { exit, err } = await terminal.run(["topic", "close", "acme", "--as", "alice", ...flags]);
    expect(exit).toBe(1);
    expect(err).toContain("kernel.forbidden: not yours");
    expect(err).toContain("needs: the operator");
    expect(err).toContain("See the payload's `needs`.");
  });
});

describe("keys", () => {
  it("are made, listed and exported without a node, and sign under the DID that they give", async () => {
    const made = await terminal.run(["key", "create", "acme", "--alliance", "hanse", "--json"]);
    expect(made.exit).toBe(0);
    const { did, publicKey } = made.json as { did: string; publicKey: string };
    expect((await terminal.run(["key", "export-public", "acme", "--json"])).json).toEqual({
      name: "acme",
      did,
      algorithm: "Ed25519",
      publicKey,
    });
    const second = await terminal.run(["key", "create", "root", "--algorithm", "P-256", "--json"]);
    expect((second.json as { did: string }).did).toMatch(/^did:hansa:hanse:/);
    const list = (await terminal.run(["key", "list", "--json"])).json as { items: { key: string }[] };
    expect(list.items.map(({ key }) => key)).toEqual(["acme", "root"]);
    expect((await terminal.run(["key", "create", "acme"])).err).toContain("crypto.key-exists");
    const token = await terminal.run(["topic", "token", "--as", "acme", "--group", GROUP]);
    expect(decodeConnectionToken(token.out.trim()).claims).toMatchObject({ iss: did, aud: GROUP });
  });

  it("of a new file want the passphrase twice", async () => {
    const create = ["key", "create", "acme", "--alliance", "hanse"];
    const differ = await terminal.run(create, { typed: ["one", "two"] });
    expect(differ).toMatchObject({ exit: 2, asked: ["New passphrase: ", "Once more: "] });
    expect((await terminal.run(["key", "list"])).err).toContain("cli.home-missing");
  });

  it("rotate: the identity goes on under its DID with the new key", async () => {
    await terminal.run(["key", "create", "acme", "--alliance", "hanse"]);
    const { json: before } = await terminal.run(["key", "export-public", "acme", "--json"]);
    await terminal.run(["key", "create", "acme-2"]);
    const { flags, arrived } = await serving();
    expect((await terminal.run(["did", "rotate-key", "acme", "acme", "acme-2", "--as", "acme", ...flags])).exit).toBe(
      0,
    );
    expect((await terminal.run(["topic", "close", "x", "--as", "acme", ...flags])).exit).toBe(0);
    const { did } = before as { did: string };
    const last = decodeTransaction(arrived[1]?.body ?? "");
    expect(last.claims.iss).toBe(did);
    expect(last.signatures[0]?.header.kid).not.toBe(
      decodeTransaction(arrived[0]?.body ?? "").signatures[0]?.header.kid,
    );
  });
});

describe("a device's papers", () => {
  it("are signed locally: the maker's certificate, the device's attestation", async () => {
    for (const name of ["maker", "root", "lamp"]) await terminal.run(["key", "create", name, "--alliance", "hanse"]);
    const certificate = ["device", "certificate", "lamp", "--root", "root", "--model", "acme/T1", "--serial", "0042"];
    const signed = await terminal.run([...certificate, "--out", "lamp.cert", "--json", "--as", "maker"]);
    expect(signed.exit).toBe(0);
    expect(signed.out).not.toContain("0042");
    const { flags, arrived } = await serving();
    expect((await terminal.run(["device", "enrol", "lamp.cert", "--as", "maker", ...flags])).exit).toBe(0);
    const enrol = decodeTransaction(arrived[0]?.body ?? "").claims.ops[0];
    expect(enrol).toMatchObject({ op: "devices.enrol", args: { device: (signed.json as Signed).certificate.sub } });
    const challenge = await terminal.run(["device", "challenge", "lamp", "--as", "maker", "--json", ...flags]);
    const { nonce } = challenge.json as { nonce: string };
    await writeFile(join(terminal.cwd, "t1.bin"), "firmware");
    const attest = ["device", "attest", "lamp", "--nonce", nonce, "--platform", "maker", "--model", "acme/T1"];
    const answer = await terminal.run([...attest, "--firmware", "1.0", "--digest", "t1.bin"]);
    expect(answer.exit).toBe(0);
    const admit = ["device", "admit", "lamp", "-", "--as", "maker", "--until", "30d", ...flags];
    expect((await terminal.run(admit, { input: answer.out })).exit).toBe(0);
    expect(decodeTransaction(arrived[2]?.body ?? "").claims.ops[0]).toMatchObject({
      op: "devices.admit",
      args: { attestation: answer.out.trim(), until: NOW / 1000 + 30 * 86_400 },
    });
  });
});

interface Signed {
  readonly certificate: { readonly sub: string };
}

describe("hansa verify", () => {
  const write = async (text: string | Uint8Array) => writeFile(join(terminal.cwd, "trail.json"), text);

  it("says offline what is proved and who vouches for it", async () => {
    await write(`${encodeProof(makeTrail())}\n`);
    const { exit, out } = await terminal.run(["verify", "trail.json", "--trust", TRAIL_GROUP]);
    expect(exit).toBe(0);
    for (const word of [
      "holds",
      LINKAGE,
      TRAIL_GROUP,
      "engine solo",
      "Acme (platform)",
      "linkages.receiptsAnchored",
      "toggle",
    ])
      expect(out).toContain(word);
    expect(out).not.toContain("anybody can found a group");
    const { json } = await terminal.run(["verify", "trail.json", "--json"]);
    expect(json).toMatchObject({ holds: true, trusted: false, group: TRAIL_GROUP, height: 1 });
  });

  it("warns that the group is still to be compared where none is trusted", async () => {
    await write(encodeProof(makeTrail()));
    expect((await terminal.run(["verify", "trail.json"])).out).toContain("anybody can found a group");
  });

  it("ends with 1 where the proof does not hold, is another group's, is no proof, or is not there", async () => {
    const text = encodeProof(makeTrail());
    await write(text.replace('"done":2', '"done":3'));
    const forged = await terminal.run(["verify", "trail.json"]);
    expect(forged).toMatchObject({ exit: 1, out: "" });
    expect(forged.err).toContain("proof.invalid");
    await write(text);
    const other = await terminal.run(["verify", "trail.json", "--trust", GROUP]);
    expect(other.exit).toBe(1);
    expect(other.err).toContain("proof.untrusted");
    await write("hello");
    expect((await terminal.run(["verify", "trail.json"])).err).toContain("proof.malformed");
    const missing = await terminal.run(["verify", "nothing.json"]);
    expect(missing.exit).toBe(1);
    expect(missing.err).toContain("there is no such file");
  });
});

describe("hansa errors", () => {
  it("explains a code, or the number of a receipt, without a node", async () => {
    const byName = await terminal.run(["errors", "transaction.replayed"]);
    expect(byName.exit).toBe(0);
    expect(byName.out).toContain("has been executed");
    const byNumber = await terminal.run(["errors", "14", "--json"]);
    expect(byNumber.json).toMatchObject({ code: "transaction.replayed", number: 14, status: 409 });
  });
});

describe("hansa topic follow", () => {
  it("prints events as they come, one a line, until the user stops it", async () => {
    await terminal.makeKeys("acme");
    const stop = new AbortController();
    const { flags } = await serving({}, (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const event = {
        specversion: "1.0",
        id: "1",
        source: DID,
        type: "x",
        time: "2026-01-01T00:00:00Z",
        hansapath: "a",
      };
      for (const offset of [0, 1])
        response.write(
          `id: ${offset}\ndata: ${JSON.stringify({ topic: "t", offset, event: { ...event, data: offset } })}\n\n`,
        );
      response.on("close", () => stop.abort());
    });
    const ran = await terminal.run(["topic", "follow", "t", "--as", "acme", "--json", "--count", "2", ...flags], {
      signal: stop.signal,
    });
    expect(ran.exit).toBe(0);
    const lines = ran.out.trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { offset: number }).offset)).toEqual([0, 1]);
  });
});
