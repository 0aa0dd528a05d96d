/**
 * The first frame on a stream says what it is for, the second answers. Each is JSON with its length before it, u16 big endian. The
 * dialler sends nothing more until it has the answer.
 */
import type { Readable } from "node:stream";
import { canonicalJson, concatBytes, encodeUtf8, type Json, parseJson } from "#base";
import { type GateReason, isGateReason } from "./reasons.ts";

export const GATE_VERSION = 1;
/** ALPN. */
export const GATE_PROTOCOL = "hansa-gate/1";
export const MAX_HEADER_BYTES = 512;

/** What a stream is for: CometBFT's own protocol, a light client's HTTP, or messages between nodes. */
export const PURPOSES = ["p2p", "light", "message"] as const;
export type Purpose = (typeof PURPOSES)[number];

export interface StreamHeader {
  readonly group: string;
  readonly purpose: Purpose;
}

/** What the far side says to a header. */
export type HeaderAnswer = { readonly accepted: true } | { readonly refused: GateReason };

export function encodeHeader({ group, purpose }: StreamHeader): Uint8Array {
  return encodeFrame({ group, purpose, version: GATE_VERSION });
}

/** A header, or why it is none. */
export function decodeHeader(bytes: Uint8Array): StreamHeader | GateReason {
  const value = parseObject(bytes);
  if (value === undefined || typeof value["group"] !== "string" || typeof value["purpose"] !== "string")
    return "header";
  if (value["version"] !== GATE_VERSION) return "wrong-version";
  const purpose = PURPOSES.find((known) => known === value["purpose"]);
  return purpose === undefined ? "wrong-purpose" : { group: value["group"], purpose };
}

export function encodeAnswer(answer: HeaderAnswer): Uint8Array {
  return encodeFrame(answer);
}

/** An answer; `undefined` where it is none. A reason of a later version counts as `header`. */
export function decodeAnswer(bytes: Uint8Array): HeaderAnswer | undefined {
  const value = parseObject(bytes);
  if (value?.["accepted"] === true) return { accepted: true };
  if (typeof value?.["refused"] !== "string") return undefined;
  return { refused: isGateReason(value["refused"]) ? value["refused"] : "header" };
}

/** The next frame; `undefined` where it is empty, too long, or the stream ends before. */
export async function readFrame(stream: Readable): Promise<Uint8Array | undefined> {
  const head = await readExactly(stream, 2);
  if (head === undefined) return undefined;
  const length = ((head[0] as number) << 8) | (head[1] as number);
  return length === 0 || length > MAX_HEADER_BYTES ? undefined : readExactly(stream, length);
}

/** So many bytes and no more; `undefined` where the stream ends before. What follows stays in the stream, which stays paused. */
export function readExactly(stream: Readable, length: number): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const settle = (bytes: Uint8Array | undefined) => {
      stream.off("readable", attempt).off("end", ended).off("close", ended);
      resolve(bytes);
    };
    const ended = () => settle(undefined);
    const attempt = () => {
      const bytes: Uint8Array | null = stream.read(length);
      // A stream that has ended hands out what is left, however little.
      if (bytes !== null) settle(bytes.length === length ? bytes : undefined);
      else if (stream.destroyed || stream.readableEnded) ended();
    };
    stream.on("readable", attempt).on("end", ended).on("close", ended);
    attempt();
  });
}

function encodeFrame(value: object): Uint8Array {
  const body = encodeUtf8(canonicalJson(value));
  return concatBytes(Uint8Array.of(body.length >> 8, body.length & 0xff), body);
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, Json>> | undefined {
  try {
    const value = parseJson(bytes, { depth: 1, integers: true });
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return value as Readonly<Record<string, Json>>;
  } catch {
    return undefined;
  }
}
