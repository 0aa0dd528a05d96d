/** Length-prefixed lists in one BLOB: `count`, then per item its length (both 32 bits, big endian) and its bytes. */
import { storageError } from "./errors.ts";

/** A view of the same bytes that is not a Buffer, so that equality and serialisation are those of plain bytes. */
export function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Packs a list of byte strings. */
export function packList(items: readonly Uint8Array[]): Buffer {
  let size = 4;
  for (const item of items) size += 4 + item.length;
  const packed = Buffer.allocUnsafe(size);
  packed.writeUInt32BE(items.length, 0);
  let at = 4;
  for (const item of items) {
    packed.writeUInt32BE(item.length, at);
    packed.set(item, at + 4);
    at += 4 + item.length;
  }
  return packed;
}

/**
 * The list that `packList` packed; its items are views of `packed`.
 *
 * @throws HansaError `storage.corrupt`
 */
export function unpackList(packed: Buffer): Uint8Array[] {
  const items: Uint8Array[] = [];
  let at = 4;
  try {
    const count = packed.readUInt32BE(0);
    for (let i = 0; i < count; i++) {
      const end = at + 4 + packed.readUInt32BE(at);
      if (end > packed.length) break;
      items.push(plain(packed.subarray(at + 4, end)));
      at = end;
    }
    if (items.length === count && at === packed.length) return items;
  } catch {
    // A length beyond the end: the same damage as below.
  }
  throw storageError("storage.corrupt", "a packed list does not add up");
}
