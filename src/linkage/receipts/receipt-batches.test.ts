import { describe, expect, it } from "vitest";
import { encodeUtf8, HansaError, ManualClock } from "#base";
import { leafHash } from "#crypto";
import { checkInclusion } from "#protocol";
import { MemoryStore } from "../../events/durable-map.suite.ts";
import { settle } from "../world.suite.ts";
import {
  type AnchorRequest,
  ReceiptBatches,
  type ReceiptBatchesOptions,
  type ReceiptProof,
} from "./receipt-batches.ts";

class Bench {
  readonly store = new MemoryStore();
  readonly clock = new ManualClock(0);
  readonly requests: AnchorRequest[] = [];
  blockTime = 0;
  answer: () => Promise<{ height: number; index: number }> = async () => ({ height: 5, index: 2 });
  receipts = this.open();

  open(more: Partial<ReceiptBatchesOptions> = {}): ReceiptBatches {
    const receipts = new ReceiptBatches({
      store: this.store,
      clock: this.clock,
      blockTime: () => this.blockTime,
      anchor: (request) => {
        this.requests.push(request);
        return this.answer();
      },
      ...more,
    });
    receipts.start();
    this.receipts = receipts;
    return receipts;
  }

  add(number: number, linkage = "lk_a", outcome: "done" | "refused" = "done"): void {
    const entry = {
      jti: `jti-${number}`,
      linkage,
      outcome,
      command: `command-${number}`,
      receipt: `receipt-${number}`,
    };
    const { changes, done } = this.receipts.enlist(entry);
    this.store.batch(changes);
    done();
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settle();
  }
}

function holds(proof: ReceiptProof | undefined): boolean {
  return proof !== undefined && checkInclusion(proof.root, leafHash(encodeUtf8(proof.receipt)), proof.path);
}

describe("receipt batches", () => {
  it("anchors what came within a second as one batch, and proves each receipt under its root", async () => {
    const bench = new Bench();
    for (let i = 0; i < 5; i++) bench.add(i, i < 3 ? "lk_a" : "lk_b", i === 1 ? "refused" : "done");
    expect(bench.receipts.proofOf("jti-1")).toBeUndefined();
    await bench.pass(1000);
    expect(bench.requests).toHaveLength(1);
    expect(bench.requests[0]).toMatchObject({
      batch: { size: 5 },
      counts: [
        { linkage: "lk_a", done: 2, refused: 1 },
        { linkage: "lk_b", done: 2, refused: 0 },
      ],
    });
    for (let i = 0; i < 5; i++) {
      const proof = bench.receipts.proofOf(`jti-${i}`);
      expect(proof).toMatchObject({
        command: `command-${i}`,
        height: 5,
        index: 2,
        root: bench.requests[0]?.batch.root,
      });
      expect(holds(proof)).toBe(true);
    }
    await bench.pass(10_000);
    expect(bench.requests).toHaveLength(1);
  });

  it("lists a linkage's receipts, newest first", async () => {
    const bench = new Bench();
    bench.add(1);
    bench.add(2, "lk_b");
    await bench.pass(1000);
    bench.add(3);
    expect(bench.receipts.ofLinkage("lk_a").map(({ jti, place }) => [jti, place?.height])).toEqual([
      ["jti-3", undefined],
      ["jti-1", 5],
    ]);
  });

  it("offers a batch that failed again, the same, and collects meanwhile", async () => {
    const bench = new Bench();
    let fails = 2;
    bench.answer = async () => {
      if (fails-- > 0) throw new Error("no ledger");
      return { height: 9, index: 0 };
    };
    bench.add(1);
    await bench.pass(1000);
    bench.add(2);
    bench.add(3);
    for (let i = 0; i < 20; i++) await bench.pass(1000);
    expect(bench.requests).toHaveLength(4);
    expect(bench.requests[1]).toEqual(bench.requests[0]);
    expect(bench.requests[2]).toEqual(bench.requests[0]);
    expect(bench.requests[3]?.batch.size).toBe(2);
    expect(holds(bench.receipts.proofOf("jti-3"))).toBe(true);
  });

  it("takes a repeat for done where the answer was lost", async () => {
    const bench = new Bench();
    bench.answer = () => new Promise(() => {});
    bench.add(1);
    await bench.pass(1000);
    bench.receipts.stop();
    bench.answer = async () => {
      throw new HansaError("transaction.replayed", "seen", { height: 4, index: 1 });
    };
    bench.open();
    await bench.pass(1000);
    expect(bench.requests[1]?.id).toBe(bench.requests[0]?.id);
    expect(bench.receipts.proofOf("jti-1")).toMatchObject({ height: 4, index: 1 });
  });

  it("offers the very same, after a restart too, until it can no longer be executed: what is on its way must not count twice", async () => {
    const bench = new Bench();
    bench.answer = async () => {
      throw new HansaError("engine.stopped", "no engine");
    };
    bench.add(1);
    await bench.pass(1000);
    const first = bench.requests[0] as AnchorRequest;
    expect(first.until).toBe(61);
    bench.receipts.stop();
    bench.open();
    // By the clock it is over, by the group's last block not yet: that goes by its own time, and may still take it.
    bench.blockTime = 60_999;
    for (let i = 0; i < 100; i++) await bench.pass(1000);
    expect(bench.requests.length).toBeGreaterThan(3);
    for (const request of bench.requests) expect(request).toEqual(first);

    // One more try with it tells whether it was executed after all.
    bench.blockTime = 61_000;
    const before = bench.requests.length;
    for (let i = 0; i < 60; i++) await bench.pass(1000);
    expect(bench.requests[before]).toEqual(first);
    const next = bench.requests[before + 1] as AnchorRequest;
    expect(next.until).toBeGreaterThan(101);
    expect(next).toEqual({ ...first, until: next.until });
  });

  it("asks where a batch stands before it offers it a second time", async () => {
    const bench = new Bench();
    bench.answer = () => new Promise(() => {});
    bench.add(1);
    await bench.pass(1000);
    bench.receipts.stop();
    bench.open({
      find: async (root) => (root === bench.requests[0]?.batch.root ? { height: 7, index: 3 } : undefined),
    });
    await bench.pass(1000);
    expect(bench.requests).toHaveLength(1);
    expect(bench.receipts.proofOf("jti-1")).toMatchObject({ height: 7, index: 3 });
  });

  it("does not let one linkage that is no longer ours hold up the rest", async () => {
    const bench = new Bench();
    bench.answer = async () => {
      if (bench.requests.at(-1)?.counts.some(({ linkage }) => linkage === "lk_b"))
        throw new HansaError("linkages.foreign-receipts", "no", { linkage: "lk_b" });
      return { height: 8, index: 0 };
    };
    bench.add(1);
    bench.add(2, "lk_b");
    await bench.pass(1000);
    expect(bench.requests.map(({ counts }) => counts.length)).toEqual([2, 1]);
    expect(bench.requests[1]?.id).not.toBe(bench.requests[0]?.id);
    expect(holds(bench.receipts.proofOf("jti-2"))).toBe(true);
    bench.add(3, "lk_b");
    await bench.pass(1000);
    bench.add(4);
    await bench.pass(1000);
    expect(bench.receipts.proofOf("jti-3")).toBeUndefined();
    expect(holds(bench.receipts.proofOf("jti-4"))).toBe(true);
  });

  it("seals a batch that is full", async () => {
    const bench = new Bench();
    bench.receipts.stop();
    bench.open({ most: 3 });
    for (let i = 0; i < 8; i++) bench.add(i);
    expect(bench.receipts.waiting).toEqual({ open: 2, sealed: 2 });
    await bench.pass(1000);
    await bench.pass(1000);
    expect(bench.requests.map(({ batch }) => batch.size)).toEqual([3, 3, 2]);
    for (let i = 0; i < 8; i++) expect(holds(bench.receipts.proofOf(`jti-${i}`))).toBe(true);
  });

  it("loses nothing and doubles nothing when the power goes at any write", async () => {
    for (let at = 1; at <= 12; at++)
      for (const after of [false, true]) {
        const bench = new Bench();
        const ledger = new Map<string, { height: number; index: number }>();
        const anchor = async (request: AnchorRequest) => {
          const place = ledger.get(request.batch.root) ?? { height: ledger.size + 1, index: 0 };
          ledger.set(request.batch.root, place);
          bench.requests.push(request);
          return place;
        };
        bench.receipts.stop();
        bench.open({ anchor });
        bench.store.cut = { at, after };
        const added: number[] = [];
        for (let i = 0; i < 6; i++) {
          try {
            bench.add(i);
            added.push(i);
          } catch {
            break;
          }
          if (i % 2 === 1) await bench.pass(1000);
        }
        bench.receipts.stop();
        bench.store.cut = undefined;
        bench.open({ anchor });
        for (let i = 0; i < 4; i++) await bench.pass(1000);
        for (const i of added)
          expect([at, after, i, holds(bench.receipts.proofOf(`jti-${i}`))]).toEqual([at, after, i, true]);
        const sizes = new Map(bench.requests.map(({ batch }) => [batch.root, batch.size]));
        const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
        expect(total - added.length).toBeLessThanOrEqual(after ? 1 : 0);
      }
  });
});
