/** What went out, for as long as its request is good: whoever lost the answer asks again with the same request, and is not counted twice. */
import { type DurableMap, decodeRecord, encodeRecord, type MapChange, padNumber } from "#events";
import type { Did } from "#protocol";
import { exchangeError } from "./errors.ts";

/** A request that was answered. */
export interface AnsweredRequest {
  /** SHA-256 of its token. */
  readonly digest: string;
  /** When it runs out, seconds since 1970. */
  readonly exp: number;
}

/** What it got, beside the receipt. A subscription has no sealed whole. */
export interface KeptAnswer {
  readonly recipient: Did;
  /** Id of the receipt. */
  readonly receipt: string;
  readonly sealed?: string;
}

/** Bytes that are kept, in all and of one recipient: nobody fills the provider's disk by asking for the same data again and again. */
export interface AnswerLimits {
  readonly bytes: number;
  readonly bytesOfOne: number;
}

export const ANSWER_LIMITS: AnswerLimits = { bytes: 1024 * 1024 * 1024, bytesOfOne: 256 * 1024 * 1024 };

/** How many are looked at in one go when the store is opened: they may be large. */
const PAGE = 16;

/** In the order in which they run out. */
const answerKey = ({ digest, exp }: AnsweredRequest) => `q/${padNumber(exp)}/${digest}`;

export class Answers {
  readonly #store: DurableMap;
  readonly #limits: AnswerLimits;
  readonly #sizes = new Map<string, { readonly recipient: Did; readonly bytes: number }>();
  readonly #bytesOf = new Map<Did, number>();
  #bytes = 0;

  constructor(store: DurableMap, limits: Partial<AnswerLimits> = {}) {
    this.#store = store;
    this.#limits = { ...ANSWER_LIMITS, ...limits };
    for (let page = store.list("q/", { limit: PAGE }); page.length > 0; ) {
      for (const { key, value } of page)
        this.#count(key, { recipient: (decodeRecord<KeptAnswer>(value) as KeptAnswer).recipient, bytes: value.length });
      page = store.list("q/", { after: (page.at(-1) as { key: string }).key, limit: PAGE });
    }
  }

  get(request: AnsweredRequest): KeptAnswer | undefined {
    return decodeRecord<KeptAnswer>(this.#store.get(answerKey(request)));
  }

  /**
   * Whether there is room for an answer. To be asked before one is made: those that are being made already may go beyond the bound.
   *
   * @throws HansaError `exchange.busy`
   */
  requireRoom(recipient: Did): void {
    const { bytes, bytesOfOne } = this.#limits;
    if (this.#bytes >= bytes || (this.#bytesOf.get(recipient) ?? 0) >= bytesOfOne)
      throw exchangeError("exchange.busy", "more was released of late than can be kept for whoever loses it");
  }

  keep(request: AnsweredRequest, answer: KeptAnswer): MapChange {
    const value = encodeRecord(answer);
    const key = answerKey(request);
    this.#count(key, { recipient: answer.recipient, bytes: value.length });
    return { key, value };
  }

  /** Its room is free again when its request runs out. */
  drop(request: AnsweredRequest): MapChange {
    return { key: answerKey(request), value: null };
  }

  /**
   * Forgets answers whose request has run out, so many at once; durable when it returns.
   *
   * @param now - seconds since 1970
   * @returns whether there may be more
   */
  forget(now: number, most: number): boolean {
    const end = `q/${padNumber(now + 1)}`;
    const keys: string[] = [];
    for (const key of this.#sizes.keys()) if (key < end && keys.push(key) === most) break;
    if (keys.length > 0) this.#store.batch(keys.map((key) => ({ key, value: null })));
    for (const key of keys) this.#uncount(key);
    return keys.length === most;
  }

  #count(key: string, size: { readonly recipient: Did; readonly bytes: number }): void {
    this.#uncount(key);
    this.#sizes.set(key, size);
    this.#bytes += size.bytes;
    this.#bytesOf.set(size.recipient, (this.#bytesOf.get(size.recipient) ?? 0) + size.bytes);
  }

  #uncount(key: string): void {
    const size = this.#sizes.get(key);
    if (size === undefined) return;
    this.#sizes.delete(key);
    this.#bytes -= size.bytes;
    const left = (this.#bytesOf.get(size.recipient) ?? 0) - size.bytes;
    if (left > 0) this.#bytesOf.set(size.recipient, left);
    else this.#bytesOf.delete(size.recipient);
  }
}
