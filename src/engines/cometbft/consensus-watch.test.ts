import { expect, it } from "vitest";
import { ManualClock } from "#base";
import { ConsensusWatch } from "./consensus-watch.ts";
import type { EngineProcess } from "./engine-process.ts";
import { answering } from "./rpc.suite.ts";

const problem = (kind: string) => ({ kind, meaning: `It is ${kind}.`, advice: "Do something.", line: "secret" });

/** A watch over a CometBFT that is asked, and answers, when the test wants it to. */
async function watching() {
  const answers = [
    { id: 0, result: status },
    { id: 1, result: { peers: [] } },
    { id: 2, result: { total: "0" } },
    { id: 3, result: { round_state: { "height/round/step": "6/1/1" } } },
  ];
  let up = true;
  const { rpc } = await answering((_, response) => (up ? response.end(JSON.stringify(answers)) : response.destroy()));
  const clock = new ManualClock(0);
  const said: { problem?: ReturnType<typeof problem> } = {};
  const process = { status: () => ({ running: true, restarts: 0, problem: said.problem }) } as unknown as EngineProcess;
  const heard: (() => void)[] = [];
  const watch = new ConsensusWatch(rpc, process, clock, () => {
    for (const hear of heard.splice(0)) hear();
  });
  return {
    said,
    watch,
    /** One more question, answered. */
    async asked() {
      up = true;
      const answered = new Promise<void>((resolve) => heard.push(resolve));
      clock.advance(1000);
      await answered;
      return watch.status().problem;
    },
  };
}

const status = {
  node_info: { id: "8f2d6a0c4be17390d5a1c2e3f405162738495a6b", network: "main", moniker: "main" },
  sync_info: { latest_block_height: "5", catching_up: true },
  validator_info: { address: "", voting_power: "10" },
};

it("says that the state differs for as long as no block is executed, though the process answers", async () => {
  const { said, watch, asked } = await watching();
  watch.start();
  await watch.answers();
  watch.committed(5);
  expect(await asked()).toBeUndefined();
  said.problem = problem("diverged");
  expect(await asked()).toEqual({ kind: "diverged", meaning: "It is diverged.", advice: "Do something." });
  expect(await asked()).toMatchObject({ kind: "diverged" });
  // It went on: a peer had it start over, or it began anew.
  watch.committed(6);
  expect(await asked()).toBeUndefined();
  said.problem = problem("diverged");
  expect(await asked()).toMatchObject({ kind: "diverged" });
  watch.stop();
});

it("says other trouble while the process does not answer", async () => {
  const { said, watch, asked } = await watching();
  said.problem = problem("in-use");
  watch.start();
  watch.down();
  expect(watch.status()).toMatchObject({ up: false, problem: { kind: "in-use" } });
  await watch.answers();
  expect(await asked()).toBeUndefined();
  watch.stop();
});
