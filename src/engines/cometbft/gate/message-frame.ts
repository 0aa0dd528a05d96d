/** Requests and answers on a `message` stream: payload length u32, kind u8, id u32, payload. Big endian. */
import type { Duplex } from "node:stream";
import { concatBytes } from "#base";
import { readExactly } from "./header.ts";

const HEAD_BYTES = 9;

/** A failure's payload is a code, not a text: what went wrong inside a node stays there. */
export const MESSAGE_KINDS = ["request", "answer", "failure"] as const;
export type MessageKind = (typeof MESSAGE_KINDS)[number];

export interface Message {
  readonly kind: MessageKind;
  /** Chosen by who asks; an answer repeats it. */
  readonly id: number;
  readonly payload: Uint8Array;
}

export function encodeMessage({ kind, id, payload }: Message): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  const view = new DataView(head.buffer);
  view.setUint32(0, payload.length);
  view.setUint8(4, MESSAGE_KINDS.indexOf(kind));
  view.setUint32(5, id);
  return concatBytes(head, payload);
}

/**
 * The next message; `undefined` where the stream ends, or what comes is none: the stream is then of no more use.
 *
 * @param most - bytes of a payload
 * @param begun - called once the first bytes are there; what it answers, once all are
 */
export async function readMessage(
  stream: Duplex,
  most: number,
  begun?: () => () => void,
): Promise<Message | undefined> {
  const head = await readExactly(stream, HEAD_BYTES);
  if (head === undefined) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, HEAD_BYTES);
  const length = view.getUint32(0);
  const kind = MESSAGE_KINDS[view.getUint8(4)];
  if (kind === undefined || length > most) return undefined;
  const id = view.getUint32(5);
  if (length === 0) return { kind, id, payload: new Uint8Array() };
  const ended = begun?.();
  const payload = await readExactly(stream, length);
  ended?.();
  return payload === undefined ? undefined : { kind, id, payload };
}
