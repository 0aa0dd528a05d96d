import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { operation } from "#protocol";
import { north } from "../../../ledger/alliance.suite.ts";
import { Pruner } from "./pruner.ts";
import { retainHeight } from "./retain-height.ts";
import { changeBlock, Place, quorum, topicBlock } from "./snapshots.suite.ts";

describe("pruning", () => {
  let place: Place;
  beforeEach(() => {
    place = new Place();
  });
  afterEach(() => place.close());

  it("keeps the youngest blocks while blocks go on, and neither roots, snapshots nor replays differ", async () => {
    const pruned = quorum(place.store("pruned"));
    const whole = quorum(place.store("whole"));
    const failures: unknown[] = [];
    const pruner = new Pruner({ ledger: pruned.ledger, keepBlocks: 8, onFailure: (error) => failures.push(error) });
    const snapshots = place.snapshots(pruned.ledger, "snapshots", 10);
    const first = pruned.sign([north], [operation("topics.open", { topic: "one", publish: [], subscribe: [] })]);
    pruned.block(first);
    let most = 0;
    for (let i = 0; i < 60; i++) {
      topicBlock(pruned, `t${i}`, 4);
      if (i % 5 === 4) changeBlock(pruned, `t${i - 2}`);
      pruner.committed();
      snapshots.committed(pruned.ledger.height);
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, pruned.ledger.height - pruned.ledger.lowestHeight + 1);
      const block = pruned.ledger.block(pruned.ledger.height);
      expect(block?.receipts.length).toBe(block?.transactions.length);
      // What the other one needs to follow is still there.
      whole.follow(pruned);
    }
    await Promise.all([pruner.settled(), snapshots.settled()]);
    expect(most).toBeLessThan(16);
    expect(pruned.ledger.headHash).toBe(whole.ledger.headHash);
    for (let height = 0; height <= pruned.ledger.height; height++)
      expect(pruned.ledger.signedHeader(height)).toEqual(whole.ledger.signedHeader(height));
    expect(pruned.ledger.block(pruned.ledger.lowestHeight)).toEqual(whole.ledger.block(pruned.ledger.lowestHeight));
    expect(() => pruned.ledger.query("topics.get", { topic: "one", height: 1 })).toThrow(
      expect.objectContaining({
        code: "query.height",
        payload: expect.objectContaining({ lowest: pruned.ledger.lowestHeight }),
      }),
    );
    pruned.reopen();
    expect(pruned.ledger.headHash).toBe(whole.ledger.headHash);
    // One that expired long ago, and one of a block that was pruned and could still be replayed.
    const recent = whole.ledger.block(pruned.ledger.lowestHeight - 3)?.transactions[0] as Uint8Array;
    const block = { height: pruned.ledger.height + 1, time: pruned.time + 1000, transactions: [first, recent] };
    const [one, two] = [pruned.ledger.execute(block), whole.ledger.execute(block)];
    expect(one.receipts.map(({ error }) => error?.code)).toEqual(["transaction.expired", "transaction.replayed"]);
    expect(one.header).toEqual(two.header);
    expect(failures).toEqual([]);
    expect(place.failures).toEqual([]);
  });

  it("ends in the middle when it is stopped, and goes on later", async () => {
    const alliance = quorum(place.store("one"));
    for (let i = 0; i < 300; i++) alliance.block();
    const first = new Pruner({ ledger: alliance.ledger, keepBlocks: 10 });
    first.committed();
    await first.stop();
    const reached = alliance.ledger.lowestHeight;
    expect(reached).toBeLessThan(alliance.ledger.height - 9);
    first.committed();
    await first.settled();
    expect(alliance.ledger.lowestHeight).toBe(reached);
    const again = new Pruner({ ledger: alliance.ledger, keepBlocks: 10 });
    again.committed();
    await again.settled();
    expect(alliance.ledger.lowestHeight).toBe(alliance.ledger.height - 9);
  });
});

describe("how many of the engine's blocks stay", () => {
  it("is all of them while no snapshot stands for the older ones", () => {
    expect(retainHeight({ block: 1000, keep: 10, snapshot: undefined })).toBe(0);
  });

  it("is never fewer than asked for, nor than what a snapshot or a missing certificate needs", () => {
    const height = fc.integer({ min: 1, max: 1000 });
    fc.assert(
      fc.property(
        height,
        fc.nat(2000),
        height,
        fc.option(height, { nil: undefined }),
        (block, keep, at, uncertified) => {
          const retain = retainHeight({ block, keep, snapshot: at, uncertified });
          expect(retain).toBeGreaterThanOrEqual(0);
          expect(retain).toBeLessThanOrEqual(Math.min(block, at, uncertified ?? block));
          if (keep > 0) expect(block - retain + 1).toBeGreaterThanOrEqual(Math.min(keep, block + 1));
          // And no more than that.
          if (retain > 0) expect([block - Math.max(1, keep) + 1, at, uncertified]).toContain(retain);
        },
      ),
    );
  });
});
