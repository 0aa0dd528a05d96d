import { afterEach, describe, expect, it } from "vitest";
import { GROUP, json, serve } from "../../sdk/server.suite.ts";
import type { Output } from "../io.ts";
import { agree, lookAt, lookUntil, type MemberView, viewTable, type Watched, watch } from "./watch.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const plain = (_: string, text: string) => text;
const CONSENSUS = {
  up: true,
  catchingUp: false,
  block: 12,
  round: 0,
  node: "a".repeat(40),
  peers: ["b".repeat(40)],
  validator: true,
  pool: 0,
  blockInterval: 0,
  restarts: 0,
};

/** A member whose node says one height after the other; the last one stays. */
async function member(name: string, heights: readonly number[], asked: () => void = () => {}): Promise<Watched> {
  let at = 0;
  const served = await serve((_, response) => {
    const height = heights[Math.min(at++, heights.length - 1)] ?? 0;
    asked();
    const root = `root${height}`.padEnd(43, "AbC");
    const groups = [
      { id: GROUP, name: "main", engine: "cometbft", state: "running", height, root, consensus: CONSENSUS },
    ];
    json(response, { version: "1", member: "did", groups });
  });
  closers.push(() => served.close());
  return { name, client: served.client({ retry: { attempts: 1, delay: 0 } }) };
}

function screen(isTerminal: boolean) {
  const written: string[] = [];
  const output: Output = { write: (text) => void written.push(text), isTerminal, columns: 100 };
  return { output, written };
}

const never = new AbortController().signal;

describe("a look at the members", () => {
  it("tells what each says, and who does not answer", async () => {
    const there = await member("acme", [3]);
    const gone = await member("borea", [3]);
    await closers.pop()?.();
    const views = await lookAt([there, gone], GROUP, never);
    expect(views).toMatchObject([
      { member: "acme", state: "running", height: 3, consensus: { block: 12 } },
      { member: "borea", state: "unreachable", height: null, root: null, consensus: null },
    ]);
    expect(viewTable(views, plain)).toBe(
      [
        "MEMBER  STATE        HEIGHT  BLOCK/ROUND  PEERS  VOTES  ROOT",
        "acme    running      3       12/0         1      yes    root3AbC…",
        "borea   unreachable",
      ].join("\n"),
    );
  });

  it("says what is wrong with an engine that answers", async () => {
    const views = await lookAt([await member("acme", [3])], GROUP, never);
    const problem = { kind: "diverged", meaning: "Another state.", advice: "Report it." } as const;
    const wrong = views.map((view) => ({ ...view, consensus: { ...CONSENSUS, catchingUp: true, problem } }));
    expect(viewTable(wrong, plain).split("\n")[1]).toMatch(/^acme {4}diverged /);
  });

  it("goes on until what is wanted holds", async () => {
    const members = [await member("acme", [0, 1, 1, 2]), await member("borea", [0, 0, 1, 2])];
    const views = await lookUntil(members, GROUP, never, (seen) => agree(seen, 1));
    expect(views.map(({ height }) => height)).toEqual([1, 1]);
  });
});

describe("agreement", () => {
  const view = (height: number | null, root: string | null): MemberView => ({
    member: "m",
    state: "running",
    height,
    root,
    consensus: null,
  });
  it.each<[boolean, string, MemberView[]]>([
    [true, "one height and root", [view(2, "a"), view(2, "a")]],
    [false, "two roots", [view(2, "a"), view(2, "b")]],
    [false, "two heights", [view(2, "a"), view(3, "a")]],
    [false, "somebody silent", [view(2, "a"), view(null, null)]],
    [false, "everybody silent", [view(null, null), view(null, null)]],
    [false, "too low a height", [view(0, "a"), view(0, "a")]],
    [false, "nobody", []],
  ])("is %s with %s", (wanted, _, views) => {
    expect(agree(views, 1)).toBe(wanted);
  });
});

describe("watching", () => {
  /** Watches until the member has been asked so often. */
  async function watched(isTerminal: boolean, heights: readonly number[], times: number) {
    const controller = new AbortController();
    let asked = 0;
    const members = [
      await member("acme", heights, () => {
        if (++asked === times) controller.abort();
      }),
    ];
    const { output, written } = screen(isTerminal);
    const { signal } = controller;
    await watch({ members, groupId: GROUP, out: output, paint: plain, signal, now: () => 0, every: 1 });
    return written;
  }

  it("refreshes the table in its place on a terminal", async () => {
    const written = await watched(true, [1, 2, 3], 4);
    expect(written).toHaveLength(3);
    expect(written[0]).not.toContain("\u001b");
    for (const text of written.slice(1)) expect(text.startsWith("\u001b[2A\u001b[J")).toBe(true);
    expect(written[2]).toContain("acme    running  3");
  });

  it("writes a line for every change elsewhere, and no other", async () => {
    expect(await watched(false, [1, 1, 1, 2, 2], 6)).toEqual([
      "1970-01-01T00:00:00Z acme running 1 1 peers; one root\n",
      "1970-01-01T00:00:00Z acme running 2 1 peers; one root\n",
    ]);
  });
});
