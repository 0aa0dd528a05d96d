/** What every engine promises. An engine's own test hands in how to make one over a ledger. */
import { describe, expect, it } from "vitest";
import { HansaError, ManualClock } from "#base";
import { createSigner, type Signer } from "#crypto";
import { type Candidate, type Execution, Ledger, MemoryStore, replayBlocks, type StateStore } from "#ledger";
import { operation, type Receipt } from "#protocol";
import { Alliance, BEGIN, engineKey, genesisOf, north, south } from "../ledger/alliance.suite.ts";
import type { Engine } from "./engine.ts";

export interface EngineParts {
  readonly ledger: Ledger;
  readonly signer: Signer;
  readonly clock: ManualClock;
  readonly onFailure: (error: unknown) => void;
  readonly blockTransactions?: number;
  readonly blockBytes?: number;
  readonly blockDelay?: number;
  readonly waiting?: number;
}

export type MakeEngine = (parts: EngineParts) => Engine;

/** A store whose disk can fail, and that notes when a block became durable. */
class TestStore extends MemoryStore {
  fails = false;
  readonly log: string[] = [];

  override commit(batch: Parameters<StateStore["commit"]>[0]): void {
    if (this.fails) throw new Error("no space left on device");
    super.commit(batch);
    this.log.push(`durable ${batch.block.height}`);
  }
}

type Limits = Partial<Pick<EngineParts, "blockTransactions" | "blockBytes" | "blockDelay" | "waiting">>;

/** A running engine with its parts, and what signs for it. */
async function running(make: MakeEngine, limits: Limits = {}, store = new TestStore()) {
  const clock = new ManualClock(BEGIN + 5000);
  const failures: unknown[] = [];
  const ledger = new Ledger(genesisOf(), store);
  const engine = make({
    ledger,
    signer: engineKey.signer,
    clock,
    onFailure: (error) => failures.push(error),
    blockDelay: 5,
    ...limits,
  });
  await engine.start();
  // Signs only; its own ledger has the same genesis.
  const signing = new Alliance();
  signing.time = clock.now();
  const candidate = (topic: string, by = north): Candidate => {
    const bytes = signing.sign([by], [operation("topics.open", { topic, publish: [], subscribe: [] })]);
    return ledger.check(bytes, clock.now());
  };
  return { engine, ledger, clock, store, failures, candidate, signing };
}

/** What became of a promise by now, without waiting for anything but what has happened. */
async function settled<Value>(promise: Promise<Value>): Promise<Value | string> {
  const waiting = Symbol("waiting");
  const outcome = await Promise.race([
    promise.catch((error: unknown) => (error instanceof HansaError ? error.code : String(error))),
    new Promise<typeof waiting>((resolve) => setImmediate(resolve, waiting)),
  ]);
  return outcome === waiting ? "waiting" : (outcome as Value | string);
}

export function describeEngine(name: string, make: MakeEngine): void {
  describe(`the engine ${name}`, () => {
    it("begins a group where there is none, and goes on where there is one", async () => {
      const first = await running(make);
      expect(first.ledger.height).toBe(0);
      const receipt = first.engine.submit(first.candidate("a"));
      first.clock.advance(5);
      await receipt;
      await first.engine.stop();
      const again = await running(make, {}, first.store);
      expect(again.ledger.height).toBe(1);
      again.signing.time += 1;
      const next = again.engine.submit(again.candidate("b", south));
      again.clock.advance(5);
      expect(await next).toMatchObject({ code: 0, height: 2 });
      expect(first.store.log).toEqual(["durable 0", "durable 1", "durable 2"]);
    });

    it("answers with the receipt only once the block is durable", async () => {
      const { engine, clock, store, candidate } = await running(make);
      const receipt = engine.submit(candidate("a"));
      const log = receipt.then(() => store.log.push("answered"));
      expect(await settled(receipt)).toBe("waiting");
      expect(store.log).toEqual(["durable 0"]);
      clock.advance(5);
      await log;
      expect(store.log).toEqual(["durable 0", "durable 1", "answered"]);
      expect(await receipt).toMatchObject({ code: 0, height: 1, index: 0 });
      expect(Object.keys(await receipt).sort()).toEqual(["code", "facts", "height", "id", "index"]);
    });

    it("keeps the order of submission, each with its own receipt, refused ones too", async () => {
      const { engine, clock, candidate } = await running(make);
      const topics = ["a", "b", "a", "c"];
      const receipts = topics.map((topic) => engine.submit(candidate(topic)));
      expect(engine.status()).toMatchObject({ waiting: 4, state: "running" });
      clock.advance(5);
      const all = await Promise.all(receipts);
      expect(all.map(({ index, height }) => [height, index])).toEqual([0, 1, 2, 3].map((index) => [1, index]));
      expect(all.map(({ error }) => error?.code)).toEqual([undefined, undefined, "topics.exists", undefined]);
      expect(engine.status()).toMatchObject({ waiting: 0, transactions: 4, height: 1 });
    });

    it("cuts a block when enough wait, without waiting longer", async () => {
      const { engine, candidate, ledger } = await running(make, { blockTransactions: 3 });
      const receipts = ["a", "b", "c"].map((topic) => engine.submit(candidate(topic)));
      expect((await Promise.all(receipts)).map(({ height }) => height)).toEqual([1, 1, 1]);
      expect(ledger.height).toBe(1);
    });

    it("cuts a block when its bytes are enough, and never puts more in than it may", async () => {
      const probe = await running(make);
      const size = probe.candidate("a").bytes.length;
      const { engine, clock, candidate } = await running(make, { blockBytes: 2 * size + 10 });
      const heights = ["a", "b", "c", "d"].map((topic) => engine.submit(candidate(topic)));
      clock.advance(5);
      clock.advance(5);
      expect((await Promise.all(heights)).map(({ height, index }) => [height, index])).toEqual([
        [1, 0],
        [1, 1],
        [2, 0],
        [2, 1],
      ]);
    });

    it("takes a transaction that is larger than a block's bytes on its own", async () => {
      const { engine, candidate } = await running(make, { blockBytes: 10 });
      expect(await engine.submit(candidate("a"))).toMatchObject({ code: 0, height: 1, index: 0 });
    });

    it("waits no longer than its delay for the first of a block", async () => {
      const { engine, clock, candidate } = await running(make, { blockDelay: 50 });
      const first = engine.submit(candidate("a"));
      clock.advance(30);
      const second = engine.submit(candidate("b"));
      clock.advance(19);
      expect(await settled(first)).toBe("waiting");
      clock.advance(1);
      expect((await Promise.all([first, second])).map(({ height }) => height)).toEqual([1, 1]);
    });

    it("refuses when too many wait, and takes more once they are gone", async () => {
      const { engine, clock, candidate, ledger } = await running(make, { waiting: 2 });
      const taken = [engine.submit(candidate("a")), engine.submit(candidate("b"))];
      const refused = candidate("c");
      await expect(engine.submit(refused)).rejects.toMatchObject({ code: "engine.busy" });
      expect(engine.isPending(refused.transaction.idText)).toBe(false);
      clock.advance(5);
      await Promise.all(taken);
      const again = engine.submit(refused);
      clock.advance(5);
      expect(await again).toMatchObject({ code: 0 });
      expect(ledger.height).toBe(2);
    });

    it("gives a twin that comes while the first waits the first's receipt", async () => {
      const { engine, clock, candidate, ledger } = await running(make);
      const one = candidate("a");
      const twin = ledger.check(one.bytes.slice(), clock.now());
      const receipts = [engine.submit(one), engine.submit(twin)];
      expect(engine.isPending(one.transaction.idText)).toBe(true);
      expect(engine.status().waiting).toBe(1);
      clock.advance(5);
      const [first, second] = (await Promise.all(receipts)) as [Receipt, Receipt];
      expect(second).toEqual(first);
      expect(engine.isPending(one.transaction.idText)).toBe(false);
      expect(ledger.block(1)?.transactions).toHaveLength(1);
    });

    it("refuses another request with the id of one that waits", async () => {
      const { engine, clock, candidate, signing, ledger } = await running(make);
      const one = candidate("a");
      const { jti, exp } = one.transaction.claims;
      const other = signing.sign([north], [operation("topics.close", { topic: "a" })], { jti, exp });
      const first = engine.submit(one);
      await expect(engine.submit(ledger.check(other, clock.now()))).rejects.toMatchObject({
        code: "transaction.replayed",
      });
      clock.advance(5);
      expect(await first).toMatchObject({ code: 0 });
    });

    it("orders what waits when it is told to stop, and takes nothing after", async () => {
      const { engine, candidate } = await running(make, { blockTransactions: 2 });
      const receipts = ["a"].map((topic) => engine.submit(candidate(topic)));
      const late = candidate("late");
      await engine.stop();
      expect((await Promise.all(receipts)).map(({ code }) => code)).toEqual([0]);
      expect(engine.status().state).toBe("stopped");
      await expect(engine.submit(late)).rejects.toMatchObject({ code: "engine.stopped" });
      await engine.start();
      await engine.stop();
    });

    it("takes nothing before it is started", async () => {
      const { candidate, ledger, clock } = await running(make);
      const idle = make({ ledger, signer: engineKey.signer, clock, onFailure: () => {} });
      await expect(idle.submit(candidate("a"))).rejects.toMatchObject({ code: "engine.stopped" });
    });

    it("leaves everything as it was when the store fails, says so, and goes on", async () => {
      const { engine, clock, store, candidate, ledger, failures } = await running(make);
      const { head } = ledger;
      const heard: number[] = [];
      engine.onCommit(({ header }) => heard.push(header.height));
      store.fails = true;
      const one = candidate("a");
      const lost = engine.submit(one);
      clock.advance(5);
      await expect(lost).rejects.toMatchObject({ code: "engine.commit-failed" });
      expect(ledger.head).toBe(head);
      expect(heard).toEqual([]);
      expect(failures).toHaveLength(1);
      expect(engine.status()).toMatchObject({ state: "running", failures: 1, waiting: 0 });
      store.fails = false;
      // The very same request is safe to send again.
      const again = engine.submit(ledger.check(one.bytes, clock.now()));
      clock.advance(5);
      expect(await again).toMatchObject({ code: 0, height: 1 });
      expect(heard).toEqual([1]);
    });

    it("tells listeners of every block in order, before its clients hear", async () => {
      const { engine, clock, candidate } = await running(make, { blockTransactions: 1 });
      const log: string[] = [];
      const end = engine.onCommit(({ header, receipts }) => log.push(`block ${header.height} of ${receipts.length}`));
      await engine.submit(candidate("a")).then(() => log.push("answer a"));
      await engine.submit(candidate("b")).then(() => log.push("answer b"));
      end();
      await engine.submit(candidate("c"));
      clock.advance(5);
      expect(log).toEqual(["block 1 of 1", "answer a", "block 2 of 1", "answer b"]);
    });

    it("keeps a block whose listener throws: the others hear, the clients get their receipts", async () => {
      const { engine, clock, candidate, failures, ledger } = await running(make);
      const heard: number[] = [];
      engine.onCommit(() => {
        throw new Error("a listener's fault");
      });
      engine.onCommit(({ header }) => heard.push(header.height));
      const receipt = engine.submit(candidate("a"));
      clock.advance(5);
      expect(await receipt).toMatchObject({ code: 0, height: 1 });
      expect([heard, ledger.height, engine.status().failures]).toEqual([[1], 1, 0]);
      expect(failures.map(String)).toEqual(["Error: a listener's fault"]);
    });

    it("takes what a listener submits, into a later block, and tells all listeners in order", async () => {
      const { engine, clock, candidate } = await running(make, { blockTransactions: 1 });
      const further = [candidate("b"), candidate("c")];
      const answers: Promise<Receipt>[] = [];
      const heard: number[] = [];
      engine.onCommit(() => {
        const next = further.shift();
        if (next !== undefined) answers.push(engine.submit(next));
      });
      engine.onCommit(({ header }) => heard.push(header.height));
      expect(await engine.submit(candidate("a"))).toMatchObject({ height: 1 });
      clock.advance(5);
      expect((await Promise.all(answers)).map(({ height }) => height)).toEqual([2, 3]);
      expect(heard).toEqual([1, 2, 3]);
    });

    it("can be told to stop by a listener", async () => {
      const { engine, clock, candidate } = await running(make, { blockTransactions: 1 });
      const stops: Promise<void>[] = [];
      engine.onCommit(() => stops.push(engine.stop()));
      expect(await engine.submit(candidate("a"))).toMatchObject({ code: 0 });
      clock.advance(5);
      await Promise.all(stops);
      expect(engine.status().state).toBe("stopped");
    });

    it("moves block time on when the clock stands still, and when it goes back an hour", async () => {
      const { engine, clock, candidate, ledger } = await running(make, { blockTransactions: 1 });
      const times: number[] = [];
      engine.onCommit(({ header }) => times.push(header.time));
      await engine.submit(candidate("a"));
      await engine.submit(candidate("b"));
      clock.advance(-3_600_000);
      await engine.submit(candidate("c"));
      await engine.submit(candidate("d"));
      clock.advance(3_600_000 + 10_000);
      await engine.submit(candidate("e"));
      const start = BEGIN + 5000;
      expect(times).toEqual([start, start + 1, start + 2, start + 3, start + 10_000]);
      expect(ledger.head?.header.time).toBe(start + 10_000);
    });

    it("signs headers that replay to the same roots", async () => {
      const { engine, candidate, ledger } = await running(make, { blockTransactions: 2 });
      await Promise.all(["a", "b", "a", "c", "d", "d/e"].map((topic) => engine.submit(candidate(topic))));
      const blocks = Array.from({ length: ledger.height + 1 }, (_, height) => {
        const block = ledger.block(height);
        if (block === undefined) throw new Error(`block ${height} is missing`);
        return block;
      });
      expect([...replayBlocks(ledger.genesis, blocks)].filter(({ differs }) => differs !== undefined)).toEqual([]);
      expect(blocks).toHaveLength(4);
    });

    it("refuses to run with another key than the genesis names", async () => {
      const ledger = new Ledger(genesisOf(), new MemoryStore());
      const parts = { ledger, signer: createSigner("Ed25519"), clock: new ManualClock(0), onFailure: () => {} };
      await expect(async () => make(parts).start()).rejects.toMatchObject({ code: "engine.wrong-key" });
    });

    it("halts on a fault that must not happen, and refuses everything from then on", async () => {
      const { engine, clock, candidate, ledger, failures } = await running(make);
      const [one, two] = [candidate("a"), candidate("b")];
      const execute = ledger.execute.bind(ledger);
      Object.assign(ledger, {
        execute: (...block: Parameters<Ledger["execute"]>): Execution => {
          execute(...block);
          throw new TypeError("a fault of ours");
        },
      });
      const lost = engine.submit(one);
      clock.advance(5);
      await expect(lost).rejects.toMatchObject({ code: "engine.halted" });
      await expect(engine.submit(two)).rejects.toMatchObject({ code: "engine.halted" });
      expect([engine.status().state, failures.length, ledger.height]).toEqual(["halted", 1, 0]);
      await engine.stop();
      expect(engine.status().state).toBe("halted");
    });
  });
}
