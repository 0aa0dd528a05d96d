/** The messages between CometBFT and a remote signer (`tendermint.privval`, v0.38): each stands behind its length as a varint. */
import { BinaryReader, BinaryWriter } from "cosmjs-types/binary";
import { PublicKey } from "cosmjs-types/tendermint/crypto/keys";
import { Proposal, Vote } from "cosmjs-types/tendermint/types/types";
import { concatBytes } from "#base";

/** What CometBFT asks. */
export type SignerRequest =
  | { readonly kind: "key"; readonly chainId: string }
  | { readonly kind: "vote"; readonly chainId: string; readonly vote: Vote }
  | { readonly kind: "proposal"; readonly chainId: string; readonly proposal: Proposal }
  | { readonly kind: "ping" };

/** What it hears. A refusal is final: CometBFT does not ask again. */
export type SignerAnswer =
  | { readonly kind: "key"; readonly key?: Uint8Array; readonly refusal?: string }
  | { readonly kind: "vote"; readonly vote?: Vote; readonly refusal?: string }
  | { readonly kind: "proposal"; readonly proposal?: Proposal; readonly refusal?: string }
  | { readonly kind: "ping" };

/** Longest message that is taken; CometBFT itself takes 10 KiB. */
export const MOST_MESSAGE = 10 * 1024;

const REQUEST = { key: 1, vote: 3, proposal: 5, ping: 7 } as const;
const ANSWER = { key: 2, vote: 4, proposal: 6, ping: 8 } as const;

/** A request without its length; `undefined` where it is none. */
export function decodeRequest(bytes: Uint8Array): SignerRequest | undefined {
  try {
    const fields = readFields(bytes);
    const [field, body] = fields[0] ?? [];
    if (fields.length !== 1 || body === undefined) return undefined;
    if (field === REQUEST.ping) return { kind: "ping" };
    const inner = new Map(readFields(body));
    if (field === REQUEST.key) return { kind: "key", chainId: textOf(inner.get(1)) };
    const subject = inner.get(1);
    const chainId = textOf(inner.get(2));
    if (subject === undefined) return undefined;
    if (field === REQUEST.vote) return { kind: "vote", chainId, vote: Vote.decode(subject) };
    if (field === REQUEST.proposal) return { kind: "proposal", chainId, proposal: Proposal.decode(subject) };
    return undefined;
  } catch {
    // The generated reader throws at a cut or foreign message.
    return undefined;
  }
}

/** An answer with its length. */
export function encodeAnswer(answer: SignerAnswer): Uint8Array {
  const body = field(ANSWER[answer.kind], answerBody(answer));
  return concatBytes(BinaryWriter.create().uint32(body.length).finish(), body);
}

function answerBody(answer: SignerAnswer): Uint8Array {
  if (answer.kind === "ping") return new Uint8Array(0);
  const refusal = answer.refusal === undefined ? [] : [field(2, field(2, new TextEncoder().encode(answer.refusal)))];
  return concatBytes(field(1, subjectOf(answer)), ...refusal);
}

function subjectOf(answer: Exclude<SignerAnswer, { kind: "ping" }>): Uint8Array {
  if (answer.kind === "key") return PublicKey.encode(answer.key === undefined ? {} : { ed25519: answer.key }).finish();
  if (answer.kind === "vote") return Vote.encode(answer.vote ?? Vote.fromPartial({})).finish();
  return Proposal.encode(answer.proposal ?? Proposal.fromPartial({})).finish();
}

function field(number: number, body: Uint8Array): Uint8Array {
  return BinaryWriter.create()
    .uint32((number << 3) | 2)
    .bytes(body)
    .finish();
}

/** Fields of a message that has none but texts, bytes and messages. */
function readFields(bytes: Uint8Array): [number, Uint8Array][] {
  const reader = new BinaryReader(bytes);
  const fields: [number, Uint8Array][] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if ((tag & 7) !== 2) throw new Error("not a field of bytes");
    fields.push([tag >>> 3, reader.bytes()]);
  }
  return fields;
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? "" : new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

/**
 * Cuts a stream into messages.
 *
 * @example
 * ```ts
 * const frames = new FrameReader();
 * socket.on("data", (data) => { for (const frame of frames.push(data)) take(frame); });
 * ```
 */
export class FrameReader {
  #held = new Uint8Array(0);

  /** @throws RangeError where a message is longer than it may be */
  push(data: Uint8Array): Uint8Array[] {
    this.#held = concatBytes(this.#held, data) as Uint8Array<ArrayBuffer>;
    const frames: Uint8Array[] = [];
    for (;;) {
      const head = readLength(this.#held);
      if (head === undefined || this.#held.length < head.at + head.length) return frames;
      frames.push(this.#held.slice(head.at, head.at + head.length));
      this.#held = this.#held.slice(head.at + head.length);
    }
  }
}

function readLength(bytes: Uint8Array): { readonly length: number; readonly at: number } | undefined {
  let length = 0;
  // Two bytes hold 16,383: a longer length is more than is taken.
  for (let at = 0; at < Math.min(bytes.length, 2); at++) {
    const byte = bytes[at] as number;
    length |= (byte & 0x7f) << (7 * at);
    if (byte < 0x80) {
      if (length > MOST_MESSAGE) throw new RangeError(`a message of ${length} bytes is too long`);
      return { length, at: at + 1 };
    }
  }
  if (bytes.length >= 2) throw new RangeError("a message is too long");
  return undefined;
}
