import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { ManualClock } from "#base";
import { LogReader } from "./log-reader.ts";
import { recognise } from "./problems.ts";
import type { ProcessProblem } from "./process-options.ts";

function makeReader() {
  const passed: { readonly fields: object; readonly message: string }[] = [];
  const problems: ProcessProblem[] = [];
  const clock = new ManualClock(1_000_000);
  const say = (fields: object, message: string) => void passed.push({ fields, message });
  const reader = new LogReader({
    log: { info: say, warn: say, error: say },
    clock,
    secrets: ["c2VjcmV0"],
    onProblem: (problem) => problems.push(problem),
  });
  return { reader, passed, problems, clock };
}

const line = (level: string, message: string, more: object = {}) => JSON.stringify({ level, _msg: message, ...more });

describe("the reader of the engine's log", () => {
  it("passes errors on with their fields, keeps the rest, and puts cut lines together", async () => {
    const { reader, passed } = makeReader();
    const text = `${line("info", "Started node")}\n${line("error", "dial failed", { module: "p2p", err: "refused" })}\n`;
    const stream = Readable.from([text.slice(0, 50), text.slice(50)]);
    reader.read(stream);
    await new Promise((resolve) => stream.once("end", resolve));
    expect(passed).toEqual([{ message: "cometbft: dial failed", fields: { module: "p2p", err: "refused" } }]);
    expect(reader.lines).toHaveLength(2);
  });

  it("shows no secret, neither in what it passes on nor in what it keeps", () => {
    const { reader, passed } = makeReader();
    reader.take(line("error", "bad key c2VjcmV0", { err: "c2VjcmV0" }));
    reader.take("panic: c2VjcmV0");
    expect(JSON.stringify([passed, reader.lines])).not.toContain("c2VjcmV0");
    expect(passed).toHaveLength(2);
  });

  it("is bounded, whatever is written: lines, their length, and what is passed on in a second", async () => {
    const { reader, passed, clock } = makeReader();
    for (let i = 0; i < 1000; i++) reader.take(line("error", `trouble ${i}`));
    expect(passed).toHaveLength(20);
    expect(reader.lines.length).toBeLessThan(100);
    clock.advance(1000);
    reader.take(line("error", "later"));
    expect(passed.slice(20)).toEqual([
      { fields: { lines: 980 }, message: "cometbft: more lines were not passed on" },
      { fields: {}, message: "cometbft: later" },
    ]);
    const endless = Readable.from(Array.from({ length: 100 }, () => "x".repeat(10_000)));
    reader.read(endless);
    await new Promise((resolve) => endless.once("end", resolve));
    expect(Math.max(...reader.lines.map(({ length }) => length))).toBeLessThan(5000);
  });

  it("takes what is no object for plain text", () => {
    const { reader, passed } = makeReader();
    for (const text of ["{", "{}", "[1]", "null", '{"level":"error"}', '{"level":"error","_msg":null,"x":null}'])
      reader.take(text);
    expect(passed).toHaveLength(2);
  });
});

describe("known troubles", () => {
  it.each([
    [
      "damaged",
      "ERROR: failed to create node: failed to initialize database: database entry point either missing or corrupted",
    ],
    ["damaged", "panic: StateBlockHeight (9) > StoreBlockHeight (7)"],
    ["ahead", "error during handshake: error on replay: app block height (9) is higher than core (7)"],
    ["behind", "error on replay: app block height (1) is too far below block store base (100)"],
    ["diverged", "panic: state.AppHash does not match AppHash after replay. Got A, expected B."],
    ["disk-full", "write data/blockstore.db/000001.log: no space left on device"],
    ["in-use", "failed to listen on 127.0.0.1:26656: bind: address already in use"],
    ["in-use", "failed to initialize database: resource temporarily unavailable"],
    ["halted", line("error", "CONSENSUS FAILURE!!!", { module: "consensus" })],
    [
      "refused",
      "ERROR: failed to create node: error with private validator socket client: can't get pubkey: send: EOF",
    ],
  ])("names %s by its sign, with what to do", (kind, text) => {
    expect(recognise(text)).toMatchObject({ kind, line: text, advice: expect.stringMatching(/\.$/) });
  });

  it("takes everyday lines for no trouble", () => {
    for (const text of [line("info", "Started node"), line("error", "Stopping peer for error", { err: "EOF" }), ""])
      expect(recognise(text)).toBeUndefined();
  });
});
