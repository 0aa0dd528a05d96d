import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeTerms, decodeTransaction, digestTerms, type GrantView, type TermsDocument } from "#protocol";
import { GROUP, json, problem, serve } from "../sdk/server.suite.ts";
import { NOW, openTerminal, type Terminal } from "./terminal.suite.ts";

const DID = "did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3";
const PROVIDER = "did:hansa:hanse:2E3xFHMg35XTSw6VbMEmtRZVC5kT";
const GIVE = ["grant", "give", DID, "--provider", PROVIDER, "--topic", "acme/meters", "--jurisdiction", "DE"];
const BILLING = ["--purpose", "dpv:PaymentManagement"];
const PRIVATE = ["--controller", "Hansel Billing", "--contact", "privacy@hansel.example", "--service", "Yearly bill"];

let terminal: Terminal;
const closers: (() => Promise<void>)[] = [];

beforeEach(async () => {
  terminal = await openTerminal();
  await terminal.makeKeys("anna");
});
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
  await terminal.close();
});

/** A node that takes grants, or refuses them, and knows this one. */
async function serving(answer: { refuses?: string; grant?: () => GrantView } = {}) {
  const served = await serve((arrived, response) => {
    if (arrived.path.endsWith("/transactions")) {
      if (answer.refuses !== undefined) return problem(response, 409, answer.refuses, {});
      const { idText } = decodeTransaction(arrived.body);
      return json(response, { id: idText, height: 4, index: 0, code: 0, facts: [] });
    }
    return answer.grant === undefined ? problem(response, 404, "query.not-found", {}) : json(response, answer.grant());
  });
  closers.push(() => served.close());
  return { ...served, flags: ["--url", served.url, "--group", GROUP, "--as", "anna"] };
}

const folder = () => join(terminal.cwd, ".hansa", "grants");
const saved = () => (existsSync(folder()) ? readdirSync(folder()) : []);
const loaded = (grant: string): TermsDocument => decodeTerms(readFileSync(join(folder(), `${grant}.json`), "utf8"));

function viewOf(document: TermsDocument, changes: Partial<GrantView> = {}): GrantView {
  return {
    grant: document.grant,
    owner: DID,
    grantor: DID,
    recipient: DID,
    provider: PROVIDER,
    terms: digestTerms(document),
    from: NOW / 1000,
    until: NOW / 1000 + 100,
    count: 3,
    used: 1,
    parent: null,
    depth: 0,
    delegable: 1,
    status: "active",
    revokedBy: null,
    reason: null,
    created: NOW,
    createdAt: 4,
    updated: NOW,
    updatedAt: 4,
    effective: "active",
    remaining: 2,
    ...changes,
  };
}

describe("hansa grant give", () => {
  it("sends digests, and keeps the terms with their salts for the owner of the home alone", async () => {
    const { flags, arrived } = await serving();
    const ran = await terminal.run([...GIVE, ...BILLING, ...PRIVATE, "--path", "kitchen/#", "--json", ...flags]);
    expect(ran.exit).toBe(0);
    const { grant, terms: file } = ran.json as { grant: string; terms: string };
    const document = loaded(grant);
    expect(document.terms).toEqual({
      resource: { kind: "topic", topic: "acme/meters", path: "kitchen/#" },
      purposes: ["https://w3id.org/dpv#PaymentManagement"],
      actions: ["read"],
      jurisdictions: ["DE"],
      controller: { name: "Hansel Billing", contact: "privacy@hansel.example" },
      service: "Yearly bill",
      categories: [],
    });
    const sent = arrived.find(({ path }) => path.endsWith("/transactions"))?.body ?? "";
    expect(decodeTransaction(sent).claims.ops).toEqual([
      {
        op: "grants.give",
        args: {
          grant,
          recipient: DID,
          provider: PROVIDER,
          terms: digestTerms(document),
          from: NOW / 1000,
          until: NOW / 1000 + 30 * 86_400,
          delegable: 0,
        },
      },
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(folder()).mode & 0o777).toBe(0o700);
    const plain = await terminal.run([...GIVE, ...BILLING, ...PRIVATE, ...flags]);
    const salts = saved().flatMap((name) => Object.values(loaded(name.replace(".json", "")).salts));
    for (const shown of [ran.out, ran.err, plain.out, plain.err, sent])
      for (const secret of [...salts, "Hansel Billing", "Yearly"]) expect(shown).not.toContain(secret);
  });

  it("leaves no terms behind where the ledger refuses, and leaves them where nobody knows", async () => {
    const refused = await serving({ refuses: "grants.recipient" });
    expect((await terminal.run([...GIVE, ...BILLING, ...refused.flags])).exit).toBe(1);
    expect(saved()).toEqual([]);
    const busy = await serving({ refuses: "engine.busy" });
    expect((await terminal.run([...GIVE, ...BILLING, ...busy.flags])).exit).toBe(1);
    expect(saved()).toHaveLength(1);
  });

  it.each([
    ["a purpose of another form", [...GIVE, "--purpose", "dpv:payment"], "dpv:PaymentManagement"],
    ["no purpose", GIVE, "--purpose"],
    ["two kinds of data", [...GIVE, ...BILLING, "--dataset", "a"], "one kind of data"],
    [
      "a device without its property",
      [...GIVE.filter((word) => !/topic|meters/.test(word)), ...BILLING, "--device", DID],
      "--property",
    ],
    ["a contact of nobody", [...GIVE, ...BILLING, "--contact", "a"], "--controller"],
    ["an action that there is not", [...GIVE, ...BILLING, "--action", "write"], "actions"],
    ["a country that is none", [...GIVE, "--jurisdiction", "germany", ...BILLING], "jurisdictions"],
  ])("is refused with %s, before anything is sent or written", async (_, argv, says) => {
    const { flags, arrived } = await serving();
    const ran = await terminal.run([...argv, ...flags]);
    expect(ran.exit).toBe(2);
    expect(ran.err).toContain(says);
    expect([arrived.length, saved()]).toEqual([0, []]);
  });
});

describe("hansa grant show", () => {
  it("opens the terms with the home's file, or says that they are digests", async () => {
    const { flags } = await serving();
    const ran = await terminal.run([...GIVE, ...BILLING, ...PRIVATE, "--json", ...flags]);
    const { grant } = ran.json as { grant: string };
    const known = await serving({ grant: () => viewOf(loaded(grant)) });
    const shown = await terminal.run(["grant", "show", grant, ...known.flags]);
    for (const words of ["dpv:PaymentManagement", "acme/meters/#", "Hansel Billing", "1 of 3"])
      expect(shown.out).toContain(words);
    for (const salt of Object.values(loaded(grant).salts)) expect(shown.out).not.toContain(salt);
    const elsewhere = await serving({ grant: () => viewOf(loaded(grant), { grant: `${"o".repeat(21)}A` }) });
    const closed = await terminal.run(["grant", "show", `${"o".repeat(21)}A`, ...elsewhere.flags]);
    expect(closed.out).toContain("7 salted digests");
    expect(closed.out).not.toContain("PaymentManagement");
  });

  it("refuses a file that is not the grant's, or no terms file", async () => {
    const { flags } = await serving();
    const ran = await terminal.run([...GIVE, ...BILLING, "--json", ...flags]);
    const { grant, terms } = ran.json as { grant: string; terms: string };
    const forged = { ...loaded(grant), terms: { ...loaded(grant).terms, jurisdictions: ["AT"] } };
    const known = await serving({ grant: () => viewOf(loaded(grant)) });
    writeFileSync(join(terminal.cwd, "forged.json"), JSON.stringify(forged));
    const show = (file: string) => terminal.run(["grant", "show", grant, "--terms", file, ...known.flags]);
    expect((await show("forged.json")).err).toContain("grant.terms-mismatch");
    writeFileSync(join(terminal.cwd, "none.json"), "{}");
    expect((await show("none.json")).err).toContain("cli.file-malformed");
    expect((await show("missing.json")).err).toContain("cli.file-missing");
    expect((await show(terms)).exit).toBe(0);
  });
});

describe("hansa grant delegate", () => {
  it("says at once what the provider would refuse: terms beyond those above", async () => {
    const { flags } = await serving();
    const ran = await terminal.run([...GIVE, ...BILLING, "--path", "kitchen/#", "--json", ...flags]);
    const { grant } = ran.json as { grant: string };
    const known = await serving({ grant: () => viewOf(loaded(grant)) });
    const on = (...more: string[]) =>
      terminal.run(["grant", "delegate", grant, DID, ...more, "--json", ...known.flags]);
    for (const [wider, field] of [
      [["--jurisdiction", "AT"], "jurisdictions"],
      [["--action", "subscribe"], "actions"],
      [["--topic", "acme/meters"], "resource"],
      [["--purpose", "dpv:Marketing"], "purposes"],
    ] as const) {
      const refused = await on(...wider);
      expect([refused.exit, refused.err.includes(field)]).toEqual([2, true]);
    }
    const done = await on("--jurisdiction", "DE-BY");
    const { grant: child } = done.json as { grant: string };
    const { op, args } = decodeTransaction(known.arrived.at(-1)?.body ?? "").claims.ops[0] as never as {
      op: string;
      args: object;
    };
    expect(op).toBe("grants.delegate");
    // What is not said is as in the grant above, the count what is left of it.
    expect(args).toMatchObject({ parent: grant, grant: child, from: NOW / 1000, until: NOW / 1000 + 100, count: 2 });
    expect(loaded(child).terms).toMatchObject({ resource: { path: "kitchen/#" }, jurisdictions: ["DE-BY"] });
  });
});
