import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENGINE, WITHOUT_ENGINE } from "./engine.suite.ts";
import { MainJob } from "./main-job.suite.ts";
import { Network, passed } from "./network.suite.ts";

/** Five minutes; `npm run test:long` takes an hour. */
const SECONDS = Number(process.env["HANSA_TEST_SECONDS"] ?? (process.env["HANSA_TEST_LONG"] === "1" ? 3600 : 300));
const SEED = Number(process.env["HANSA_TEST_SEED"] ?? Date.now() % 2 ** 31);
/** Longest pause between two kills, and longest that a node stays down, milliseconds. */
const PAUSE = 4000;
const DOWN = 3000;

/** mulberry32: the same seed gives the same moments. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

describe.skipIf(ENGINE === undefined)(`four members at their main job${WITHOUT_ENGINE}`, () => {
  let network: Network;
  let job: MainJob;
  beforeAll(async () => {
    network = await Network.start({ members: 4, parameters: { windowSeconds: 300 } });
    job = await MainJob.play(network, randomOf(SEED + 1));
  }, 180_000);
  afterAll(async () => {
    await job?.close();
    await network?.remove();
  });

  it(
    `lose no acknowledged transaction or event while their nodes and engines are killed at random for ${SECONDS} seconds (HANSA_TEST_SECONDS), and do nothing twice`,
    async () => {
      const random = randomOf(SEED);
      const counts = { both: 0, node: 0, engine: 0 };
      let acknowledged = 0;
      const deadline = performance.now() + SECONDS * 1000;
      while (performance.now() < deadline) {
        const load = await network.load({ each: 2 });
        job.begin();
        // A round of some kills, then a look at everything: what is wrong is found near its cause.
        const round = Math.min(deadline, performance.now() + 60_000);
        while (performance.now() < round) {
          await passed(random(PAUSE));
          const name = network.names[random(network.names.length)] as string;
          const who = (["both", "node", "engine"] as const)[random(3)] as "both" | "node" | "engine";
          counts[who]++;
          if (who === "engine") {
            // Its node starts it anew by itself.
            network.signal(name, "SIGKILL", "engine");
            continue;
          }
          const node = network.node(name);
          network.signal(name, "SIGKILL", who);
          await node.ended;
          await passed(random(DOWN));
          await network.up(name);
        }
        await network.progress(network.names, 3);
        const where = `HANSA_TEST_SEED=${SEED}, ${JSON.stringify(counts)}`;
        const held = async () => {
          await network.check(load, job);
          expect(await job.findLosses()).toEqual([]);
        };
        await held().catch((error: unknown) => {
          throw new Error(where, { cause: error });
        });
        acknowledged += load.acknowledged.length;
      }
      const kills = counts.both + counts.node + counts.engine;
      console.log(
        `${kills} kills (${JSON.stringify(counts)}): ${acknowledged} transactions of the load and ${job.acknowledged.length} of the main job acknowledged, ` +
          `${JSON.stringify(job.counts)}, ${network.history.height} blocks`,
      );
      // A load that acknowledged nothing would prove nothing.
      expect(acknowledged).toBeGreaterThan(kills);
      const { admissions, linkages, commands, events, proofs } = job.counts;
      for (const count of [admissions, linkages, commands, events, proofs]) expect(count).toBeGreaterThan(0);
      // A block that comes while nodes end is one that some of them have not got.
      await job.fallSilent();
      await network.check(job);
      await network.replay();
    },
    SECONDS * 2000 + 240_000,
  );
});
