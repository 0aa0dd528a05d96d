import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isHansaError } from "#base";
import { getRecord } from "#sdk";
import { until } from "../member.suite.ts";
import { ENGINE, WITHOUT_ENGINE } from "./engine.suite.ts";
import { launchLiar } from "./launcher.suite.ts";
import { Network } from "./network.suite.ts";

const OTHERS = ["acme", "borea", "castor"];
const LIAR = "delphi";

/** Everything here takes longer where other tests share the machine, milliseconds. */
const PATIENCE = 180_000;

describe.skipIf(ENGINE === undefined)(
  `a member whose application lies about its root${WITHOUT_ENGINE}`,
  { timeout: PATIENCE },
  () => {
    let folder: string;
    let lies: string;
    let network: Network;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "hansa-liar-"));
      lies = join(folder, "lies");
      const program = launchLiar(join(folder, "cometbft"), ENGINE?.path ?? "", lies);
      network = await Network.start({ members: 4, nodes: { [LIAR]: { env: { HANSA_COMETBFT: program } } } });
    }, PATIENCE);
    afterAll(async () => {
      await network?.remove();
      rmSync(folder, { recursive: true, force: true });
    });

    it("stops nobody else, says so itself, and proves no wrong root to anybody", async () => {
      const load = await network.load({ from: OTHERS });
      await network.progress();
      writeFileSync(lies, "");
      await network.progress(OTHERS, 6);

      // Its node says so: to whoever asks for its status and its health, and in its log.
      const diverged = () =>
        network.wait("the liar's status says so", ([view]) => view?.consensus?.problem?.kind === "diverged", {
          names: [LIAR],
        });
      await diverged();
      // Its engine is started anew again and again, or refuses the next block from one peer after the other, and answers meanwhile.
      await until(async () => {
        await diverged();
        const health = await fetch(`${network.home(LIAR).url}/health`);
        const { problems } = (await health.json()) as { problems: string[] };
        return health.status === 503 && problems.join().includes("another state than the members agreed on");
      });
      expect(network.log(LIAR)).toContain("the engine's process is in trouble");
      for (const name of OTHERS) expect(network.log(name)).not.toContain("the engine's process is in trouble");
      await network.progress(OTHERS, 6);

      // What it shows as verified is what the others agreed on, or nothing.
      const client = await network.client(LIAR);
      const { did } = await network.party("acme");
      await load.end();
      for (const key of [`member/${did}`, `identity/${did}`])
        try {
          const { value, height } = await getRecord(client, { key, verified: true });
          expect(value).toEqual((await getRecord(await network.client("acme"), { key, height })).value);
        } catch (error) {
          expect(isHansaError(error), String(error)).toBe(true);
        }
      await network.down(LIAR);
      await network.check(load);
    });
  },
);
