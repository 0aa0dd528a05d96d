import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ENGINE, WITHOUT_ENGINE } from "./engine.suite.ts";
import { Network, passed } from "./network.suite.ts";

const OTHERS = ["acme", "borea", "castor"];
const LAST = "delphi";
/** How long a fault lasts. */
const TEN_SECONDS = 10_000;

/** Everything here takes longer where other tests share the machine, milliseconds. */
const PATIENCE = 180_000;

describe.skipIf(ENGINE === undefined)(
  `four members, any of them faulty${WITHOUT_ENGINE}`,
  { timeout: PATIENCE },
  () => {
    let network: Network;
    beforeAll(async () => {
      network = await Network.start({ members: 4 });
    }, PATIENCE);
    afterEach(() => network?.recover(), PATIENCE);
    afterAll(() => network?.remove());

    it.each([
      ["killed", { kill: [LAST] }],
      ["paused for ten seconds", { pause: [LAST] }],
      ["cut off for ten seconds", { disconnect: [LAST] }],
    ] as const)("one is %s: the others go on, and it catches up", async (_, fault) => {
      const load = await network.load();
      await network.progress();
      const mend = await network.inflict(fault);
      const begun = performance.now();
      await network.progress(OTHERS, 10);
      await passed(Math.max(0, TEN_SECONDS - (performance.now() - begun)));
      await network.progress(OTHERS, 3);
      if ("disconnect" in fault) expect(await network.height(LAST)).toBeLessThan(await network.height("acme"));
      await mend();
      await network.progress(network.names, 3);
      await network.check(load);
      expect(load.acknowledged.length).toBeGreaterThan(20);
    });

    it("two are killed: no block and no fork; both are back: blocks within 30 seconds", async () => {
      const load = await network.load();
      await network.progress();
      const mend = await network.inflict({ kill: ["castor", LAST] });
      const left = ["acme", "borea"];
      // What had its votes before the kill may still be executed.
      await passed(2000);
      await network.stands(left, 8000);
      await mend();
      await network.progress(network.names, 1, 30_000);
      await network.check(load);
    });

    it("halves that are cut off from each other halt, and go on by themselves once the wires are mended", async () => {
      const load = await network.load();
      await network.progress();
      const mend = await network.inflict({
        partition: [
          ["acme", "borea"],
          ["castor", LAST],
        ],
      });
      await passed(2000);
      await network.stands(network.names, 8000);
      await mend();
      await network.progress(network.names, 3, 30_000);
      await network.check(load);
    });

    it("all are killed at once and come back: nothing acknowledged is lost, and a replay gives the same roots", async () => {
      const load = await network.load({ each: 2 });
      await network.progress(network.names, 10);
      const mend = await network.inflict({ kill: network.names });
      await mend();
      await network.progress();
      await network.check(load);
      await network.replay();
      await network.up(...network.names);
      await network.agreement();
    });
  },
);
