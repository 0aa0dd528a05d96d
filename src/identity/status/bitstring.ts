/** W3C Bitstring Status List v1.0: one bit or a few for each credential, in a credential of the issuer's own. */
import { decodeBase64Url, encodeBase64Url, type Json, type JsonObject } from "#base";
import { isObject } from "../credentials/document-parts.ts";
import { compress, decompress } from "./compress.ts";
import {
  type EntryBits,
  isListUrl,
  LEAST_ENTRIES,
  MOST_BYTES,
  refuseList,
  StatusList,
  unknownStatus,
} from "./status-list.ts";

/** What a list is about. Purposes of others are read, and mean nothing here. */
export type StatusPurpose = "revocation" | "suspension" | "refresh" | "message";

/** What a value of several bits stands for (Bitstring Status List §2.1). */
export interface StatusMessage {
  /** Hexadecimal, with `0x`. */
  readonly status: string;
  readonly message: string;
}

/** How a list is described in its credential. */
export interface StatusListDescription {
  /** Where it is published, a URL; the credential's id. */
  readonly id: string;
  readonly issuer: string;
  readonly purpose: StatusPurpose | readonly StatusPurpose[];
  /** XML date-times. */
  readonly validFrom: string;
  readonly validUntil?: string;
  /** Milliseconds for which a verifier may keep it; 300,000 is what the standard supposes. */
  readonly ttl?: number;
}

/** `encodedList`: multibase base64url of the compressed bits. */
export async function encodeBitstring(list: StatusList): Promise<string> {
  if (list.order !== "left" || list.size < LEAST_ENTRIES)
    throw refuseList("a bitstring has 131,072 entries, from the left");
  return `u${encodeBase64Url(await compress(list.bytes, "gzip"))}`;
}

/**
 * The credential that publishes a list, unsigned: to be signed as any other of the issuer's.
 *
 * @throws HansaError `credentials.document` where the list is too short
 */
export async function statusListCredential(list: StatusList, description: StatusListDescription): Promise<JsonObject> {
  const { id, issuer, purpose, validFrom, validUntil, ttl } = description;
  return {
    "@context": ["https://www.w3.org/ns/credentials/v2"],
    id,
    type: ["VerifiableCredential", "BitstringStatusListCredential"],
    issuer,
    validFrom,
    ...(validUntil === undefined ? {} : { validUntil }),
    credentialSubject: {
      id: `${id}#list`,
      type: "BitstringStatusList",
      statusPurpose: typeof purpose === "string" ? purpose : [...purpose],
      encodedList: await encodeBitstring(list),
      ...(ttl === undefined ? {} : { ttl }),
    },
  };
}

/** Which entry of which list is a credential's. */
export interface BitstringStatusEntry {
  readonly purpose: string;
  readonly index: number;
  /** URL of the list's credential. */
  readonly list: string;
  readonly bits: EntryBits;
  readonly messages: readonly StatusMessage[];
}

/**
 * `credentialStatus` of a credential that is about to be issued.
 *
 * @throws HansaError `credentials.document`
 */
export function bitstringStatusEntry(
  entry: Pick<BitstringStatusEntry, "index" | "list"> & {
    readonly purpose: StatusPurpose;
    /** One for each value that the bits can have; their number says how many bits there are. Only of several bits, and of messages. */
    readonly messages?: readonly StatusMessage[];
    /** Where more is said of the messages. */
    readonly reference?: string;
  },
): JsonObject {
  const { index, list, purpose, messages, reference } = entry;
  const size = messages === undefined ? 1 : Math.log2(messages.length);
  const written: JsonObject = {
    id: `${list}#${index}`,
    type: "BitstringStatusListEntry",
    statusPurpose: purpose,
    statusListIndex: String(index),
    statusListCredential: list,
    ...(messages === undefined ? {} : { statusSize: size, statusMessage: messages.map((message) => ({ ...message })) }),
    ...(reference === undefined ? {} : { statusReference: reference }),
  };
  const { problem } = readEntry(written);
  if (problem !== undefined) throw refuseList(problem);
  return written;
}

/**
 * Reads a `BitstringStatusListEntry`.
 *
 * @throws HansaError `credentials.status-unknown` where it is malformed: what it says of its credential cannot be told
 */
export function readBitstringEntry(entry: JsonObject): BitstringStatusEntry {
  const { problem, read } = readEntry(entry);
  if (read === undefined) throw unknownStatus(problem as string);
  return read;
}

function readEntry(entry: JsonObject): { problem?: string; read?: BitstringStatusEntry } {
  const { id, type, statusPurpose, statusListIndex, statusListCredential, statusSize = 1, statusMessage } = entry;
  if (type !== "BitstringStatusListEntry") return { problem: "a status entry is of another type" };
  if (id !== undefined && typeof id !== "string") return { problem: "the id of a status entry is no URL" };
  if (typeof statusPurpose !== "string" || statusPurpose === "")
    return { problem: "statusPurpose is missing or no text" };
  // §2.1: an integer of arbitrary size, as text. Sixteen digits are more than any list has.
  if (typeof statusListIndex !== "string" || !/^(0|[1-9][0-9]{0,14})$/.test(statusListIndex))
    return { problem: "statusListIndex is no integer as text" };
  if (!isListUrl(statusListCredential)) return { problem: "statusListCredential is no URL" };
  if (typeof statusSize !== "number" || !Number.isInteger(statusSize) || statusSize < 1 || statusSize > 8)
    return { problem: "statusSize is not 1 to 8" };
  // §2.1: the id is the entry's, and not the list's.
  if (id === statusListCredential) return { problem: "the id of a status entry is that of its list" };
  const messages = statusMessage === undefined ? [] : readMessages(statusMessage, 2 ** statusSize);
  if (messages === undefined) return { problem: "statusMessage does not name each value of statusSize bits once" };
  if (messages.length === 0 && (statusSize > 1 || statusPurpose === "message"))
    return { problem: "statusMessage is missing" };
  const index = Number(statusListIndex);
  return {
    read: { purpose: statusPurpose, index, list: statusListCredential, bits: statusSize as EntryBits, messages },
  };
}

function readMessages(value: Json, count: number): StatusMessage[] | undefined {
  if (!Array.isArray(value) || value.length !== count) return undefined;
  const named = new Set<number>();
  for (const item of value as readonly Json[]) {
    if (!isObject(item)) return undefined;
    const { status, message } = item;
    if (typeof status !== "string" || !/^0x[0-9a-fA-F]{1,2}$/.test(status) || typeof message !== "string")
      return undefined;
    named.add(Number(status));
  }
  if (named.size !== count || [...named].some((status) => status >= count)) return undefined;
  return value as unknown as StatusMessage[];
}

/** A published list, opened. */
export interface OpenedList {
  readonly list: StatusList;
  readonly purposes: readonly string[];
  /** Milliseconds. */
  readonly ttl: number;
}

/** What the standard supposes of a list that says nothing. */
const DEFAULT_TTL = 300_000;

/**
 * Opens the list in its credential, whose proof and times were verified before.
 *
 * @param bits - what the entry says of the size of an entry
 * @throws HansaError `credentials.status-unknown`
 */
export async function openBitstring(credential: JsonObject, bits: EntryBits): Promise<OpenedList> {
  const { type, credentialSubject } = credential;
  if (!(Array.isArray(type) ? type : [type]).includes("BitstringStatusListCredential"))
    throw unknownStatus("what was found is no credential of a status list");
  const subject =
    Array.isArray(credentialSubject) && credentialSubject.length === 1 ? credentialSubject[0] : credentialSubject;
  if (!isObject(subject)) throw unknownStatus("the status list's credential is not about one list");
  const { type: kind, statusPurpose, encodedList, ttl = DEFAULT_TTL } = subject;
  if (!(Array.isArray(kind) ? kind : [kind]).includes("BitstringStatusList"))
    throw unknownStatus("it is no BitstringStatusList");
  const purposes: readonly unknown[] = Array.isArray(statusPurpose) ? statusPurpose : [statusPurpose];
  if (purposes.length === 0 || !purposes.every((purpose): purpose is string => typeof purpose === "string"))
    throw unknownStatus("the status list has no purpose");
  if (typeof ttl !== "number" || !Number.isInteger(ttl) || ttl < 0)
    throw unknownStatus("the status list's ttl is no integer");
  if (typeof encodedList !== "string" || !encodedList.startsWith("u") || encodedList.length > 2 * MOST_BYTES)
    throw unknownStatus("encodedList is not multibase base64url");
  const compressed = decodeBase64Url(encodedList.slice(1));
  const bytes = compressed && (await decompress(compressed, "gzip", MOST_BYTES));
  if (bytes === undefined) throw unknownStatus("encodedList is no GZIP of at most 4 MiB");
  const list = bytes.length === 0 ? undefined : StatusList.of(bytes, { order: "left", bits });
  // §3.2: a shorter list would tell whoever serves it whom a verifier looks at.
  if (list === undefined || list.size < LEAST_ENTRIES)
    throw unknownStatus(`the status list has fewer than ${LEAST_ENTRIES} entries`);
  return { list, purposes, ttl };
}

/** What a list says of one credential. */
export interface CredentialStatus {
  readonly purpose: string;
  readonly value: number;
  /** Of values that the issuer gave a text. */
  readonly message: string | undefined;
}

/** @throws HansaError `credentials.status-unknown` where the list has no such entry or another purpose */
export function readBitstringStatus(
  entry: BitstringStatusEntry,
  { list, purposes }: Omit<OpenedList, "ttl">,
): CredentialStatus {
  if (!purposes.includes(entry.purpose))
    throw unknownStatus("the status list has another purpose than the credential says");
  if (entry.index >= list.size) throw unknownStatus("statusListIndex is beyond the end of the status list");
  const value = list.get(entry.index);
  const message = entry.messages.find(({ status }) => Number(status) === value)?.message;
  return { purpose: entry.purpose, value, message };
}
