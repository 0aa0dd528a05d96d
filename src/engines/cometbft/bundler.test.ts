import { describe, expect, it } from "vitest";
import { type HansaError, ManualClock } from "#base";
import type { Candidate } from "#ledger";
import type { Receipt } from "#protocol";
import { engineError } from "../errors.ts";
import { decodeBundle } from "./bundle.ts";
import { BundleCache } from "./bundle-cache.ts";
import { BUNDLER_DEFAULTS, Bundler, type BundlerLimits } from "./bundler.ts";
import type { Waiting } from "./waiting.ts";

/** What waits; the bundler looks at its bytes alone. */
function item(size: number, mark = 1): Waiting {
  const bytes = new Uint8Array(size).fill(mark);
  const outcome = new Promise<Receipt>(() => {});
  const candidate = { bytes } as unknown as Candidate;
  return { candidate, outcome, resolve: () => {}, reject: () => {}, settled: false };
}

/** A bundler whose messages the test takes in CometBFT's place. */
function world(limits: Partial<BundlerLimits> = {}) {
  const clock = new ManualClock(0);
  const bundles = new BundleCache(1 << 20);
  const messages: Uint8Array[][] = [];
  const state = { refuses: undefined as HansaError | undefined, unreachable: false, pooled: 1 };
  const bundler = new Bundler({
    clock,
    bundles,
    limits: { ...BUNDLER_DEFAULTS, ...limits },
    send: async (sent) => {
      if (state.unreachable) throw engineError("engine.rpc-unreachable", "nobody answers");
      messages.push([...sent]);
      return sent.map(() => state.refuses);
    },
    pooled: async () => state.pooled,
  });
  /** Lets time pass in small steps, and what follows from it happen. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 50) {
      clock.advance(Math.min(50, left));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  /** Bundles that were sent, each as the marks of its transactions. */
  const sent = () => messages.flat().map((bytes) => decodeBundle(bytes)?.map((inner) => inner[0]));
  const last = () => messages.flat().at(-1) as Uint8Array;
  const commit = (bytes: Uint8Array) => {
    const hash = bundles.open(bytes)?.hash as string;
    bundles.delete(hash);
    bundler.committed([hash]);
  };
  return { bundler, bundles, clock, state, pass, sent, last, commit, messages };
}

describe("the bundler", () => {
  it("sends what comes within a moment as one bundle, in order, and knows it as its own", async () => {
    const { bundler, bundles, clock, sent, last, pass } = world();
    for (const mark of [1, 2, 3]) bundler.add(item(10, mark));
    expect(sent()).toEqual([]);
    clock.advance(2);
    expect(sent()).toEqual([[1, 2, 3]]);
    const bundle = bundles.open(last().slice());
    expect(bundle !== undefined && bundles.isOwn(bundle)).toBe(true);
    // While that is under way the next ones wait a little longer.
    bundler.add(item(10, 4));
    clock.advance(2);
    expect(sent()).toHaveLength(1);
    await pass(BUNDLER_DEFAULTS.delay);
    expect(sent()).toEqual([[1, 2, 3], [4]]);
  });

  it("waits no longer once there is enough, and cuts bundles by bytes and by number", async () => {
    const { bundler, sent, pass } = world({ bytes: 1000, transactions: 4 });
    bundler.add(item(600, 1));
    bundler.add(item(600, 2));
    await pass(1);
    expect(sent()).toEqual([[1], [2]]);
    for (let mark = 3; mark < 9; mark++) bundler.add(item(1, mark));
    await pass(50);
    expect(sent().slice(2)).toEqual([
      [3, 4, 5, 6],
      [7, 8],
    ]);
  });

  it("sends what gathered as soon as all that was under way is in a block", async () => {
    const { bundler, clock, sent, last, commit } = world({ delay: 1000 });
    bundler.add(item(10, 1));
    clock.advance(2);
    bundler.add(item(10, 2));
    commit(last());
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent()).toEqual([[1], [2]]);
  });

  it("has no more under way than it may, and takes no more than may wait", async () => {
    const { bundler, sent, pass, commit, messages } = world({
      bytes: 1000,
      flight: 1500,
      waiting: 5,
      waitingBytes: 4000,
    });
    const taken = Array.from({ length: 8 }, (_, mark) => bundler.add(item(900, mark + 1)));
    await pass(200);
    // Two are under way; of those that wait, four are as many bytes as may.
    expect(sent()).toEqual([[1], [2]]);
    expect(taken).toEqual([true, true, true, true, true, true, false, false]);
    for (const bytes of messages.flat()) commit(bytes);
    await pass(200);
    expect(sent()).toEqual([[1], [2], [3], [4]]);
    expect(bundler.add(item(900, 9))).toBe(true);
  });

  it("sends again what CometBFT refuses, as another bundle, until it takes it", async () => {
    const { bundler, state, sent, pass, messages } = world();
    state.refuses = engineError("engine.rpc-refused", "mempool is full");
    bundler.add(item(10, 1));
    await pass(3000);
    const refused = sent().length;
    expect(refused).toBeGreaterThan(2);
    state.refuses = undefined;
    await pass(3000);
    expect(sent()).toHaveLength(refused + 1);
    const texts = messages.flat().map((bytes) => Buffer.from(bytes).toString("hex"));
    expect(new Set(texts).size).toBe(texts.length);
  });

  it("sends again once CometBFT answers, and after its process has lost its pool", async () => {
    const { bundler, state, sent, pass } = world();
    state.unreachable = true;
    bundler.add(item(10, 1));
    await pass(5000);
    expect(sent()).toEqual([]);
    state.unreachable = false;
    await pass(3000);
    expect(sent()).toEqual([[1]]);
    bundler.poolLost();
    await pass(3000);
    expect(sent()).toEqual([[1], [1]]);
  });

  it("sends again what is neither in the pool nor in a block, and patiently what may still be in the pool", async () => {
    const { bundler, state, sent, pass } = world();
    bundler.add(item(10, 1));
    await pass(1900);
    state.pooled = 0;
    expect(sent()).toHaveLength(1);
    await pass(500);
    expect(sent()).toHaveLength(2);
    state.pooled = 1;
    // Blocks go on without it: others' bundles are in them.
    for (let i = 0; i < 4; i++) bundler.committed(["another's"]);
    await pass(10_000);
    expect(sent()).toHaveLength(2);
    await pass(11_000);
    expect(sent()).toHaveLength(3);
    // Blocks stand still: more of the same would not help.
    await pass(300_000);
    expect(sent()).toHaveLength(3);
  });

  it("sends again only what still waits of a bundle, and nothing once all is settled", async () => {
    const { bundler, sent, pass } = world();
    const items = [1, 2, 3].map((mark) => item(10, mark));
    for (const one of items) bundler.add(one);
    await pass(50);
    if (items[1] !== undefined) items[1].settled = true;
    bundler.poolLost();
    await pass(500);
    expect(sent()).toEqual([
      [1, 2, 3],
      [1, 3],
    ]);
    for (const one of items) one.settled = true;
    bundler.poolLost();
    await pass(30_000);
    expect(sent()).toHaveLength(2);
  });

  it("still knows a bundle that it gave up: it may come in a block", async () => {
    const { bundler, bundles, messages, pass } = world();
    const one = item(10, 1);
    bundler.add(one);
    await pass(50);
    bundler.poolLost();
    await pass(500);
    const [first] = messages.flat() as [Uint8Array];
    expect(messages.flat()).toHaveLength(2);
    expect(bundles.open(first.slice())?.transactions[0]).toBe(one.candidate.bytes);
  });

  it("does nothing after it was stopped", async () => {
    const { bundler, sent, pass } = world();
    bundler.add(item(10));
    bundler.stop();
    await pass(5000);
    expect(sent()).toEqual([]);
  });
});
