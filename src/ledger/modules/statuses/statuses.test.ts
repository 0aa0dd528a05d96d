import { describe, expect, it } from "vitest";
import type { OperationArgs, StatusListRecord } from "#protocol";
import { Alliance, actor, digestOfText, lab, maker } from "../../alliance.suite.ts";
import { STATUS_ERRORS } from "./errors.ts";

const anna = actor("anna");
const first: OperationArgs<"statuses.publish"> = {
  list: "2027-1",
  kind: "bitstring",
  purpose: "revocation",
  bits: 1,
  size: 131_072,
  version: 1,
  digest: digestOfText("one"),
};

const read = (alliance: Alliance, issuer = lab.did) =>
  alliance.ledger.query("statuses.get", { issuer, list: first.list }) as StatusListRecord;

describe("a status list", () => {
  it("grows in version and size, and keeps what it is", () => {
    const alliance = new Alliance();
    alliance.ok(lab, "statuses.publish", first);
    expect(read(alliance)).toEqual({ ...first, issuer: lab.did, uri: null, at: alliance.time });
    const next = { ...first, version: 7, size: 262_144, digest: digestOfText("two"), uri: "https://lab.example/1" };
    alliance.ok(lab, "statuses.publish", next);
    expect(read(alliance)).toEqual({ ...next, issuer: lab.did, at: alliance.time });
    const later = { ...next, version: 8 };
    for (const changes of [{ version: 7 }, { version: 6 }, { size: 262_143 }])
      alliance.refused("statuses.behind", lab, "statuses.publish", { ...later, ...changes });
    for (const changes of [{ kind: "token" as const }, { purpose: "suspension" }, { bits: 2 as const }])
      alliance.refused("statuses.differs", lab, "statuses.publish", { ...later, ...changes });
    // What was published at a height can be asked for.
    const height = alliance.ledger.height;
    alliance.ok(lab, "statuses.publish", later);
    const past = alliance.ledger.query("statuses.get", { issuer: lab.did, list: first.list, height });
    expect(past).toMatchObject({ version: 7 });
  });

  it("is its issuer's alone: another's of the same name is another list", () => {
    const alliance = new Alliance();
    alliance.introduce(anna);
    alliance.refused("kernel.forbidden", anna, "statuses.publish", first);
    alliance.ok(lab, "statuses.publish", { ...first, version: 5 });
    alliance.ok(maker, "statuses.publish", first);
    expect([read(alliance).version, read(alliance, maker.did).version]).toEqual([5, 1]);
    const list = (args: object) => (alliance.ledger.query("statuses.list", args) as { items: object[] }).items;
    expect(list({})).toHaveLength(2);
    expect(list({ issuer: maker.did })).toEqual([read(alliance, maker.did)]);
  });
});

it("numbers of the module lie in its hundred, each once", () => {
  const numbers = Object.values(STATUS_ERRORS).map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers.every((number) => number > 800 && number < 900)).toBe(true);
});
