import { describe, expect, it } from "vitest";
import type { EngineStatus } from "#engines";
import { problemsOf } from "./health.ts";

const CONSENSUS = {
  up: true,
  catchingUp: false,
  block: 12,
  round: 0,
  node: "8f2d6a0c4be17390d5a1c2e3f405162738495a6b",
  peers: [],
  validator: true,
  pool: 0,
  blockInterval: 0,
  restarts: 0,
};
const SOLO: EngineStatus = {
  kind: "solo",
  state: "running",
  height: 3,
  waiting: 0,
  blocks: 3,
  transactions: 3,
  failures: 0,
  failing: 0,
};
const comet = (consensus: object, more: object = {}): EngineStatus => ({
  ...SOLO,
  kind: "cometbft",
  consensus: { ...CONSENSUS, ...consensus },
  ...more,
});
const problem = { kind: "diverged", meaning: "Another state.", advice: "Report it." };

describe("the health of a group", () => {
  it.each<[string, EngineStatus, readonly string[]]>([
    ["runs", SOLO, []],
    ["runs with others", comet({}), []],
    ["is halted", { ...SOLO, state: "halted" }, ["the engine of group main is halted"]],
    ["cannot store", { ...SOLO, failing: 2 }, ["the last 2 blocks of group main could not be stored"]],
    ["has lost CometBFT", comet({ up: false }), ["CometBFT of group main does not answer"]],
    [
      "has lost it with a last word",
      comet({ up: false, problem }),
      ["CometBFT of group main does not answer: Another state. Report it."],
    ],
    ["catches up", comet({ catchingUp: true }), ["group main still fetches what the others have"]],
    [
      "will never catch up",
      comet({ catchingUp: true, problem }),
      ["CometBFT of group main is in trouble: Another state. Report it."],
    ],
  ])("is told where it %s", (_, status, problems) => {
    expect(problemsOf("main", status)).toEqual(problems);
  });
});
