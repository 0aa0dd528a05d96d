import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Comparison, Condition, Contract } from "#protocol";
import { compileCondition, evaluateCondition } from "../conditions.ts";
import { dryRun } from "../dry-run.ts";
import { START, World } from "../world.suite.ts";
import { type AnalysedLinkage, analyseLinkages } from "./analyse.ts";
import { findCycles } from "./loops.ts";
import { regionOf } from "./region.ts";

const world = new World();
const { sensor, lamp } = world;

function linkages(...contracts: Partial<Contract>[]): AnalysedLinkage[] {
  return contracts.map((contract, i) => ({ linkage: `lk_${i}`, contract: world.contract(contract) }));
}

const found = (...contracts: Partial<Contract>[]) =>
  analyseLinkages(linkages(...contracts)).findings.map(({ kind, severity, linkages }) => [kind, severity, linkages]);

const when = (property: string, comparison: Comparison, device = sensor) => ({ device, property, when: comparison });
const set = (property: string, value: boolean | string | number, device = lamp) => ({ device, set: property, value });

describe("analysis of linkages", () => {
  it("finds nothing in a thermostat with a gap", () => {
    expect(
      found(
        { trigger: when("temperature", { above: "25" }), actions: [set("state", false)] },
        { trigger: when("temperature", { below: "20" }), actions: [set("state", true)] },
      ),
    ).toEqual([]);
  });

  it("finds two that set one property to different values and can fire at once", () => {
    const hot = { trigger: when("temperature", { above: "25" }), actions: [set("state", false)] };
    const cold = { trigger: when("temperature", { below: "25.000000001" }), actions: [set("state", true)] };
    expect(found(hot, cold)).toEqual([["conflict", "warning", ["lk_0", "lk_1"]]]);
    expect(found(hot, { ...cold, from: START + 2_000_000, until: START + 3_000_000 })).toEqual([]);
    expect(
      found(hot, { ...cold, condition: { not: { device: sensor, property: "temperature", is: { above: "25" } } } }),
    ).toEqual([]);
  });

  it("finds what is written twice", () => {
    expect(found({ title: "one" }, { title: "two", nonce: "other-nonce" })).toEqual([
      ["duplicate", "warning", ["lk_0", "lk_1"]],
    ]);
  });

  it("finds what can never fire", () => {
    const is = (comparison: Comparison) => ({ device: sensor, property: "temperature", is: comparison });
    const dead = [["never-fires", "error", ["lk_0"]]];
    expect(found({ trigger: when("temperature", { above: "25", below: "25" }) })).toEqual(dead);
    expect(found({ condition: is({ below: "25" }) })).toEqual(dead);
    expect(found({ condition: { not: { any: [is({ above: "20" }), is({ below: "10" })] } } })).toEqual(dead);
    expect(found({ condition: is({ equals: "hot" }) })).toEqual(dead);
    expect(found({ until: START - 2000 })).toEqual(dead);
    expect(found({ condition: { not: { ...is({ above: "20" }), for: 60 } } })).toEqual([]);
  });

  it("finds circles, tells those that come to rest, and what is undone", () => {
    const on = { trigger: when("state", { equals: true }, lamp), actions: [set("state", true, sensor)] };
    const back = { trigger: when("state", { equals: true }), actions: [set("state", true)] };
    expect(found(on, back)).toEqual([["loop", "notice", ["lk_0", "lk_1"]]]);
    const flip = { trigger: when("state", { equals: true }, lamp), actions: [set("state", false)] };
    const flop = { trigger: when("state", { equals: false }, lamp), actions: [set("state", true)] };
    expect(found(flip, flop).map(([kind]) => kind)).toEqual(["revert", "revert", "loop"]);
    expect(found({ trigger: { device: lamp, event: "done" }, actions: [{ device: lamp, action: "start" }] })).toEqual([
      ["loop", "warning", ["lk_0"]],
    ]);
    expect(found({ ...flip, condition: { device: lamp, property: "state", is: { equals: false } } }, flop)).toEqual([
      ["never-fires", "error", ["lk_0"]],
    ]);
  });

  it("follows physical channels that it is told of", () => {
    const heat = linkages({ trigger: when("temperature", { below: "20" }), actions: [set("heating", true)] });
    const channels = [{ from: { device: lamp, property: "heating" }, to: { device: sensor, property: "temperature" } }];
    expect(analyseLinkages(heat).findings).toEqual([]);
    expect(analyseLinkages(heat, { channels }).findings.map(({ kind }) => kind)).toEqual(["loop"]);
  });

  it("stays within its limits and says so", () => {
    const many = linkages(
      ...Array.from({ length: 60 }, (_, i) => ({ actions: [set("level", i)], nonce: `nonce-number-${i}` })),
    );
    expect(analyseLinkages(many, { findings: 50 })).toMatchObject({ truncated: true, findings: { length: 50 } });
    expect(analyseLinkages(many, { pairs: 10 }).truncated).toBe(true);
    const wide = {
      all: Array.from({ length: 16 }, (_, i) => ({
        any: Array.from({ length: 16 }, (_, j) => ({ device: sensor, property: `p${i}`, is: { equals: j } })),
      })),
    };
    expect(found({ condition: wide })).toEqual([["not-analysed", "notice", ["lk_0"]]]);
  });

  it("never calls a linkage dead that some values fire", () => {
    const number = fc.integer({ min: 0, max: 6 }).map(String);
    const comparison: fc.Arbitrary<Comparison> = fc.oneof(
      fc.record({ above: number, below: number }),
      fc.record({ above: number }),
      fc.record({ below: number }),
      fc.record({ equals: fc.oneof(fc.integer({ min: 0, max: 6 }), fc.boolean(), fc.constantFrom("on", "3")) }),
    );
    const leaf: fc.Arbitrary<Condition> = fc.record({
      device: fc.constant(sensor),
      property: fc.constantFrom("a", "b"),
      is: comparison,
    });
    const { tree } = fc.letrec<{ tree: Condition }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3, depthIdentifier: "tree" },
        leaf,
        fc.array(tie("tree"), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
        fc.array(tie("tree"), { minLength: 1, maxLength: 3 }).map((any) => ({ any })),
        tie("tree").map((not) => ({ not })),
      ),
    }));
    const value = fc.oneof(
      fc.integer({ min: -2, max: 14 }).map((half) => half / 2),
      fc.boolean(),
      fc.constantFrom("on", "off", "3", "2.5"),
    );
    fc.assert(
      fc.property(tree, comparison, value, value, (condition, trigger, a, b) => {
        const contract = world.contract({ trigger: when("a", trigger), condition: condition as never });
        const known = { a, b } as Record<string, typeof a>;
        const seen = evaluateCondition(compileCondition(condition), 0, (one) => ({
          value: known[one.property] ?? null,
          verdict: one.holds(known[one.property] ?? null),
          since: 0,
        }));
        const values = Object.entries(known).map(([property, value]) => ({ device: sensor, property, value }));
        const run = dryRun(contract, { at: START * 1000, values });
        if (run.trigger.met === true) expect(run.acts).toBe(seen.met === true);
        if (run.acts) expect(regionOf(contract).boxes.length).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });

  it("finds a circle exactly where a graph has one", () => {
    const edges = fc.array(fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 7 })), { maxLength: 14 });
    fc.assert(
      fc.property(edges, (pairs) => {
        const graph = new Map(Array.from({ length: 8 }, (_, i) => [String(i), new Set<string>()]));
        for (const [from, to] of pairs) graph.get(String(from))?.add(String(to));
        const reach = (from: string) => {
          const seen = new Set<string>();
          const work = [from];
          for (let node = work.pop(); node !== undefined; node = work.pop())
            for (const to of graph.get(node) ?? [])
              if (!seen.has(to)) {
                seen.add(to);
                work.push(to);
              }
          return seen;
        };
        const cyclic = [...graph.keys()].filter((node) => reach(node).has(node));
        const cycles = findCycles(graph);
        expect(cycles.length > 0).toBe(cyclic.length > 0);
        for (const cycle of cycles)
          for (const [i, node] of cycle.entries())
            expect(graph.get(node)?.has(cycle[(i + 1) % cycle.length] as string)).toBe(true);
        // Each cyclic node is in the component of some cycle that was shown.
        for (const node of cyclic)
          expect(
            cycles.some(([first = ""]) => first === node || (reach(first).has(node) && reach(node).has(first))),
          ).toBe(true);
      }),
    );
  });
});

describe("dry run", () => {
  it("says what would be sent, and when", () => {
    const contract = world.contract({ actions: [set("state", true), { delay: 5 }, set("state", false)] });
    const run = dryRun(contract, {
      at: START * 1000,
      values: [{ device: sensor, property: "temperature", value: 26 }],
    });
    expect(run.commands.map(({ step, after }) => [step, after])).toEqual([
      [0, 0],
      [2, 5],
    ]);
    expect(dryRun(contract, { at: START * 1000, values: [] })).toMatchObject({ acts: false, reason: "trigger" });
  });
});
