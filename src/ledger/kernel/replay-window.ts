import { encodeBase64Url, encodeUtf8 } from "#base";
import { sha256Parts } from "#crypto";
import { decodeTransaction, type Transaction } from "#protocol";
import { decodeJson } from "../state/decode.ts";
import type { Reader } from "../state/state.ts";
import type { Place, StateStore } from "../state/store.ts";

/** Record that authenticates every id that ever counted: a hash chain, one link a block. */
export const REPLAY_KEY = "kernel/replay";

/** Seconds that one bucket of the window spans. */
const SPAN = 64;

/**
 * Which transactions were executed and could still be replayed: those whose `exp` is not over. An id is known until its transaction
 * has expired by block time, and after that `exp` alone refuses it. Memory follows the rate and the window, never the age of the
 * ledger; nothing is written for it but one record a block.
 */
export class ReplayWindow {
  /** By `exp` in spans: whole buckets are forgotten at once. */
  readonly #buckets = new Map<number, Map<string, Place>>();

  find(transaction: Transaction): Place | undefined {
    return this.#buckets.get(bucketOf(transaction.claims.exp))?.get(transaction.idText);
  }

  add(idText: string, exp: number, place: Place): void {
    const bucket = bucketOf(exp);
    let ids = this.#buckets.get(bucket);
    if (ids === undefined) {
      ids = new Map();
      this.#buckets.set(bucket, ids);
    }
    ids.set(idText, place);
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

  /**
   * Rebuilds the window from stored blocks, newest first, until a block is older than any unexpired transaction can be.
   *
   * @param windowSeconds - how far ahead of block time an `exp` may lie
   */
  static load(store: StateStore, windowSeconds: number): ReplayWindow {
    const window = new ReplayWindow();
    const head = store.head();
    if (head === undefined) return window;
    const lowest = store.lowestHeight() ?? head.height;
    for (let height = head.height; height >= lowest; height--) {
      const block = store.block(height);
      if (block === undefined || block.time < head.time - windowSeconds * 1000) break;
      block.transactions.forEach((bytes, index) => {
        const { consumed } = decodeJson(block.receipts[index] as Uint8Array) as { consumed?: boolean };
        if (consumed !== true) return;
        const transaction = decodeTransaction(bytes);
        window.add(transaction.idText, transaction.claims.exp, { height, index });
      });
    }
    window.forget(head.time);
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

/** The chain's next link over the ids that a block adds. */
export function nextReplayDigest(state: Reader, ids: readonly Uint8Array[]): { digest: string } {
  const before = state.get<{ digest: string }>(REPLAY_KEY)?.digest ?? "";
  return { digest: encodeBase64Url(sha256Parts(encodeUtf8(before), ...ids)) };
}
