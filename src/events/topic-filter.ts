/** MQTT topic names and filters (MQTT 3.1.1 §4.7). */

/** Longest name or filter, characters. */
export const MAX_TOPIC_LENGTH = 512;
/** Most levels of a name or filter. */
export const MAX_TOPIC_LEVELS = 16;

function isBounded(name: string): boolean {
  if (name.length === 0 || name.length > MAX_TOPIC_LENGTH || name.includes("\u0000")) return false;
  let levels = 1;
  for (let at = name.indexOf("/"); at >= 0; at = name.indexOf("/", at + 1)) levels++;
  return levels <= MAX_TOPIC_LEVELS;
}

/** Whether a text can be published to: not empty, within limits, no wildcards. */
export function isTopicName(name: string): boolean {
  return isBounded(name) && !name.includes("+") && !name.includes("#");
}

/** Whether a text is a filter: `+` fills a level, `#` only stands as the last one. */
export function isTopicFilter(filter: string): boolean {
  if (!isBounded(filter)) return false;
  const levels = filter.split("/");
  return levels.every((level, i) =>
    level.includes("#") ? level === "#" && i === levels.length - 1 : !level.includes("+") || level === "+",
  );
}

/**
 * Whether a filter matches a name. `a/#` matches `a` too [MQTT-4.7.1-2]; a wildcard in front matches no name that starts
 * with `$` [MQTT-4.7.2-1].
 *
 * @example
 * ```ts
 * matchesFilter("a/+/c", "a/b/c"); // true
 * matchesFilter("a/#", "a"); // true
 * ```
 */
export function matchesFilter(filter: string, name: string): boolean {
  if (filter === name) return true;
  const wanted = filter.split("/");
  const levels = name.split("/");
  if (name.startsWith("$") && (wanted[0] === "+" || wanted[0] === "#")) return false;
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === "#") return true;
    if (i >= levels.length || (wanted[i] !== "+" && wanted[i] !== levels[i])) return false;
  }
  return wanted.length === levels.length;
}

interface Branch<Item> {
  readonly below: Map<string, Branch<Item>>;
  readonly items: Map<string, Item>;
}

const newBranch = <Item>(): Branch<Item> => ({ below: new Map(), items: new Map() });

/**
 * Filters with what hangs on them, found by name in time proportional to the name's levels and the matches. An item is known by
 * filter and key.
 */
export class FilterTree<Item> {
  #root = newBranch<Item>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Puts an item under a filter; one with the same key is replaced. */
  set(filter: string, key: string, item: Item): void {
    let branch = this.#root;
    for (const level of filter.split("/")) {
      let next = branch.below.get(level);
      if (next === undefined) {
        next = newBranch();
        branch.below.set(level, next);
      }
      branch = next;
    }
    if (!branch.items.has(key)) this.#size++;
    branch.items.set(key, item);
  }

  /** Takes an item away; one that is not there is no error. */
  delete(filter: string, key: string): void {
    const path: [Branch<Item>, string][] = [];
    let branch = this.#root;
    for (const level of filter.split("/")) {
      const next = branch.below.get(level);
      if (next === undefined) return;
      path.push([branch, level]);
      branch = next;
    }
    if (branch.items.delete(key)) this.#size--;
    // Empty branches go, otherwise filters that come and go would grow the tree for ever.
    for (const [parent, level] of path.reverse()) {
      const child = parent.below.get(level);
      if (child === undefined || child.items.size > 0 || child.below.size > 0) break;
      parent.below.delete(level);
    }
  }

  /** Items of all filters that match a name. */
  match(name: string): Item[] {
    const found: Item[] = [];
    if (this.#size > 0) collect(this.#root, name.split("/"), 0, name.startsWith("$"), found);
    return found;
  }
}

function collect<Item>(branch: Branch<Item>, levels: string[], at: number, system: boolean, found: Item[]): void {
  const wild = at > 0 || !system;
  if (wild) {
    const rest = branch.below.get("#");
    if (rest !== undefined) found.push(...rest.items.values());
  }
  if (at === levels.length) {
    found.push(...branch.items.values());
    return;
  }
  const exact = branch.below.get(levels[at] as string);
  if (exact !== undefined) collect(exact, levels, at + 1, system, found);
  const any = wild ? branch.below.get("+") : undefined;
  if (any !== undefined) collect(any, levels, at + 1, system, found);
}
