import { describe, expect, it } from "vitest";
import type { Contract, LinkageRecord } from "#protocol";
import { Alliance, actor, BEGIN, digestOfText, lab, north, south, stranger } from "../../alliance.suite.ts";
import { linkageHolds, linkageIdOf, type ReceiptErrorCode } from "../../index.ts";

const sensor = actor("sensor");
const lamp = actor("lamp", "P-256");
const anna = actor("anna");
const bert = actor("bert");
const parties = [north, south, anna, bert];

/** A sensor of anna's at north, a lamp of bert's at south. */
function ready(): Alliance {
  const alliance = new Alliance();
  alliance.introduce(sensor, lamp, anna, bert);
  alliance.defineModel();
  alliance.enrol(sensor, anna, north);
  alliance.enrol(lamp, bert, south);
  return alliance;
}

const read = (alliance: Alliance, linkage: string) =>
  alliance.ledger.query("linkages.get", { linkage }) as LinkageRecord;

function proposed(changes: Partial<Contract> = {}): { alliance: Alliance; contract: Contract; linkage: string } {
  const alliance = ready();
  const contract = alliance.contract(sensor, lamp, parties, changes);
  alliance.ok(north, "linkages.propose", { contract });
  return { alliance, contract, linkage: linkageIdOf(contract) };
}

function active(changes: Partial<Contract> = {}) {
  const made = proposed(changes);
  made.alliance.ok([south, anna, bert], "linkages.accept", { linkage: made.linkage });
  return made;
}

describe("a linkage's life", () => {
  it("is active with the last acceptance, and not before", () => {
    const { alliance, linkage, contract } = proposed();
    expect(read(alliance, linkage)).toMatchObject({ status: "proposed", accepted: [north.did], contract });
    alliance.ok(anna, "linkages.accept", { linkage });
    alliance.refused("linkages.accepted", anna, "linkages.accept", { linkage });
    alliance.ok([bert, anna], "linkages.accept", { linkage });
    expect(read(alliance, linkage).status).toBe("proposed");
    const height = alliance.ledger.height + 1;
    alliance.ok(south, "linkages.accept", { linkage });
    expect(read(alliance, linkage)).toMatchObject({ status: "active", version: height });
    alliance.refused("linkages.state", south, "linkages.accept", { linkage });
  });

  it("is active at once where all parties sign the proposal", () => {
    const alliance = ready();
    const contract = alliance.contract(sensor, lamp, parties);
    alliance.ok([anna, bert, south, north], "linkages.propose", { contract });
    expect(read(alliance, linkageIdOf(contract))).toMatchObject({ status: "active", proposer: anna.did });
    alliance.refused("linkages.exists", north, "linkages.propose", { contract });
  });

  it("is suspended by any party and goes on by that party alone", () => {
    const { alliance, linkage } = active();
    alliance.refused("linkages.state", anna, "linkages.activate", { linkage });
    alliance.ok(anna, "linkages.suspend", { linkage, reason: "holiday" });
    expect(read(alliance, linkage)).toMatchObject({ status: "suspended", suspendedBy: anna.did, reason: "holiday" });
    alliance.refused("linkages.state", bert, "linkages.suspend", { linkage });
    alliance.refused("linkages.not-suspender", bert, "linkages.activate", { linkage });
    const height = alliance.ledger.height + 1;
    alliance.ok(anna, "linkages.activate", { linkage });
    expect(read(alliance, linkage)).toMatchObject({
      status: "active",
      suspendedBy: null,
      reason: null,
      version: height,
    });
  });

  it("is withdrawn by any party for good, in whatever state it is", () => {
    for (const state of ["proposed", "active", "suspended"]) {
      const { alliance, linkage, contract } = state === "proposed" ? proposed() : active();
      if (state === "suspended") alliance.ok(north, "linkages.suspend", { linkage });
      alliance.ok(bert, "linkages.withdraw", { linkage, reason: "enough" });
      expect(read(alliance, linkage)).toMatchObject({ status: "withdrawn", reason: "enough" });
      alliance.refused("linkages.state", bert, "linkages.withdraw", { linkage });
      alliance.refused("linkages.state", bert, "linkages.accept", { linkage });
      alliance.refused("linkages.state", bert, "linkages.activate", { linkage });
      alliance.refused("linkages.state", bert, "linkages.end", { linkage });
      alliance.refused("linkages.exists", north, "linkages.propose", { contract });
    }
  });

  it("ends by all parties' signatures, or by any once its time is over", () => {
    const { alliance, linkage } = active();
    alliance.refused("kernel.forbidden", [north, south, anna], "linkages.end", { linkage });
    alliance.ok([north, south, anna, bert], "linkages.end", { linkage });
    expect(read(alliance, linkage).status).toBe("ended");
    const other = active({ until: BEGIN / 1000 + 500 });
    other.alliance.refused("kernel.forbidden", anna, "linkages.end", { linkage: other.linkage });
    other.alliance.pass(500);
    other.alliance.ok(anna, "linkages.end", { linkage: other.linkage });
  });

  it("is nobody else's", () => {
    const { alliance, linkage } = active();
    for (const op of ["linkages.suspend", "linkages.withdraw", "linkages.end"] as const)
      alliance.refused("linkages.not-party", lab, op, { linkage });
    const second = proposed();
    second.alliance.refused("linkages.not-party", lab, "linkages.accept", { linkage: second.linkage });
    alliance.ok(north, "linkages.suspend", { linkage });
    alliance.refused("linkages.not-party", lab, "linkages.activate", { linkage });
    const unknown = linkageIdOf(alliance.contract(sensor, lamp, [north]));
    for (const op of ["linkages.accept", "linkages.withdraw", "linkages.end"] as const)
      alliance.refused("linkages.unknown", north, op, { linkage: unknown });
  });

  it("stops holding when a device changes hands, and is not let go on", () => {
    const { alliance, linkage, contract } = active();
    expect(linkageHolds(alliance.ledger.state, contract)).toBe(true);
    alliance.ok(north, "linkages.suspend", { linkage });
    alliance.ok([bert, lab], "devices.transfer", { device: lamp.did, to: lab.did });
    expect(linkageHolds(alliance.ledger.state, contract)).toBe(false);
    alliance.refused("linkages.missing-party", north, "linkages.activate", { linkage });
  });

  it("checks the contract again with the last acceptance", () => {
    const { alliance, linkage } = proposed();
    alliance.ok([bert, lab], "devices.transfer", { device: lamp.did, to: lab.did });
    alliance.ok([south, anna], "linkages.accept", { linkage });
    alliance.refused("linkages.missing-party", bert, "linkages.accept", { linkage });
    const late = proposed({ until: BEGIN / 1000 + 500 });
    late.alliance.pass(500);
    late.alliance.refused("linkages.validity", [south, anna, bert], "linkages.accept", { linkage: late.linkage });
  });
});

describe("a contract", () => {
  const other = actor("other device");
  it.each<[ReceiptErrorCode, string, (alliance: Alliance) => Contract]>([
    ["linkages.not-party", "its proposer has no part in", (a) => a.contract(sensor, lamp, [south, anna, bert])],
    ["linkages.missing-party", "without a device's owner", (a) => a.contract(sensor, lamp, [north, south, anna])],
    ["linkages.missing-party", "without a device's operator", (a) => a.contract(sensor, lamp, [north, anna, bert])],
    ["linkages.unknown-device", "with a trigger that is not enrolled", (a) => a.contract(other, lamp, parties)],
    ["linkages.unknown-device", "with a target that is not enrolled", (a) => a.contract(sensor, other, parties)],
    [
      "linkages.unknown-device",
      "with a condition on what is not enrolled",
      (a) => {
        const property = { device: other.did, property: "on", is: { equals: true } };
        return a.contract(sensor, lamp, parties, { condition: { any: [{ not: property }] } });
      },
    ],
    [
      "linkages.unknown-identity",
      "with a party that is nobody",
      (a) => a.contract(sensor, lamp, [...parties, stranger]),
    ],
    ["linkages.bad-contract", "with a party twice", (a) => a.contract(sensor, lamp, [...parties, anna])],
    [
      "linkages.bad-contract",
      "that does nothing",
      (a) => a.contract(sensor, lamp, parties, { actions: [{ delay: 5 }] }),
    ],
    [
      "linkages.bad-contract",
      "that ends in a delay",
      (a) => a.contract(sensor, lamp, parties, { actions: [{ device: lamp.did, action: "toggle" }, { delay: 5 }] }),
    ],
    [
      "linkages.validity",
      "that ends before it begins",
      (a) => a.contract(sensor, lamp, parties, { from: a.seconds + 10, until: a.seconds + 10 }),
    ],
    ["linkages.validity", "that is over", (a) => a.contract(sensor, lamp, parties, { from: 0, until: a.seconds })],
  ])("is refused with %s: one %s", (code, _, contractOf) => {
    const alliance = ready();
    alliance.refused(code, north, "linkages.propose", { contract: contractOf(alliance) });
  });

  it("has an id that any word of it changes", () => {
    const contract = new Alliance().contract(sensor, lamp, parties);
    const ids = [contract, { ...contract, nonce: "contract-0002" }, { ...contract, title: "X" }].map(linkageIdOf);
    expect(new Set(ids).size).toBe(3);
    expect(linkageIdOf(JSON.parse(JSON.stringify(contract)))).toBe(ids[0]);
  });
});

describe("receipts", () => {
  it("are counted by the platform that operates a target, in whatever state the linkage is", () => {
    const { alliance, linkage } = active();
    const version = read(alliance, linkage).version;
    const anchor = (done: number, refused: number) => ({
      batch: { root: digestOfText("batch"), size: 5 },
      counts: [{ linkage, done, refused }],
    });
    for (const other of [north, lab])
      alliance.refused("linkages.foreign-receipts", other, "linkages.anchorReceipts", anchor(1, 0));
    for (const other of [anna, bert])
      alliance.refused("kernel.forbidden", other, "linkages.anchorReceipts", anchor(1, 0));
    alliance.ok(south, "linkages.anchorReceipts", anchor(3, 1));
    alliance.ok(anna, "linkages.withdraw", { linkage });
    const twice = { ...anchor(1, 0), counts: [...anchor(1, 0).counts, ...anchor(0, 2).counts] };
    const { facts } = alliance.ok(south, "linkages.anchorReceipts", twice);
    expect(read(alliance, linkage)).toMatchObject({ done: 4, refused: 3, status: "withdrawn" });
    expect(read(alliance, linkage).version).toBeGreaterThan(version);
    expect(new Set(facts[0]?.about)).toEqual(
      new Set([south.did, linkage, ...parties.map((p) => p.did), sensor.did, lamp.did]),
    );
    const unknown = { ...anchor(1, 0), counts: [{ linkage: `lk_${"1".repeat(25)}`, done: 1, refused: 0 }] };
    alliance.refused("linkages.unknown", south, "linkages.anchorReceipts", unknown);
    alliance.refused("transaction.operation-arguments", south, "linkages.anchorReceipts", anchor(2 ** 52, 0));
  });
});
