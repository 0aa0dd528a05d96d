/**
 * What goes wrong between linkages, found before anything happens: loops, conflicts, actions that are undone, duplicates, linkages that
 * never fire. By intervals and a graph, bounded in time. The classes are those of iRuler (CCS'19).
 */
import { canonicalJson } from "#base";
import type { Contract, ContractValue } from "#protocol";
import { findCycles } from "./loops.ts";
import { type Box, mayMeet, meetBoxes, placeOf, type Region, regionOf } from "./region.ts";
import { intersect, isEmpty, singleValue } from "./value-set.ts";

export type FindingKind = "loop" | "conflict" | "revert" | "duplicate" | "never-fires" | "not-analysed";

export interface Finding {
  readonly kind: FindingKind;
  /** `error`: it cannot work as it is written. `warning`: it can go wrong. `notice`: worth a look. */
  readonly severity: "error" | "warning" | "notice";
  /** Ids, in the order in which they work on one another. */
  readonly linkages: readonly string[];
  readonly about?: { readonly device: string; readonly property: string };
  readonly explanation: string;
}

export interface AnalysedLinkage {
  readonly linkage: string;
  readonly contract: Contract;
}

/** A physical effect that no contract names: a heater's state works on a thermometer's temperature. */
export interface Channel {
  readonly from: { readonly device: string; readonly property: string };
  readonly to: { readonly device: string; readonly property: string };
}

export interface AnalysisOptions {
  readonly channels?: readonly Channel[];
  /** Pairs of linkages, times their alternatives, that are compared at most; 500,000 by default. */
  readonly pairs?: number;
  /** Findings at most; 1,000 by default. */
  readonly findings?: number;
}

export interface Analysis {
  readonly findings: readonly Finding[];
  /** Whether a limit was reached, so that there may be more. */
  readonly truncated: boolean;
}

interface Setting {
  readonly of: Node;
  readonly device: string;
  readonly property: string;
  readonly value: ContractValue;
}

interface Node extends AnalysedLinkage {
  readonly region: Region;
  readonly settings: readonly Setting[];
  readonly invoked: readonly string[];
}

class Bench {
  readonly findings: Finding[] = [];
  truncated = false;
  #pairs: number;
  readonly #most: number;

  constructor({ pairs = 500_000, findings = 1000 }: AnalysisOptions) {
    this.#pairs = pairs;
    this.#most = findings;
  }

  add(finding: Finding): void {
    if (this.findings.length < this.#most) this.findings.push(finding);
    else this.truncated = true;
  }

  /** Whether another pair may be looked at, which takes `steps`. */
  spend(steps = 1): boolean {
    if (this.#pairs > 0 && this.findings.length < this.#most) {
      this.#pairs -= steps;
      return true;
    }
    this.truncated = true;
    return false;
  }
}

function nodeOf({ linkage, contract }: AnalysedLinkage): Node {
  const settings: Setting[] = [];
  const invoked: string[] = [];
  const node: Node = { linkage, contract, region: regionOf(contract), settings, invoked };
  for (const action of contract.actions) {
    if ("set" in action) settings.push({ of: node, device: action.device, property: action.set, value: action.value });
    else if ("action" in action) invoked.push(action.device);
  }
  return node;
}

function overlapInTime(a: Contract, b: Contract): boolean {
  return a.from < b.until && b.from < a.until;
}

/** Whether two values mean different things to a device: 1 and "1.0" do not. */
function differ(a: ContractValue, b: ContractValue): boolean {
  return isEmpty(intersect(singleValue(a), singleValue(b)));
}

function groupBy<Item>(items: Iterable<Item>, keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/**
 * Looks at active and proposed contracts together.
 *
 * @example
 * ```ts
 * const { findings } = analyseLinkages([{ linkage: "lk_…", contract }, …]);
 * for (const { kind, explanation } of findings) console.log(kind, explanation);
 * ```
 */
export function analyseLinkages(linkages: readonly AnalysedLinkage[], options: AnalysisOptions = {}): Analysis {
  const bench = new Bench(options);
  const nodes = linkages.map(nodeOf);
  findDead(nodes, bench);
  findDuplicates(nodes, bench);
  findConflicts(nodes, bench);
  const edges = findEdges(nodes, options.channels ?? [], bench);
  findReverts(edges, bench);
  findLoops(nodes, edges, bench);
  return { findings: bench.findings, truncated: bench.truncated };
}

function findDead(nodes: readonly Node[], bench: Bench): void {
  for (const { linkage, contract, region } of nodes) {
    const dead = (explanation: string) =>
      bench.add({ kind: "never-fires", severity: "error", linkages: [linkage], explanation });
    if (contract.until <= contract.from) dead("It ends before it begins.");
    else if (region.boxes.length === 0)
      dead(
        "No value satisfies its trigger and its condition at once: a range is empty, or two of its parts exclude each other.",
      );
    else if (!region.exact)
      bench.add({
        kind: "not-analysed",
        severity: "notice",
        linkages: [linkage],
        explanation: "Its condition has too many alternatives; it was taken for always met.",
      });
  }
}

function findDuplicates(nodes: readonly Node[], bench: Bench): void {
  const groups = groupBy(nodes, ({ contract: { trigger, condition, actions } }) =>
    canonicalJson({ trigger, condition, actions }),
  );
  for (const group of groups.values())
    group.forEach((a, i) => {
      const b = group.slice(0, i).find((other) => overlapInTime(a.contract, other.contract));
      if (b === undefined) return;
      bench.add({
        kind: "duplicate",
        severity: "warning",
        linkages: [b.linkage, a.linkage],
        explanation: "Both have the same trigger, condition and actions: everything would be done twice.",
      });
    });
}

function findConflicts(nodes: readonly Node[], bench: Bench): void {
  const settings = nodes.flatMap((node) => node.settings);
  const seen = new Set<string>();
  for (const group of groupBy(settings, ({ device, property }) => placeOf(device, property)).values())
    for (let i = 0; i < group.length; i++)
      for (let j = 0; j < i; j++) {
        const [a, b] = [group[j] as Setting, group[i] as Setting];
        if (a.of === b.of || !differ(a.value, b.value)) continue;
        if (!bench.spend(a.of.region.boxes.length * b.of.region.boxes.length)) return;
        const pair = `${a.of.linkage} ${b.of.linkage} ${a.device} ${a.property}`;
        if (seen.has(pair) || !overlapInTime(a.of.contract, b.of.contract) || !mayMeet(a.of.region, b.of.region))
          continue;
        seen.add(pair);
        bench.add({
          kind: "conflict",
          severity: "warning",
          linkages: [a.of.linkage, b.of.linkage],
          about: { device: a.device, property: a.property },
          explanation:
            `Both can fire at once, and one sets ${a.property} to ${showValue(a.value)}, ` +
            `the other to ${showValue(b.value)}: which one stays is chance.`,
        });
      }
}

interface Edge {
  readonly from: Node;
  readonly to: Node;
  /** `set`: to a value that fires the other. Else the effect is only possible. */
  readonly by: "set" | "action" | "channel";
}

/** Which linkage can fire which. */
function findEdges(nodes: readonly Node[], channels: readonly Channel[], bench: Bench): Edge[] {
  const byPlace = groupBy(
    nodes.filter(({ contract: { trigger } }) => "property" in trigger),
    ({ contract: { trigger } }) => placeOf(trigger.device, "property" in trigger ? trigger.property : ""),
  );
  const byDevice = groupBy(nodes, ({ contract }) => contract.trigger.device);
  const effects = groupBy(channels, ({ from }) => placeOf(from.device, from.property));
  const edges: Edge[] = [];
  const seen = new Set<string>();
  const join = (from: Node, to: Node, by: Edge["by"]) => {
    const pair = `${from.linkage} ${to.linkage}`;
    if (seen.has(pair) || !overlapInTime(from.contract, to.contract)) return;
    seen.add(pair);
    edges.push({ from, to, by });
  };
  for (const from of nodes) {
    if (from.region.boxes.length === 0) continue;
    for (const { device, property, value } of from.settings) {
      const place = placeOf(device, property);
      const set: Box = new Map([[place, singleValue(value)]]);
      for (const to of byPlace.get(place) ?? []) {
        if (!bench.spend(to.region.boxes.length)) return edges;
        if (to.region.boxes.some((box) => meetBoxes(box, set) !== undefined)) join(from, to, "set");
      }
      for (const channel of effects.get(place) ?? [])
        for (const to of byPlace.get(placeOf(channel.to.device, channel.to.property)) ?? []) {
          if (!bench.spend()) return edges;
          if (to.region.boxes.length > 0) join(from, to, "channel");
        }
    }
    // What an action does to its device no contract says: it may change whatever the device reports.
    for (const device of from.invoked)
      for (const to of byDevice.get(device) ?? []) {
        if (!bench.spend()) return edges;
        if (to.region.boxes.length > 0) join(from, to, "action");
      }
  }
  return edges;
}

function findReverts(edges: readonly Edge[], bench: Bench): void {
  for (const { from, to, by } of edges) {
    if (from === to) continue;
    for (const first of from.settings) {
      const undone = to.settings.find(
        ({ device, property, value }) =>
          device === first.device && property === first.property && differ(value, first.value),
      );
      if (undone === undefined) continue;
      bench.add({
        kind: "revert",
        severity: by === "set" ? "warning" : "notice",
        linkages: [from.linkage, to.linkage],
        about: { device: first.device, property: first.property },
        explanation:
          `The first sets ${first.property} to ${showValue(first.value)}; that ${by === "set" ? "fires" : "can fire"} ` +
          `the second, which sets it to ${showValue(undone.value)}.`,
      });
      break;
    }
  }
}

function findLoops(nodes: readonly Node[], edges: readonly Edge[], bench: Bench): void {
  const graph = new Map(nodes.map(({ linkage }) => [linkage, new Set<string>()]));
  for (const { from, to } of edges) graph.get(from.linkage)?.add(to.linkage);
  const byId = new Map(nodes.map((node) => [node.linkage, node]));
  for (const cycle of findCycles(graph)) {
    const members = cycle.map((id) => byId.get(id) as Node);
    const settles = doesSettle(members, edges);
    bench.add({
      kind: "loop",
      severity: settles ? "notice" : "warning",
      linkages: cycle,
      explanation: settles
        ? "Each can fire the next, in a circle; as they agree on all values it comes to rest after one round."
        : "Each can fire the next, in a circle: only the hop limit and the limit per minute end it.",
    });
  }
}

/** A circle comes to rest where each member fires on a value becoming so, and none sets a value that another takes back. */
function doesSettle(members: readonly Node[], edges: readonly Edge[]): boolean {
  const ids = new Set(members.map(({ linkage }) => linkage));
  const inside = edges.filter(({ from, to }) => ids.has(from.linkage) && ids.has(to.linkage));
  if (inside.some(({ by }) => by !== "set")) return false;
  const values = new Map<string, ContractValue>();
  for (const { settings } of members)
    for (const { device, property, value } of settings) {
      const known = values.get(placeOf(device, property));
      if (known !== undefined && differ(known, value)) return false;
      values.set(placeOf(device, property), value);
    }
  return true;
}

function showValue(value: ContractValue): string {
  return typeof value === "object" ? value.decimal : JSON.stringify(value);
}
