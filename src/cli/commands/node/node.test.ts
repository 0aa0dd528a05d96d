import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeBase64Url } from "#base";
import { decodeMultikey, type PublicKey, verifySignature } from "#crypto";
import { decodeTransaction, type Genesis, groupIdOf, type NodeRecord, nodeProofInput } from "#protocol";
import { GROUP, json, problem, serve } from "../../../sdk/server.suite.ts";
import { NOW, openTerminal, type Terminal } from "../../terminal.suite.ts";

const NODE = "8f2d6a0c4be17390d5a1c2e3f405162738495a6b";
const DID = "did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3";
const RECORD: NodeRecord = {
  node: NODE,
  member: DID,
  nodeKey: "z6MkNode",
  key: "z6MkVote",
  address: "ledger.acme.example:7422",
  endpoint: "https://ledger.acme.example:7420",
  power: 3,
  ready: 12,
  status: "registered",
  misbehaviour: [{ kind: "duplicate-vote", block: 77, height: 9, at: NOW }],
  since: NOW,
};

let terminal: Terminal;
const closers: (() => Promise<void>)[] = [];
beforeEach(async () => {
  terminal = await openTerminal();
});
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
  await terminal.close();
});

/** A node that takes every transaction, but says of the first ones that they are refused with these codes. */
async function serving(...refusals: (string | { readonly code: string; readonly payload: object })[]) {
  const sent: { op: string; args: object; jti: string }[] = [];
  const served = await serve((arrived, response) => {
    if (arrived.path.endsWith("/queries/nodes.list")) return json(response, { items: [RECORD] });
    if (arrived.path.endsWith("/queries/nodes.get")) return json(response, RECORD);
    if (!arrived.path.endsWith("/transactions")) return problem(response, 404, "query.not-found");
    const { claims, idText } = decodeTransaction(arrived.body);
    for (const { op, args } of claims.ops) sent.push({ op, args, jti: claims.jti });
    const refusal = refusals.shift();
    if (refusal === undefined) return json(response, { id: idText, height: 4, index: 0, code: 0, facts: [] });
    const { code, payload } = typeof refusal === "string" ? { code: refusal, payload: {} } : refusal;
    const error = { code, message: "no", payload, operation: 0 };
    json(response, { id: idText, height: 4, index: 0, code: 616, facts: [], error });
  });
  closers.push(() => served.close());
  return { sent, flags: ["--url", served.url, "--as", "acme", "--group", GROUP] };
}

describe("hansa node", () => {
  it("shows who votes with which power, and what consensus caught a node at", async () => {
    const { flags } = await serving();
    const list = await terminal.run(["node", "list", ...flags]);
    expect(list.out.split("\n")[1]?.split(/\s{2,}/)).toEqual([NODE, DID, "registered", "3", "12", "1", RECORD.address]);
    const show = await terminal.run(["node", "show", NODE, ...flags]);
    for (const part of [NODE, RECORD.endpoint as string, "duplicate-vote", "77"]) expect(show.out).toContain(part);
    expect((await terminal.run(["node", "show", NODE, "--json", ...flags])).json).toEqual(RECORD);
  });

  it("sends what its arguments say", async () => {
    await terminal.makeKeys("acme");
    const { flags, sent } = await serving();
    const run = (...argv: string[]) => terminal.run([...argv, ...flags]);
    const cases: [string[], object][] = [
      [["node", "update", NODE, "--address", "a.example:1"], { node: NODE, address: "a.example:1" }],
      [["node", "update", NODE, "--endpoint", "https://a.example"], { node: NODE, endpoint: "https://a.example" }],
      [["node", "update", NODE, "--no-endpoint"], { node: NODE, endpoint: null }],
      [["node", "ready", NODE, "--height", "7"], { node: NODE, height: 7 }],
      [["node", "retire", NODE], { node: NODE }],
      [["member", "propose", "addValidator", NODE], { change: { kind: "addValidator", node: NODE, power: 10 } }],
      [
        ["member", "propose", "addValidator", NODE, "--power", "5"],
        { change: { kind: "addValidator", node: NODE, power: 5 } },
      ],
      [["member", "propose", "removeValidator", NODE], { change: { kind: "removeValidator", node: NODE } }],
    ];
    for (const [argv, args] of cases) {
      const { exit, err } = await run(...argv);
      expect([exit, err], argv.join(" ")).toEqual([0, ""]);
      expect(sent.at(-1)?.args).toEqual(args);
    }
  });

  it("refuses what cannot be meant with 2, before anything is sent", async () => {
    await terminal.makeKeys("acme");
    const { flags, sent } = await serving();
    for (const argv of [
      ["node", "show", "8F2D"],
      ["node", "retire", `${NODE}0`],
      ["node", "update", NODE],
      ["node", "update", NODE, "--address", "a.example"],
      ["node", "update", NODE, "--address", "a.example:65536"],
      ["node", "register", "a.example"],
      ["node", "register", "a.example:7422"],
      ["member", "propose", "addValidator", "acme"],
      ["member", "propose", "removeValidator"],
      ["member", "propose", "addValidator", NODE, "--power", "0"],
    ])
      expect((await terminal.run([...argv, ...flags])).exit, argv.join(" ")).toBe(2);
    expect(sent).toEqual([]);
  });

  it("sends a change of who votes again, once, where the refusal's own block tells who is there", async () => {
    await terminal.makeKeys("acme");
    for (const argv of [
      ["node", "retire", NODE],
      ["member", "approve", "3"],
      ["member", "propose", "suspend", DID],
    ]) {
      const { flags, sent } = await serving("nodes.stale");
      expect((await terminal.run([...argv, ...flags])).exit).toBe(0);
      expect(new Set(sent.map(({ jti }) => jti)).size).toBe(2);
      const twice = await serving("nodes.stale", "nodes.stale");
      const refused = await terminal.run([...argv, ...twice.flags]);
      expect(refused.exit).toBe(1);
      expect(refused.err).toContain("nodes.stale");
      expect(twice.sent).toHaveLength(2);
      for (const code of ["nodes.no-quorum", "nodes.still-voting"]) {
        // Somebody's vote was not in the last block: it may be in the next.
        const late = { code, payload: { live: 20, total: 40, absent: [NODE] } };
        const once = await serving(late);
        expect((await terminal.run([...argv, ...once.flags])).exit).toBe(0);
        expect(once.sent).toHaveLength(2);
        const again = await serving(late, late);
        expect((await terminal.run([...argv, ...again.flags])).err).toContain(code);
        expect(again.sent).toHaveLength(2);
        const nobody = await serving({ code, payload: { live: 20, total: 30, absent: [] } });
        expect((await terminal.run([...argv, ...nobody.flags])).err).toContain(code);
        expect(nobody.sent).toHaveLength(1);
      }
    }
  });

  /** Founds a group of the home's member alone. */
  async function founded(): Promise<Genesis> {
    const ask = ["--alliance", "hanse", "--group", "main", "--name", "Acme", "--roles", "platform"];
    for (const argv of [
      ["group", "request", ...ask, "--address", "acme.example:7422", "--out", "joining.jws"],
      ["group", "create", "joining.jws"],
      ["group", "sign", "founding.json"],
      ["group", "join", "founding.json"],
    ]) {
      const { exit, err } = await terminal.run(argv);
      expect([exit, err], argv.join(" ")).toEqual([0, ""]);
    }
    const text = await readFile(join(terminal.cwd, ".hansa", "groups", "main", "genesis.json"), "utf8");
    return JSON.parse(text) as Genesis;
  }

  it("takes its own group's node out, again where the block was too old, and says where to ask if no answer comes", async () => {
    await founded();
    const leave = async (...refusals: string[]) => {
      const { flags, sent } = await serving(...refusals);
      const ran = await terminal.run(["group", "leave", "main", "--retire", "--json", "--url", flags[1] as string]);
      return { ran, sent };
    };
    const { ran: lost } = await leave("transaction.expired");
    expect(lost.exit).toBe(1);
    expect(JSON.parse(lost.err).error).toMatchObject({
      code: "cli.retire-unanswered",
      advice: expect.stringContaining("--url"),
    });
    const { ran: refused } = await leave("nodes.no-quorum");
    expect(refused.err).toContain("nodes.no-quorum");
    // Both left everything where it was.
    const { ran, sent } = await leave("nodes.stale");
    expect([ran.exit, ran.err]).toEqual([0, ""]);
    expect(ran.json).toMatchObject({ group: "main", retired: { what: "retired" }, removed: true });
    expect(sent.map(({ op }) => op)).toEqual(["nodes.retire", "nodes.retire"]);
  });

  it("registers the home's own node, with a proof for the home's group and the member", async () => {
    const genesis = await founded();
    const { sent, flags } = await serving();
    const argv = ["node", "register", "acme.example:7422", "--endpoint", "https://acme.example:7420"];
    const { exit, err } = await terminal.run([...argv, "--url", flags[1] as string, "--group", groupIdOf(genesis)]);
    expect([exit, err]).toEqual([0, ""]);
    expect(sent).toHaveLength(1);
    const { op, args } = sent[0] as { op: string; args: { node: string; key: string; proof: string } };
    if (genesis.engine.kind !== "cometbft") expect.unreachable();
    const { member, node, key } = genesis.engine.validators[0] as (typeof genesis.engine.validators)[0];
    expect(op).toBe("nodes.register");
    const { proof, ...rest } = args;
    expect(rest).toEqual({ node, key, address: "acme.example:7422", endpoint: "https://acme.example:7420" });
    const input = nodeProofInput(groupIdOf(genesis), member, node);
    expect(verifySignature(decodeMultikey(key) as PublicKey, input, decodeBase64Url(proof) as Uint8Array)).toBe(true);
  });
});
