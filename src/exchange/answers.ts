/** What went out, for as long as its request is good: whoever lost the answer asks again with the same request, and is not counted twice. */
import type { ReleaseAnswer } from "#protocol";
import { nameInKey } from "./datasets.ts";
import type { Change, DurableMap } from "./needs.ts";
import { decodeRecord, encodeRecord, padNumber } from "./records.ts";

/** A release as it was made. A subscription has a receipt and no sealed whole. */
export interface KeptAnswer {
  readonly receipt: ReleaseAnswer["receipt"];
  readonly sealed?: string;
  /** End of the request, seconds since 1970. */
  readonly exp: number;
  /** The dataset that is in it. */
  readonly dataset?: string;
}

/** How many are forgotten at once: each release forgets more than it adds, and none takes long. */
const FORGET_AT_ONCE = 8;

const answerKey = (digest: string) => `q/${digest}`;
const expiryKey = (exp: number, digest: string) => `x/${padNumber(exp)}/${digest}`;
const datasetPrefix = (dataset: string) => `z/${nameInKey(dataset)}/`;

export class Answers {
  readonly #store: DurableMap;

  constructor(store: DurableMap) {
    this.#store = store;
  }

  /** @param digest - of the request */
  get(digest: string): KeptAnswer | undefined {
    return decodeRecord<KeptAnswer>(this.#store.get(answerKey(digest)));
  }

  keep(digest: string, answer: KeptAnswer): Change[] {
    const nothing = encodeRecord(0);
    return [
      { key: answerKey(digest), value: encodeRecord(answer) },
      { key: expiryKey(answer.exp, digest), value: nothing },
      ...(answer.dataset === undefined ? [] : [{ key: datasetPrefix(answer.dataset) + digest, value: nothing }]),
    ];
  }

  /** The changes that drop answers whose request has run out. @param now - seconds since 1970 */
  forgetting(now: number, most = FORGET_AT_ONCE): Change[] {
    const changes: Change[] = [];
    for (const { key } of this.#store.list("x/", { limit: most })) {
      const [, exp, digest] = key.split("/") as [string, string, string];
      if (Number(exp) > now) break;
      changes.push(...this.#dropping(digest, Number(exp)));
    }
    return changes;
  }

  /** The changes that drop every answer with a dataset in it. */
  erasure(dataset: string): Change[] {
    const prefix = datasetPrefix(dataset);
    return this.#store.list(prefix).flatMap(({ key }) => {
      const digest = key.slice(prefix.length);
      const kept = this.get(digest);
      return kept === undefined ? [{ key, value: null }] : this.#dropping(digest, kept.exp);
    });
  }

  #dropping(digest: string, exp: number): Change[] {
    const dataset = this.get(digest)?.dataset;
    const keys = [answerKey(digest), expiryKey(exp, digest)];
    if (dataset !== undefined) keys.push(datasetPrefix(dataset) + digest);
    return keys.map((key) => ({ key, value: null }));
  }
}
