import { decodeBase64Url, encodeBase64Url, encodeHex } from "#base";
import type { Transaction } from "#protocol";
import type { Reader, Writer } from "../state/state.ts";

/**
 * Where the ring stands. The ids that were executed and could still be replayed are authenticated state, an entry a block: whoever
 * has the state, by blocks, by restart or by snapshot, refuses the same replays, and a snapshot that hides one does not give the
 * signed root.
 */
export const REPLAY_KEY = "kernel/replay";
const ENTRY_PREFIX = "kernel/replay/";

interface Ring {
  /** Entry that is written over next, once all its ids have expired. */
  readonly next: number;
  readonly size: number;
}

interface RingEntry {
  /** The greatest `exp` in it, seconds: until then it stays. */
  readonly until: number;
  /** Ids of 20 bytes each, which begin with their `exp`; base64url. */
  readonly ids: string;
}

const ID_BYTES = 20;

/** Seconds that one bucket of the window spans. */
const SPAN = 64;

function entryKey(position: number): string {
  return ENTRY_PREFIX + String(position).padStart(8, "0");
}

/**
 * Writes a block's ids into the ring: over the oldest entry where that has expired, otherwise into a new one. The ring grows to
 * about the number of blocks within a window, and its keys are used again ever after.
 *
 * @param time - block time, milliseconds
 */
export function recordIds(state: Writer, ids: readonly Uint8Array[], time: number): void {
  if (ids.length === 0) return;
  const packed = new Uint8Array(ids.length * ID_BYTES);
  let until = 0;
  ids.forEach((id, i) => {
    packed.set(id, i * ID_BYTES);
    const exp = expiryOf(packed, i * ID_BYTES);
    if (exp > until) until = exp;
  });
  const { next, size } = state.get<Ring>(REPLAY_KEY) ?? { next: 0, size: 0 };
  const oldest = next < size ? state.get<RingEntry>(entryKey(next)) : undefined;
  const free = oldest !== undefined && oldest.until * 1000 <= time;
  const entry: RingEntry = { until, ids: encodeBase64Url(packed) };
  state.put(entryKey(free ? next : size), entry);
  state.put(REPLAY_KEY, free ? { next: (next + 1) % size, size } : { next, size: size + 1 });
}

function expiryOf(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0);
}

/**
 * The ring in memory, for looking ids up. An id is known until its transaction has expired by block time, and after that `exp` alone
 * refuses it: memory follows the rate and the window, never the age of the ledger.
 */
export class ReplayWindow {
  /** By `exp` in spans: whole buckets are forgotten at once. */
  readonly #buckets = new Map<number, Set<string>>();

  has(transaction: Pick<Transaction, "idText" | "claims">): boolean {
    return this.#buckets.get(bucketOf(transaction.claims.exp))?.has(transaction.idText) === true;
  }

  add(idText: string, exp: number): void {
    const bucket = bucketOf(exp);
    let ids = this.#buckets.get(bucket);
    if (ids === undefined) {
      ids = new Set();
      this.#buckets.set(bucket, ids);
    }
    ids.add(idText);
  }

  /** Forgets what has expired by `time` (milliseconds). */
  forget(time: number): void {
    const current = bucketOf(quotient(time, 1000));
    for (const bucket of this.#buckets.keys()) if (bucket < current) this.#buckets.delete(bucket);
  }

  get size(): number {
    let size = 0;
    for (const ids of this.#buckets.values()) size += ids.size;
    return size;
  }

  /** The window of a committed state, at the block time `time` (milliseconds). */
  static load(state: Reader, time: number): ReplayWindow {
    const window = new ReplayWindow();
    for (const key of state.keys(ENTRY_PREFIX)) {
      const entry = state.get<RingEntry>(key);
      if (entry === undefined || entry.until * 1000 <= time) continue;
      const packed = decodeBase64Url(entry.ids);
      if (packed === undefined) throw new Error(`the record ${key} does not hold ids`);
      for (let at = 0; at < packed.length; at += ID_BYTES)
        window.add(encodeHex(packed.subarray(at, at + ID_BYTES)), expiryOf(packed, at));
    }
    window.forget(time);
    return window;
  }
}

function bucketOf(exp: number): number {
  return quotient(exp, SPAN);
}

/** Floor of a quotient of non-negative integers. */
function quotient(value: number, by: number): number {
  return (value - (value % by)) / by;
}
