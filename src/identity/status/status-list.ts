import { encodeBase64Url, type Json } from "#base";
import { sha256 } from "#crypto";
import { credentialError } from "../credentials/errors.ts";

/**
 * Where the entries lie: `left` begins with a byte's highest bit (Bitstring Status List §2.2), `right` with its lowest (Token Status
 * List §4.1).
 */
export type BitOrder = "left" | "right";

/** Least entries of a list, so that whoever fetches one tells nobody which of them he looks at (Bitstring Status List §6.1). */
export const LEAST_ENTRIES = 131_072;

/** Most bytes of a list, not compressed: 32 million entries of one bit. */
export const MOST_BYTES = 4 << 20;

/** Bits of an entry; from the right only those that divide a byte. */
export type EntryBits = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** States of many credentials, a few bits each. */
export class StatusList {
  readonly bits: EntryBits;
  readonly order: BitOrder;
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array, bits: EntryBits, order: BitOrder) {
    if (!Number.isInteger(bits) || bits < 1 || bits > 8 || (order === "right" && 8 % bits !== 0))
      throw refuseList("an entry has 1 to 8 bits, of Token Status Lists 1, 2, 4 or 8");
    this.#bytes = bytes;
    this.bits = bits;
    this.order = order;
  }

  /**
   * A list whose entries are all 0.
   *
   * @param options - `entries` fills whole bytes, and is 131,072 by default
   * @throws HansaError `credentials.document`
   */
  static create(options: {
    readonly order: BitOrder;
    readonly bits?: EntryBits;
    readonly entries?: number;
  }): StatusList {
    const { order, bits = 1, entries = LEAST_ENTRIES } = options;
    const length = (entries * bits) / 8;
    if (!Number.isInteger(length) || length < 1 || length > MOST_BYTES)
      throw refuseList("a list has 1 byte to 4 MiB, all whole");
    return new StatusList(new Uint8Array(length), bits, order);
  }

  /** A list over a copy of these bytes. @throws HansaError `credentials.document` */
  static of(bytes: Uint8Array, options: { readonly order: BitOrder; readonly bits: EntryBits }): StatusList {
    if (bytes.length < 1 || bytes.length > MOST_BYTES) throw refuseList("a list has 1 byte to 4 MiB");
    return new StatusList(bytes.slice(), options.bits, options.order);
  }

  /** How many entries there are. */
  get size(): number {
    return Math.floor((this.#bytes.length * 8) / this.bits);
  }

  /** A copy of its bytes, as they are before compression. */
  get bytes(): Uint8Array {
    return this.#bytes.slice();
  }

  /** @throws HansaError `credentials.document` */
  get(index: number): number {
    const { byte, shift } = this.#locate(index);
    return (this.#pair(byte) >> shift) & this.#mask;
  }

  /** @throws HansaError `credentials.document` */
  set(index: number, value: number): void {
    const { byte, shift } = this.#locate(index);
    if (!Number.isInteger(value) || value < 0 || value > this.#mask) throw refuseList(`a state is 0 to ${this.#mask}`);
    const pair = (this.#pair(byte) & ~(this.#mask << shift)) | (value << shift);
    this.#bytes[byte] = pair >> 8;
    if (byte + 1 < this.#bytes.length) this.#bytes[byte + 1] = pair & 0xff;
  }

  /**
   * What the ledger keeps of a list: base64url SHA-256 of its bytes before compression. It ties what the issuer's node publishes to one
   * state that all see.
   */
  root(): string {
    return encodeBase64Url(sha256(this.#bytes));
  }

  get #mask(): number {
    return (1 << this.bits) - 1;
  }

  /** A byte and the next: an entry of three bits can lie in both. */
  #pair(byte: number): number {
    return ((this.#bytes[byte] as number) << 8) | (this.#bytes[byte + 1] ?? 0);
  }

  #locate(index: number): { byte: number; shift: number } {
    if (!Number.isInteger(index) || index < 0 || index >= this.size) throw refuseList(`there is no entry ${index}`);
    const bit = index * this.bits;
    const within = bit % 8;
    return { byte: Math.floor(bit / 8), shift: this.order === "left" ? 16 - this.bits - within : 8 + within };
  }
}

/** What is wrong with a list or an entry that is made here. */
export function refuseList(problem: string) {
  return credentialError("credentials.document", problem, { problem });
}

/** Why a list or an entry that was found does not tell the status. */
export function unknownStatus(problem: string) {
  return credentialError("credentials.status-unknown", problem, { problem });
}

/** Whether a text may be a list's address. */
export function isListUrl(text: Json | undefined): text is string {
  return typeof text === "string" && text.length <= 2048 && URL.canParse(text);
}
