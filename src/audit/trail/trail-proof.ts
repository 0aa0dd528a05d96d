/** Proof files of trails: what `verifyProof` of the protocol checks with no network and no node. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { compareText, decodeUtf8, encodeBase64Url, encodeUtf8, type Json } from "#base";
import { LogTree, leafHash, type MembershipProof } from "#crypto";
import {
  decodeTransaction,
  type Genesis,
  type InclusionProof,
  receiptLeaf,
  type SignedHeader,
  type TrailCommand,
  type TrailEntry,
  type TrailProof,
  type TrailRecord,
} from "#protocol";
import type { Place } from "#storage";
import { auditError } from "../errors.ts";
import { kindOfSubject, type ReadRecord, recordKeysFor } from "./subject.ts";
import type { TrailBlock } from "./trail-index.ts";

/** What a proof is made from: `Ledger` is one. */
export interface TrailSource {
  readonly genesis: Genesis;
  /** Last committed header; `undefined` before genesis. */
  readonly head: SignedHeader | undefined;
  /** A record, present or absent, with its path to the head's state root. */
  prove(key: string): { readonly signed: SignedHeader; readonly value: Json; readonly membership: MembershipProof };
  record(key: string): ReturnType<ReadRecord>;
  block(height: number): TrailBlock | undefined;
}

/** A command's receipt in its batch, and the place of the transaction that anchored the batch. */
export interface AnchoredCommand extends Place {
  readonly command: string;
  readonly receipt: string;
  readonly path: InclusionProof;
}

export interface TrailProofOptions {
  readonly about: string;
  /** Ascending, as `TrailIndex.places` answers. */
  readonly places: readonly Place[];
  /** Records of now to be shown; by default those of `recordKeysFor`, and the identities of all who signed. */
  readonly recordKeys?: readonly string[];
  /** Those whose anchor is not among the places are left out: they belong to another part of the trail. */
  readonly commands?: readonly AnchoredCommand[];
  readonly limits?: Partial<TrailProofLimits>;
}

export interface TrailProofLimits {
  readonly entries: number;
  readonly records: number;
  readonly commands: number;
  /** Bytes of the file, as compact JSON. */
  readonly bytes: number;
}

export const TRAIL_PROOF_LIMITS: TrailProofLimits = {
  entries: 1000,
  records: 256,
  commands: 1000,
  bytes: 16 * 1024 * 1024,
};
/** Identities of signers that a proof shows unasked. */
const MOST_SIGNERS = 64;

/** The tree over one list of a block, hashed once for all of its entries. */
function treeOver(leaves: readonly Uint8Array[]): (index: number) => InclusionProof {
  const nodes = new Map<string, Uint8Array>();
  const tree = new LogTree((level, index) => (level === 0 ? leaves[index] : nodes.get(`${level}/${index}`)));
  for (const { level, index, hash } of tree.append(leaves).nodes) nodes.set(`${level}/${index}`, hash);
  return (index) => ({ index, size: leaves.length, path: tree.inclusion(index, leaves.length).map(encodeBase64Url) });
}

function refuseOver(what: keyof TrailProofLimits, found: number, limit: number): void {
  if (found > limit)
    throw auditError("audit.too-long", `${found} ${what}, ${limit} fit one file`, { what, found, limit });
}

/** The entries of one block that are about the subject. A place whose hash only looks like the subject's gives none. */
function entriesOf(block: TrailBlock, indices: readonly number[], about: string): TrailEntry[] {
  const wanted = indices.filter((index) => block.receipts[index]?.facts.some((fact) => fact.about.includes(about)));
  if (wanted.length === 0) return [];
  const transactionPath = treeOver(block.transactions.map((bytes) => leafHash(bytes)));
  const receiptPath = treeOver(block.receipts.map((receipt) => leafHash(receiptLeaf(receipt))));
  return wanted.map((index) => {
    const { id, code, facts } = block.receipts[index] as TrailBlock["receipts"][number];
    return {
      height: block.header.height,
      index,
      transaction: decodeUtf8(block.transactions[index] as Uint8Array) as string,
      receipt: { id, height: block.header.height, index, code, facts },
      transactionPath: transactionPath(index),
      receiptPath: receiptPath(index),
    };
  });
}

function indicesByHeight(places: readonly Place[]): Map<number, number[]> {
  const heights = new Map<number, number[]>();
  for (const { height, index } of places) {
    const indices = heights.get(height);
    if (indices === undefined) heights.set(height, [index]);
    else indices.push(index);
  }
  return heights;
}

/** All under one root: read without a pause in between, and the head looked at again. */
function proveRecords(source: TrailSource, keys: readonly string[]): { head: SignedHeader; records: TrailRecord[] } {
  const { head } = source;
  if (head === undefined) throw auditError("audit.head-moved", "the ledger has not begun");
  const records = keys.map((key) => {
    const { signed, value, membership } = source.prove(key);
    if (signed.header.height !== head.header.height)
      throw auditError("audit.head-moved", "the ledger moved on", { height: head.header.height });
    return { key, value, membership };
  });
  return { head, records };
}

function signersOf(entries: readonly TrailEntry[]): string[] {
  const signers = new Set<string>();
  for (const { transaction } of entries)
    for (const { did } of decodeTransaction(transaction).signatures) signers.add(did);
  return [...signers].sort(compareText);
}

function placeCommands(commands: readonly AnchoredCommand[], entries: readonly TrailEntry[]): TrailCommand[] {
  const order = new Map(entries.map(({ height, index }, entry) => [`${height}.${index}`, entry]));
  return commands.flatMap(({ command, receipt, height, index, path }) => {
    const entry = order.get(`${height}.${index}`);
    // Copied member by member: whoever hands commands in may keep more beside them.
    const { index: at, size, path: siblings } = path;
    return entry === undefined ? [] : [{ command, receipt, entry, path: { index: at, size, path: [...siblings] } }];
  });
}

/**
 * Makes the proof file of a trail, or of a part of it: transactions with their receipts and paths, and the records of now. It works
 * block by block and lets others run in between.
 *
 * A file proves that each step in it happened, in this order, and what the records are now. It does not prove that nothing else
 * happened in between. So a trail that is longer than the limits is refused rather than cut: the caller says which part it wants.
 *
 * Headers bear the certificates that the source has: under an engine with a quorum whoever hands the file on adds the votes that came
 * later, and the way to the validators.
 *
 * @throws HansaError `audit.unknown-subject`, `audit.too-long`, `audit.missing-block`, `audit.head-moved`
 * @example
 * ```ts
 * const places = await trail.places(device, { limit: 1000, newest: true });
 * const proof = await buildTrailProof(ledger, { about: device, places });
 * verifyProof(proof, { trust: ledger.group.id });
 * ```
 */
export async function buildTrailProof(source: TrailSource, options: TrailProofOptions): Promise<TrailProof> {
  const { about, places, commands = [] } = options;
  const limits = { ...TRAIL_PROOF_LIMITS, ...options.limits };
  kindOfSubject(about);
  refuseOver("entries", places.length, limits.entries);
  refuseOver("commands", commands.length, limits.commands);
  const entries: TrailEntry[] = [];
  const headers = new Map<number, SignedHeader>();
  let bytes = 0;
  const count = (part: unknown) => {
    bytes += encodeUtf8(JSON.stringify(part)).length;
    refuseOver("bytes", bytes, limits.bytes);
  };
  for (const [height, indices] of indicesByHeight(places)) {
    if (headers.size > 0) await nextTurn();
    const block = source.block(height);
    if (block === undefined) throw auditError("audit.missing-block", `there is no block ${height}`, { height });
    const found = entriesOf(block, indices, about);
    if (found.length === 0) continue;
    headers.set(height, { header: block.header, certificate: block.certificate });
    entries.push(...found);
    count(found);
  }
  const keys = options.recordKeys ?? [
    ...recordKeysFor(about, (key) => source.record(key)),
    // With their keys a verifier can check the signatures too, not only that the ledger took them for good.
    ...signersOf(entries)
      .slice(0, MOST_SIGNERS)
      .map((did) => `identity/${did}`),
  ];
  const unique = [...new Set(keys)];
  refuseOver("records", unique.length, limits.records);
  const { head, records } = proveRecords(source, unique);
  headers.set(head.header.height, head);
  const proof: TrailProof = {
    hansa: "trail-proof/1",
    genesis: source.genesis,
    about,
    headers: [...headers.values()].sort((a, b) => a.header.height - b.header.height),
    height: head.header.height,
    entries,
    records,
    commands: placeCommands(commands, entries),
  };
  count({ ...proof, entries: [] });
  return proof;
}
