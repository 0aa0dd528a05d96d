import fc from "fast-check";
import { it } from "vitest";
import type { Contract, LinkageRecord } from "#protocol";
import { type Actor, actor, BEGIN, digestOfText, lab, north, south } from "../alliance.suite.ts";
import { linkageIdOf } from "../index.ts";
import { holdAgainstModel, type Model, type Step, someOf } from "./model.suite.ts";

const sensor = actor("sensor");
const lamp = actor("lamp");
const anna = actor("anna");
const parties = [north, south, anna];

interface Linkage {
  status: string;
  accepted: string[];
  by: string | null;
  version: number;
  done: number;
}

class LinkagesModel implements Model {
  linkages = new Map<string, Linkage>();
  readonly contracts: ReadonlyMap<string, Contract>;

  constructor(contracts: readonly Contract[]) {
    this.contracts = new Map(contracts.map((contract) => [linkageIdOf(contract), contract]));
  }

  apply({ signers, operation: { op, args } }: Step, time: number, height: number): string | 0 {
    const [issuer] = signers as [Actor];
    const party = parties.includes(issuer);
    const signed = signers.filter((one) => parties.includes(one)).map(({ did }) => did);
    if (op === "linkages.propose") {
      const contract = args["contract"] as unknown as Contract;
      const id = linkageIdOf(contract);
      if (this.linkages.has(id)) return "linkages.exists";
      if (!party) return "linkages.not-party";
      if (contract.until * 1000 <= time) return "linkages.validity";
      const status = signed.length === parties.length ? "active" : "proposed";
      this.linkages.set(id, { status, accepted: signed, by: null, version: height, done: 0 });
      return 0;
    }
    if (op === "linkages.anchorReceipts") {
      if (issuer === anna) return "kernel.forbidden";
      const [count] = args["counts"] as unknown as [{ linkage: string; done: number }];
      const linkage = this.linkages.get(count.linkage);
      if (linkage === undefined) return "linkages.unknown";
      if (issuer !== south) return "linkages.foreign-receipts";
      linkage.done += count.done;
      return 0;
    }
    const id = args["linkage"] as string;
    const linkage = this.linkages.get(id);
    const over = (this.contracts.get(id)?.until ?? 0) * 1000 <= time;
    if (linkage === undefined) return "linkages.unknown";
    const { status } = linkage;
    if (op === "linkages.accept") {
      if (status !== "proposed") return "linkages.state";
      if (signed.length === 0) return "linkages.not-party";
      const fresh = signed.filter((did) => !linkage.accepted.includes(did));
      if (fresh.length === 0) return "linkages.accepted";
      const complete = linkage.accepted.length + fresh.length === parties.length;
      if (complete && over) return "linkages.validity";
      linkage.accepted = [...linkage.accepted, ...fresh];
      if (complete) linkage.status = "active";
    } else {
      if (!party) return "linkages.not-party";
      if (op === "linkages.suspend") {
        if (status !== "active") return "linkages.state";
        Object.assign(linkage, { status: "suspended", by: issuer.did });
      } else if (op === "linkages.activate") {
        if (status !== "suspended") return "linkages.state";
        if (linkage.by !== issuer.did) return "linkages.not-suspender";
        if (over) return "linkages.validity";
        Object.assign(linkage, { status: "active", by: null });
      } else if (op === "linkages.withdraw") {
        if (status === "withdrawn" || status === "ended") return "linkages.state";
        linkage.status = "withdrawn";
      } else {
        if (status !== "active" && status !== "suspended") return "linkages.state";
        if (!over && signed.length < parties.length) return "kernel.forbidden";
        linkage.status = "ended";
      }
    }
    linkage.version = height;
    return 0;
  }

  expected() {
    return [...this.linkages]
      .sort()
      .map(([id, { status, accepted, by, version, done }]) => [id, status, [...accepted].sort(), by, version, done]);
  }
}

it("linkages behave as the model of acceptances does", () => {
  const shared: { contracts: Contract[] } = { contracts: [] };
  const signers = fc.oneof(someOf([...parties, lab]), fc.shuffledSubarray(parties, { minLength: 3 }));
  holdAgainstModel({
    prepare: (alliance) => {
      alliance.introduce(sensor, lamp, anna);
      alliance.defineModel();
      alliance.enrol(sensor, anna, north);
      alliance.enrol(lamp, south, south);
      const make = (nonce: string, until: number) =>
        alliance.contract(sensor, lamp, parties, { nonce, from: BEGIN / 1000, until });
      shared.contracts = [make("contract-0001", BEGIN / 1000 + 100_000), make("contract-0002", BEGIN / 1000 + 80)];
    },
    model: () => new LinkagesModel(shared.contracts),
    read: ({ ledger }) =>
      [...ledger.state.keys("linkage/")].map((key) => {
        const record = ledger.state.get<LinkageRecord>(key) as LinkageRecord;
        const { linkage, status, accepted, suspendedBy, version, done } = record;
        return [linkage, status, [...accepted].sort(), suspendedBy, version, done];
      }),
    step: () => {
      const contract = fc.constantFrom(...shared.contracts);
      const named = contract.map((one) => ({ linkage: linkageIdOf(one) }));
      const anchor = named.map(({ linkage }) => ({
        batch: { root: digestOfText("batch"), size: 2 },
        counts: [{ linkage, done: 2, refused: 0 }],
      }));
      const steps: [number, string, fc.Arbitrary<object>][] = [
        [4, "linkages.propose", contract.map((one) => ({ contract: one }))],
        [6, "linkages.accept", named],
        [3, "linkages.suspend", named],
        [3, "linkages.activate", named],
        [1, "linkages.withdraw", named],
        [1, "linkages.end", named],
        [2, "linkages.anchorReceipts", anchor],
      ];
      return fc.oneof(
        ...steps.map(([weight, op, args]) => ({
          weight,
          arbitrary: fc.record({ signers, args }).map((made) => ({
            signers: made.signers,
            operation: { op, args: made.args as never },
          })),
        })),
      );
    },
    runs: 300,
    reaches: [
      "kernel.forbidden",
      "linkages.exists",
      "linkages.unknown",
      "linkages.not-party",
      "linkages.state",
      "linkages.validity",
      "linkages.accepted",
      "linkages.not-suspender",
      "linkages.foreign-receipts",
    ],
  });
}, 120_000);
