import type { Json } from "#base";
import { type DataSchema, snapNumber } from "../wot/data-schema.ts";
import type { Affordances } from "../wot/thing-description.ts";
import { BEHAVIOURS, type Behaviour, type Body } from "./behaviours.ts";
import { SeededRandom } from "./random.ts";
import { profileOf } from "./readings.ts";

/**
 * The inside of a simulated device: the values of its properties, and what makes them change. It knows no network and no
 * clock: `tick` says how much time went by.
 */
export class Appliance implements Body {
  readonly thing: Affordances;
  readonly #values = new Map<string, Json>();
  /** What a reading returns to: its start, or what it was last set to. */
  readonly #means = new Map<string, number>();
  /** The number behind a reading, finer than its step. */
  readonly #exact = new Map<string, number>();
  readonly #reported = new Map<string, number>();
  readonly #changed = new Set<string>();
  readonly #behaviours: readonly Behaviour[];
  readonly #governed: ReadonlySet<string>;
  readonly #random: SeededRandom;

  /** @param seed - the same seed gives the same readings */
  constructor(thing: Affordances, seed: number) {
    this.thing = thing;
    this.#random = new SeededRandom(seed);
    for (const [name, schema] of Object.entries(thing.properties)) {
      const value = firstValue(name, schema);
      if (value !== undefined) this.#values.set(name, value);
      if (typeof value === "number") this.#means.set(name, value);
    }
    this.#behaviours = BEHAVIOURS.flatMap((make) => make(this) ?? []);
    this.#governed = new Set(this.#behaviours.flatMap((each) => each.governs));
    this.#changed.clear();
  }

  has(property: string): boolean {
    return Object.hasOwn(this.thing.properties, property);
  }

  /** A property's value; `undefined` where it has none, or there is no such property. */
  read(property: string): Json | undefined {
    return this.#values.get(property);
  }

  number(property: string): number {
    return this.#exact.get(property) ?? Number(this.#values.get(property) ?? 0);
  }

  /** Gives a property a value, numbers brought to its range and step; no-one is asked whether it may. */
  write(property: string, value: Json): void {
    if (!this.has(property)) return;
    const schema = this.thing.properties[property] as DataSchema;
    let kept = value;
    if (typeof value === "number") {
      this.#exact.set(property, value);
      kept = snapNumber(schema, value);
    }
    if (JSON.stringify(this.#values.get(property)) === JSON.stringify(kept)) return;
    this.#values.set(property, kept);
    this.#changed.add(property);
  }

  /** Sets a property as its user or its surroundings do, with what follows from it. Answers what changed, that first. */
  set(property: string, value: Json): string[] {
    this.write(property, value);
    if (typeof value === "number") this.#means.set(property, value);
    for (const behaviour of this.#behaviours) behaviour.set?.(property, value);
    return this.#takeChanged(true);
  }

  /** Does an action. Answers what changed. */
  act(action: string, input?: Json): string[] {
    if (action === "toggle") this.#flip("state");
    else if (action.startsWith("toggle_")) this.#flip(action.slice("toggle_".length));
    for (const behaviour of this.#behaviours) behaviour.act?.(action, input);
    return this.#takeChanged(true);
  }

  /** Lets time go by. Answers what changed enough to be reported. */
  tick(seconds: number): string[] {
    for (const name of this.#values.keys()) if (!this.#governed.has(name)) this.#wander(name, seconds);
    for (const behaviour of this.#behaviours) behaviour.tick?.(seconds);
    return this.#takeChanged(false);
  }

  #flip(property: string): void {
    const [on, off] = this.thing.properties[property]?.enum ?? [];
    const value = this.read(property);
    const flipped = typeof value === "boolean" ? !value : value === on ? off : on;
    if (flipped === undefined) return;
    this.write(property, flipped);
    for (const behaviour of this.#behaviours) behaviour.set?.(property, flipped);
  }

  /** A random walk that returns to its mean, so that an hour of it still looks like a room. */
  #wander(name: string, seconds: number): void {
    const schema = this.thing.properties[name];
    const mean = this.#means.get(name);
    if (schema?.readOnly !== true || mean === undefined) return;
    const { drift } = profileOf(name, schema);
    if (drift === 0) return;
    const pull = Math.min(1, seconds / 600);
    const now = this.number(name);
    this.write(name, now + (mean - now) * pull + drift * Math.sqrt(seconds / 10) * this.#random.normal());
  }

  #takeChanged(every: boolean): string[] {
    const names = [...this.#changed].filter((name) => every || this.#isNews(name));
    this.#changed.clear();
    for (const name of names) this.#reported.set(name, Number(this.read(name)));
    return names;
  }

  /** As a Zigbee reporting configuration has it: a number is reported when it moved by its least change. */
  #isNews(name: string): boolean {
    const value = this.read(name);
    const last = this.#reported.get(name);
    const schema = this.thing.properties[name];
    if (typeof value !== "number" || last === undefined || schema === undefined) return true;
    return Math.abs(value - last) >= profileOf(name, schema).report - 1e-9;
  }
}

/** A sensible first value for a property that is reported. */
function firstValue(name: string, schema: DataSchema): Json | undefined {
  switch (schema.type) {
    case "integer":
    case "number":
      return snapNumber(schema, profileOf(name, schema).start);
    case "boolean":
      // A contact that is closed: `contact` is true while the magnet is near.
      return name === "contact";
    case "string": {
      const calm = [
        "OFF",
        "idle",
        "closed",
        "stopped",
        "off",
        "none",
        "manual",
        "heat",
        "unlock",
        "normal",
        "excellent",
      ];
      if (schema.enum === undefined) return "";
      return schema.enum.find((each) => calm.includes(String(each))) ?? schema.enum.at(-1);
    }
    case "array":
      return [];
    case "object":
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).flatMap(([member, inner]) => {
          const value = firstValue(member, inner);
          return value === undefined ? [] : [[member, value]];
        }),
      );
    default:
      return undefined;
  }
}
