/** Messages on a stream, each with its length before it as an unsigned varint. */

/** Bytes of the longest length that is read: enough for 2^28 - 1. */
const LENGTH_BYTES = 4;

export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** Cuts a stream into messages. It holds what has come of the one that is not whole yet, and nothing for what was only announced. */
export class FrameReader {
  readonly #most: number;
  /** Parts of the message under way, and their bytes. */
  #parts: Uint8Array[] = [];
  #gathered = 0;
  /** Length of the message under way; `undefined` while that itself is under way. */
  #length: number | undefined;
  #partialLength = 0;
  #lengthBytes = 0;

  /** @param most - bytes of the largest message */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Takes the next part of the stream and gives every message that it completes. Messages have memory of their own: the part may be
   * reused or large.
   *
   * @throws FrameError where a length is larger than allowed or not a number; nothing more can be read then
   */
  push(part: Uint8Array, message: (bytes: Uint8Array) => void): void {
    let at = 0;
    while (at < part.length) {
      if (this.#length === undefined) {
        at = this.#readLength(part, at);
        if (this.#length === undefined) return;
      }
      const length: number = this.#length;
      const wanted = length - this.#gathered;
      const available = part.length - at;
      if (available < wanted) {
        this.#parts.push(at === 0 ? part : part.subarray(at));
        this.#gathered += available;
        return;
      }
      const whole = this.#whole(part.subarray(at, at + wanted), length);
      at += wanted;
      message(whole);
    }
  }

  /** Reads what there is of a length. */
  #readLength(part: Uint8Array, from: number): number {
    let at = from;
    while (at < part.length) {
      const byte = part[at++] as number;
      this.#partialLength |= (byte & 0x7f) << (7 * this.#lengthBytes++);
      if (byte < 0x80) {
        if (this.#partialLength > this.#most)
          throw new FrameError(`a message of ${this.#partialLength} bytes, where ${this.#most} are allowed`);
        if (this.#partialLength === 0) throw new FrameError("a message without content");
        this.#length = this.#partialLength;
        this.#partialLength = 0;
        this.#lengthBytes = 0;
        return at;
      }
      if (this.#lengthBytes === LENGTH_BYTES) throw new FrameError("a length of more than four bytes");
    }
    return at;
  }

  #whole(last: Uint8Array, length: number): Uint8Array {
    const whole = new Uint8Array(length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    whole.set(last, at);
    this.#parts = [];
    this.#gathered = 0;
    this.#length = undefined;
    return whole;
  }
}

/** The length that goes before a message. */
export function frameLength(length: number): Uint8Array {
  const bytes: number[] = [];
  let rest = length;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
