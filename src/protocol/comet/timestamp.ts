import { message, varintField } from "./protobuf.ts";

const TEXT = /^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{0,8}[1-9]))?Z$/;

/**
 * `google.protobuf.Timestamp` of a time in RFC 3339, UTC, with up to nine digits after the point and no zero at their end: one time, one
 * text. `undefined` for any other, and for days that no calendar has.
 */
export function encodeTimestamp(text: string): Uint8Array | undefined {
  const parts = TEXT.exec(text);
  if (parts === null) return undefined;
  const milliseconds = Date.parse(`${parts[1]}Z`);
  // 30 February and 24:00:00 come back as other days, or not at all.
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString().slice(0, 19) !== parts[1]) return undefined;
  const nanos = Number((parts[2] ?? "").padEnd(9, "0"));
  return message(varintField(1, milliseconds / 1000), varintField(2, nanos));
}
