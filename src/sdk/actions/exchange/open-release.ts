import { decodeBase64Url, decodeUtf8, encodeBase64Url, encodeUtf8, isHansaError } from "#base";
import { decodeMultikey, leafHash, type PublicKey, sha256, verifyInclusion } from "#crypto";
import {
  type AccessReceipt,
  type DecodedToken,
  datasetDigest,
  decodeAccessReceipt,
  decodeDatasetStatement,
  decodeReleaseRequest,
  didOfKeyId,
  EVENT_TYPES,
  type GrantResource,
  type HansaEvent,
  isSignedBy,
  type LoggedEvent,
  openCheckpoint,
  type ReleasedData,
  type ReleasedEvent,
  type ReleasedEvents,
  type ReleaseRequest,
  resourceDigest,
  type SignedAccessReceipt,
} from "#protocol";
import type { Client } from "../../client.ts";
import { sdkError } from "../../errors.ts";
import type { CallOptions } from "../../request.ts";
import { getIdentity } from "../identity/get-identity.ts";
import type { Release } from "./request-release.ts";

/** A dataset whose content is what the provider signed for when it came in. */
export interface OpenedDataset {
  readonly dataset: string;
  readonly mediaType: string;
  readonly content: Uint8Array;
}

/** An event that stands in its topic's log, by the word of whoever signed the checkpoint. */
export interface OpenedEvent extends LoggedEvent {
  readonly vouchedBy: string;
}

/** Data that was released, with everything about it checked. */
export interface OpenedRelease {
  readonly resource: GrantResource;
  readonly claims: AccessReceipt;
  /** To be countersigned. */
  readonly receipt: SignedAccessReceipt;
  readonly dataset?: OpenedDataset;
  readonly events?: readonly OpenedEvent[];
}

/** Finds the key of a DID URL; of a DID without fragment, its Ed25519 keys' first. */
export type KeySource = (id: string) => Promise<PublicKey | undefined>;

/** Keys as the client's group has them now; each DID is asked for once. */
export function keysOfGroup(client: Client, options: CallOptions = {}): KeySource {
  const known = new Map<string, ReturnType<typeof getIdentity>>();
  return async (id) => {
    const at = id.indexOf("#");
    const did = at < 0 ? id : id.slice(0, at);
    const asked = known.get(did) ?? getIdentity(client, did, {}, options);
    known.set(did, asked);
    const { keys } = await asked;
    const key = keys.find(({ id: fragment, publicKey }) =>
      at < 0 ? decodeMultikey(publicKey)?.algorithm === "Ed25519" : fragment === id.slice(at + 1),
    );
    return key === undefined ? undefined : decodeMultikey(key.publicKey);
  };
}

/**
 * Opens a release and checks all that it shows: the provider's receipt, that it is for this request, the content's digest; of a dataset the provider's
 * word on it, of events their places in the log.
 *
 * @throws HansaError `sdk.release`: something does not hold; then nothing of it may be believed, and no receipt signed
 */
export async function openRelease(
  client: Client,
  release: Release,
  options: CallOptions & { readonly keys?: KeySource } = {},
): Promise<OpenedRelease> {
  const keys = options.keys ?? keysOfGroup(client, options);
  const { request } = decodeReleaseRequest(release.request);
  const claims = await checkReceipt(release.answer.receipt, release.request, request, keys);
  const plaintext = await unseal(release.answer.sealed, release.key.privateKey);
  if (claims.content !== encodeBase64Url(sha256(plaintext))) throw broken("content");
  const data = readJson(plaintext) as ReleasedData;
  const { resource, salt } = data;
  if (data.receipt !== claims.jti || resourceDigest(salt, resource) !== claims.resource) throw broken("resource");
  if (resourceDigest(salt, request.resource) !== claims.resource) throw broken("resource");
  const dataset = data.dataset === undefined ? undefined : await openDataset(data.dataset, claims.iss, keys);
  const events = data.topics === undefined ? undefined : await openTopics(data.topics, claims.group, keys);
  requireAsked(request, dataset, events);
  return {
    resource,
    claims,
    receipt: release.answer.receipt,
    ...(dataset === undefined ? {} : { dataset }),
    ...(events === undefined ? {} : { events }),
  };
}

/** What came is what was asked for: whoever signs for a receipt must not have been given something else. */
function requireAsked({ resource, window }: ReleaseRequest, dataset?: OpenedDataset, events?: readonly OpenedEvent[]) {
  if (resource.kind === "dataset" || resource.kind === "credential") {
    // A credential is asked for by its type; how the provider calls it is its own affair.
    const fits = resource.kind === "credential" || dataset?.dataset === resource.dataset;
    if (dataset === undefined || events !== undefined || !fits) throw broken("dataset");
    return;
  }
  if (dataset !== undefined || events === undefined) throw broken("event");
  const [from, to] = [(window?.from ?? 0) * 1000, (window?.to ?? 0) * 1000];
  for (const logged of events) {
    const time = Date.parse(logged.event.time);
    if (!isOf(resource, logged) || time < from || time >= to) throw broken("event");
  }
}

/** Whether an event is of the topic, or the property, that was asked for. */
export function isOf(resource: GrantResource, { topic, event }: LoggedEvent): boolean {
  if (resource.kind === "topic") return topic === resource.topic;
  if (resource.kind !== "property") return false;
  return event.source === resource.device && event.type === EVENT_TYPES.property && event.subject === resource.property;
}

/** A receipt that the provider signed for this very request. */
export async function checkReceipt(
  signed: SignedAccessReceipt,
  text: string,
  request: ReleaseRequest,
  keys: KeySource,
): Promise<AccessReceipt> {
  const { receipt, provider } = read("receipt", () => decodeAccessReceipt(signed));
  await requireSigned(provider, request.aud, keys, "receipt");
  const same =
    receipt.iss === request.aud &&
    receipt.sub === request.iss &&
    receipt.group === request.group &&
    receipt.purpose === request.purpose &&
    receipt.action === request.action &&
    receipt.jurisdiction === request.jurisdiction &&
    receipt.window?.from === request.window?.from &&
    receipt.window?.to === request.window?.to &&
    receipt.request === encodeBase64Url(sha256(encodeUtf8(text))) &&
    receipt.grants.length === request.terms.length &&
    receipt.grants.every((grant, i) => grant === request.terms[i]?.grant);
  if (!same) throw broken("receipt");
  return receipt;
}

function read<Result>(what: string, decode: () => Result): Result {
  try {
    return decode();
  } catch (error) {
    if (isHansaError(error)) throw broken(what, error);
    throw error;
  }
}

/** Opens a JWE to this client's key. */
export async function unseal(sealed: string, key: CryptoKey): Promise<Uint8Array> {
  const { compactDecrypt } = await import("jose");
  try {
    const { plaintext } = await compactDecrypt(sealed, key, {
      keyManagementAlgorithms: ["ECDH-ES"],
      contentEncryptionAlgorithms: ["A256GCM"],
    });
    return plaintext;
  } catch (error) {
    throw broken("sealed", error);
  }
}

async function openDataset(
  { dataset, content, salt, statement }: NonNullable<ReleasedData["dataset"]>,
  provider: string,
  keys: KeySource,
): Promise<OpenedDataset> {
  const bytes = decodeBase64Url(content);
  const { token, statement: said } = read("dataset", () => decodeDatasetStatement(statement));
  await requireSigned(token, provider, keys, "dataset");
  if (
    bytes === undefined ||
    said.iss !== provider ||
    said.dataset !== dataset ||
    datasetDigest(salt, bytes) !== said.digest
  )
    throw broken("dataset");
  return { dataset, mediaType: said.mediaType, content: bytes };
}

async function openTopics(topics: readonly ReleasedEvents[], group: string, keys: KeySource): Promise<OpenedEvent[]> {
  const opened: OpenedEvent[] = [];
  for (const { topic, checkpoint, nodes, events } of topics) {
    const hashes = nodes.map((node) => decodeBase64Url(node) ?? new Uint8Array());
    const { root, size, name } = await openNote(checkpoint, `${group}/${topic}`, keys);
    for (const { offset, entry, path } of events) {
      const siblings = path.map((place) => hashes[place] ?? new Uint8Array());
      opened.push(openEntry({ topic, offset, entry }, siblings, { root, size, name }));
    }
  }
  return opened;
}

/** An event of a subscription, held against its checkpoint. */
export async function openEvent(event: ReleasedEvent, group: string, keys: KeySource): Promise<OpenedEvent> {
  const note = await openNote(event.checkpoint, `${group}/${event.topic}`, keys);
  const siblings = event.path.path.map((hash) => decodeBase64Url(hash) ?? new Uint8Array());
  if (event.path.index !== event.offset || event.path.size !== note.size) throw broken("event");
  return openEntry(event, siblings, note);
}

interface Note {
  readonly root: Uint8Array;
  readonly size: number;
  readonly name: string;
}

async function openNote(text: string, origin: string, keys: KeySource): Promise<Note> {
  // The note says who signed it (C2SP signed-note); whether that is anybody, its key tells.
  const name = /\n\n— (\S+) /.exec(text)?.[1] ?? "";
  const key = name === "" ? undefined : await keys(name);
  const note = key === undefined ? undefined : openCheckpoint(text, name, key);
  if (note === undefined || note.origin !== origin) throw broken("checkpoint");
  return { root: note.root, size: note.size, name };
}

function openEntry(
  { topic, offset, entry }: { readonly topic: string; readonly offset: number; readonly entry: string },
  siblings: readonly Uint8Array[],
  { root, size, name }: Note,
): OpenedEvent {
  const bytes = decodeBase64Url(entry);
  if (bytes === undefined || !verifyInclusion(leafHash(bytes), offset, size, [...siblings], root))
    throw broken("event");
  return { topic, offset, event: readJson(bytes) as HansaEvent, vouchedBy: name };
}

async function requireSigned(token: DecodedToken, did: string, keys: KeySource, what: string): Promise<void> {
  const { kid } = token.header;
  const key = didOfKeyId(kid) === did ? await keys(kid) : undefined;
  if (key === undefined || !isSignedBy(token, key)) throw broken(what);
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decodeUtf8(bytes) ?? "");
  } catch (error) {
    throw broken("json", error);
  }
}

/** Something in an answer does not hold. */
export function broken(problem: string, cause?: unknown) {
  return sdkError("sdk.release", `what was released does not hold: ${problem}`, { problem }, cause);
}
