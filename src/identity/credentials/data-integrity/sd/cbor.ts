import { concatBytes, decodeUtf8, encodeUtf8 } from "#base";

/**
 * As much of CBOR (RFC 8949) as the proof values of `ecdsa-sd-2023` have: unsigned integers, byte and text strings, arrays, maps of
 * integers, all of definite length. Nothing else is read, so nothing else can be hidden in a proof.
 */
export type Cbor = number | string | Uint8Array | readonly Cbor[] | ReadonlyMap<number, Cbor>;

const MAJOR = { integer: 0, bytes: 2, text: 3, array: 4, map: 5, tag: 6 } as const;
/** RFC 8746: an array of bytes; some writers put it before byte strings. */
const TAG_BYTES = 64;
const MOST_DEPTH = 4;

function encodeHead(major: number, value: number): Uint8Array {
  if (value < 24) return Uint8Array.of((major << 5) | value);
  if (value < 0x100) return Uint8Array.of((major << 5) | 24, value);
  if (value < 0x1_0000) return Uint8Array.of((major << 5) | 25, value >> 8, value & 0xff);
  const bytes = new Uint8Array(5);
  bytes[0] = (major << 5) | 26;
  new DataView(bytes.buffer).setUint32(1, value);
  return bytes;
}

/** Deterministic (§4.2.1): shortest heads, maps in the order of their keys. Integers are below 2^32. */
export function encodeCbor(value: Cbor): Uint8Array {
  if (typeof value === "number") return encodeHead(MAJOR.integer, value);
  if (typeof value === "string") {
    const bytes = encodeUtf8(value);
    return concatBytes(encodeHead(MAJOR.text, bytes.length), bytes);
  }
  if (value instanceof Uint8Array) return concatBytes(encodeHead(MAJOR.bytes, value.length), value);
  if (isMap(value)) {
    const entries = [...value].sort(([a], [b]) => a - b);
    const parts = entries.flatMap(([key, item]) => [encodeHead(MAJOR.integer, key), encodeCbor(item)]);
    return concatBytes(encodeHead(MAJOR.map, entries.length), ...parts);
  }
  return concatBytes(encodeHead(MAJOR.array, value.length), ...value.map(encodeCbor));
}

const isMap = (value: Cbor): value is ReadonlyMap<number, Cbor> => value instanceof Map;

/** The one value that the bytes are; `undefined` where they are anything else. */
export function decodeCbor(bytes: Uint8Array): Cbor | undefined {
  const reader = new Reader(bytes);
  const value = reader.read(0);
  return reader.at === bytes.length ? value : undefined;
}

class Reader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(depth: number): Cbor | undefined {
    const first = this.#bytes[this.at++];
    const value = first === undefined ? undefined : this.#argument(first & 0x1f);
    if (first === undefined || value === undefined || depth > MOST_DEPTH) return undefined;
    switch (first >> 5) {
      case MAJOR.integer:
        return value;
      case MAJOR.bytes:
        return this.#take(value);
      case MAJOR.text: {
        const text = this.#take(value);
        return text === undefined ? undefined : decodeUtf8(text);
      }
      case MAJOR.array:
        return this.#readArray(value, depth);
      case MAJOR.map:
        return this.#readMap(value, depth);
      case MAJOR.tag: {
        const tagged = value === TAG_BYTES ? this.read(depth + 1) : undefined;
        return tagged instanceof Uint8Array ? tagged : undefined;
      }
      default:
        return undefined;
    }
  }

  #argument(short: number): number | undefined {
    if (short < 24) return short;
    if (short > 26) return undefined;
    let value = 0;
    for (let left = 1 << (short - 24); left > 0; left--) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) return undefined;
      value = value * 256 + byte;
    }
    return value;
  }

  #take(length: number): Uint8Array | undefined {
    if (length > this.#bytes.length - this.at) return undefined;
    this.at += length;
    return this.#bytes.slice(this.at - length, this.at);
  }

  #readArray(length: number, depth: number): readonly Cbor[] | undefined {
    // Each item has at least a byte: a length that lies takes no memory.
    if (length > this.#bytes.length - this.at) return undefined;
    const items: Cbor[] = [];
    for (let i = 0; i < length; i++) {
      const item = this.read(depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
    }
    return items;
  }

  #readMap(length: number, depth: number): ReadonlyMap<number, Cbor> | undefined {
    if (2 * length > this.#bytes.length - this.at) return undefined;
    const map = new Map<number, Cbor>();
    for (let i = 0; i < length; i++) {
      const key = this.read(depth + 1);
      const value = this.read(depth + 1);
      if (typeof key !== "number" || value === undefined || map.has(key)) return undefined;
      map.set(key, value);
    }
    return map;
  }
}
