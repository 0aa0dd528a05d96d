/** Which properties and events active linkages speak of, and what is known of them. Found by device and name, whatever there is else. */

import type { Json } from "#base";
import { type DurableMap, decodeRecord } from "#events";
import type { ConditionLeaf, Reading } from "../conditions.ts";
import { type Comparator, isSameValue, type Verdict } from "../values.ts";
import type { ActiveLinkage } from "./active-linkage.ts";

/** A comparison that some condition looks at. */
interface Watch {
  readonly holds: Comparator;
  verdict: Verdict;
  since: number;
  /** How many leaves look at it. */
  users: number;
}

interface KeptProperty {
  readonly value?: Json;
  readonly since: number;
  readonly watches: readonly (readonly [text: string, verdict: boolean | null, since: number])[];
}

/** One property or event of one device. */
export class WatchedThing {
  readonly key: string;
  readonly triggers = new Set<ActiveLinkage>();
  readonly watches = new Map<string, Watch>();
  /** How many triggers and leaves mention it. */
  mentions = 0;
  value: Json | undefined;
  since = 0;
  readonly #kept: Map<string, readonly [boolean | null, number]>;

  constructor(key: string, kept: KeptProperty | undefined) {
    this.key = key;
    this.value = kept?.value;
    this.since = kept?.since ?? 0;
    this.#kept = new Map(kept?.watches.map(([text, verdict, since]) => [text, [verdict, since]]));
  }

  watch(leaf: ConditionLeaf): void {
    const known = this.watches.get(leaf.text);
    if (known !== undefined) {
      known.users++;
      return;
    }
    const kept = this.#kept.get(leaf.text);
    // A comparison that is new here starts from the last value: it has held at least since that value came.
    const verdict = this.value === undefined ? undefined : leaf.holds(this.value);
    this.watches.set(leaf.text, {
      holds: leaf.holds,
      verdict,
      since: kept !== undefined && (kept[0] ?? undefined) === verdict ? kept[1] : this.since,
      users: 1,
    });
  }

  unwatch(leaf: ConditionLeaf): void {
    const watch = this.watches.get(leaf.text);
    if (watch !== undefined && --watch.users === 0) this.watches.delete(leaf.text);
  }

  /** Takes a value that came at `at`. `flipped`: a comparison came to something else. */
  take(value: Json, at: number): { changed: boolean; first: boolean; flipped: boolean } {
    const first = this.value === undefined;
    if (!first && isSameValue(this.value as Json, value)) return { changed: false, first, flipped: false };
    this.value = value;
    this.since = at;
    let flipped = false;
    for (const watch of this.watches.values()) {
      const verdict = watch.holds(value);
      if (verdict === watch.verdict) continue;
      watch.verdict = verdict;
      watch.since = at;
      flipped = true;
    }
    return { changed: true, first, flipped };
  }

  read(leaf: ConditionLeaf): Reading | undefined {
    const watch = this.watches.get(leaf.text);
    if (watch === undefined || this.value === undefined) return undefined;
    return { value: this.value, verdict: watch.verdict, since: watch.since };
  }

  toJSON(): KeptProperty {
    return {
      ...(this.value === undefined ? {} : { value: this.value }),
      since: this.since,
      watches: [...this.watches].map(([text, { verdict, since }]) => [text, verdict ?? null, since]),
    };
  }
}

export type ThingKind = "property" | "event";

/** All that active linkages mention. */
export class WatchedThings {
  readonly #store: DurableMap;
  readonly #devices = new Map<string, Map<string, WatchedThing>>();

  constructor(store: DurableMap) {
    this.#store = store;
  }

  get(device: string, kind: ThingKind, name: string): WatchedThing | undefined {
    return this.#devices.get(device)?.get(`${kind}/${name}`);
  }

  add(linkage: ActiveLinkage): void {
    const trigger = this.#mention(linkage.device, linkage.kind === "event" ? "event" : "property", linkage.name);
    trigger.triggers.add(linkage);
    for (const leaf of linkage.leaves) this.#mention(leaf.device, "property", leaf.property).watch(leaf);
  }

  /** Answers the things that nothing mentions any more: what is kept of them would be out of date by the time it is wanted. */
  remove(linkage: ActiveLinkage): string[] {
    const gone: string[] = [];
    const kind = linkage.kind === "event" ? "event" : "property";
    this.get(linkage.device, kind, linkage.name)?.triggers.delete(linkage);
    this.#unmention(linkage.device, kind, linkage.name, gone);
    for (const leaf of linkage.leaves) {
      this.get(leaf.device, "property", leaf.property)?.unwatch(leaf);
      this.#unmention(leaf.device, "property", leaf.property, gone);
    }
    return gone;
  }

  /** Keys of stored things that nothing mentions, a page at a time. */
  unmentioned(): string[] {
    const gone: string[] = [];
    let after: string | undefined;
    for (;;) {
      const page = this.#store.list("p/", { limit: 1000, ...(after === undefined ? {} : { after }) });
      for (const { key } of page) {
        const [, device = "", ...rest] = key.split("/");
        if (!this.#devices.get(device)?.has(rest.join("/"))) gone.push(key);
      }
      after = page.at(-1)?.key;
      if (page.length < 1000) return gone;
    }
  }

  #mention(device: string, kind: ThingKind, name: string): WatchedThing {
    let things = this.#devices.get(device);
    if (things === undefined) {
      things = new Map();
      this.#devices.set(device, things);
    }
    const short = `${kind}/${name}`;
    let thing = things.get(short);
    if (thing === undefined) {
      const key = `p/${device}/${short}`;
      thing = new WatchedThing(key, kind === "event" ? undefined : decodeRecord<KeptProperty>(this.#store.get(key)));
      things.set(short, thing);
    }
    thing.mentions++;
    return thing;
  }

  #unmention(device: string, kind: ThingKind, name: string, gone: string[]): void {
    const things = this.#devices.get(device);
    const thing = things?.get(`${kind}/${name}`);
    if (things === undefined || thing === undefined || --thing.mentions > 0) return;
    things.delete(`${kind}/${name}`);
    if (things.size === 0) this.#devices.delete(device);
    gone.push(thing.key);
  }
}
