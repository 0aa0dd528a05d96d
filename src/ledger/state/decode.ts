import { decodeUtf8, type Json } from "#base";

/** Value of bytes that the ledger itself encoded. */
export function decodeJson(bytes: Uint8Array): Json {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new Error("a stored record is not UTF-8");
  return JSON.parse(text) as Json;
}
