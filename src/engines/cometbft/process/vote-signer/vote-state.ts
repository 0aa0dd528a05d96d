import { canonicalJson, decodeBase64Url, decodeUtf8, encodeBase64Url, encodeUtf8 } from "#base";
import { engineError } from "../../../errors.ts";

/** Keeps what was signed last. `write` must not return before the bytes are on disk: the signature leaves right after it. */
export interface VoteStateStore {
  read(): Uint8Array | undefined;
  write(bytes: Uint8Array): void;
}

/** Order of what is signed within a round. */
export const STEP = { proposal: 1, prevote: 2, precommit: 3 } as const;
export type Step = (typeof STEP)[keyof typeof STEP];

/** A moment as CometBFT has it. */
export interface Moment {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** Where in consensus something is signed. */
export interface Place {
  readonly height: bigint;
  readonly round: number;
  readonly step: Step;
}

/** What was signed there. */
export interface Signed {
  readonly signBytes: Uint8Array;
  readonly time: Moment;
  readonly signature: Uint8Array;
}

/** The furthest place up to which nothing else may be signed any more; without `signed`, nothing at all at that place. */
export interface LastSigned extends Place {
  readonly signed?: Signed;
}

const NUMBER = /^(0|[1-9][0-9]{0,18})$/;
const SECONDS = /^(0|-?[1-9][0-9]{0,18})$/;

/** Bytes for the store. They name the chain, so that one group's state is never taken for another's. */
export function encodeLastSigned(chainId: string, { height, round, step, signed }: LastSigned): Uint8Array {
  const what = signed && {
    signBytes: encodeBase64Url(signed.signBytes),
    seconds: String(signed.time.seconds),
    nanos: signed.time.nanos,
    signature: encodeBase64Url(signed.signature),
  };
  const value = { version: 1, chain: chainId, height: String(height), round, step, ...(what && { signed: what }) };
  return encodeUtf8(canonicalJson(value));
}

/**
 * What the store holds. Whatever is not exactly what `encodeLastSigned` writes is refused: to guess here is to sign twice.
 *
 * @throws HansaError `engine.vote-state-damaged`
 */
export function decodeLastSigned(chainId: string, bytes: Uint8Array): LastSigned {
  const state = parse(chainId, bytes);
  if (state === undefined)
    throw engineError("engine.vote-state-damaged", "what this node signed last cannot be read: it signs nothing", {
      chain: chainId,
    });
  return state;
}

function parse(chainId: string, bytes: Uint8Array): LastSigned | undefined {
  let value: unknown;
  try {
    value = JSON.parse(decodeUtf8(bytes) ?? "");
  } catch {
    return undefined;
  }
  if (!isObject(value) || value["version"] !== 1 || value["chain"] !== chainId) return undefined;
  const { height, round, step } = value;
  if (!matches(height, NUMBER) || !isCount(round, 0x7fffffff)) return undefined;
  if (step !== STEP.proposal && step !== STEP.prevote && step !== STEP.precommit) return undefined;
  const place = { height: BigInt(height), round, step };
  if (value["signed"] === undefined) return place;
  const signed = parseSigned(value["signed"]);
  return signed && { ...place, signed };
}

function parseSigned(value: unknown): Signed | undefined {
  if (!isObject(value)) return undefined;
  const { seconds, nanos } = value;
  const signBytes = decode(value["signBytes"]);
  const signature = decode(value["signature"]);
  if (signBytes === undefined || signBytes.length === 0 || signature?.length !== 64) return undefined;
  if (!matches(seconds, SECONDS) || !isCount(nanos, 999_999_999)) return undefined;
  return { signBytes, signature, time: { seconds: BigInt(seconds), nanos } };
}

function decode(text: unknown): Uint8Array | undefined {
  return typeof text === "string" ? decodeBase64Url(text) : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function matches(value: unknown, pattern: RegExp): value is string {
  return typeof value === "string" && pattern.test(value);
}

function isCount(value: unknown, most: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;
}
