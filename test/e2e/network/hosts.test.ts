import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENGINE, WITHOUT_ENGINE } from "./engine.suite.ts";
import { type Hosts, makeHosts, whyNoHosts } from "./hosts.suite.ts";
import { Network, passed } from "./network.suite.ts";

const NAMES = ["acme", "borea", "castor", "delphi"];
const OTHERS = NAMES.slice(0, 3);
const LAST = "delphi";
const why = ENGINE === undefined ? undefined : whyNoHosts();
const WITHOUT = why === undefined ? WITHOUT_ENGINE : ` (skipped: ${why})`;

/** Everything here takes longer where other tests share the machine, milliseconds. */
const PATIENCE = 180_000;

describe.skipIf(ENGINE === undefined || why !== undefined)(
  `four members on four hosts${WITHOUT}`,
  { timeout: PATIENCE },
  () => {
    let hosts: Hosts;
    let network: Network;
    beforeAll(async () => {
      hosts = makeHosts(4);
      network = await Network.start({
        members: NAMES,
        hosts: hosts.addresses,
        nodes: Object.fromEntries(NAMES.map((name, i) => [name, { launcher: hosts.launcher(i) }])),
      });
    }, PATIENCE);
    afterAll(async () => {
      await network?.remove();
      hosts?.remove();
    });

    it("go on while one host is off the network for ten seconds, and it catches up once it is back", async () => {
      const load = await network.load({ from: OTHERS });
      await network.progress();
      hosts.unplug(3);
      const begun = performance.now();
      await network.progress(OTHERS, 5);
      await passed(Math.max(0, 10_000 - (performance.now() - begun)));
      await network.progress(OTHERS, 3);
      expect(await network.height(LAST)).toBe(-1);
      hosts.plug(3);
      await network.progress(network.names, 3);
      await network.check(load);
      await network.replay();
    });
  },
);
