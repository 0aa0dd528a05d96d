/** What went out, for as long as its request is good: whoever lost the answer asks again with the same request, and is not counted twice. */
import type { Change, DurableMap } from "./needs.ts";
import { decodeRecord, encodeRecord, padNumber } from "./records.ts";

/** A request that was answered. */
export interface AnsweredRequest {
  /** SHA-256 of its token. */
  readonly digest: string;
  /** When it runs out, seconds since 1970. */
  readonly exp: number;
}

/** What it got, beside the receipt. A subscription has no sealed whole. */
export interface KeptAnswer {
  /** Id of the receipt. */
  readonly receipt: string;
  readonly sealed?: string;
}

/** In the order in which they run out. */
const answerKey = ({ digest, exp }: AnsweredRequest) => `q/${padNumber(exp)}/${digest}`;

export class Answers {
  readonly #store: DurableMap;

  constructor(store: DurableMap) {
    this.#store = store;
  }

  get(request: AnsweredRequest): KeptAnswer | undefined {
    return decodeRecord<KeptAnswer>(this.#store.get(answerKey(request)));
  }

  keep(request: AnsweredRequest, answer: KeptAnswer): Change {
    return { key: answerKey(request), value: encodeRecord(answer) };
  }

  drop(request: AnsweredRequest): Change {
    return { key: answerKey(request), value: null };
  }

  /** The changes that drop answers whose request has run out. @param now - seconds since 1970 */
  forgetting(now: number, most: number): Change[] {
    const end = `q/${padNumber(now + 1)}`;
    return this.#store
      .list("q/", { limit: most })
      .filter(({ key }) => key < end)
      .map(({ key }) => ({ key, value: null }));
  }
}
