import { encodeHex } from "#base";
import type { CommitBatch, Place, StateStore, StoredBlock, StoredHeader, StoredRecord } from "./store.ts";

const PRUNED_AT_ONCE = 64;

/** A store that forgets: for simulation, dry runs and replay, where nothing is acknowledged to anybody. */
export class MemoryStore implements StateStore {
  readonly #records: { key: string; versions: { height: number; value: Uint8Array | null }[] }[] = [];
  readonly #blocks = new Map<number, StoredBlock>();
  readonly #ids = new Map<string, Place>();
  #head: StoredBlock | undefined;
  #first: number | undefined;
  #lowest: number | undefined;
  /** Headers of pruned blocks. */
  readonly #headers = new Map<number, StoredHeader>();

  head() {
    return this.#head;
  }

  *leaves(): IterableIterator<StoredRecord> {
    for (let slot = 0; slot < this.#records.length; slot++) {
      const record = this.#records[slot];
      if (record !== undefined) yield { slot, key: record.key, value: record.versions.at(-1)?.value ?? null };
    }
  }

  leavesAt(height: number, from: number, limit: number): readonly StoredRecord[] {
    const found: StoredRecord[] = [];
    for (let slot = from; found.length < limit; slot++) {
      const value = this.readAt(slot, height);
      if (value === undefined) break;
      found.push({ slot, key: this.#records[slot]?.key ?? "", value });
    }
    return found;
  }

  read(slot: number): Uint8Array | null | undefined {
    return this.#records[slot]?.versions.at(-1)?.value;
  }

  readAt(slot: number, height: number): Uint8Array | null | undefined {
    return this.#records[slot]?.versions.findLast((version) => version.height <= height)?.value;
  }

  versions(slot: number) {
    return this.#records[slot]?.versions ?? [];
  }

  commit(batch: CommitBatch): void {
    const { block } = batch;
    for (const { slot, key, value } of batch.records) {
      const record = this.#records[slot] ?? { key, versions: [] };
      record.versions.push({ height: block.height, value });
      this.#records[slot] = record;
    }
    this.#blocks.set(block.height, block);
    this.#first ??= block.height;
    this.#lowest ??= block.height;
    for (const { id, index } of batch.ids) this.#ids.set(encodeHex(id), { height: block.height, index });
    this.#head = block;
  }

  setCertificate(height: number, certificate: Uint8Array): void {
    const pruned = this.#headers.get(height);
    if (pruned !== undefined) this.#headers.set(height, { ...pruned, certificate });
    const block = this.#blocks.get(height);
    if (block === undefined) return;
    const changed = { ...block, certificate };
    this.#blocks.set(height, changed);
    if (this.#head?.height === height) this.#head = changed;
  }

  block(height: number): StoredBlock | undefined {
    return this.#blocks.get(height);
  }

  header(height: number): StoredHeader | undefined {
    const block = this.#headers.get(height) ?? this.#blocks.get(height);
    return block === undefined ? undefined : headerOf(block);
  }

  firstHeight(): number | undefined {
    return this.#first;
  }

  lowestHeight(): number | undefined {
    return this.#lowest;
  }

  prune(below: number, expired: number): boolean {
    if (this.#head === undefined || this.#lowest === undefined) return false;
    if (below > this.#head.height) return this.prune(this.#head.height, expired);
    const end = below;
    let left = PRUNED_AT_ONCE;
    for (; this.#lowest < end && left > 0; this.#lowest++, left--) {
      const block = this.#blocks.get(this.#lowest);
      if (block !== undefined) this.#headers.set(this.#lowest, headerOf(block));
      this.#blocks.delete(this.#lowest);
    }
    if (this.#lowest < end) return true;
    for (const [id, { height }] of this.#ids)
      if (height < end && Number.parseInt(id.slice(0, 8), 16) <= expired) this.#ids.delete(id);
    return false;
  }

  findTransaction(id: Uint8Array): Place | undefined {
    return this.#ids.get(encodeHex(id));
  }

  restoreSnapshot(records: Iterable<StoredRecord>, head: StoredBlock): void {
    const kept = [...records].map(({ key, value }) => ({ key, versions: [{ height: head.height, value }] }));
    for (const record of kept) this.#records.push(record);
    this.#blocks.set(head.height, head);
    this.#first = head.height;
    this.#lowest = head.height;
    this.#head = head;
  }
}

function headerOf({ height, time, header, certificate }: StoredHeader): StoredHeader {
  return { height, time, header, certificate };
}
