import fc from "fast-check";
import { expect, it } from "vitest";
import type { MemberChange, NodeRecord, ValidatorsRecord } from "#protocol";
import {
  type Actor,
  cometEngine,
  lab,
  maker,
  members,
  type NodeOf,
  nodeOf,
  north,
  south,
  stranger,
} from "../alliance.suite.ts";
import { holdAgainstModel, type Model, type Step } from "./model.suite.ts";

const [n1, s1, m1, l1] = members.map((member) => nodeOf(member)) as [NodeOf, NodeOf, NodeOf, NodeOf];
const [n2, s2] = [nodeOf(north, "second"), nodeOf(south, "second")];
const nodes = [n1, s1, m1, l1, n2, s2];
const founders = [n1, s1, m1, l1];
const foundingPower = (node: NodeOf) => (node === n1 ? 2 : 1);
/** One vote decides everything: this is not about votes. */
const share = { numerator: 1, denominator: 4 };
const quorums = {
  admit: share,
  roles: share,
  suspend: share,
  reinstate: share,
  remove: share,
  parameters: share,
  validators: share,
};

interface Standing {
  owner: string;
  power: number;
  ready: number | null;
  retired: boolean;
}

/** Its vote gone, a node has to catch up and say so anew before it can vote again. */
function unvote(node: { power: number; ready: number | null }): void {
  node.power = 0;
  node.ready = null;
}

class NodesModel implements Model {
  active = new Map<string, boolean>(members.map(({ did }) => [did, true]));
  nodes = new Map<string, Standing>(
    founders.map((node) => [node.id, { owner: node.owner.did, power: foundingPower(node), ready: 0, retired: false }]),
  );
  /** Powers with which the next block is decided. */
  deciding = this.powers();
  absent: readonly string[] = [];
  previous = 0;
  time = Number.NEGATIVE_INFINITY;

  begin(absent: readonly string[], time: number): void {
    this.deciding = this.powers();
    this.absent = absent;
    this.previous = this.time;
    this.time = time;
  }

  apply({ signers, operation: { op, args } }: Step, _time: number, height: number): string | 0 {
    const [issuer] = signers as [Actor];
    if (issuer === stranger) return "transaction.unknown-key";
    if (this.active.get(issuer.did) !== true) return "kernel.forbidden";
    if (op === "members.propose") return this.change(args["change"] as unknown as MemberChange);
    if (op === "nodes.register") {
      const node = nodes.find(({ peer }) => peer.multikey === args["node"]) as NodeOf;
      const known = this.nodes.get(node.id);
      if (known !== undefined && !(known.retired && known.owner === issuer.did)) return "nodes.exists";
      if (node.owner !== issuer) return "nodes.bad-proof";
      this.nodes.set(node.id, { owner: issuer.did, power: 0, ready: null, retired: false });
      return 0;
    }
    const node = this.nodes.get(args["node"] as string);
    if (node === undefined) return "nodes.unknown";
    if (node.retired) return "nodes.retired";
    if (node.owner !== issuer.did) return "kernel.forbidden";
    if (op === "nodes.ready") {
      if ((args["height"] as number) > height) return "nodes.height";
      node.ready = args["height"] as number;
      return 0;
    }
    return this.try(() => {
      node.power = 0;
      node.retired = true;
      node.ready = null;
    });
  }

  private change(change: MemberChange): string | 0 {
    if (change.kind === "suspend" || change.kind === "reinstate") {
      const { kind, member } = change;
      const active = this.active.get(member) === true;
      if (active !== (kind === "suspend")) return "members.state";
      if (kind === "suspend" && [...this.active.values()].filter(Boolean).length === 1) return "members.last-quorum";
      return this.try(() => {
        this.active.set(member, kind === "reinstate");
        if (kind === "suspend")
          for (const node of this.nodes.values()) if (node.owner === member && node.power > 0) unvote(node);
      });
    }
    if (change.kind !== "addValidator" && change.kind !== "removeValidator") throw new Error("not in this model");
    const node = this.nodes.get(change.node);
    if (node === undefined) return "nodes.unknown";
    if (node.retired) return "nodes.retired";
    if (change.kind === "removeValidator") {
      if (node.power === 0) return "nodes.not-validator";
      return this.try(() => unvote(node));
    }
    if (this.active.get(node.owner) !== true) return "nodes.member";
    if (node.power === change.power) return "nodes.unchanged";
    if (node.power === 0 && node.ready === null) return "nodes.not-ready";
    return this.try(() => {
      node.power = change.power;
    });
  }

  /** Does it, looks at what came of it, and takes it back where that would not do. */
  private try(act: () => void): string | 0 {
    const before = { active: new Map(this.active), nodes: structuredClone([...this.nodes]) };
    const [powers, admitted] = [this.powers(), this.admitted()];
    act();
    const code = this.wrong(powers, admitted);
    if (code === undefined) return 0;
    this.active = before.active;
    this.nodes = new Map(before.nodes);
    return code;
  }

  private wrong(powers: ReadonlyMap<string, number>, admitted: ReadonlySet<string>): string | undefined {
    const now = this.admitted();
    const cut = [...this.deciding.keys()].some((node) => admitted.has(node) && !now.has(node));
    const set = this.powers();
    const changed = JSON.stringify([...set].sort()) !== JSON.stringify([...powers].sort());
    if (!changed && !cut) return undefined;
    if (this.time - this.previous > 60_000) return "nodes.stale";
    if (changed && !this.decides(set, () => true)) return "nodes.no-quorum";
    if (cut && !this.decides(this.deciding, (node) => now.has(node))) return "nodes.still-voting";
    return undefined;
  }

  /** Whether those of a set that are there and can be reached hold more than two thirds: less than one third is missing. */
  private decides(set: ReadonlyMap<string, number>, reached: (node: string) => boolean): boolean {
    let [all, missing] = [0, 0];
    for (const [node, power] of set) {
      all += power;
      if (this.absent.includes(node) || !reached(node)) missing += power;
    }
    return missing * 3 < all;
  }

  private powers(): Map<string, number> {
    return new Map([...this.nodes].filter(([, { power }]) => power > 0).map(([node, { power }]) => [node, power]));
  }

  private admitted(): Set<string> {
    return new Set(
      [...this.nodes].filter(([, { owner, retired }]) => !retired && this.active.get(owner)).map(([node]) => node),
    );
  }

  expected() {
    return {
      nodes: [...this.nodes].sort().map(([id, { owner, power, ready, retired }]) => [id, owner, power, ready, retired]),
      validators: [...this.powers()].sort(),
      active: [...this.active]
        .filter(([, active]) => active)
        .map(([did]) => did)
        .sort(),
    };
  }
}

it("nodes and validators behave as the model of quorums does", () => {
  const node = fc.constantFrom(...nodes);
  // Mostly whom it concerns.
  const by = (owner: Actor) =>
    fc.oneof({ weight: 12, arbitrary: fc.constant(owner) }, fc.constantFrom(...members, stranger));
  const steps = (op: string, args: (of: NodeOf) => fc.Arbitrary<object>) =>
    node.chain((of) =>
      fc.record({ who: by(of.owner), given: args(of) }).map(
        ({ who, given }): Step => ({
          signers: [who],
          operation: { op, args: given as never },
        }),
      ),
    );
  const id = node.map((one) => one.id);
  const change: fc.Arbitrary<MemberChange> = fc.oneof(
    fc.record({ kind: fc.constant("addValidator" as const), node: id, power: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ kind: fc.constant("addValidator" as const), node: id, power: fc.constant(1) }),
    fc.record({ kind: fc.constant("removeValidator" as const), node: id }),
    fc.record({ kind: fc.constant("suspend" as const), member: fc.constantFrom(south.did, maker.did, lab.did) }),
    fc.record({ kind: fc.constant("reinstate" as const), member: fc.constantFrom(south.did, maker.did, lab.did) }),
  );
  const sizes = new Set<number>();
  holdAgainstModel({
    parameters: { quorums },
    engine: cometEngine(founders, foundingPower),
    absent: fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      fc.uniqueArray(id, { minLength: 1, maxLength: 2 }).map((ids) => ids.sort()),
    ),
    longest: 90,
    prepare: (alliance) => alliance.block(),
    model: (alliance) => {
      const model = new NodesModel();
      model.time = alliance.time;
      return model;
    },
    read: ({ ledger }) => {
      const list = [...ledger.state.keys("node/")].map((key) => ledger.state.get(key) as NodeRecord);
      const { validators } = ledger.query("nodes.validators", {}) as ValidatorsRecord;
      sizes.add(validators.length);
      expect(validators.every(({ key }, i) => key === list.find((one) => one.node === validators[i]?.node)?.key)).toBe(
        true,
      );
      return {
        nodes: list.map((one) => [one.node, one.member, one.power, one.ready, one.status === "retired"]),
        validators: validators.map((one) => [one.node, one.power]),
        active: ledger.state.get<{ active: string[] }>("members/roll")?.active,
      };
    },
    step: (alliance) =>
      fc.oneof(
        {
          weight: 2,
          arbitrary: steps("nodes.register", (of) => fc.constant(alliance.registration(of))),
        },
        {
          weight: 3,
          arbitrary: steps("nodes.ready", (of) =>
            fc.record({ node: fc.constant(of.id), height: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 9 })) }),
          ),
        },
        { weight: 1, arbitrary: steps("nodes.retire", (of) => fc.constant({ node: of.id })) },
        {
          weight: 6,
          arbitrary: fc.record({ who: by(north), change }).map(({ who, change: what }) => ({
            signers: [who],
            operation: { op: "members.propose", args: { change: what as never } },
          })),
        },
      ),
    runs: 400,
    reaches: [
      "nodes.exists",
      "nodes.bad-proof",
      "nodes.unknown",
      "nodes.retired",
      "nodes.height",
      "nodes.not-ready",
      "nodes.unchanged",
      "nodes.not-validator",
      "nodes.member",
      "nodes.no-quorum",
      "nodes.still-voting",
      "nodes.stale",
      "members.state",
      "kernel.forbidden",
      "transaction.unknown-key",
    ],
  });
  // Both ways.
  expect([2, 3, 4, 5].filter((size) => !sizes.has(size))).toEqual([]);
}, 120_000);
