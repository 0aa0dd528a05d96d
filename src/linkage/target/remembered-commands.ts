/**
 * What became of each command, by issuer and id, for as long as it could come again. Only the issuer's own commands share its ids:
 * another member cannot spend them beforehand.
 */

import { encodeBase64Url, encodeUtf8 } from "#base";
import { sha256 } from "#crypto";
import { type DurableMap, decodeRecord, encodeRecord, type MapChange } from "#events";
import type { Command } from "#protocol";

/** A command that was taken; without a receipt its action was started and its end is not known. */
export interface RememberedCommand {
  /** The command's token. */
  readonly token: string;
  /** Seconds since 1970. */
  readonly exp: number;
  readonly receipt?: string;
}

const PREFIX = "j/";
const PAGE = 1000;

export class RememberedCommands {
  readonly #store: DurableMap;
  readonly #windowSeconds: number;
  /** Keys by the minute in which they may be forgotten. */
  readonly #minutes = new Map<number, string[]>();
  #size = 0;

  /** @param windowSeconds - how long after its expiry a command is remembered: more than clocks can be set back */
  constructor(store: DurableMap, windowSeconds: number) {
    this.#store = store;
    this.#windowSeconds = windowSeconds;
  }

  get size(): number {
    return this.#size;
  }

  static keyOf(command: Command): string {
    return `${PREFIX}${encodeBase64Url(sha256(encodeUtf8(command.iss)))}/${command.jti}`;
  }

  get(key: string): RememberedCommand | undefined {
    return decodeRecord<RememberedCommand>(this.#store.get(key));
  }

  /** The change that remembers; `noted` once it is durable. */
  change(key: string, kept: RememberedCommand): MapChange {
    return { key, value: encodeRecord(kept) };
  }

  noted(key: string, exp: number): void {
    const minute = Math.floor((exp + this.#windowSeconds) / 60) + 1;
    const keys = this.#minutes.get(minute);
    if (keys === undefined) this.#minutes.set(minute, [key]);
    else keys.push(key);
    this.#size++;
  }

  /** Reads back what is kept and hands out what was started and not ended. */
  restore(): { key: string; kept: RememberedCommand }[] {
    const open: { key: string; kept: RememberedCommand }[] = [];
    let after: string | undefined;
    for (;;) {
      const page = this.#store.list(PREFIX, { limit: PAGE, ...(after === undefined ? {} : { after }) });
      for (const { key, value } of page) {
        const kept = decodeRecord<RememberedCommand>(value) as RememberedCommand;
        this.noted(key, kept.exp);
        if (kept.receipt === undefined) open.push({ key, kept });
      }
      after = page.at(-1)?.key;
      if (page.length < PAGE) return open;
    }
  }

  /** Forgets what can no longer come again; at most `most` at a time. Only ended commands are that old. */
  prune(now: number, most = 20_000): void {
    const minute = Math.floor(now / 60_000);
    for (const [at, keys] of this.#minutes) {
      if (at > minute) continue;
      const gone = keys.slice(0, most);
      this.#store.batch(gone.map((key) => ({ key, value: null })));
      keys.splice(0, gone.length);
      this.#size -= gone.length;
      if (keys.length === 0) this.#minutes.delete(at);
      return;
    }
  }
}
