/** How this room keeps its records: JSON in UTF-8. They are its own words, so that they are read without a schema. */
import { decodeUtf8, encodeUtf8 } from "#base";

export function encodeRecord(value: unknown): Uint8Array {
  return encodeUtf8(JSON.stringify(value));
}

/** A record that `encodeRecord` made; `undefined` stays so. */
export function decodeRecord<Kept>(bytes: Uint8Array | undefined): Kept | undefined {
  return bytes === undefined ? undefined : (JSON.parse(decodeUtf8(bytes) ?? "") as Kept);
}

/** A number in a key, so that keys sort as the numbers do. */
export function padNumber(number: number): string {
  return String(number).padStart(14, "0");
}
