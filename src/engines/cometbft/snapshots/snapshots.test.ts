import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  ResponseApplySnapshotChunk_Result as ApplyResult,
  ResponseOfferSnapshot_Result as OfferResult,
} from "cosmjs-types/tendermint/abci/types";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeBase64Url, encodeUtf8 } from "#base";
import { Ledger, MemoryStore, type StoredRecord } from "#ledger";
import { encodeHeader, hashHeader, operation } from "#protocol";
import { Alliance, cometEngine, maker } from "../../../ledger/alliance.suite.ts";
import { busy } from "../../../ledger/kernel/kernel.suite.ts";
import {
  CHUNK_BYTES,
  ChunkCutter,
  decodeRecords,
  encodeMetadata,
  encodeOpening,
  encodeRecords,
  hashChunk,
  hashSnapshot,
  readOpening,
} from "./snapshot-stream.ts";
import { appHashOf, changeBlock, give, type Offered, offeredBy, Place, quorum, topicBlock } from "./snapshots.suite.ts";

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.close());

/** A snapshot that its maker made up: records and opening of its choice, under hashes that fit. */
function forged(opening: Parameters<typeof encodeOpening>[0], records: readonly StoredRecord[]): Offered {
  const cutter = new ChunkCutter();
  const chunks = [...cutter.push(encodeOpening(opening)), ...cutter.push(encodeRecords(records)), ...cutter.end()];
  const metadata = encodeMetadata(chunks.map(hashChunk));
  const hash = hashSnapshot(opening.block, metadata);
  return {
    snapshot: { height: BigInt(opening.block), format: 1, chunks: chunks.length, hash, metadata },
    chunks,
  };
}

/** A node that offers one snapshot, of several chunks where `large`, and the app hash that belongs to it. */
async function offering(name: string, large = false) {
  const alliance = quorum(place.store(name));
  busy(alliance);
  while (alliance.ledger.height % 5 !== 3) alliance.block();
  topicBlock(alliance, "first", 200, large);
  changeBlock(alliance, "first");
  const snapshots = place.snapshots(alliance.ledger, `${name} snapshots`);
  snapshots.committed(alliance.ledger.height);
  await snapshots.settled();
  const [offered] = await offeredBy(snapshots);
  if (offered === undefined) throw new Error("no snapshot was made");
  return { alliance, snapshots, offered, appHash: appHashOf(alliance.ledger) };
}

/** Why a transaction is not taken; empty where it is. */
function refusalOf(ledger: Ledger, bytes: Uint8Array, now: number): string {
  try {
    ledger.check(bytes, now);
    return "";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** A node with an empty ledger of the same group. */
function fresh(alliance: Alliance, name = "fresh") {
  const store = place.store(name);
  const ledger = new Ledger(alliance.genesis, store);
  return { ledger, store, snapshots: place.snapshots(ledger, `${name} snapshots`) };
}

describe("making snapshots", () => {
  it("gives the same bytes on all nodes, whatever their stores, caches, votes and pruning", async () => {
    const one = quorum(place.store("one"));
    const two = quorum(new MemoryStore());
    const lists: Offered[][] = [];
    const makers = [place.snapshots(one.ledger, "one snapshots"), place.snapshots(two.ledger, "two snapshots")];
    busy(one);
    for (let i = 0; one.ledger.height < 25; i++) {
      topicBlock(one, `t${i}`, 20);
      makers[0]?.committed(one.ledger.height);
      await makers[0]?.settled();
    }
    // The other one follows later, goes through restarts, prunes, and has votes under some of its headers.
    for (let height = 1; height <= one.ledger.height; height++) {
      const block = one.ledger.block(height) as NonNullable<ReturnType<Ledger["block"]>>;
      two.commit(two.ledger.execute({ height, time: block.header.time, transactions: block.transactions }));
      if (height % 7 === 0) two.reopen();
    }
    const restarted = place.snapshots(two.ledger, "two snapshots again");
    two.ledger.prune(20);
    for (const height of [15, 20, 25]) {
      restarted.committed(height);
      await restarted.settled();
    }
    lists.push(await offeredBy(makers[0] as never), await offeredBy(restarted));
    expect(lists[0]?.map(({ snapshot }) => snapshot.height)).toEqual([25n, 20n, 15n]);
    expect(lists[1]).toEqual(lists[0]);
    expect(place.failures).toEqual([]);
  });

  it("gives, while blocks are committed, what a ledger at rest gives", async () => {
    const busyOne = quorum(place.store("busy"));
    const quiet = quorum(place.store("quiet"));
    for (let i = 0; i < 4; i++) topicBlock(busyOne, `t${i}`, 200);
    changeBlock(busyOne, "t1");
    quiet.follow(busyOne);
    expect(busyOne.ledger.height).toBe(5);
    const making = place.snapshots(busyOne.ledger, "busy snapshots");
    making.committed(5);
    let done = false;
    const settled = making.settled().then(() => {
      done = true;
    });
    let meanwhile = 0;
    // A block in every turn of the event loop, with changes to what has been read and to what has not.
    for (; !done && meanwhile < 100; meanwhile++) {
      const old = ["t0", "t2", "t3"][meanwhile];
      if (old !== undefined) changeBlock(busyOne, old);
      else topicBlock(busyOne, `later${meanwhile}`, 3);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await settled;
    const resting = place.snapshots(quiet.ledger, "quiet snapshots");
    resting.committed(5);
    await resting.settled();
    expect(meanwhile).toBeGreaterThan(3);
    const offered = await offeredBy(making);
    expect(offered).toHaveLength(1);
    expect(offered).toEqual(await offeredBy(resting));
  });

  it("makes only those that are due, keeps the newest, and makes up at start for one that was cut short", async () => {
    const alliance = quorum(place.store("one"));
    const first = place.snapshots(alliance.ledger, "snapshots");
    first.start();
    for (let i = 0; i < 23; i++) {
      topicBlock(alliance, `t${i}`, 5);
      first.committed(alliance.ledger.height);
      await first.settled();
    }
    expect(first.kept().map(({ height }) => height)).toEqual([20, 15, 10]);
    expect(first.lowestNeeded()).toBe(10);
    topicBlock(alliance, "u", 1);
    topicBlock(alliance, "v", 1);
    first.committed(25);
    await first.stop();
    expect(first.kept().map(({ height }) => height)).toEqual([20, 15, 10]);
    topicBlock(alliance, "w", 1);
    const again = place.snapshots(alliance.ledger, "snapshots");
    again.start();
    await again.settled();
    expect(again.kept().map(({ height }) => height)).toEqual([25, 20, 15]);
    again.start();
    await again.settled();
    expect(place.failures).toEqual([]);
  });

  it("offers a snapshot once the engine has the two blocks behind it, without which nobody can begin from it", async () => {
    const { alliance, snapshots, offered } = await offering("one");
    expect(snapshots.kept()).toHaveLength(1);
    for (const list of [[], [], [offered.snapshot]]) {
      expect((await snapshots.list()).snapshots).toEqual(list);
      alliance.block();
    }
  });

  it("still gives what a peer was told of when newer ones have come since", async () => {
    const alliance = quorum(place.store("one"));
    const snapshots = place.snapshots(alliance.ledger, "snapshots");
    const blocks = async (count: number) => {
      for (let i = 0; i < count; i++) {
        alliance.block();
        snapshots.committed(alliance.ledger.height);
        await snapshots.settled();
      }
    };
    await blocks(7);
    expect((await snapshots.list()).snapshots).toMatchObject([{ height: 5n }]);
    await blocks(20);
    expect(snapshots.kept().map(({ height }) => height)).toEqual([25, 20, 15, 5]);
    expect((await snapshots.load({ height: 5n, format: 1, chunk: 0 })).chunk.length).toBeGreaterThan(0);
  });

  it("answers an empty chunk where it has none, and reports a damaged one", async () => {
    const { snapshots, offered } = await offering("one");
    const { height, format } = offered.snapshot;
    for (const wrong of [
      { height, format, chunk: 99 },
      { height: height + 1n, format, chunk: 0 },
      { height, format: 2, chunk: 0 },
    ])
      expect((await snapshots.load(wrong)).chunk).toHaveLength(0);
    expect(place.failures).toEqual([]);
    const folder = join(place.folder, "one snapshots", readdirSync(join(place.folder, "one snapshots"))[0] as string);
    const file = join(folder, "chunk-00000");
    const content = readFileSync(file);
    content[100] = (content[100] as number) ^ 1;
    writeFileSync(file, content);
    expect((await snapshots.load({ height, format, chunk: 0 })).chunk).toHaveLength(0);
    expect(place.failures).toEqual([expect.objectContaining({ code: "storage.snapshot-damaged", payload: { file } })]);
    expect(snapshots.kept()).toEqual([]);
    expect(snapshots.lowestNeeded()).toBeUndefined();
  });
});

describe("beginning from a peer's snapshot", () => {
  it("stands where the peer stands: same answers, same proofs, same refusals, same next block, same snapshot", async () => {
    const { alliance, offered, appHash } = await offering("one", true);
    const { ledger } = alliance;
    expect(offered.chunks.length).toBeGreaterThan(2);
    const next = alliance.sign([maker], [operation("topics.open", { topic: "m", publish: [], subscribe: [] })]);
    // A ledger that executed every block, to compare with.
    const whole = quorum();
    whole.follow(alliance);
    const target = fresh(alliance);
    const answers = await give(target.snapshots, offered, appHash);
    expect(answers).toEqual([OfferResult.ACCEPT, ...offered.chunks.map(() => ApplyResult.ACCEPT)]);
    const restored = target.ledger;
    expect(restored.head).toEqual({
      header: ledger.head?.header,
      certificate: { engine: "cometbft", block: Number(offered.snapshot.height) },
    });
    expect([restored.headHash, restored.firstHeight, restored.lowestHeight]).toEqual([
      whole.ledger.headHash,
      ledger.height,
      ledger.height,
    ]);
    expect(restored.remembered).toBe(whole.ledger.remembered);
    const keys = [...whole.ledger.state.keys("")];
    expect([...restored.state.keys("")]).toEqual(keys);
    for (const key of keys) {
      expect(restored.record(key)).toEqual(whole.ledger.record(key));
      if (key.startsWith("member/")) expect(restored.prove(key).membership).toEqual(whole.ledger.prove(key).membership);
    }
    expect(() => restored.query("topics.get", { topic: "first/0", height: ledger.height - 1 })).toThrow(
      expect.objectContaining({ code: "query.height" }),
    );
    expect(restored.validatorChanges(-1)).toEqual([]);
    expect(restored.validatorsAt(restored.firstHeight)).toEqual(whole.ledger.validatorsAt(whole.ledger.height));
    // No transaction that the snapshot's maker executed is taken again.
    for (let height = 1; height <= ledger.height; height++)
      for (const bytes of ledger.block(height)?.transactions ?? [])
        expect(["transaction.replayed", "transaction.expired"]).toContain(refusalOf(restored, bytes, alliance.time));
    const last = ledger.block(ledger.height)?.transactions ?? [];
    const block = { height: ledger.height + 1, time: alliance.time + 1000, transactions: [...last, next] };
    const executions = [whole.ledger, restored].map((one) => one.execute(block));
    expect(executions[0]?.receipts.map(({ error }) => error?.code)).toEqual([
      ...last.map(() => "transaction.replayed"),
      undefined,
    ]);
    expect(executions[1]?.header).toEqual(executions[0]?.header);
    restored.commit(executions[1] as never, { engine: "cometbft", block: Number(offered.snapshot.height) + 1 });
    restored.certify(restored.firstHeight, { engine: "cometbft", block: Number(offered.snapshot.height) });
    // What it offers to the next one is what it was offered.
    target.snapshots.start();
    await target.snapshots.settled();
    const [again] = await offeredBy(target.snapshots);
    expect(again?.snapshot).toEqual(offered.snapshot);
    expect(again?.chunks.map(hashChunk)).toEqual(offered.chunks.map(hashChunk));
    const reopened = new Ledger(alliance.genesis, target.store);
    expect(reopened.head?.header).toEqual(executions[0]?.header);
    expect(place.failures).toEqual([]);
  });

  it("asks for a chunk anew, from somebody else, where it is not the one that is named", async () => {
    const { alliance, offered, appHash } = await offering("one", true);
    const { ledger, snapshots } = fresh(alliance);
    await snapshots.offer({ snapshot: offered.snapshot, appHash });
    const [zero, one, two] = offered.chunks as [Uint8Array, Uint8Array, Uint8Array];
    const flipped = zero.slice();
    flipped[5000] = (flipped[5000] as number) ^ 1;
    const refused = (index: number) => ({
      result: ApplyResult.RETRY,
      refetchChunks: [index],
      rejectSenders: ["liar"],
    });
    for (const chunk of [flipped, one, new Uint8Array(), zero.subarray(0, -1)])
      expect(await snapshots.apply({ index: 0, chunk, sender: "liar" })).toEqual(refused(0));
    expect((await snapshots.apply({ index: 0, chunk: zero, sender: "honest" })).result).toBe(ApplyResult.ACCEPT);
    expect(await snapshots.apply({ index: 1, chunk: two, sender: "liar" })).toEqual(refused(1));
    for (const [index, chunk] of offered.chunks.entries())
      if (index > 0) expect((await snapshots.apply({ index, chunk, sender: "" })).result).toBe(ApplyResult.ACCEPT);
    expect(ledger.headHash).toBe(alliance.ledger.headHash);
  });

  it("begins anew where chunks come out of order", async () => {
    const { alliance, offered, appHash } = await offering("one", true);
    const { ledger, snapshots } = fresh(alliance);
    await snapshots.offer({ snapshot: offered.snapshot, appHash });
    const [zero, one] = offered.chunks as [Uint8Array, Uint8Array];
    await snapshots.apply({ index: 0, chunk: zero, sender: "peer" });
    for (const index of [0, 2])
      expect((await snapshots.apply({ index, chunk: one, sender: "peer" })).result).toBe(
        index === 0 ? ApplyResult.RETRY_SNAPSHOT : ApplyResult.ABORT,
      );
    expect(ledger.head).toBeUndefined();
    expect((await give(snapshots, offered, appHash)).at(-1)).toBe(ApplyResult.ACCEPT);
    expect(ledger.headHash).toBe(alliance.ledger.headHash);
  });

  it("refuses offers that do not hold together, each in its way", async () => {
    const { alliance, snapshots: own, offered, appHash } = await offering("one");
    const { snapshots } = fresh(alliance);
    const { snapshot } = offered;
    const answers = async (changes: object, hash = appHash) =>
      (await snapshots.offer({ snapshot: { ...snapshot, ...changes }, appHash: hash })).result;
    expect(await answers({ format: 2 })).toBe(OfferResult.REJECT_FORMAT);
    expect(await answers({ chunks: snapshot.chunks + 1 })).toBe(OfferResult.REJECT_SENDER);
    expect(await answers({ chunks: 0, metadata: new Uint8Array() })).toBe(OfferResult.REJECT_SENDER);
    expect(await answers({ hash: snapshot.metadata.subarray(0, 32) })).toBe(OfferResult.REJECT_SENDER);
    expect(await answers({ height: snapshot.height + 1n })).toBe(OfferResult.REJECT_SENDER);
    expect(await answers({ height: 0n })).toBe(OfferResult.REJECT_SENDER);
    expect(await answers({ height: 2n ** 63n })).toBe(OfferResult.REJECT_SENDER);
    expect(await answers({}, new Uint8Array(31))).toBe(OfferResult.REJECT);
    expect((await snapshots.offer({ appHash })).result).toBe(OfferResult.REJECT);
    expect(await answers({})).toBe(OfferResult.ACCEPT);
    // A ledger that has begun takes none.
    expect((await own.offer({ snapshot, appHash })).result).toBe(OfferResult.ABORT);
    expect((await own.apply({ index: 0, chunk: new Uint8Array(), sender: "" })).result).toBe(ApplyResult.ABORT);
  });

  it("refuses every lie about the state, leaves the ledger empty, and takes the truth after it", async () => {
    const { alliance, offered, appHash } = await offering("one");
    const { header, block } = readOpening(offered.chunks[0] as Uint8Array);
    const records = [...decodeRecords(offered.chunks)];
    const target = fresh(alliance);
    const at = records.findIndex(({ key }) => key.startsWith("member/"));
    const replay = records.findIndex(({ key }) => key.startsWith("kernel/replay/"));
    const replaced = (index: number, changes: Partial<StoredRecord>) =>
      records.map((record, i) => (i === index ? { ...record, ...changes } : record));
    const another = records[at === 0 ? 1 : 0]?.key ?? "";
    const lies: [string, Offered][] = [
      ["another value", forged({ header, block }, replaced(at, { value: encodeUtf8("{}") }))],
      ["a hidden replay", forged({ header, block }, replaced(replay, { value: encodeUtf8('{"ids":"","until":0}') }))],
      ["a deleted record", forged({ header, block }, replaced(at, { value: null }))],
      ["another key", forged({ header, block }, replaced(at, { key: "member/nobody" }))],
      ["a doubled key", forged({ header, block }, replaced(at, { key: another }))],
      ["a key that is none", forged({ header, block }, replaced(at, { key: "" }))],
      ["a missing record", forged({ header, block }, records.slice(0, -1))],
      ["one record more", forged({ header, block }, [...records, { slot: 0, key: "z", value: encodeUtf8("{}") }])],
      ["no records", forged({ header, block }, [])],
      ["another order", forged({ header, block }, [...records].reverse())],
      ["a later header", forged({ header: { ...header, height: header.height + 1 }, block }, records)],
      ["another state's header", forged({ header: { ...header, state: header.receipts }, block }, records)],
      ["no snapshot at all", forgedBytes(block, [new Uint8Array(1000)])],
      ["a chunk too short", forgedBytes(block, [offered.chunks[0]?.subarray(0, 500) as Uint8Array, new Uint8Array(9)])],
      ["a chunk too long", forgedBytes(block, [new Uint8Array(CHUNK_BYTES + 1)])],
      ["an empty chunk", forgedBytes(block, [new Uint8Array()])],
      ["bytes behind the end", forgedBytes(block, [Uint8Array.of(...(offered.chunks[0] as Uint8Array), 0)])],
    ];
    for (const [lie, made] of lies) {
      const answers = await give(target.snapshots, made, appHash);
      expect([lie, answers.at(-1)]).toEqual([lie, ApplyResult.REJECT_SNAPSHOT]);
      expect([lie, target.ledger.head, target.store.head(), target.store.slotCount()]).toEqual([
        lie,
        undefined,
        undefined,
        0,
      ]);
    }
    expect(readdirSync(join(place.folder, "fresh snapshots"))).toEqual([]);
    expect((await give(target.snapshots, offered, appHash)).at(-1)).toBe(ApplyResult.ACCEPT);
    expect(target.ledger.headHash).toBe(alliance.ledger.headHash);
  });

  it("refuses another group's snapshot, even where its hash were vouched for", async () => {
    const { offered, appHash } = await offering("one");
    const other = new Alliance(new MemoryStore(), { windowSeconds: 77 }, cometEngine());
    const { ledger, snapshots } = fresh(other);
    expect((await give(snapshots, offered, appHash)).at(-1)).toBe(ApplyResult.REJECT_SNAPSHOT);
    expect(ledger.head).toBeUndefined();
  });

  it("refuses a true snapshot under another block's app hash or at another height of the engine", async () => {
    const { alliance, offered, appHash } = await offering("one");
    const { ledger, snapshots } = fresh(alliance);
    const { header } = readOpening(offered.chunks[0] as Uint8Array);
    const before = decodeBase64Url(header.previous) as Uint8Array;
    expect((await give(snapshots, offered, before)).at(-1)).toBe(ApplyResult.REJECT_SNAPSHOT);
    const moved = forged({ header, block: Number(offered.snapshot.height) }, [...decodeRecords(offered.chunks)]);
    const height = offered.snapshot.height + 1n;
    const hash = hashSnapshot(Number(height), moved.snapshot.metadata);
    const elsewhere = { ...moved, snapshot: { ...moved.snapshot, height, hash } };
    expect((await give(snapshots, elsewhere, appHash)).at(-1)).toBe(ApplyResult.REJECT_SNAPSHOT);
    expect(ledger.head).toBeUndefined();
    expect(hashHeader(encodeHeader(header))).toBe(alliance.ledger.headHash);
  });

  it("leaves an empty ledger behind when the process ends in the middle", async () => {
    const { alliance, offered, appHash } = await offering("one", true);
    const first = fresh(alliance, "first");
    await first.snapshots.offer({ snapshot: offered.snapshot, appHash });
    for (const [index, chunk] of offered.chunks.slice(0, -1).entries())
      await first.snapshots.apply({ index, chunk, sender: "peer" });
    const folder = join(place.folder, "first snapshots");
    expect(readdirSync(folder)).toHaveLength(1);
    // Nothing of a peer's chunks can be read on the disk.
    const [received] = readdirSync(folder) as [string];
    for (const name of readdirSync(join(folder, received)))
      expect(readFileSync(join(folder, received, name)).includes("did:hansa")).toBe(false);
    const again = place.snapshots(first.ledger, "first snapshots");
    expect(readdirSync(folder)).toEqual([]);
    expect(first.store.head()).toBeUndefined();
    const index = offered.chunks.length - 1;
    const chunk = offered.chunks[index] as Uint8Array;
    expect((await again.apply({ index, chunk, sender: "" })).result).toBe(ApplyResult.ABORT);
    expect((await give(again, offered, appHash)).at(-1)).toBe(ApplyResult.ACCEPT);
    expect(first.ledger.headHash).toBe(alliance.ledger.headHash);
  });
});

function forgedBytes(block: number, chunks: readonly Uint8Array[]): Offered {
  const metadata = encodeMetadata(chunks.map(hashChunk));
  const hash = hashSnapshot(block, metadata);
  return { snapshot: { height: BigInt(block), format: 1, chunks: chunks.length, hash, metadata }, chunks };
}
