import fc from "fast-check";
import { it } from "vitest";
import type { MemberChange } from "#protocol";
import { type Actor, type Alliance, actor, digestOfText, lab, maker, north, south } from "../alliance.suite.ts";
import { wasRecognised } from "../modules/issuers/records.ts";
import { holdAgainstModel, type Model, type Step } from "./model.suite.ts";

const anna = actor("anna");
const TYPES = ["a", "a/b"];
const ISSUERS = [lab.did, maker.did];
/** Nobody waits for votes: one is enough. Votes have a model of their own. */
const ONE = { numerator: 1, denominator: 100 };
const quorums = { admit: ONE, roles: ONE, suspend: ONE, reinstate: ONE, remove: ONE, parameters: ONE };

/** Keeps every moment that something changed, and looks the past up in it, which is not how the ledger does it. */
class IssuersModel implements Model {
  standing = new Map([north, south, maker, lab].map(({ did }) => [did, "active"]));
  recognised = new Set<string>();
  /** What was true from a block's time on. */
  moments: { time: number; holds: ReadonlySet<string> }[] = [];
  schemas = new Map<string, { by: string; versions: string[] }>();

  apply({ signers, operation: { op, args } }: Step, time: number): string | 0 {
    const [{ did }] = signers as [Actor];
    const code = this.code(did, op, args);
    const holds = new Set(
      [...this.recognised].filter((name) => this.standing.get(name.split(" ")[1] as string) === "active"),
    );
    this.moments = [...this.moments.filter((moment) => moment.time !== time), { time, holds }];
    return code;
  }

  private code(did: string, op: string, args: object): string | 0 {
    const status = this.standing.get(did);
    if (status !== "active") return "kernel.forbidden";
    if (op === "issuers.registerSchema") {
      const { schema, version } = args as { schema: string; version: string };
      const known = this.schemas.get(schema);
      if (known !== undefined && known.by !== did) return "issuers.schema-publisher";
      if (known?.versions.includes(version)) return "issuers.schema-exists";
      this.schemas.set(schema, { by: did, versions: [...(known?.versions ?? []), version] });
      return 0;
    }
    const { change } = args as { change: MemberChange };
    if (change.kind === "recogniseIssuer" || change.kind === "derecogniseIssuer") {
      const name = `${change.type} ${change.issuer}`;
      if (change.kind === "derecogniseIssuer") return this.recognised.delete(name) ? 0 : "issuers.not-recognised";
      if (this.standing.get(change.issuer) !== "active") return "issuers.not-member";
      if (this.recognised.has(name)) return "issuers.recognised";
      this.recognised.add(name);
      return 0;
    }
    const { kind, member } = change as { kind: string; member: string };
    const was = this.standing.get(member);
    if (kind === "suspend" && was === "active") this.standing.set(member, "suspended");
    else if (kind === "reinstate" && was === "suspended") this.standing.set(member, "active");
    else if (kind === "remove" && was !== "removed") {
      this.standing.set(member, "removed");
      for (const type of TYPES) this.recognised.delete(`${type} ${member}`);
    } else if (kind === "admit" && was === "removed") this.standing.set(member, "active");
    else return kind === "admit" ? "members.exists" : "members.state";
    return 0;
  }

  expected() {
    const times = this.moments.map(({ time }) => time);
    const past = this.moments.map(({ holds }) =>
      TYPES.flatMap((type) => ISSUERS.map((issuer) => holds.has(`${type} ${issuer}`))),
    );
    return { times, past, schemas: [...this.schemas].map(([name, { versions }]) => [name, versions.length]).sort() };
  }
}

let times: number[] = [];

it("issuers behave as the model of all that ever held does", () => {
  const change = fc.oneof(
    fc.record({
      kind: fc.constantFrom("recogniseIssuer", "recogniseIssuer", "derecogniseIssuer"),
      issuer: fc.constantFrom(...ISSUERS, anna.did),
      type: fc.constantFrom(...TYPES),
    }),
    fc.record({ kind: fc.constantFrom("suspend", "reinstate", "remove"), member: fc.constantFrom(...ISSUERS) }),
    fc.record({
      kind: fc.constant("admit"),
      member: fc.constantFrom(...ISSUERS),
      name: fc.constant("Again"),
      roles: fc.constant(["lab"]),
    }),
  );
  const schema = fc.record({
    schema: fc.constantFrom("x/one", "x/two"),
    version: fc.constantFrom("1", "2"),
    type: fc.constantFrom(...TYPES),
    digest: fc.constant(digestOfText("schema")),
  });
  holdAgainstModel({
    parameters: { leastMembers: 1, quorums },
    prepare: (alliance) => alliance.introduce(anna),
    model: () => {
      times = [];
      return new IssuersModel();
    },
    read: (alliance: Alliance) => {
      const { state } = alliance.ledger;
      // Every block of a run has something in it: its time is one that the model remembers.
      if (alliance.ledger.height > 1 && times.at(-1) !== alliance.time) times.push(alliance.time);
      return {
        times: [...times],
        past: times.map((time) =>
          TYPES.flatMap((type) => ISSUERS.map((issuer) => wasRecognised(state, issuer, type, time))),
        ),
        schemas: [...state.keys("schema/")].map((key) => {
          const record = state.get<{ schema: string; versions: number }>(key);
          return [record?.schema, record?.versions];
        }),
      };
    },
    step: () =>
      fc
        .oneof(
          { weight: 4, arbitrary: fc.record({ by: fc.constantFrom(north, south), args: fc.record({ change }) }) },
          { weight: 1, arbitrary: fc.record({ by: fc.constantFrom(north, lab, maker, anna), args: schema }) },
        )
        .map(({ by, args }) => ({
          signers: [by],
          operation: { op: "change" in args ? "members.propose" : "issuers.registerSchema", args: args as never },
        })),
    runs: 200,
    reaches: [
      "issuers.not-member",
      "issuers.recognised",
      "issuers.not-recognised",
      "issuers.schema-exists",
      "issuers.schema-publisher",
      "kernel.forbidden",
    ],
  });
}, 120_000);
