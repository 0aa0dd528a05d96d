import { credentialError } from "../credentials/errors.ts";
import { drawBelow } from "../draw-below.ts";
import { MOST_BYTES, StatusList } from "./status-list.ts";

/** How often a free index is drawn for before they are counted. At half full, one in 2^32 allocations counts. */
const DRAWS = 32;

/**
 * Gives each credential an entry of a status list that is no one else's, by chance: with indexes in order, one would tell when a credential was
 * issued, and whose came before it.
 */
export class IndexAllocator {
  readonly #taken: StatusList;
  #free: number;

  /**
   * @param entries - of the list, a multiple of 8
   * @param taken - what `taken` gave when it was kept
   * @throws HansaError `credentials.document`
   */
  constructor(entries: number, taken?: Uint8Array) {
    this.#taken =
      taken === undefined
        ? StatusList.create({ order: "right", entries })
        : StatusList.of(taken, { order: "right", bits: 1 });
    if (this.#taken.size !== entries || entries > MOST_BYTES * 8)
      throw credentialError("credentials.document", "the allocation is of a list of another size");
    this.#free = 0;
    for (let i = 0; i < entries; i++) if (this.#taken.get(i) === 0) this.#free++;
  }

  /** How many entries are free. */
  get free(): number {
    return this.#free;
  }

  /** Which are taken, a bit each: kept, it makes the allocator again. */
  get taken(): Uint8Array {
    return this.#taken.bytes;
  }

  /** @throws HansaError `credentials.list-full` */
  allocate(): number {
    if (this.#free === 0) throw credentialError("credentials.list-full", "all entries of the status list are taken");
    const index = this.#draw();
    this.#taken.set(index, 1);
    this.#free--;
    return index;
  }

  #draw(): number {
    const { size } = this.#taken;
    for (let i = 0; i < DRAWS; i++) {
      const index = drawBelow(size);
      if (this.#taken.get(index) === 0) return index;
    }
    let which = drawBelow(this.#free);
    for (let index = 0; ; index++) if (this.#taken.get(index) === 0 && which-- === 0) return index;
  }
}
