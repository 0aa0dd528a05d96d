import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildTrailProof, DESCRIBED_FACTS, describeTrail, recordKeysFor, TrailIndex, type TrailStep } from "#audit";
import { type Json, ManualClock } from "#base";
import { type BlockHeader, groupIdOf, operation, type TrailProof, verifyProof } from "#protocol";
import { verifyProofFile } from "#sdk";
import { type Database, openDatabase } from "#storage";
import { makeHistory, makeVotingHistory, Party, World } from "./trail-history.suite.ts";

const history = makeHistory();
const { world, parties, linkage, topic, model, commands, node, issued } = history;
const { ledger } = world;
const group = ledger.group.id;

/** What the trail must say, read plainly from every block. */
function stepsOf(about: string, from = ledger): { height: number; index: number; facts: readonly unknown[] }[] {
  const steps = [];
  for (let height = 0; height <= from.height; height++)
    for (const { index, facts } of from.block(height)?.receipts ?? []) {
      const own = facts.filter((fact) => fact.about.includes(about));
      if (own.length > 0) steps.push({ height, index, facts: own });
    }
  return steps;
}

const subjects = [
  ...Object.values(parties).flatMap(({ did }) => (did === parties.root.did ? [] : [did])),
  linkage,
  `topic/${topic}`,
  `model/${model}`,
  `root/${parties.root.fingerprint}`,
  "proposal/1",
  "proposal/2",
  `node/${node}`,
  ...issued,
];

describe("trail", () => {
  let folder: string;
  let database: Database;
  let clock: ManualClock;
  const open = () => openDatabase({ file: join(folder, "trail.db"), key: new Uint8Array(32).fill(3) });
  const index = (over = ledger as ConstructorParameters<typeof TrailIndex>[0]["ledger"]) =>
    new TrailIndex({
      database,
      ledger: over,
      clock,
      onFailure: (error) => {
        throw error;
      },
    });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hansa-trail-"));
    database = open();
    clock = new ManualClock(0);
  });
  afterEach(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });
  const follow = (trail: TrailIndex, from: number, to: number) => {
    for (const { header, receipts } of world.committed.slice(from, to))
      trail.follow({ header: header?.header as BlockHeader, receipts });
  };
  const all = async (trail: TrailIndex, about: string, limit: number): Promise<TrailStep[]> => {
    const steps: TrailStep[] = [];
    for (let after: string | undefined; ; ) {
      const page = await trail.entries(about, { after, limit });
      expect(page.items.length).toBeLessThanOrEqual(limit);
      steps.push(...page.items);
      if (page.next === undefined) return steps;
      after = page.next;
    }
  };

  it("has every step of every subject in order, whatever the size of its pages", async () => {
    const trail = index();
    await trail.catchUp();
    expect(trail.waiting).toBe(0);
    for (const about of subjects) {
      const wanted = stepsOf(about);
      expect(wanted.length).toBeGreaterThan(0);
      for (const limit of [1, 2, 3, 1000]) {
        const steps = await all(trail, about, limit);
        expect(steps.map(({ height, index, facts }) => ({ height, index, facts }))).toEqual(wanted);
      }
      const places = wanted.map(({ height, index }) => ({ height, index }));
      expect(await trail.places(about, { limit: 1000 })).toEqual(places);
      expect(await trail.places(about, { limit: 2, newest: true })).toEqual(places.slice(-2));
      expect(await trail.places(about, { limit: 1000, newest: true, after: places[0] })).toEqual(places.slice(1));
    }
  });

  it("names the signers, the block's time and the transaction", async () => {
    const trail = index();
    await trail.catchUp();
    const { items } = await trail.entries(linkage);
    const accepted = items.find(({ facts }) => facts[0]?.fact === "linkages.accepted") as TrailStep;
    expect(accepted.signers).toEqual([parties.bolt.did, parties.owner.did]);
    const block = ledger.block(accepted.height);
    expect(accepted.time).toBe(block?.header.time);
    expect(accepted.id).toBe(block?.receipts[accepted.index]?.id);
  });

  it("follows blocks behind the engine, and answers at once what was just committed", async () => {
    const trail = index();
    follow(trail, 0, 9);
    expect(trail.height).toBe(-1);
    clock.advance(200);
    expect(trail.height).toBe(8);
    follow(trail, 9, world.committed.length);
    expect(trail.height).toBe(8);
    expect((await all(trail, linkage, 10)).length).toBe(stepsOf(linkage).length);
    expect(trail.height).toBe(ledger.height);
  });

  it("catches up with what was committed and not indexed when the process ended", async () => {
    for (let killed = 0; killed < world.committed.length; killed += 3) {
      const trail = index();
      follow(trail, trail.height + 1, killed);
      clock.advance(200);
      // These are queued only: a kill forgets them.
      follow(trail, killed, killed + 2);
      database.close();
      database = open();
      clock = new ManualClock(0);
      expect(index().height).toBe(killed - 1);
    }
    const trail = index();
    await trail.catchUp();
    for (const about of subjects)
      expect((await all(trail, about, 7)).map(({ facts }) => facts)).toEqual(stepsOf(about).map(({ facts }) => facts));
  });

  it("indexes all that was queued when it is stopped, and nothing after", () => {
    const trail = index();
    follow(trail, 0, 5);
    trail.stop();
    expect(trail.height).toBe(4);
    follow(trail, 5, 9);
    clock.advance(1000);
    expect(trail.height).toBe(4);
  });

  it("reads from the ledger what the queue had no room for", () => {
    const busy = new World("busy", [[parties.acme, "Acme", ["platform"]]]);
    const trail = index(busy.ledger);
    for (let i = 0; i < 600; i++) {
      busy.block([]);
      const last = busy.committed.at(-1);
      trail.follow({ header: last?.header?.header as BlockHeader, receipts: [] });
    }
    trail.stop();
    expect(trail.height).toBe(600);
  });

  it("is made anew where the ledger is another than it was", async () => {
    const other = makeHistory("other");
    const before = index(other.world.ledger);
    await before.catchUp();
    const trail = index();
    await trail.catchUp();
    expect((await all(trail, linkage, 100)).length).toBe(stepsOf(linkage).length);
  });

  it("tries again after a failure", () => {
    let broken = true;
    const failures: unknown[] = [];
    const over = { height: ledger.height, block: (height: number) => (broken ? undefined : ledger.block(height)) };
    const trail = new TrailIndex({ database, ledger: over, clock, onFailure: (error) => failures.push(error) });
    follow(trail, 3, 4);
    clock.advance(200);
    expect(failures).toEqual([expect.objectContaining({ code: "audit.missing-block" })]);
    broken = false;
    clock.advance(5000);
    expect(trail.height).toBe(3);
  });

  it("refuses what nothing is called, foreign cursors and pages too large", async () => {
    const trail = index();
    const code = (code: string) => expect.objectContaining({ code });
    for (const about of ["", "acme/things", "did:web:x", "lk_0", "topic/A", "proposal/01", "model/x", "constructor"])
      await expect(trail.entries(about)).rejects.toEqual(code("audit.unknown-subject"));
    for (const after of ["", "1", "1.2.3", "-1.0", "1.1e3"])
      await expect(trail.entries(linkage, { after })).rejects.toEqual(code("audit.cursor"));
    for (const limit of [0, 1001, 1.5])
      await expect(trail.entries(linkage, { limit })).rejects.toEqual(code("audit.limit"));
  });
});

describe("trail table", () => {
  const steps = (about: string, from = ledger) =>
    stepsOf(about, from).map((step) => ({
      ...step,
      time: from.block(step.height)?.header.time ?? 0,
      signers: [parties.acme.did],
      facts: step.facts as TrailStep["facts"],
    }));

  it("has a sentence for every fact that a module emits", () => {
    const modules = new URL("../../src/ledger/modules/", import.meta.url);
    const emitted = new Set<string>();
    for (const name of readdirSync(modules, { recursive: true, encoding: "utf8" })) {
      if (!/(handlers|validators|recognition)\.ts$/.test(name)) continue;
      const source = readFileSync(new URL(name, modules), "utf8");
      // All names of the form of a fact, but those that are refusals or handlers' own names.
      for (const [, fact] of source.matchAll(/(?<!refuse\(\s*)"([a-z]+\.[a-z]+(?:[A-Z][a-z]+)*)"(?!\()/g))
        emitted.add(fact as string);
    }
    expect([...emitted].sort()).toEqual([...DESCRIBED_FACTS].sort());
  });

  it("says every fact of a history without a gap in its words", () => {
    const seen = new Set<string>();
    const voting = makeVotingHistory();
    const told = [...subjects.map((about) => steps(about)), steps(`node/${voting.node}`, voting.world.ledger)];
    for (const trail of told) {
      for (const step of trail) for (const { fact } of step.facts) seen.add(fact);
      for (const row of describeTrail(trail)) {
        expect(row.what).not.toMatch(/undefined|NaN|\[object| {2}|\{/);
        expect(row.what).not.toMatch(/ $|: $| by $/);
        expect(row.time).toMatch(/^20\d\d-\d\d-\d\dT[\d:.]+Z$/);
      }
    }
    expect([...seen].sort()).toEqual([...DESCRIBED_FACTS].sort());
  });

  it("tells who came to vote in consensus, and who went", () => {
    const { node: voter, world: voters } = makeVotingHistory();
    const short = `${voter.slice(0, 6)}…${voter.slice(-4)}`;
    const what = describeTrail(steps(`node/${voter}`, voters.ledger)).map((row) => row.what);
    expect(what).toEqual([
      `the node ${short} was registered, reached at ledger.acme.example:7422`,
      `the node ${short} had caught up with block 0`,
      "proposal 1 was made: to let a node vote in consensus",
      `in consensus ${short} votes with 2: 4 nodes, with a power of 5 in all`,
      "proposal 1 took effect with 3 of 3 needed approvals: to let a node vote in consensus",
      "proposal 2 was made: to let a node vote no more in consensus",
      `in consensus ${short} votes no more: 3 nodes, with a power of 3 in all`,
      "proposal 2 took effect with 3 of 3 needed approvals: to let a node vote no more in consensus",
    ]);
  });

  it("tells a device's life in plain words, with names where it is given them", () => {
    const names = new Map([
      [parties.sensor.did, "Sensor"],
      [parties.acme.did, "Acme"],
      [parties.lab.did, "Lab"],
    ]);
    const rows = describeTrail(steps(parties.sensor.did), { nameOf: (did) => names.get(did) ?? did });
    const what = rows.map((row) => row.what);
    expect(what).toContain("the device Sensor was enrolled as a bolt/t1");
    expect(what.join("\n")).toMatch(
      /the device Sensor was admitted until 2027-.* it attested firmware 1\.0, certified by Lab/,
    );
    expect(what).toContain("the device Sensor was revoked for good: key was stolen");
    expect(rows[0]?.by).toBe("Acme");
  });

  it("shows a fact that it does not know by its name", () => {
    const facts = [{ fact: "grants.given", about: [], data: { purpose: "care" } }];
    const [row] = describeTrail([{ height: 1, index: 0, time: 0, signers: [], facts }]);
    expect(row?.what).toBe('grants.given {"purpose":"care"}');
  });
});

describe("trail proof", () => {
  const placesOf = (about: string) => stepsOf(about).map(({ height, index }) => ({ height, index }));
  const build = (about: string, more: object = {}) =>
    buildTrailProof(ledger, { about, places: placesOf(about), commands, ...more });
  const travelled = async (about: string) => JSON.parse(JSON.stringify(await build(about))) as TrailProof;

  it("holds for every subject, with all of its steps and its records of now", async () => {
    for (const about of subjects) {
      const proof = await travelled(about);
      const proved = verifyProof(proof, { trust: group });
      expect(proved.entries.length).toBe(stepsOf(about).length);
      expect(proved.height).toBe(ledger.height);
      for (const { key, value } of proved.records) expect(value).toEqual(ledger.record(key));
      for (const key of recordKeysFor(about, (key) => ledger.record(key)))
        expect(proved.records.map((record) => record.key)).toContain(key);
    }
  });

  it("shows of a node its member", async () => {
    const keys = verifyProof(await travelled(`node/${node}`)).records.map(({ key }) => key);
    expect(keys).toEqual(expect.arrayContaining([`node/${node}`, `member/${parties.acme.did}`]));
  });

  it("shows of a device its model, its root and the members behind it", async () => {
    const keys = verifyProof(await travelled(parties.sensor.did)).records.map(({ key }) => key);
    expect(keys).toEqual(
      expect.arrayContaining([
        `device/${parties.sensor.did}`,
        `identity/${parties.sensor.did}`,
        `challenge/${parties.sensor.did}`,
        `model/${model}`,
        `root/${parties.root.fingerprint}`,
        `member/${parties.bolt.did}`,
        `member/${parties.acme.did}`,
      ]),
    );
  });

  it("carries command receipts with the entry that anchored them, and all signatures can be checked from the file", async () => {
    const proved = verifyProofFile(await travelled(parties.lamp.did), { trust: group });
    expect(proved.commands.map(({ receipt }) => receipt.outcome)).toEqual(["done", "done", "refused"]);
    for (const { commandSignature, receiptSignature } of proved.commands)
      expect([commandSignature, receiptSignature]).toEqual(["verified", "verified"]);
    for (const { signers } of proved.entries) for (const { signature } of signers) expect(signature).toBe("verified");
  });

  it("proves a part of a trail, without the commands that belong to another part", async () => {
    const places = placesOf(linkage);
    for (let from = 0; from < places.length; from += 2) {
      const proof = await buildTrailProof(ledger, { about: linkage, places: places.slice(from, from + 2), commands });
      const proved = verifyProof(proof, { trust: group });
      expect(proved.entries.map(({ height, index }) => ({ height, index }))).toEqual(places.slice(from, from + 2));
      const anchors = proved.entries.some(({ receipt }) => receipt.facts[0]?.fact === "linkages.receiptsAnchored");
      expect(proved.commands.length).toBe(anchors ? 3 : 0);
    }
  });

  it("proves that nothing of that name is there, whatever kind of subject it is", async () => {
    const missing = [`lk_${"2".repeat(26)}`, "topic/none", "model/no/ne", `root/${"2".repeat(27)}`, "proposal/99"];
    for (const about of missing) {
      const proved = verifyProof(await travelled(about), { trust: group });
      expect(proved.entries).toEqual([]);
      for (const { value } of proved.records) expect(value).toBeNull();
    }
  });

  it("proves that there is nothing about a stranger", async () => {
    const stranger = new Party("stranger").did;
    const proved = verifyProof(await travelled(stranger), { trust: group });
    expect(proved.entries).toEqual([]);
    expect(proved.records).toEqual([{ key: `identity/${stranger}`, value: null }]);
  });

  it("leaves out a place that is another subject's", async () => {
    const places = [...placesOf(linkage), ...placesOf(`topic/${topic}`)].sort(
      (a, b) => a.height - b.height || a.index - b.index,
    );
    const proof = await buildTrailProof(ledger, { about: linkage, places });
    expect(verifyProof(proof).entries.length).toBe(placesOf(linkage).length);
  });

  it("fails when any value in it is changed, removed or added", async () => {
    const proof = await travelled(parties.lamp.did);
    const file = JSON.stringify(proof);
    let changes = 0;
    const survivors: string[] = [];
    const attempt = (path: string, change: (copy: TrailProof) => void) => {
      const copy = JSON.parse(file) as TrailProof;
      change(copy);
      if (JSON.stringify(copy) === file) return;
      changes++;
      try {
        verifyProof(copy, { trust: group });
        survivors.push(path);
      } catch (error) {
        expect((error as { code?: string }).code, path).toMatch(/^proof\./);
      }
    };
    const walk = (value: Json, at: readonly (string | number)[]): void => {
      const path = at.join(".");
      const inside = (copy: TrailProof) =>
        at
          .slice(0, -1)
          .reduce<Record<string | number, Json>>(
            (part, name) => part[name] as Record<string | number, Json>,
            copy as unknown as Record<string | number, Json>,
          );
      const last = at.at(-1);
      const replace = (next: Json) =>
        attempt(path, (copy) => {
          inside(copy)[last as string] = next;
        });
      if (last !== undefined && typeof last === "string")
        attempt(`${path} removed`, (copy) => void delete inside(copy)[last]);
      if (typeof value === "string") {
        const middle = value.length >> 1;
        replace(`${value.slice(0, middle)}${value[middle] === "A" ? "B" : "A"}${value.slice(middle + 1)}`);
        replace(`${value}x`);
        replace("");
      } else if (typeof value === "number") {
        replace(value + 1);
        replace(String(value));
      } else if (typeof value === "boolean") replace(!value);
      else if (value === null) replace("null");
      else if (Array.isArray(value)) {
        if (value.length > 0)
          attempt(`${path} shortened`, (copy) => void (inside(copy)[last as string] as Json[]).pop());
        for (const [i, item] of value.entries()) walk(item, [...at, i]);
      } else
        for (const [name, member] of Object.entries(value as { [name: string]: Json })) walk(member, [...at, name]);
    };
    walk(proof as unknown as Json, []);
    expect(changes).toBeGreaterThan(1000);
    // A trail does not claim to be complete: what is cut off the end of a list leaves a shorter trail that holds.
    expect(survivors.filter((path) => !/^(entries|records|commands|headers) shortened$/.test(path))).toEqual([]);
  });

  it("fails when an entry is put elsewhere, doubled, or stands for another subject", async () => {
    const proof = await travelled(parties.lamp.did);
    const invalid = expect.objectContaining({ code: "proof.invalid" });
    const [first, second, ...rest] = proof.entries;
    for (const entries of [
      [second, first, ...rest],
      [first, ...proof.entries],
    ])
      expect(() => verifyProof({ ...proof, entries })).toThrow(invalid);
    expect(() => verifyProof({ ...proof, about: parties.guest.did })).toThrow(invalid);
    const [a, b, ...others] = proof.commands;
    expect(() => verifyProof({ ...proof, commands: [{ ...a, receipt: b?.receipt }, b, ...others] })).toThrow(invalid);
    expect(() => verifyProof({ ...proof, commands: [{ ...a, entry: 0 }] })).toThrow(invalid);
  });

  it("is refused under another group, even one with the same members", async () => {
    const foreign = makeHistory("other");
    const trust = foreign.world.ledger.group.id;
    const proof = await travelled(linkage);
    expect(trust).not.toBe(group);
    expect(() => verifyProof(proof, { trust })).toThrow(expect.objectContaining({ code: "proof.untrusted" }));
    expect(groupIdOf(proof.genesis)).toBe(group);
    const mixed = { ...proof, genesis: foreign.world.ledger.genesis };
    expect(() => verifyProof(mixed, { trust })).toThrow(expect.objectContaining({ code: "proof.invalid" }));
  });

  it("refuses what one file does not take, and says how to go on", async () => {
    for (const limits of [{ entries: 2 }, { records: 1 }, { commands: 2 }, { bytes: 5000 }])
      await expect(build(parties.lamp.did, { limits })).rejects.toEqual(
        expect.objectContaining({ code: "audit.too-long", advice: expect.stringContaining("after") }),
      );
  });

  it("proves records under one head, though the ledger moves on meanwhile", async () => {
    const moving = makeHistory("moving");
    const { world } = moving;
    const places = [];
    for (let height = 0; height <= world.ledger.height; height++)
      for (const { index, facts } of world.ledger.block(height)?.receipts ?? [])
        if (facts.some((fact) => fact.about.includes(moving.linkage))) places.push({ height, index });
    const building = buildTrailProof(world.ledger, { about: moving.linkage, places });
    world.block([
      [[moving.parties.acme], [operation("topics.open", { topic: "acme/later", publish: [], subscribe: [] })]],
    ]);
    const proved = verifyProof(await building, { trust: world.ledger.group.id });
    expect(proved.height).toBe(world.ledger.height);
  });
});
