/** What rooms above keep beside the logs: a map that survives a crash, and how records stand in it. */
import { decodeUtf8, encodeUtf8 } from "#base";

export interface MapChange {
  readonly key: string;
  /** `null` removes. */
  readonly value: Uint8Array | null;
}

/** A namespace that survives a crash; the `KeyValueStore` of the storage room is one. */
export interface DurableMap {
  get(key: string): Uint8Array | undefined;
  list(prefix: string, options?: { after?: string; limit?: number }): { key: string; value: Uint8Array }[];
  /** Durable when it returns, all or none; within a transaction that is running, part of it. */
  batch(changes: readonly MapChange[]): void;
}

/**
 * A record as it is kept: JSON in UTF-8. A room's records are its own words, so that they are read without a schema.
 *
 * @example
 * ```ts
 * store.batch([{ key: `e/${padNumber(7)}`, value: encodeRecord({ jti }) }]);
 * ```
 */
export function encodeRecord(value: unknown): Uint8Array {
  return encodeUtf8(JSON.stringify(value));
}

/** A record that `encodeRecord` made; `undefined` stays so. */
export function decodeRecord<Kept>(bytes: Uint8Array | undefined): Kept | undefined {
  return bytes === undefined ? undefined : (JSON.parse(decodeUtf8(bytes) ?? "") as Kept);
}

/** A number in a key, so that keys sort as the numbers do. */
export function padNumber(number: number): string {
  return String(number).padStart(14, "0");
}
