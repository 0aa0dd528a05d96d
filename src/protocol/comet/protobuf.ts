/**
 * As much of protobuf's encoding as CometBFT hashes and signs. `cosmjs-types` has encoders too, but they are CommonJS, which bundlers
 * for browsers cannot shake, and have no canonical votes; here a whole message is one expression that can be held against the
 * `.proto` file line by line.
 *
 * proto3: fields in ascending order, a number that is 0 and bytes that are empty are left out. Messages that gogoproto calls
 * non-nullable are written even where they are empty.
 */
import { concatBytes } from "#base";

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;

const NOTHING = new Uint8Array(0);

/** A message of these fields. */
export function message(...fields: Uint8Array[]): Uint8Array {
  return concatBytes(...fields);
}

/** `int64`, `uint64`, `int32` or an enum; negative ones take ten bytes. */
export function varintField(field: number, value: number): Uint8Array {
  return value === 0 ? NOTHING : concatBytes(varint((field << 3) | VARINT), varint(value));
}

/** `sfixed64`, at least 0. */
export function fixed64Field(field: number, value: number): Uint8Array {
  if (value === 0) return NOTHING;
  const bytes = new Uint8Array(8);
  let rest = BigInt(value);
  for (let i = 0; i < 8; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return concatBytes(varint((field << 3) | FIXED64), bytes);
}

/** `bytes` or `string`. */
export function bytesField(field: number, value: Uint8Array): Uint8Array {
  return value.length === 0 ? NOTHING : messageField(field, value);
}

/** A message inside of another, also where it is empty. */
export function messageField(field: number, value: Uint8Array): Uint8Array {
  return concatBytes(varint((field << 3) | DELIMITED), delimited(value));
}

/** Preceded by its length. */
export function delimited(value: Uint8Array): Uint8Array {
  return concatBytes(varint(value.length), value);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
