import { expect, it } from "vitest";
import { endsConsensus, recognise } from "./problems.ts";

const WRONG = "wrong Block.Header.AppHash.  Expected 4A32, got B5CD";

it("a node whose own state differs from what was agreed on is told so, whichever way CometBFT puts it", () => {
  for (const line of [
    `{"_msg":"CONSENSUS FAILURE!!!","err":"+2/3 committed an invalid block: ${WRONG}","level":"error"}`,
    `panic: precommit step; +2/3 prevoted for an invalid block: ${WRONG}`,
    `{"_msg":"Error in validation","err":"${WRONG}","level":"error"}`,
    "state.AppHash does not match AppHash after replay. Got B5CD, expected 4A32.",
  ])
    expect(recognise(line)?.kind, line).toBe("diverged");
});

it("another member's wrong proposal is no trouble of this node's", () => {
  const line = `{"_msg":"prevote step: consensus deems this block invalid; prevoting nil","err":"${WRONG}","level":"error"}`;
  expect(recognise(line)).toBeUndefined();
});

it("only a process that gave up consensus is ended for what it says", () => {
  expect(endsConsensus('{"_msg":"CONSENSUS FAILURE!!!","err":"anything"}')).toBe(true);
  expect(endsConsensus(`panic: ${WRONG}`)).toBe(false);
  expect(recognise('{"_msg":"CONSENSUS FAILURE!!!","err":"anything"}')?.kind).toBe("halted");
});

it("a clock that is behind the group's genesis is named, since the engine does nothing but wait then", () => {
  const line =
    '{"_msg":"Genesis time is in the future. Sleeping until then...","genTime":"2026-01-01T00:00:00Z","level":"info"}';
  expect(recognise(line)).toMatchObject({ kind: "clock", advice: expect.stringContaining("clock") });
});
