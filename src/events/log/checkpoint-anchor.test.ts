import { describe, expect, it } from "vitest";
import { ManualClock } from "#base";
import { type AnchorCheckpoint, CheckpointAnchor, MAX_ANCHORED } from "./checkpoint-anchor.ts";

/** Logs that are nothing but sizes. */
function sized(sizes: Map<string, number>) {
  return {
    topics: () => [...sizes.keys()],
    size: (topic: string) => sizes.get(topic) ?? 0,
    head: (topic: string) => ({
      topic,
      size: sizes.get(topic) ?? 0,
      root: new Uint8Array(32).fill(sizes.get(topic) ?? 0),
    }),
  };
}

/** What the ledger will say. */
interface Answer {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

function start(sizes: Map<string, number>, anchor: (checkpoints: AnchorCheckpoint[]) => Promise<void>) {
  const clock = new ManualClock(0);
  const anchors = new CheckpointAnchor({ logs: sized(sizes), clock, anchor });
  anchors.start();
  return {
    anchors,
    clock,
    /** Lets a second pass and waits for what it started. */
    async second() {
      clock.advance(1000);
      await anchors.look();
    },
  };
}

describe("CheckpointAnchor", () => {
  it("anchors the topics that grew, once for each size", async () => {
    const sizes = new Map([
      ["a", 1],
      ["b", 0],
    ]);
    const calls: [string, number][][] = [];
    const { anchors, second } = start(sizes, async (checkpoints) => {
      calls.push(checkpoints.map(({ topic, size }) => [topic, size]));
    });
    await second();
    await second();
    sizes.set("b", 4);
    await second();
    sizes.set("a", 2).set("b", 5);
    await second();
    anchors.stop();
    expect(calls).toEqual([
      [["a", 1]],
      [["b", 4]],
      [
        ["a", 2],
        ["b", 5],
      ],
    ]);
  });

  it("hands over at most 256 at a time", async () => {
    const sizes = new Map(Array.from({ length: 600 }, (_, i) => [`t${i}`, 1]));
    const calls: number[] = [];
    const { anchors, second } = start(sizes, async (checkpoints) => {
      calls.push(checkpoints.length);
    });
    await second();
    anchors.stop();
    expect(calls).toEqual([MAX_ANCHORED, MAX_ANCHORED, 600 - 2 * MAX_ANCHORED]);
  });

  it("tries what failed again with the newest size, and counts it", async () => {
    const sizes = new Map([["a", 1]]);
    const calls: number[] = [];
    const { anchors, second } = start(sizes, async (checkpoints) => {
      calls.push(checkpoints[0]?.size ?? 0);
      if (calls.length === 1) throw new Error("no ledger");
    });
    await second();
    sizes.set("a", 3);
    await second();
    await second();
    anchors.stop();
    expect(calls).toEqual([1, 3]);
    expect(anchors.stats()).toEqual({ calls: 2, failures: 1, checkpoints: 1 });
  });

  it("has one call under way at a time", async () => {
    const sizes = new Map([["a", 1]]);
    let release: (() => void) | undefined;
    let calls = 0;
    const { anchors } = start(sizes, () => {
      calls++;
      return new Promise((resolve) => {
        release = resolve;
      });
    });
    const first = anchors.look();
    sizes.set("a", 2);
    const same = anchors.look();
    release?.();
    await Promise.all([first, same]);
    expect(calls).toBe(1);
    const stopped = anchors.look();
    release?.();
    await stopped;
    expect(calls).toBe(2);
  });

  it("does not wait for an answer that never comes, and its next start anchors what was not", async () => {
    const sizes = new Map([["a", 3]]);
    const calls: number[] = [];
    const { anchors, clock } = start(sizes, ([checkpoint]) => {
      calls.push(checkpoint?.size ?? 0);
      return new Promise(() => {});
    });
    clock.advance(1000);
    expect(calls).toEqual([3]);
    // Closers are awaited one after the other: it must be over when it returns.
    expect(anchors.stop()).toBeUndefined();
    clock.advance(60_000);
    expect(calls).toEqual([3]);
    const { anchors: next, second } = start(sizes, async ([checkpoint]) => {
      calls.push(checkpoint?.size ?? 0);
    });
    await second();
    next.stop();
    expect(calls).toEqual([3, 3]);
  });

  it.each([
    ["its answer comes", (answer: Answer) => answer.resolve()],
    ["the engine says that it is stopped", (answer: Answer) => answer.reject(new Error("engine.stopped"))],
  ])("asks nothing more of logs and ledger, and tells of no failure, when it was stopped before %s", async (_, end) => {
    const sizes = new Map(Array.from({ length: MAX_ANCHORED + 1 }, (_, i) => [`t${i}`, 1]));
    const answers: Answer[] = [];
    const errors: unknown[] = [];
    let closed = false;
    const open = <Value>(value: Value): Value => {
      if (closed) throw new Error("the store is closed");
      return value;
    };
    const logs = sized(sizes);
    const clock = new ManualClock(0);
    const anchors = new CheckpointAnchor({
      logs: { topics: () => open(logs.topics()), size: (topic) => open(logs.size(topic)), head: logs.head },
      clock,
      anchored: () => open(undefined),
      anchor: () => open(new Promise<void>((resolve, reject) => answers.push({ resolve, reject }))),
      onError: (error) => errors.push(error),
    });
    anchors.start();
    clock.advance(1000);
    const under = anchors.look();
    anchors.stop();
    closed = true;
    end(answers[0] as Answer);
    await under;
    clock.advance(60_000);
    expect(answers).toHaveLength(1);
    expect(errors).toEqual([]);
  });

  it("leaves alone what the ledger has already, and what another node anchors", async () => {
    const sizes = new Map([
      ["a", 5],
      ["b", 5],
      ["c", 5],
    ]);
    const calls: string[] = [];
    const anchors = new CheckpointAnchor({
      logs: sized(sizes),
      clock: new ManualClock(0),
      anchor: async (checkpoints) => {
        calls.push(...checkpoints.map(({ topic }) => topic));
      },
      anchored: (topic) => (topic === "a" ? 5 : undefined),
      mine: (topic) => topic !== "c",
    });
    await anchors.look();
    expect(calls).toEqual(["b"]);
  });
});
