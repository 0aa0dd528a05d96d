/** Ledgers that grow under an engine with a quorum, and what travels between their snapshots. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ResponseApplySnapshotChunk_Result as ApplyResult,
  ResponseOfferSnapshot_Result as OfferResult,
  type Snapshot,
} from "cosmjs-types/tendermint/abci/types";
import { expect } from "vitest";
import { decodeBase64Url } from "#base";
import type { Ledger, StateStore } from "#ledger";
import { operation } from "#protocol";
import { GroupStore, openDatabase, SnapshotFiles } from "#storage";
import { Alliance, cometEngine, north, south } from "../../../ledger/alliance.suite.ts";
import { Snapshots } from "./snapshots.ts";

const KEY = new Uint8Array(32).fill(5);

/** A folder with stores and snapshots, gone after the test. */
export class Place {
  readonly folder = mkdtempSync(join(tmpdir(), "hansa-catching-up-"));
  readonly failures: unknown[] = [];
  readonly #close: (() => void | Promise<void>)[] = [];

  store(name: string): GroupStore {
    const db = openDatabase({ file: join(this.folder, `${name}.db`), key: KEY });
    this.#close.push(() => db.close());
    return new GroupStore(db);
  }

  files(name: string): SnapshotFiles {
    const onDropped = (error: unknown) => this.failures.push(error);
    return new SnapshotFiles({ folder: join(this.folder, name), key: KEY, keep: 3, onDropped });
  }

  snapshots(ledger: Ledger, name: string, every = 5): Snapshots {
    const onFailure = (error: unknown) => this.failures.push(error);
    const snapshots = new Snapshots({ ledger, files: this.files(name), every, onFailure });
    this.#close.unshift(() => snapshots.stop());
    return snapshots;
  }

  async close(): Promise<void> {
    for (const close of this.#close) await close();
    rmSync(this.folder, { recursive: true });
  }
}

/** A group in which every member's node votes; a block of it stands in the engine's block of the same height. */
export function quorum(store?: StateStore): Alliance {
  return new Alliance(store, {}, cometEngine());
}

const rule = (i: number) => ({ who: { did: north.did }, at: `${"a".repeat(150)}/${i}` });
const rules = Array.from({ length: 32 }, (_, i) => rule(i));

/** A block with topics that fill records: 15 KiB each where `large`. */
export function topicBlock(alliance: Alliance, name: string, count: number, large = false): void {
  const many = large ? rules : [];
  const transactions = Array.from({ length: count }, (_, i) =>
    alliance.sign(
      [i % 2 === 0 ? north : south],
      [operation("topics.open", { topic: `${name}/${i}`, publish: many, subscribe: many })],
    ),
  );
  for (const { error } of alliance.block(...transactions)) expect(error).toBeUndefined();
}

/** Changes and closes a few of the topics of a block. */
export function changeBlock(alliance: Alliance, name: string): void {
  const receipts = alliance.block(
    alliance.sign([north], [operation("topics.change", { topic: `${name}/0`, publish: [rule(0)], subscribe: [] })]),
    alliance.sign([south], [operation("topics.close", { topic: `${name}/1` })]),
  );
  for (const { error } of receipts) expect(error).toBeUndefined();
}

export interface Offered {
  readonly snapshot: Snapshot;
  readonly chunks: readonly Uint8Array[];
}

/** Everything that a node keeps, newest first, as it offers it sooner or later. */
export async function offeredBy(snapshots: Snapshots): Promise<Offered[]> {
  const offered: Offered[] = [];
  for (const kept of snapshots.kept()) {
    const snapshot = { ...kept, height: BigInt(kept.height) };
    const { height, format } = snapshot;
    const chunks: Uint8Array[] = [];
    for (let chunk = 0; chunk < snapshot.chunks; chunk++)
      chunks.push((await snapshots.load({ height, format, chunk })).chunk);
    offered.push({ snapshot, chunks });
  }
  return offered;
}

/** App hash of the state after a block of the ledger. */
export function appHashOf(ledger: Ledger): Uint8Array {
  return decodeBase64Url(ledger.headHash) as Uint8Array;
}

/** Gives a snapshot to a fresh node as CometBFT does; the answers, one for the offer and one for each chunk. */
export async function give(
  to: Snapshots,
  { snapshot, chunks }: Offered,
  appHash: Uint8Array,
): Promise<(OfferResult | ApplyResult)[]> {
  const { result } = await to.offer({ snapshot, appHash });
  const answers: (OfferResult | ApplyResult)[] = [result];
  if (result !== OfferResult.ACCEPT) return answers;
  for (const [index, chunk] of chunks.entries()) {
    const answer = await to.apply({ index, chunk, sender: "peer" });
    answers.push(answer.result);
    if (answer.result !== ApplyResult.ACCEPT) break;
  }
  return answers;
}
