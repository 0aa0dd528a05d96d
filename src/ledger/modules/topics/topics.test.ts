import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fingerprintOfDid, type TopicRecord, type TopicRule } from "#protocol";
import { Alliance, actor, digestOfText, lab, maker, north, south, stranger } from "../../alliance.suite.ts";
import { isActiveMember, isAdmitted, readDevice, topicAllows } from "../../index.ts";
import { filterCovers } from "./rights.ts";

const anna = actor("anna");
const lamp = actor("lamp", "P-256");
const plug = actor("plug");
const none = { publish: [], subscribe: [] };
const read = (alliance: Alliance, topic: string) => alliance.ledger.query("topics.get", { topic }) as TopicRecord;

describe("topics", () => {
  it("are opened by members, changed and closed by who opened them", () => {
    const alliance = new Alliance();
    alliance.introduce(anna);
    const topic = "north/things";
    const rules = { publish: [{ who: { did: anna.did } }], subscribe: [{ who: { role: "lab" as const }, at: "#" }] };
    alliance.refused("kernel.forbidden", anna, "topics.open", { topic, ...none });
    alliance.ok(north, "topics.open", { topic, ...rules });
    expect(read(alliance, topic)).toEqual({ topic, operator: north.did, status: "open", ...rules, checkpoint: null });
    for (const op of ["topics.change", "topics.close"] as const)
      alliance.refused(
        "kernel.forbidden",
        south,
        op,
        (op === "topics.close" ? { topic } : { topic, ...none }) as never,
      );
    alliance.ok(north, "topics.change", { topic, ...none });
    alliance.ok(north, "topics.close", { topic });
    alliance.refused("topics.closed", north, "topics.close", { topic });
    alliance.refused("topics.closed", north, "topics.change", { topic, ...none });
    alliance.refused("topics.exists", north, "topics.open", { topic, ...none });
    alliance.refused("topics.unknown", north, "topics.close", { topic: "other" });
  });

  it("never lie inside one another, not even when opened in one block", () => {
    const alliance = new Alliance();
    alliance.ok(north, "topics.open", { topic: "a/b", ...none });
    alliance.refused("topics.exists", south, "topics.open", { topic: "a/b/c", ...none });
    alliance.refused("topics.exists", south, "topics.open", { topic: "a/b/c/d", ...none });
    alliance.refused("topics.exists", south, "topics.open", { topic: "a", ...none });
    alliance.ok(south, "topics.open", { topic: "a/c", ...none });
    const open = (topic: string) => alliance.sign([north], [{ op: "topics.open", args: { topic, ...none } }]);
    const receipts = alliance.block(open("x/y/z"), open("x/y"), open("x"), open("x/y/z/w"), open("x/y/other"));
    expect(receipts.map(({ error }) => error?.code)).toEqual([
      undefined,
      "topics.exists",
      "topics.exists",
      "topics.exists",
      undefined,
    ]);
  });

  it("may not take the nodes' own names, and fit the state tree at their longest", () => {
    const alliance = new Alliance();
    for (const topic of ["hansa", "hansa/devices"])
      alliance.refused("topics.reserved", north, "topics.open", { topic, ...none });
    alliance.ok(north, "topics.open", { topic: "hansas", ...none });
    const longest = `${"a".repeat(64)}/${"b".repeat(64)}/${"c".repeat(60)}`;
    expect(longest).toHaveLength(190);
    alliance.ok(north, "topics.open", { topic: longest, ...none });
    alliance.refused("transaction.operation-arguments", north, "topics.open", { topic: `${longest}c`, ...none });
  });

  it("have anchors that never go back", () => {
    const alliance = new Alliance();
    const topic = "north/things";
    alliance.ok(north, "topics.open", { topic, ...none });
    const anchor = (size: number, text: string) => ({ checkpoints: [{ topic, size, root: digestOfText(text) }] });
    alliance.ok(north, "topics.anchor", anchor(0, "empty"));
    alliance.ok(north, "topics.anchor", anchor(10, "ten"));
    alliance.ok(north, "topics.anchor", anchor(10, "ten"));
    alliance.refused("topics.checkpoint-behind", north, "topics.anchor", anchor(10, "another ten"));
    alliance.refused("topics.checkpoint-behind", north, "topics.anchor", anchor(9, "nine"));
    alliance.refused("kernel.forbidden", south, "topics.anchor", anchor(11, "x"));
    const twice = [...anchor(12, "twelve").checkpoints, ...anchor(11, "eleven").checkpoints];
    alliance.refused("topics.checkpoint-behind", north, "topics.anchor", { checkpoints: twice });
    const unknown = { checkpoints: [{ topic: "other", size: 1, root: digestOfText("x") }] };
    alliance.refused("topics.unknown", north, "topics.anchor", unknown);
    alliance.ok(north, "topics.close", { topic });
    alliance.ok(north, "topics.anchor", anchor(11, "eleven"));
    expect(read(alliance, topic).checkpoint).toEqual({ size: 11, root: digestOfText("eleven") });
  });
});

describe("rights in topics", () => {
  const alliance = new Alliance();
  alliance.introduce(anna, lamp, plug);
  alliance.defineModel();
  alliance.enrol(lamp, anna, north);
  alliance.enrol(plug, anna, south);
  alliance.admit(lamp, north);
  alliance.admit(plug, south);
  const topic = "north/things";
  alliance.ok(north, "topics.open", { topic, ...none });
  const { state } = alliance.ledger;
  const needs = {
    isActiveMember,
    readDevice,
    isAdmitted: (_: unknown, device: string) => isAdmitted(state, device, alliance.time),
  };
  const name = (who: { did: string }) => fingerprintOfDid(who.did);

  function allows(right: "publish" | "subscribe", rules: TopicRule[], who: { did: string }, path: string): boolean {
    alliance.ok(north, "topics.change", { topic, ...none, [right]: rules });
    return topicAllows(state, needs, right, who.did, topic, path);
  }

  it("are none without a rule, for anybody", () => {
    for (const who of [north, anna, lamp, stranger])
      for (const right of ["publish", "subscribe"] as const) expect(allows(right, [], who, "a")).toBe(false);
    expect(topicAllows(state, needs, "subscribe", north.did, "no/such", "a")).toBe(false);
  });

  it("go to one DID, below its filter alone", () => {
    const rule = [{ who: { did: anna.did }, at: "notes/+" }];
    expect(allows("publish", rule, anna, "notes/x")).toBe(true);
    expect(allows("publish", rule, anna, "notes/x/y")).toBe(false);
    expect(allows("publish", rule, anna, "other")).toBe(false);
    expect(allows("publish", rule, north, "notes/x")).toBe(false);
    expect(allows("subscribe", [{ who: { did: anna.did } }], anna, "#")).toBe(true);
  });

  it("go to active members of a role", () => {
    const rule: TopicRule[] = [{ who: { role: "platform" } }];
    expect([north, south, maker, lab, anna].map((who) => allows("subscribe", rule, who, "a/b"))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(allows("subscribe", [{ who: { role: "platform" }, at: "{device}/x" }], north, `${name(lamp)}/x`)).toBe(
      false,
    );
  });

  it("go to a platform's admitted devices, each at its own level", () => {
    const rule: TopicRule[] = [{ who: { devicesOf: north.did }, at: "{device}/#" }];
    expect(allows("publish", rule, lamp, `${name(lamp)}/properties/on`)).toBe(true);
    expect(allows("publish", rule, lamp, `${name(plug)}/properties/on`)).toBe(false);
    expect(allows("subscribe", rule, lamp, "+/properties/on")).toBe(false);
    expect(allows("subscribe", rule, lamp, "#")).toBe(false);
    expect(allows("publish", rule, plug, `${name(plug)}/properties/on`)).toBe(false);
    expect(allows("publish", rule, north, `${name(lamp)}/properties/on`)).toBe(false);
  });

  it("go to owners for their own devices only", () => {
    const rule: TopicRule[] = [{ who: { ownersOfDevicesOf: north.did }, at: "{device}/properties/+" }];
    expect(allows("subscribe", rule, anna, `${name(lamp)}/properties/+`)).toBe(true);
    expect(allows("subscribe", rule, anna, `${name(plug)}/properties/+`)).toBe(false);
    expect(allows("subscribe", rule, anna, "+/properties/+")).toBe(false);
    expect(allows("subscribe", rule, north, `${name(lamp)}/properties/+`)).toBe(false);
    // A rule that does not name the device gives owners nothing.
    expect(allows("subscribe", [{ who: { ownersOfDevicesOf: north.did } }], anna, `${name(lamp)}/x`)).toBe(false);
    expect(allows("subscribe", [{ who: { ownersOfDevicesOf: north.did }, at: "a/#" }], anna, "a/b")).toBe(false);
  });

  it("end for a device with its admission, by whatever rule", () => {
    const rules: TopicRule[] = [{ who: { did: lamp.did } }, { who: { devicesOf: north.did } }];
    expect(allows("publish", rules, lamp, "x")).toBe(true);
    alliance.ok(lab, "devices.quarantine", { device: lamp.did, reason: "odd" });
    expect(topicAllows(state, needs, "publish", lamp.did, topic, "x")).toBe(false);
    alliance.ok(lab, "devices.release", { device: lamp.did });
    expect(topicAllows(state, needs, "publish", lamp.did, topic, "x")).toBe(false);
    alliance.admit(lamp, north);
    expect(topicAllows(state, needs, "publish", lamp.did, topic, "x")).toBe(true);
  });

  it("to publish end when the topic is closed; to read do not", () => {
    const closed = "north/closed";
    const rule: TopicRule[] = [{ who: { did: anna.did } }];
    alliance.ok(north, "topics.open", { topic: closed, publish: rule, subscribe: rule });
    alliance.ok(north, "topics.close", { topic: closed });
    expect(topicAllows(state, needs, "publish", anna.did, closed, "x")).toBe(false);
    expect(topicAllows(state, needs, "subscribe", anna.did, closed, "x")).toBe(true);
  });
});

describe("filterCovers", () => {
  const devices = new Set(["d", "e"]);
  // "z" is in no filter and no device: it stands for every level that nobody thought of.
  const letters = ["a", "b", "d", "e", "z"];
  const paths: string[][] = [[]];
  for (let length = 1; length <= 4; length++)
    for (const path of paths.filter((known) => known.length === length - 1))
      for (const letter of letters) paths.push([...path, letter]);

  /** MQTT 3.1.1 §4.7: whether a filter matches a path; `{device}` matches any of the devices. */
  function matches(filter: readonly string[], path: readonly string[]): boolean {
    const [first, ...rest] = filter;
    if (first === "#") return true;
    const [level, ...below] = path;
    if (first === undefined || level === undefined) return first === undefined && level === undefined;
    return (first === "+" || first === level || (first === "{device}" && devices.has(level))) && matches(rest, below);
  }

  it("holds exactly where every path that one filter matches is matched by the other", () => {
    const level = (own: string[]) => fc.array(fc.constantFrom(...own), { maxLength: 3 });
    const filter = (own: string[]) =>
      fc.tuple(level(own), fc.boolean()).map(([levels, open]) => (open ? [...levels, "#"] : levels));
    fc.assert(
      fc.property(filter(["a", "b", "d", "+", "{device}"]), filter(["a", "b", "d", "+"]), (allowed, wanted) => {
        const all = paths.filter((path) => matches(wanted, path)).every((path) => matches(allowed, path));
        expect([allowed, wanted, filterCovers(allowed, wanted, devices)]).toEqual([allowed, wanted, all]);
      }),
      { numRuns: 3000, seed: 47 },
    );
  });
});
