import { concatBytes, decodeBase64Url, encodeBase64Url } from "#base";
import { credentialError } from "../../errors.ts";
import { type Cbor, decodeCbor, encodeCbor } from "./cbor.ts";

/** What a base proof holds for its holder (VC-DI-ECDSA §3.5.2). */
export interface BaseProofValue {
  readonly baseSignature: Uint8Array;
  /** Of the key made for this proof alone, with its multicodec prefix. */
  readonly publicKey: Uint8Array;
  readonly hmacKey: Uint8Array;
  /** By that key, over each statement that is not mandatory, in their order. */
  readonly signatures: readonly Uint8Array[];
  readonly mandatoryPointers: readonly string[];
}

/** What a derived proof shows to a verifier (§3.5.7). */
export interface DerivedProofValue {
  readonly baseSignature: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly signatures: readonly Uint8Array[];
  /** Labels as they were signed, by the numbers of the canonical labels that a verifier finds. */
  readonly labels: ReadonlyMap<number, Uint8Array>;
  /** Places of the mandatory statements among those that are shown; ascending. */
  readonly mandatoryIndexes: readonly number[];
}

const BASE = Uint8Array.of(0xd9, 0x5d, 0x00);
const DERIVED = Uint8Array.of(0xd9, 0x5d, 0x01);
/** Characters of a proof value: 16,384 signatures. */
const MOST_CHARACTERS = 1_600_000;

const isBytes = (value: Cbor | undefined, length: number): value is Uint8Array =>
  value instanceof Uint8Array && value.length === length;

const areSignatures = (value: Cbor | undefined): value is readonly Uint8Array[] =>
  Array.isArray(value) && value.every((item) => isBytes(item, 64));

/** Multikey of P-256: prefix and compressed point. */
const isPublicKey = (value: Cbor | undefined): value is Uint8Array =>
  isBytes(value, 35) && value[0] === 0x80 && value[1] === 0x24;

const refuse = (message: string) => credentialError("credentials.proof", message, { problem: "proofValue" });

export function encodeBaseProof(value: BaseProofValue): string {
  const { baseSignature, publicKey, hmacKey, signatures, mandatoryPointers } = value;
  return encode(BASE, [baseSignature, publicKey, hmacKey, signatures, mandatoryPointers]);
}

export function encodeDerivedProof(value: DerivedProofValue): string {
  const { baseSignature, publicKey, signatures, labels, mandatoryIndexes } = value;
  return encode(DERIVED, [baseSignature, publicKey, signatures, labels, mandatoryIndexes]);
}

const encode = (header: Uint8Array, parts: readonly Cbor[]): string =>
  `u${encodeBase64Url(concatBytes(header, encodeCbor(parts)))}`;

/** @throws HansaError `credentials.proof` where it is no base proof */
export function decodeBaseProof(proofValue: string): BaseProofValue {
  const [baseSignature, publicKey, hmacKey, signatures, mandatoryPointers] = decode(BASE, proofValue, "base");
  if (
    !isBytes(baseSignature, 64) ||
    !isPublicKey(publicKey) ||
    !isBytes(hmacKey, 32) ||
    !areSignatures(signatures) ||
    !Array.isArray(mandatoryPointers) ||
    !mandatoryPointers.every((pointer) => typeof pointer === "string")
  )
    throw refuse("proofValue is no base proof");
  return { baseSignature, publicKey, hmacKey, signatures, mandatoryPointers };
}

/** @throws HansaError `credentials.proof` where it is no derived proof */
export function decodeDerivedProof(proofValue: string): DerivedProofValue {
  const [baseSignature, publicKey, signatures, labels, indexes] = decode(DERIVED, proofValue, "derived");
  if (
    !isBytes(baseSignature, 64) ||
    !isPublicKey(publicKey) ||
    !areSignatures(signatures) ||
    !(labels instanceof Map) ||
    ![...labels.values()].every((label) => isBytes(label, 32)) ||
    !Array.isArray(indexes) ||
    !indexes.every((index, i) => typeof index === "number" && (i === 0 || index > (indexes[i - 1] as number)))
  )
    throw refuse("proofValue is no derived proof");
  return { baseSignature, publicKey, signatures, labels, mandatoryIndexes: indexes as number[] };
}

function decode(header: Uint8Array, proofValue: string, what: string): readonly Cbor[] {
  if (proofValue.length > MOST_CHARACTERS) throw refuse("proofValue is too long");
  const bytes = proofValue.startsWith("u") ? decodeBase64Url(proofValue.slice(1)) : undefined;
  if (bytes === undefined || !header.every((byte, i) => bytes[i] === byte))
    throw refuse(`proofValue is no ${what} proof in base64url`);
  const parts = decodeCbor(bytes.subarray(header.length));
  if (!Array.isArray(parts) || parts.length !== 5) throw refuse(`proofValue is no ${what} proof`);
  return parts as readonly Cbor[];
}
