/** Bytes and their text forms. All encoders are strict: what `encode` never produces, `decode` refuses. */

// Both globals exist in Node and in every browser; `lib` stays at es2023 so that nothing else of either leaks in here.
declare const TextEncoder: {
  new (): { encode(text: string): Uint8Array; encodeInto(text: string, bytes: Uint8Array): { written: number } };
};
declare const TextDecoder: {
  new (label: string, options: { fatal: boolean; ignoreBOM: boolean }): { decode(bytes: Uint8Array): string };
};

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes of a text in UTF-8. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** `encodeUtf8` into `bytes`, which has room for three bytes a UTF-16 unit. @returns how many bytes were written */
export function encodeUtf8Into(bytes: Uint8Array, text: string): number {
  return encoder.encodeInto(text, bytes).written;
}

/** Bytes of the first slab and of the largest, for texts that are no longer than that. */
const SLAB_BYTES = { first: 1024, largest: 65_536 };

/**
 * Encodes many texts that are kept for about as long as each other: they share memory, a slab at a time, where arrays of their own would cost more
 * than the encoding.
 */
export class Utf8Slabs {
  #slab = new Uint8Array(0);
  #used = 0;

  /** Bytes of a text in UTF-8: a part of memory that others have parts of. */
  encode(text: string): Uint8Array {
    const most = text.length * 3;
    if (this.#slab.length - this.#used < most) {
      const next = Math.min(SLAB_BYTES.largest, Math.max(SLAB_BYTES.first, 2 * this.#slab.length));
      this.#slab = new Uint8Array(Math.max(next, most));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += encodeUtf8Into(this.#slab.subarray(start), text);
    return this.#slab.subarray(start, this.#used);
  }
}

/**
 * Text of UTF-8 bytes; `undefined` where the bytes are not valid UTF-8 (a byte-order mark is kept as a character).
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

const HEX: string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

/** Lower-case hexadecimal. */
export function encodeHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** Bytes of lower-case hexadecimal, or `undefined`. */
export function decodeHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

const B64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const B64_VALUE = new Int16Array(128).fill(-1);
for (let i = 0; i < 64; i++) B64_VALUE[B64.charCodeAt(i)] = i;

/** base64url without padding (RFC 4648 §5, as RFC 7515 wants it). */
export function encodeBase64Url(bytes: Uint8Array): string {
  let text = "";
  let i = 0;
  for (; i + 2 < bytes.length; i += 3) {
    const n = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number);
    text += B64.charAt(n >> 18) + B64.charAt((n >> 12) & 63) + B64.charAt((n >> 6) & 63) + B64.charAt(n & 63);
  }
  if (i + 1 === bytes.length) {
    const n = (bytes[i] as number) << 16;
    text += B64.charAt(n >> 18) + B64.charAt((n >> 12) & 63);
  } else if (i + 2 === bytes.length) {
    const n = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8);
    text += B64.charAt(n >> 18) + B64.charAt((n >> 12) & 63) + B64.charAt((n >> 6) & 63);
  }
  return text;
}

/**
 * Bytes of unpadded base64url, or `undefined`: padding, foreign characters and non-zero trailing bits are refused, so
 * that one value has one text (a second spelling would be a second transaction with the same meaning).
 */
export function decodeBase64Url(text: string): Uint8Array | undefined {
  if (text.length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  return decodeBase64UrlInto(bytes, text) === undefined ? undefined : bytes;
}

/**
 * `decodeBase64Url` into `bytes`, which has room: where what is decoded is not kept, no memory is taken for it.
 *
 * @returns how many bytes were written; `undefined` where the text is refused, and what stands in `bytes` then means nothing
 */
export function decodeBase64UrlInto(bytes: Uint8Array, text: string): number | undefined {
  const rest = text.length % 4;
  if (rest === 1) return undefined;
  const whole = text.length - rest;
  let out = 0;
  for (let i = 0; i < whole; i += 4) {
    const a = text.charCodeAt(i);
    const b = text.charCodeAt(i + 1);
    const c = text.charCodeAt(i + 2);
    const d = text.charCodeAt(i + 3);
    if ((a | b | c | d) > 127) return undefined;
    // Minus one, which stands for a foreign character, makes the whole negative.
    const value =
      ((B64_VALUE[a] as number) << 18) |
      ((B64_VALUE[b] as number) << 12) |
      ((B64_VALUE[c] as number) << 6) |
      (B64_VALUE[d] as number);
    if (value < 0) return undefined;
    bytes[out++] = value >> 16;
    bytes[out++] = value >> 8;
    bytes[out++] = value;
  }
  if (rest === 0) return out;
  const a = valueAt(text, whole);
  const b = valueAt(text, whole + 1);
  const c = rest === 3 ? valueAt(text, whole + 2) : 0;
  const value = (a << 18) | (b << 12) | (c << 6);
  if (value < 0 || (value & (rest === 3 ? 0xff : 0xffff)) !== 0) return undefined;
  bytes[out++] = value >> 16;
  if (rest === 3) bytes[out++] = value >> 8;
  return out;
}

function valueAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 128 ? (B64_VALUE[code] as number) : -1;
}

const B58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** Five digits of base 58 at a time, and two bytes: their product is exact in a double. */
const B58_STEP = 58 ** 5;
const B58_VALUE = new Int16Array(128).fill(-1);
for (let i = 0; i < 58; i++) B58_VALUE[B58.charCodeAt(i)] = i;

/** base58btc without the multibase letter. Meant for keys, signatures and fingerprints: quadratic in the length. */
export function encodeBase58(bytes: Uint8Array): string {
  const limbs: number[] = [];
  const odd = bytes.length % 2;
  for (let at = -odd; at < bytes.length; at += 2) {
    let carry = (at < 0 ? 0 : (bytes[at] as number) << 8) | (bytes[at + 1] as number);
    for (let i = 0; i < limbs.length; i++) {
      carry += (limbs[i] as number) * 65_536;
      const quotient = Math.floor(carry / B58_STEP);
      limbs[i] = carry - quotient * B58_STEP;
      carry = quotient;
    }
    if (carry > 0) limbs.push(carry);
  }
  let text = "";
  for (const limb of limbs) {
    let rest = limb;
    for (let i = 0; i < 5; i++) {
      const quotient = Math.floor(rest / 58);
      text = B58.charAt(rest - quotient * 58) + text;
      rest = quotient;
    }
  }
  // The last limb was filled up with the digit of nought, which is also what a leading zero byte is written as.
  let filled = 0;
  while (filled < text.length && text.charAt(filled) === "1") filled++;
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros++;
  return "1".repeat(zeros) + text.slice(filled);
}

/** Bytes of base58btc text (at most 160 characters: a signature of 96 bytes has up to 132), or `undefined`. */
export function decodeBase58(text: string): Uint8Array | undefined {
  if (text.length > 160) return undefined;
  const limbs: number[] = [];
  for (let at = 0; at < text.length; ) {
    // The first step is the short one, so that all that follow multiply by the same.
    const end = at === 0 ? text.length % 5 || 5 : at + 5;
    let carry = 0;
    for (; at < end; at++) {
      const code = text.charCodeAt(at);
      const digit = code < 128 ? (B58_VALUE[code] as number) : -1;
      if (digit < 0) return undefined;
      carry = carry * 58 + digit;
    }
    for (let i = 0; i < limbs.length; i++) {
      carry += (limbs[i] as number) * B58_STEP;
      limbs[i] = carry % 65_536;
      carry = Math.floor(carry / 65_536);
    }
    for (; carry > 0; carry = Math.floor(carry / 65_536)) limbs.push(carry % 65_536);
  }
  let zeros = 0;
  while (zeros < text.length && text.charAt(zeros) === "1") zeros++;
  const last = limbs[limbs.length - 1];
  const length = 2 * limbs.length - (last !== undefined && last < 256 ? 1 : 0);
  const bytes = new Uint8Array(zeros + length);
  for (let i = 0; i < length; i++) bytes[bytes.length - 1 - i] = (limbs[i >> 1] as number) >> (8 * (i & 1));
  return bytes;
}

/** One array of several. */
export function concatBytes(...parts: Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Equality of public bytes. For secrets use `equalSecret` of `#crypto/node`, which takes constant time. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Order of unsigned bytes: negative, 0 or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const d = (a[i] as number) - (b[i] as number);
    if (d !== 0) return d;
  }
  return a.length - b.length;
}

/** Order of two texts by UTF-16 code units: the same on every machine and in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
