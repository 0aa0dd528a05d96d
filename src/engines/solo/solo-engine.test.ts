import { describe, expect, it } from "vitest";
import { ManualClock } from "#base";
import { createSigner } from "#crypto";
import { type Candidate, Ledger, MemoryStore } from "#ledger";
import { operation } from "#protocol";
import { Alliance, BEGIN, engineKey, genesisOf, north } from "../../ledger/alliance.suite.ts";
import { describeEngine } from "../engine.suite.ts";
import { SoloEngine, type SoloOptions } from "./solo-engine.ts";

const START = BEGIN + 5000;

describeEngine("solo", {
  genesis: genesisOf(),
  make: ({ ledger, onFailure, waiting }) => {
    const clock = new ManualClock(Math.max(START, (ledger.head?.header.time ?? 0) + 1));
    const limits = waiting === undefined ? {} : { waiting };
    const engine = new SoloEngine({
      ledger,
      signer: engineKey.signer,
      clock,
      onFailure,
      blockDelay: 5,
      ...limits,
    });
    return { engine, clock, pass: () => clock.advance(5) };
  },
});

/** A running engine whose clock stands still, and what signs for it. */
async function running(limits: Partial<SoloOptions> = {}) {
  const clock = new ManualClock(START);
  const ledger = new Ledger(genesisOf(), new MemoryStore());
  const engine = new SoloEngine({ ledger, signer: engineKey.signer, clock, blockDelay: 5, ...limits });
  await engine.start();
  const signing = new Alliance();
  signing.time = clock.now();
  const candidate = (topic: string): Candidate =>
    ledger.check(signing.sign([north], [operation("topics.open", { topic, publish: [], subscribe: [] })]), clock.now());
  return { engine, ledger, clock, candidate };
}

/** Whether a promise is settled by now. */
async function isWaiting(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => false), new Promise<true>((resolve) => setImmediate(resolve, true))]);
}

describe("the blocks of the engine solo", () => {
  it("are cut when enough wait, without waiting longer", async () => {
    const { engine, candidate, ledger } = await running({ blockTransactions: 3 });
    const receipts = ["a", "b", "c"].map((topic) => engine.submit(candidate(topic)));
    expect((await Promise.all(receipts)).map(({ height }) => height)).toEqual([1, 1, 1]);
    expect(ledger.height).toBe(1);
  });

  it("are cut when their bytes are enough, and never hold more than they may", async () => {
    const probe = await running();
    const size = probe.candidate("a").bytes.length;
    const { engine, clock, candidate } = await running({ blockBytes: 2 * size + 10 });
    const receipts = ["a", "b", "c", "d"].map((topic) => engine.submit(candidate(topic)));
    clock.advance(5);
    clock.advance(5);
    expect((await Promise.all(receipts)).map(({ height, index }) => [height, index])).toEqual([
      [1, 0],
      [1, 1],
      [2, 0],
      [2, 1],
    ]);
  });

  it("hold a transaction that is larger than their bytes on its own", async () => {
    const { engine, candidate } = await running({ blockBytes: 10 });
    expect(await engine.submit(candidate("a"))).toMatchObject({ code: 0, height: 1, index: 0 });
  });

  it("wait no longer than their delay for what comes after the first", async () => {
    const { engine, clock, candidate } = await running({ blockDelay: 50 });
    const first = engine.submit(candidate("a"));
    clock.advance(30);
    const second = engine.submit(candidate("b"));
    clock.advance(19);
    expect(await isWaiting(first)).toBe(true);
    clock.advance(1);
    expect((await Promise.all([first, second])).map(({ height }) => height)).toEqual([1, 1]);
  });

  it("have a time that moves on when the clock stands still, and when it goes back an hour", async () => {
    const { engine, clock, candidate, ledger } = await running({ blockTransactions: 1 });
    const times: number[] = [];
    engine.onCommit(({ header }) => times.push(header.time));
    await engine.submit(candidate("a"));
    await engine.submit(candidate("b"));
    clock.advance(-3_600_000);
    await engine.submit(candidate("c"));
    await engine.submit(candidate("d"));
    clock.advance(3_600_000 + 10_000);
    await engine.submit(candidate("e"));
    expect(times).toEqual([START, START + 1, START + 2, START + 3, START + 10_000]);
    expect(ledger.head?.header.time).toBe(START + 10_000);
  });
});

describe("the engine solo", () => {
  it("refuses a block's transactions when the store fails, and counts it", async () => {
    const store = new MemoryStore();
    const clock = new ManualClock(START);
    const ledger = new Ledger(genesisOf(), store);
    const engine = new SoloEngine({ ledger, signer: engineKey.signer, clock, blockTransactions: 1 });
    await engine.start();
    const signing = new Alliance();
    signing.time = clock.now();
    const ops = [operation("topics.open", { topic: "a", publish: [], subscribe: [] })];
    const one = ledger.check(signing.sign([north], ops), clock.now());
    Object.assign(store, {
      commit: () => {
        throw new Error("no space left on device");
      },
    });
    await expect(engine.submit(one)).rejects.toMatchObject({ code: "engine.commit-failed" });
    expect(engine.status()).toMatchObject({ state: "running", failures: 1, failing: 1, waiting: 0, height: 0 });
  });

  it("can be started again after it was stopped", async () => {
    const { engine, candidate } = await running({ blockTransactions: 1 });
    await engine.stop();
    await engine.start();
    expect(await engine.submit(candidate("a"))).toMatchObject({ code: 0 });
    await engine.stop();
  });

  it("refuses to run with another key than the genesis names", () => {
    const ledger = new Ledger(genesisOf(), new MemoryStore());
    const parts = { ledger, signer: createSigner("Ed25519"), clock: new ManualClock(0) };
    expect(() => new SoloEngine(parts)).toThrow(expect.objectContaining({ code: "engine.wrong-key" }));
  });
});
