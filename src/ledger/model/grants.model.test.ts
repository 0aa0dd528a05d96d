import fc from "fast-check";
import { expect, it } from "vitest";
import type { GrantRecord } from "#protocol";
import { type Actor, actor, BEGIN, digestOfText, north, south } from "../alliance.suite.ts";
import { grantStands } from "../index.ts";
import { holdAgainstModel, type Model, type Step } from "./model.suite.ts";

const anna = actor("anna");
const bert = actor("bert");
const clerk = actor("clerk");
const people = [anna, bert, clerk];
const START = BEGIN / 1000;

/** Few ids, so that they meet; each also as what it is handed on from. */
const IDS = ["A", "B", "C", "D", "E", "F"].map((letter) => `${letter.repeat(21)}A`);

interface Grant {
  owner: string;
  grantor: string;
  recipient: string;
  provider: string;
  from: number;
  until: number;
  count: number | null;
  used: number;
  parent: string | null;
  delegable: number;
  revoked: boolean;
}

interface Args {
  grant: string;
  parent: string;
  recipient: string;
  provider: string;
  from: number;
  until: number;
  count?: number;
  delegable: number;
}

class GrantsModel implements Model {
  grants = new Map<string, Grant>();
  time = BEGIN;

  chain(id: string): Grant[] {
    const grant = this.grants.get(id);
    if (grant === undefined) return [];
    return [grant, ...(grant.parent === null ? [] : this.chain(grant.parent))];
  }

  stands(id: string, time: number): "yes" | "not yet" | "no" {
    const chain = this.chain(id);
    const over = ({ revoked, until, count, used }: Grant) =>
      revoked || until * 1000 <= time || (count !== null && used >= count);
    if (chain.length === 0 || chain.some(over)) return "no";
    return chain.some(({ from }) => from * 1000 > time) ? "not yet" : "yes";
  }

  left(id: string): number {
    return Math.min(
      ...this.chain(id).map(({ count, used }) => (count === null ? Number.POSITIVE_INFINITY : count - used)),
    );
  }

  begin(_absent: readonly string[], time: number): void {
    this.time = time;
  }

  apply({ signers, operation: { op, args } }: Step, time: number): string | 0 {
    const { did } = signers[0] as Actor;
    if (op === "grants.anchor")
      return this.anchor(did, args as unknown as { size: number; grants: { grant: string; used: number }[] });
    if (op === "grants.revoke") {
      const grant = this.grants.get(args["grant"] as string);
      if (grant === undefined) return "grants.unknown";
      if (did !== grant.owner && did !== grant.grantor) return "grants.not-grantor";
      if (grant.revoked) return "grants.revoked";
      grant.revoked = true;
      return 0;
    }
    const { grant, parent, recipient, from, until, count, delegable, provider } = args as unknown as Args;
    const above = op === "grants.give" ? undefined : this.grants.get(parent);
    if (op === "grants.delegate") {
      if (above === undefined) return "grants.unknown";
      if (above.recipient !== did) return "grants.not-recipient";
      if (this.stands(parent, time) === "no") return "grants.lapsed";
    }
    if (this.grants.has(grant)) return "grants.exists";
    if (until <= from || until * 1000 <= time) return "grants.window";
    if (above !== undefined) {
      const narrower =
        delegable < above.delegable &&
        from >= above.from &&
        until <= above.until &&
        (count ?? Number.POSITIVE_INFINITY) <= this.left(parent);
      if (!narrower) return "grants.widened";
    }
    this.grants.set(grant, {
      owner: above?.owner ?? did,
      grantor: did,
      recipient,
      provider: above?.provider ?? provider,
      from,
      until,
      count: count ?? null,
      used: 0,
      parent: above === undefined ? null : parent,
      delegable,
      revoked: false,
    });
    return 0;
  }

  anchor(did: string, { size, grants }: { size: number; grants: { grant: string; used: number }[] }): string | 0 {
    const [{ grant: first, used }] = grants as [{ grant: string; used: number }];
    if (used > size) return "grants.batch";
    const grant = this.grants.get(first);
    if (grant === undefined) return "grants.unknown";
    if (grant.provider !== did) return "grants.foreign-receipts";
    if (this.left(first) < used) return "grants.spent";
    for (const link of this.chain(first)) link.used += used;
    return 0;
  }

  expected() {
    return [...this.grants].sort().map(([id, grant]) => [id, { ...grant }, this.stands(id, this.time) === "yes"]);
  }
}

it("grants behave as the model does: a child never stands without its parents, and no count is exceeded", () => {
  const did = (actors: readonly Actor[]) => fc.constantFrom(...actors.map((one) => one.did));
  const id = fc.constantFrom(...IDS);
  const link = {
    grant: id,
    recipient: did(people),
    terms: fc.constant([digestOfText("terms")]),
    from: fc.constantFrom(START, START + 20, START + 60),
    until: fc.constantFrom(START + 60, START + 150, START + 400),
    delegable: fc.integer({ min: 0, max: 3 }),
  };
  const count = { count: fc.integer({ min: 1, max: 6 }) };
  const steps: [number, string, fc.Arbitrary<object>, readonly Actor[]][] = [
    [
      5,
      "grants.give",
      fc.record(
        { ...link, provider: did([north, south]), ...count },
        { requiredKeys: [...Object.keys(link), "provider"] as never },
      ),
      people,
    ],
    [
      8,
      "grants.delegate",
      fc.record({ ...link, parent: id, ...count }, { requiredKeys: [...Object.keys(link), "parent"] as never }),
      people,
    ],
    [2, "grants.revoke", fc.record({ grant: id }), people],
    [
      5,
      "grants.anchor",
      fc
        .record({ grant: id, used: fc.integer({ min: 0, max: 3 }) })
        .map((one) => ({ root: digestOfText("batch"), size: 2, grants: [one] })),
      [north, south],
    ],
  ];
  holdAgainstModel({
    prepare: (alliance) => alliance.introduce(...people),
    model: (alliance) => Object.assign(new GrantsModel(), { time: alliance.time }),
    read: ({ ledger, time }) =>
      [...ledger.state.keys("grant/")].map((key) => {
        const record = ledger.state.get<GrantRecord>(key) as GrantRecord;
        const { grant, owner, grantor, recipient, provider, from, until, count, used, parent, delegable } = record;
        const standing = grantStands(ledger.state, grant, time);
        // What the test is about, said of the ledger alone and not by way of the model.
        if (count !== null) expect(used).toBeLessThanOrEqual(count);
        if (standing.stands && parent !== null) expect(grantStands(ledger.state, parent, time).stands).toBe(true);
        const revoked = record.status === "revoked";
        return [
          grant,
          { owner, grantor, recipient, provider, from, until, count, used, parent, delegable, revoked },
          standing.stands,
        ];
      }),
    step: () =>
      fc.oneof(
        ...steps.map(([weight, op, args, signers]) => ({
          weight,
          arbitrary: fc.record({ signer: fc.constantFrom(...signers), args }).map((made) => ({
            signers: [made.signer],
            operation: { op, args: made.args as never },
          })),
        })),
      ),
    runs: 400,
    reaches: [
      "grants.exists",
      "grants.unknown",
      "grants.window",
      "grants.widened",
      "grants.lapsed",
      "grants.not-recipient",
      "grants.not-grantor",
      "grants.revoked",
      "grants.foreign-receipts",
      "grants.spent",
      "grants.batch",
    ],
  });
}, 120_000);
