import { encodeHex } from "#base";
import type { CommitBatch, Place, StateStore, StoredBlock, StoredRecord } from "./store.ts";

/** A store that forgets: for simulation, dry runs and replay, where nothing is acknowledged to anybody. */
export class MemoryStore implements StateStore {
  readonly #records: { key: string; versions: { height: number; value: Uint8Array | null }[] }[] = [];
  readonly #blocks = new Map<number, StoredBlock>();
  readonly #ids = new Map<string, Place>();
  #head: StoredBlock | undefined;
  #lowest: number | undefined;

  head() {
    return this.#head;
  }

  *leaves(): IterableIterator<StoredRecord> {
    for (let slot = 0; slot < this.#records.length; slot++) {
      const record = this.#records[slot];
      if (record !== undefined) yield { slot, key: record.key, value: record.versions.at(-1)?.value ?? null };
    }
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
    this.#lowest ??= block.height;
    for (const { id, index } of batch.ids) this.#ids.set(encodeHex(id), { height: block.height, index });
    this.#head = block;
  }

  setCertificate(height: number, certificate: Uint8Array): void {
    const block = this.#blocks.get(height);
    if (block === undefined) return;
    const changed = { ...block, certificate };
    this.#blocks.set(height, changed);
    if (this.#head?.height === height) this.#head = changed;
  }

  block(height: number): StoredBlock | undefined {
    return this.#blocks.get(height);
  }

  lowestHeight(): number | undefined {
    return this.#lowest;
  }

  findTransaction(id: Uint8Array): Place | undefined {
    return this.#ids.get(encodeHex(id));
  }

  restoreSnapshot(records: Iterable<StoredRecord>, head: StoredBlock): void {
    for (const { slot, key, value } of records)
      this.#records[slot] = { key, versions: [{ height: head.height, value }] };
    this.#blocks.set(head.height, head);
    this.#lowest = head.height;
    this.#head = head;
  }
}
