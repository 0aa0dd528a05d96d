/** What every engine promises. An engine's own test hands in how to make one over a ledger. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Clock, HansaError } from "#base";
import { type Candidate, type Execution, Ledger, MemoryStore, replayBlocks, type StateStore } from "#ledger";
import { type Genesis, operation, type Receipt } from "#protocol";
import { type Actor, Alliance, north, south } from "../ledger/alliance.suite.ts";
import type { Engine } from "./engine.ts";

export interface EngineParts {
  readonly ledger: Ledger;
  /** Folder of the engine's own; it outlives the engine. */
  readonly folder: string;
  readonly onFailure: (error: unknown) => void;
  readonly waiting?: number;
}

export interface MadeEngine {
  readonly engine: Engine;
  readonly clock: Clock;
  /** Lets time pass until what waits is ordered, where it does not pass by itself. */
  readonly pass: () => void;
}

export interface EngineKind {
  readonly genesis: Genesis;
  readonly make: (parts: EngineParts) => MadeEngine;
}

/** A store whose disk can fail, and that notes when a block became durable. */
export class TestStore extends MemoryStore {
  fails = false;
  readonly log: string[] = [];

  override commit(batch: Parameters<StateStore["commit"]>[0]): void {
    if (this.fails) throw new Error("no space left on device");
    super.commit(batch);
    this.log.push(`durable ${batch.block.height}`);
  }
}

/** What outlives an engine. */
export interface Kept {
  readonly store: TestStore;
  readonly folder: string;
}

function freshKept(): Kept {
  const folder = mkdtempSync(join(tmpdir(), "hansa-engine-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { store: new TestStore(), folder };
}

export type Running = Awaited<ReturnType<typeof running>>;

/** A running engine with its parts, and what signs for it. It ends with the test. */
export async function running(kind: EngineKind, limits: { readonly waiting?: number } = {}, kept = freshKept()) {
  const made = prepared(kind, limits, kept);
  await made.engine.start();
  return made;
}

/** The same before its start. */
export function prepared(kind: EngineKind, limits: { readonly waiting?: number } = {}, kept = freshKept()) {
  const failures: unknown[] = [];
  const ledger = new Ledger(kind.genesis, kept.store);
  const onFailure = (error: unknown) => failures.push(error);
  const { engine, clock, pass } = kind.make({ ledger, folder: kept.folder, onFailure, ...limits });
  onTestFinished(() => engine.stop());
  // Signs only; its own ledger has the same genesis.
  const signing = new Alliance(new MemoryStore(), {}, kind.genesis.engine);
  // Numbers its requests from 0 on, in every engine of a test: another second is another request.
  signing.time = clock.now() + 1000 * Math.max(0, ledger.height);
  const candidate = (topic: string, by: Actor = north): Candidate => {
    const bytes = signing.sign([by], [operation("topics.open", { topic, publish: [], subscribe: [] })]);
    return ledger.check(bytes, clock.now());
  };
  return { engine, ledger, clock, pass, failures, candidate, signing, kept, store: kept.store };
}

/** All blocks of a ledger from 0 on. */
export function blocksOf(ledger: Ledger) {
  return Array.from({ length: ledger.height + 1 }, (_, height) => {
    const block = ledger.block(height);
    if (block === undefined) throw new Error(`block ${height} is missing`);
    return block;
  });
}

/** What became of a promise by now, without waiting for anything but what has happened. */
export async function settled<Value>(promise: Promise<Value>): Promise<Value | string> {
  const waiting = Symbol("waiting");
  const outcome = await Promise.race([
    promise.catch((error: unknown) => (error instanceof HansaError ? error.code : String(error))),
    new Promise<typeof waiting>((resolve) => setImmediate(resolve, waiting)),
  ]);
  return outcome === waiting ? "waiting" : (outcome as Value | string);
}

/** @param skip - why there is no such engine here; its tests are counted as skipped */
export function describeEngine(name: string, kind: EngineKind, skip = ""): void {
  describe.skipIf(skip !== "")(`the engine ${name}${skip}`, () => {
    it("begins a group where there is none, and goes on where there is one", async () => {
      const first = await running(kind);
      expect(first.ledger.height).toBe(0);
      const receipt = first.engine.submit(first.candidate("a"));
      first.pass();
      await receipt;
      await first.engine.stop();
      const again = await running(kind, {}, first.kept);
      expect(again.ledger.height).toBe(1);
      const next = again.engine.submit(again.candidate("b", south));
      again.pass();
      expect(await next).toMatchObject({ code: 0, height: 2 });
      expect(first.store.log).toEqual(["durable 0", "durable 1", "durable 2"]);
    });

    it("answers with the receipt only once the block is durable", async () => {
      const { engine, pass, store, candidate } = await running(kind);
      const receipt = engine.submit(candidate("a"));
      const log = receipt.then(() => store.log.push("answered"));
      expect(await settled(receipt)).toBe("waiting");
      expect(store.log).toEqual(["durable 0"]);
      pass();
      await log;
      expect(store.log).toEqual(["durable 0", "durable 1", "answered"]);
      expect(await receipt).toMatchObject({ code: 0, height: 1, index: 0 });
      expect(Object.keys(await receipt).sort()).toEqual(["code", "facts", "height", "id", "index"]);
    });

    it("keeps the order of submission, each with its own receipt, refused ones too", async () => {
      const { engine, pass, candidate, ledger } = await running(kind);
      const topics = ["a", "b", "a", "c"];
      const candidates = topics.map((topic) => candidate(topic));
      const receipts = candidates.map((one) => engine.submit(one));
      expect(engine.status()).toMatchObject({ waiting: 4, state: "running" });
      pass();
      const all = await Promise.all(receipts);
      const ordered = blocksOf(ledger).flatMap(({ transactions }) => transactions.map((bytes) => Buffer.from(bytes)));
      expect(ordered).toEqual(candidates.map(({ bytes }) => Buffer.from(bytes)));
      expect(all.map(({ height, index }) => ledger.receipt({ height, index }))).toEqual(all);
      expect(all.map(({ error }) => error?.code)).toEqual([undefined, undefined, "topics.exists", undefined]);
      expect(engine.status()).toMatchObject({ waiting: 0, transactions: 4, height: ledger.height });
    });

    it("refuses when too many wait, and takes more once they are gone", async () => {
      const { engine, pass, candidate } = await running(kind, { waiting: 2 });
      const taken = [engine.submit(candidate("a")), engine.submit(candidate("b"))];
      const refused = candidate("c");
      await expect(engine.submit(refused)).rejects.toMatchObject({ code: "engine.busy" });
      expect(engine.isPending(refused.transaction.idText)).toBe(false);
      pass();
      await Promise.all(taken);
      const again = engine.submit(refused);
      pass();
      expect(await again).toMatchObject({ code: 0 });
    });

    it("gives a twin that comes while the first waits the first's receipt", async () => {
      const { engine, clock, pass, candidate, ledger } = await running(kind);
      const one = candidate("a");
      const twin = ledger.check(one.bytes.slice(), clock.now());
      const receipts = [engine.submit(one), engine.submit(twin)];
      expect(engine.isPending(one.transaction.idText)).toBe(true);
      expect(engine.status().waiting).toBe(1);
      pass();
      const [first, second] = (await Promise.all(receipts)) as [Receipt, Receipt];
      expect(second).toEqual(first);
      expect(engine.isPending(one.transaction.idText)).toBe(false);
      expect(ledger.block(1)?.transactions).toHaveLength(1);
    });

    it("refuses another request with the id of one that waits", async () => {
      const { engine, clock, pass, candidate, signing, ledger } = await running(kind);
      const one = candidate("a");
      const { jti, exp } = one.transaction.claims;
      const other = signing.sign([north], [operation("topics.close", { topic: "a" })], { jti, exp });
      const first = engine.submit(one);
      await expect(engine.submit(ledger.check(other, clock.now()))).rejects.toMatchObject({
        code: "transaction.replayed",
      });
      pass();
      expect(await first).toMatchObject({ code: 0 });
    });

    it("orders what waits when it is told to stop, and takes nothing after", async () => {
      const { engine, candidate } = await running(kind);
      const receipts = ["a", "b"].map((topic) => engine.submit(candidate(topic)));
      const late = candidate("late");
      const stopped = engine.stop();
      await expect(engine.submit(late)).rejects.toMatchObject({ code: "engine.stopped" });
      await stopped;
      expect((await Promise.all(receipts)).map(({ code }) => code)).toEqual([0, 0]);
      expect(engine.status().state).toBe("stopped");
      await expect(engine.submit(late)).rejects.toMatchObject({ code: "engine.stopped" });
    });

    it("takes nothing before it is started", async () => {
      const { engine, ledger } = prepared(kind);
      // What a ledger that has begun takes for a candidate.
      const signing = new Alliance(new MemoryStore(), {}, kind.genesis.engine);
      const ops = [operation("topics.open", { topic: "a", publish: [], subscribe: [] })];
      const early = signing.ledger.check(signing.sign([north], ops), signing.time);
      await expect(engine.submit(early)).rejects.toMatchObject({ code: "engine.stopped" });
      expect(ledger.height).toBe(-1);
    });

    it("loses nothing and makes nothing up when the store fails: says so, and goes on once it does not", async () => {
      const { engine, clock, pass, store, candidate, ledger, failures } = await running(kind);
      const header = ledger.head?.header;
      const heard: number[] = [];
      engine.onCommit(({ header }) => heard.push(header.height));
      store.fails = true;
      const one = candidate("a");
      const lost = engine.submit(one).catch((error: unknown) => error);
      pass();
      await expect.poll(() => failures.length, { timeout: 20_000 }).toBeGreaterThan(0);
      expect(failures[0]).toMatchObject(
        failures[0] instanceof HansaError ? { code: "engine.commit-failed" } : { message: "no space left on device" },
      );
      expect(ledger.head?.header).toBe(header);
      expect(heard).toEqual([]);
      expect(engine.status()).toMatchObject({ state: "running", failures: failures.length });
      store.fails = false;
      // A refused request is safe to send again; one that was not refused goes its way.
      const outcome = (await settled(lost)) as unknown;
      const receipt = outcome === "waiting" ? lost : engine.submit(ledger.check(one.bytes, clock.now()));
      pass();
      expect(await receipt).toMatchObject({ code: 0, height: 1 });
      expect(heard).toEqual([1]);
      expect(engine.status()).toMatchObject({ failing: 0, waiting: 0 });
    });

    it("tells listeners of every block in order, before its clients hear", async () => {
      const { engine, pass, candidate } = await running(kind);
      const log: string[] = [];
      const order = (topic: string) => {
        const receipt = engine.submit(candidate(topic)).then(() => log.push(`answer ${topic}`));
        pass();
        return receipt;
      };
      const end = engine.onCommit(({ header, receipts }) => log.push(`block ${header.height} of ${receipts.length}`));
      await order("a");
      await order("b");
      end();
      await order("c");
      expect(log).toEqual(["block 1 of 1", "answer a", "block 2 of 1", "answer b", "answer c"]);
    });

    it("keeps a block whose listener throws: the others hear, the clients get their receipts", async () => {
      const { engine, pass, candidate, failures, ledger } = await running(kind);
      const heard: number[] = [];
      engine.onCommit(() => {
        throw new Error("a listener's fault");
      });
      engine.onCommit(({ header }) => heard.push(header.height));
      const receipt = engine.submit(candidate("a"));
      pass();
      expect(await receipt).toMatchObject({ code: 0, height: 1 });
      expect([heard, ledger.height, engine.status().failures]).toEqual([[1], 1, 0]);
      expect(failures.map(String)).toEqual(["Error: a listener's fault"]);
    });

    it("takes what a listener submits, into a later block, and tells all listeners in order", async () => {
      const { engine, pass, candidate } = await running(kind);
      const further = [candidate("b"), candidate("c")];
      const answers: Promise<Receipt>[] = [];
      const heard: number[] = [];
      engine.onCommit(() => {
        const next = further.shift();
        if (next !== undefined) answers.push(engine.submit(next));
      });
      engine.onCommit(({ header }) => heard.push(header.height));
      const first = engine.submit(candidate("a"));
      pass();
      expect(await first).toMatchObject({ height: 1 });
      pass();
      expect(await answers[0]).toMatchObject({ height: 2 });
      pass();
      expect(await answers[1]).toMatchObject({ height: 3 });
      expect(heard).toEqual([1, 2, 3]);
    });

    it("can be told to stop by a listener", async () => {
      const { engine, pass, candidate } = await running(kind);
      const stops: Promise<void>[] = [];
      engine.onCommit(() => stops.push(engine.stop()));
      const receipt = engine.submit(candidate("a"));
      pass();
      expect(await receipt).toMatchObject({ code: 0 });
      await Promise.all(stops);
      expect(stops).toHaveLength(1);
      expect(engine.status().state).toBe("stopped");
    });

    it("vouches for every block, and for none that there is not", async () => {
      const { engine, pass, candidate, ledger } = await running(kind);
      const receipt = engine.submit(candidate("a"));
      pass();
      await receipt;
      for (const height of [0, 1]) {
        const signed = await engine.certified(height);
        expect(signed.header).toEqual(ledger.signedHeader(height)?.header);
        expect(signed.certificate).toEqual(ledger.signedHeader(height)?.certificate);
      }
      await expect(engine.certified(2)).rejects.toMatchObject({ code: "engine.unknown-height" });
    });

    it("makes blocks that replay to the same roots", async () => {
      const { engine, pass, candidate, ledger } = await running(kind);
      for (const topics of [
        ["a", "b"],
        ["a", "c"],
        ["d", "d/e"],
      ]) {
        const receipts = topics.map((topic) => engine.submit(candidate(topic)));
        pass();
        await Promise.all(receipts);
      }
      const steps = [...replayBlocks(ledger.genesis, blocksOf(ledger))];
      expect(steps.map(({ height, differs }) => [height, differs])).toEqual(steps.map((_, i) => [i, undefined]));
      expect(steps.length).toBe(ledger.height + 1);
    });

    it("halts when executing throws what is no refusal, and leaves the ledger as it was", async () => {
      const { engine, pass, candidate, ledger, failures } = await running(kind);
      const [one, two] = [candidate("a"), candidate("b")];
      const execute = ledger.execute.bind(ledger);
      Object.assign(ledger, {
        execute: (...block: Parameters<Ledger["execute"]>): Execution => {
          execute(...block);
          throw new TypeError("a fault of ours");
        },
      });
      const lost = engine.submit(one);
      pass();
      await expect(lost).rejects.toMatchObject({ code: "engine.halted" });
      await expect(engine.submit(two)).rejects.toMatchObject({ code: "engine.halted" });
      expect([engine.status().state, failures.length, ledger.height]).toEqual(["halted", 1, 0]);
      await engine.stop();
      expect(engine.status().state).toBe("halted");
    });
  });
}
