/**
 * First in, first out, with a limit. `push` says no when full: whoever offers must slow down or refuse, and memory
 * stays bounded. Amortised constant time.
 */
export class BoundedQueue<Item> {
  #items: (Item | undefined)[] = [];
  #head = 0;
  readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** False when the queue is full; the item is then not taken. */
  push(item: Item): boolean {
    if (this.size >= this.limit) return false;
    this.#items.push(item);
    return true;
  }

  shift(): Item | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  peek(): Item | undefined {
    return this.#items[this.#head];
  }

  /** Takes up to `most` items at once. */
  take(most: number): Item[] {
    const taken: Item[] = [];
    while (taken.length < most) {
      if (this.#head === this.#items.length) break;
      taken.push(this.shift() as Item);
    }
    return taken;
  }
}
