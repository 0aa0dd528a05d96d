import { describe, expect, it } from "vitest";
import type { IssuerView, MemberChange, RecognitionView, SchemaRecord, SchemaVersionRecord } from "#protocol";
import { Alliance, actor, digestOfText, lab, maker, north, south, stranger } from "../../alliance.suite.ts";
import { ISSUER_ERRORS } from "./errors.ts";
import { beginRecognition, changeAway, endInterval } from "./records.ts";

const anna = actor("anna");
const TYPE = "EnergyLabel";

/** Two thirds of four members are three. */
function decide(alliance: Alliance, change: MemberChange): void {
  const receipt = alliance.ok(north, "members.propose", { change });
  const proposal = receipt.facts[0]?.data["proposal"] as number;
  for (const voter of [south, maker]) alliance.ok(voter, "members.approve", { proposal });
}

const recognise = (issuer = lab.did, type = TYPE): MemberChange => ({ kind: "recogniseIssuer", issuer, type });
const derecognise = (issuer = lab.did, type = TYPE): MemberChange => ({ kind: "derecogniseIssuer", issuer, type });

function isRecognised(alliance: Alliance, time?: number, issuer = lab.did, type = TYPE): boolean {
  const args = { issuer, type, ...(time === undefined ? {} : { time }) };
  return (alliance.ledger.query("issuers.recognised", args) as RecognitionView).recognised;
}

const issuerOf = (alliance: Alliance, issuer = lab.did, type = TYPE) =>
  alliance.ledger.query("issuers.get", { issuer, type }) as IssuerView;

describe("recognition of issuers", () => {
  it("takes a vote, holds from its block on, and for one type alone", () => {
    const alliance = new Alliance();
    const before = alliance.time;
    const receipt = alliance.ok(north, "members.propose", { change: recognise() });
    const proposal = receipt.facts[0]?.data["proposal"] as number;
    alliance.ok(south, "members.approve", { proposal });
    expect(isRecognised(alliance)).toBe(false);
    const last = alliance.ok(maker, "members.approve", { proposal });
    expect(last.facts.map(({ fact }) => fact)).toEqual(["members.approved", "issuers.recognised", "members.changed"]);
    expect(isRecognised(alliance)).toBe(true);
    expect(isRecognised(alliance, alliance.time)).toBe(true);
    expect(isRecognised(alliance, alliance.time - 1)).toBe(false);
    expect(isRecognised(alliance, before)).toBe(false);
    expect(isRecognised(alliance, undefined, lab.did, "Other")).toBe(false);
    expect(isRecognised(alliance, undefined, north.did)).toBe(false);
    expect(issuerOf(alliance)).toMatchObject({ status: "recognised", effective: "recognised" });
  });

  it("answers for every time that was, through derecognition and recognition anew", () => {
    const alliance = new Alliance();
    decide(alliance, recognise());
    const first = alliance.time;
    alliance.pass(100);
    decide(alliance, derecognise());
    const ended = alliance.time;
    alliance.pass(100);
    decide(alliance, recognise());
    const again = alliance.time;
    const asked = [first - 1, first, ended - 1, ended, again - 1, again, again + 1_000_000];
    expect(asked.map((time) => isRecognised(alliance, time))).toEqual([false, true, true, false, false, true, true]);
    expect(issuerOf(alliance).recognised).toEqual([
      { from: first, until: ended },
      { from: again, until: null },
    ]);
  });

  it("rests while the issuer is suspended, and says so of that time for ever", () => {
    const alliance = new Alliance();
    decide(alliance, recognise());
    decide(alliance, { kind: "suspend", member: lab.did });
    const from = alliance.time;
    expect(isRecognised(alliance)).toBe(false);
    expect(issuerOf(alliance)).toMatchObject({ status: "recognised", effective: "suspended" });
    alliance.pass(50);
    // Of three members two are enough.
    const { facts } = alliance.ok(north, "members.propose", { change: { kind: "reinstate", member: lab.did } });
    alliance.ok(south, "members.approve", { proposal: facts[0]?.data["proposal"] as number });
    const until = alliance.time;
    expect([from - 1, from, until - 1, until].map((time) => isRecognised(alliance, time))).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  it("ends with a membership, and does not come back with it", () => {
    const alliance = new Alliance();
    decide(alliance, recognise());
    decide(alliance, recognise(lab.did, "Other"));
    const { time } = alliance;
    decide(alliance, { kind: "remove", member: lab.did });
    expect(issuerOf(alliance)).toMatchObject({ status: "derecognised", effective: "derecognised" });
    const { facts } = alliance.ok(north, "members.propose", {
      change: { kind: "admit", member: lab.did, name: "Lab", roles: ["lab"] },
    });
    alliance.ok(south, "members.approve", { proposal: facts[0]?.data["proposal"] as number });
    for (const type of [TYPE, "Other"])
      expect([time, alliance.time].map((at) => isRecognised(alliance, at, lab.did, type))).toEqual([true, false]);
    decide(alliance, recognise());
    expect([isRecognised(alliance), isRecognised(alliance, undefined, lab.did, "Other")]).toEqual([true, false]);
  });

  it("is for 64 types of one member, and no more", () => {
    const { parameters } = new Alliance().genesis;
    const quorums = { ...parameters.quorums, issuers: { numerator: 1, denominator: 4 } };
    const alliance = new Alliance(undefined, { quorums });
    for (let n = 0; n < 64; n++) alliance.ok(north, "members.propose", { change: recognise(lab.did, `T${n}`) });
    alliance.refused("issuers.too-many", north, "members.propose", { change: recognise(lab.did, "T64") });
    alliance.ok(north, "members.propose", { change: derecognise(lab.did, "T0") });
    alliance.ok(north, "members.propose", { change: recognise(lab.did, "T64") });
    decide(alliance, { kind: "remove", member: lab.did });
    for (let n = 0; n <= 64; n++) expect(isRecognised(alliance, undefined, lab.did, `T${n}`)).toBe(false);
  });

  it("has a quorum of its own where the parameters name one", () => {
    const quorum = { numerator: 1, denominator: 4 };
    const { parameters } = new Alliance().genesis;
    const alliance = new Alliance(undefined, { quorums: { ...parameters.quorums, issuers: quorum } });
    alliance.ok(north, "members.propose", { change: recognise() });
    expect(isRecognised(alliance)).toBe(true);
  });

  it("leaves a ledger without issuers as it was: no record for any of it", () => {
    const alliance = new Alliance();
    decide(alliance, { kind: "suspend", member: lab.did });
    expect([...alliance.dump().keys()].filter((key) => key.startsWith("issuer"))).toEqual([]);
  });

  it("is refused where it makes no sense", () => {
    const alliance = new Alliance();
    alliance.introduce(anna);
    alliance.refused("issuers.not-member", north, "members.propose", { change: recognise(anna.did) });
    alliance.refused("issuers.not-recognised", north, "members.propose", { change: derecognise() });
    decide(alliance, recognise());
    alliance.refused("issuers.recognised", north, "members.propose", { change: recognise() });
    alliance.refused("kernel.forbidden", anna, "members.propose", { change: derecognise() });
    alliance.refused("transaction.operation-arguments", north, "members.propose", {
      change: recognise(lab.did, "a/did:hansa:x"),
    });
  });

  it("is decided on what is so when the votes are there", () => {
    const alliance = new Alliance();
    const { facts } = alliance.ok(north, "members.propose", { change: recognise() });
    decide(alliance, { kind: "suspend", member: lab.did });
    alliance.refused("issuers.not-member", south, "members.approve", {
      proposal: facts[0]?.data["proposal"] as number,
    });
  });

  it("lists issuers of all types, or of one, even where a type is another's beginning", () => {
    const alliance = new Alliance();
    for (const type of ["a", "a/b"]) for (const { did } of [lab, maker]) decide(alliance, recognise(did, type));
    const list = (args: object) =>
      (alliance.ledger.query("issuers.list", args) as { items: IssuerView[] }).items.map(({ type }) => type);
    expect(list({ type: "a" })).toEqual(["a", "a"]);
    expect(list({ type: "a/b" })).toEqual(["a/b", "a/b"]);
    expect(list({}).sort()).toEqual(["a", "a", "a/b", "a/b"]);
    expect(list({ limit: 1 })).toHaveLength(1);
  });
});

describe("what is kept of recognitions", () => {
  it("stays small, and forgets towards «not recognised»", () => {
    let recognised: ReturnType<typeof beginRecognition> = [];
    let away: ReturnType<typeof changeAway> = [];
    for (let n = 0; n < 200; n++) {
      recognised = endInterval(beginRecognition(recognised, n * 10), n * 10 + 5);
      away = changeAway(changeAway(away, true, n * 10), false, n * 10 + 5);
    }
    expect(recognised).toHaveLength(64);
    expect(recognised.at(-1)).toEqual({ from: 1990, until: 1995 });
    expect(away).toHaveLength(64);
    // Every absence that was is still one.
    for (let n = 0; n < 200; n++)
      expect(away.some(({ from, until }) => from <= n * 10 && n * 10 + 5 <= (until ?? 0))).toBe(true);
    expect(away.at(-1)).toEqual({ from: 1990, until: 1995 });
  });

  it("changes nothing where nothing changes", () => {
    const away = [{ from: 1, until: null }];
    expect(changeAway(away, true, 5)).toBe(away);
    const present = [{ from: 1, until: 2 }];
    expect(changeAway(present, false, 5)).toBe(present);
  });
});

describe("schemas of credentials", () => {
  const first = { schema: "lab/label", version: "1.0", type: TYPE, digest: digestOfText("one") };
  const second = { ...first, version: "2.0", digest: digestOfText("two"), uri: "https://lab.example/label.json" };

  it("are registered version after version, and none ever changes", () => {
    const alliance = new Alliance();
    alliance.ok(lab, "issuers.registerSchema", first);
    const since = alliance.time;
    alliance.ok(lab, "issuers.registerSchema", second);
    alliance.refused("issuers.schema-exists", lab, "issuers.registerSchema", {
      ...first,
      digest: digestOfText("other"),
    });
    const head = alliance.ledger.query("issuers.schema", { schema: first.schema }) as SchemaRecord;
    expect(head).toEqual({ schema: first.schema, publisher: lab.did, latest: "2.0", versions: 2, since });
    const read = (version: string) =>
      alliance.ledger.query("issuers.schemaVersion", { schema: first.schema, version }) as SchemaVersionRecord;
    expect(read("1.0")).toEqual({ ...first, publisher: lab.did, uri: null, at: since });
    expect(read("2.0")).toMatchObject({ uri: second.uri, digest: second.digest });
    const versions = alliance.ledger.query("issuers.schemaVersions", { schema: first.schema }) as { items: object[] };
    expect(versions.items).toHaveLength(2);
    expect((alliance.ledger.query("issuers.schemas", {}) as { items: object[] }).items).toEqual([head]);
  });

  it("belong to the member that registered the first version", () => {
    const alliance = new Alliance();
    alliance.introduce(anna);
    alliance.refused("kernel.forbidden", anna, "issuers.registerSchema", first);
    alliance.refused("transaction.unknown-key", stranger, "issuers.registerSchema", first);
    alliance.ok(lab, "issuers.registerSchema", first);
    alliance.refused("issuers.schema-publisher", maker, "issuers.registerSchema", second);
  });

  it("keep their keys within what the state's tree takes, at the longest names", () => {
    const alliance = new Alliance();
    const schema = `${"a".repeat(32)}/${"b".repeat(64)}`;
    alliance.ok(lab, "issuers.registerSchema", { ...first, schema, version: "v".repeat(64) });
    decide(alliance, recognise(lab.did, "T".repeat(100)));
    expect(issuerOf(alliance, lab.did, "T".repeat(100)).status).toBe("recognised");
  });
});

it("numbers of the module lie in its hundred, each once", () => {
  const numbers = Object.values(ISSUER_ERRORS).map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers.every((number) => number > 700 && number < 800)).toBe(true);
});
