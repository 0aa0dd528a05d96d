/** Death of either side at the moments that matter. CometBFT is the real one, and it dies by SIGKILL. */
import { describe, expect, it } from "vitest";
import { type Ledger, replayBlocks } from "#ledger";
import { blocksOf, prepared, running } from "../engine.suite.ts";
import { cometKind, processIn } from "./comet-engine.suite.ts";
import type { CometEngineOptions } from "./options.ts";
import type { CometProcess } from "./process/comet-process.ts";
import { ENGINE, WITH_ENGINE } from "./process/process.suite.ts";

/** A kind whose process the test can kill. */
function killable(changes: Partial<CometEngineOptions> = {}) {
  const processes: CometProcess[] = [];
  const kind = cometKind(changes);
  return {
    kill: () => {
      const { pid } = processes.at(-1)?.status() ?? {};
      if (pid !== undefined) process.kill(pid, "SIGKILL");
    },
    restarts: () => processes.at(-1)?.status().restarts,
    kind: {
      genesis: kind.genesis,
      make: (parts: Parameters<typeof kind.make>[0]) => {
        const made = processIn(parts.folder);
        processes.push(made);
        return cometKind({ ...changes, process: made }).make(parts);
      },
    },
  };
}

/** Calls back once, at the first call of a method of the ledger after it did its work, or before. */
function once(ledger: Ledger, method: "execute" | "commit", when: "before" | "after", run: () => void): void {
  const original = ledger[method].bind(ledger) as (...args: unknown[]) => unknown;
  Object.assign(ledger, {
    [method]: (...args: unknown[]) => {
      Object.assign(ledger, { [method]: original });
      if (when === "before") run();
      const result = original(...args);
      if (when === "after") run();
      return result;
    },
  });
}

function roots(ledger: Ledger): string[] {
  return blocksOf(ledger).map(({ header }) => header.state);
}

/** Every block follows from the genesis, and nobody's transaction stands twice. */
function expectSound(ledger: Ledger): void {
  const blocks = blocksOf(ledger);
  const differing = [...replayBlocks(ledger.genesis, blocks)].filter(({ differs }) => differs !== undefined);
  expect(differing).toEqual([]);
  const all = blocks.flatMap(({ receipts }) => receipts.map(({ code }) => code));
  expect(all.every((code) => code === 0)).toBe(true);
}

describe.skipIf(ENGINE === undefined)(`CometBFT killed at the worst moment${WITH_ENGINE}`, () => {
  const moments = [
    ["before the block is executed", "execute", "before"],
    ["between FinalizeBlock and Commit", "execute", "after"],
    ["as Commit arrives, before the block is durable", "commit", "before"],
    ["once the block is durable, before Commit is answered", "commit", "after"],
  ] as const;

  it.each(moments)("%s: starts anew by itself, and every submission has its receipt", async (_, method, when) => {
    const { kind, kill, restarts } = killable();
    const { engine, ledger, candidate, failures } = await running(kind);
    expect(await engine.submit(candidate("first"))).toMatchObject({ code: 0 });
    once(ledger, method, when, kill);
    const receipts = ["a", "b", "c"].map((topic) => engine.submit(candidate(topic)));
    expect((await Promise.all(receipts)).map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(await engine.submit(candidate("last"))).toMatchObject({ code: 0 });
    expect(restarts()).toBe(1);
    expect([engine.status().state, failures]).toEqual(["running", []]);
    expectSound(ledger);
    await engine.certified(ledger.height);
  });

  it("while its pool holds what was handed over: it is handed over again", async () => {
    const { kind, kill } = killable();
    const { engine, ledger, candidate } = await running(kind);
    const receipts = ["a", "b"].map((topic) => engine.submit(candidate(topic)));
    // Whatever it has by now is in its pool or nowhere.
    kill();
    expect((await Promise.all(receipts)).map(({ code }) => code)).toEqual([0, 0]);
    expectSound(ledger);
  });
});

describe.skipIf(ENGINE === undefined)(`our side dead at the worst moment${WITH_ENGINE}`, () => {
  it("after a block was decided and before it was durable: comes back and brings it to its end", async () => {
    const { kind, kill } = killable({ stopDelay: 0 });
    const first = await running(kind);
    await first.engine.submit(first.candidate("a"));
    const before = roots(first.ledger);
    // The store takes no block any more, and CometBFT dies with it: as when the machine stops.
    const decided = new Promise<void>((resolve) => {
      once(first.ledger, "commit", "before", () => {
        first.store.fails = true;
        kill();
        resolve();
      });
    });
    const lost = first.engine.submit(first.candidate("b")).catch((error: { code: string }) => error.code);
    await decided;
    await first.engine.stop();
    expect(await lost).toBe("engine.stopped");
    first.store.fails = false;

    const again = await running(kind, {}, first.kept);
    // What CometBFT had decided was brought again before it answered.
    expect(again.ledger.height).toBe(2);
    expect(roots(again.ledger).slice(0, 2)).toEqual(before);
    expect(await again.engine.submit(again.candidate("c"))).toMatchObject({ code: 0, height: 3 });
    expectSound(again.ledger);
  });

  it("before the genesis was durable: begins", async () => {
    const { kind, kill } = killable({ stopDelay: 0 });
    const first = prepared(kind);
    first.store.fails = true;
    const asked = new Promise<void>((resolve) => once(first.ledger, "commit", "before", resolve));
    const started = first.engine.start().catch((error: { code: string }) => error.code);
    await asked;
    kill();
    await first.engine.stop();
    expect(await started).toBe("engine.stopped");
    first.store.fails = false;
    const again = await running(kind, {}, first.kept);
    expect(again.ledger.height).toBe(0);
    expect(await again.engine.submit(again.candidate("a"))).toMatchObject({ code: 0, height: 1 });
    expect(first.store.log).toEqual(["durable 0", "durable 1"]);
  });

  it("with blocks whose votes were not fetched: fetches them, in order", async () => {
    const { kind } = killable();
    const first = prepared(kind);
    const certify = first.ledger.certify.bind(first.ledger);
    let allowed = 1;
    Object.assign(first.ledger, {
      certify: (...args: Parameters<Ledger["certify"]>) => {
        if (allowed-- <= 0) throw new Error("the disk is full");
        certify(...args);
      },
    });
    await first.engine.start();
    for (const topic of ["a", "b", "c", "d", "e"]) await first.engine.submit(first.candidate(topic));
    await first.engine.stop();
    const bare = (ledger: Ledger) =>
      blocksOf(ledger).map(({ certificate }) => certificate.engine === "cometbft" && certificate.commit === undefined);
    expect(bare(first.ledger)).toEqual([false, true, true, true, true, true]);
    const again = await running(kind, {}, first.kept);
    await again.engine.certified(5);
    expect(bare(again.ledger)).toEqual([false, false, false, false, false, false]);
  });
});
