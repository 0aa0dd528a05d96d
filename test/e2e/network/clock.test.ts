import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { getBlocks } from "#sdk";
import { buildSkewed, GO, skewedNode, skewOf } from "./clock.suite.ts";
import { ENGINE, WITHOUT_ENGINE } from "./engine.suite.ts";
import { launchWith } from "./launcher.suite.ts";
import { Network } from "./network.suite.ts";

const OTHERS = ["acme", "borea", "castor"];
const LAST = "delphi";
const HOUR = 3600;
const WITHOUT = GO === undefined && ENGINE !== undefined ? " (skipped: no Go; https://go.dev/dl)" : WITHOUT_ENGINE;

/** Everything here takes longer where other tests share the machine, milliseconds. */
const PATIENCE = 180_000;

describe.skipIf(ENGINE === undefined || GO === undefined)(
  `a member whose clock is wrong by an hour${WITHOUT}`,
  { timeout: PATIENCE },
  () => {
    let folder: string;
    let binary: string;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "hansa-clock-"));
      binary = await buildSkewed(GO ?? "");
    }, 600_000);
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it.each([
      ["ahead", HOUR],
      ["behind", -HOUR],
    ])("%s: blocks go on at the right time, and honest members' clients notice nothing", async (name, skew) => {
      mkdirSync(join(folder, name));
      const env = {
        HANSA_COMETBFT: launchWith(join(folder, name, "cometbft"), binary, skewOf(skew)),
        NODE_OPTIONS: skewedNode(join(folder, name, "clock.mjs"), skew),
      };
      // No clock of a member may say that the group does not exist yet.
      const network = await Network.start({ members: 4, age: 2 * HOUR * 1000, nodes: { [LAST]: { env } } });
      try {
        const begun = Date.now();
        const load = await network.load({ from: OTHERS });
        await network.progress(network.names, 15);
        await network.check(load);
        expect(load.unanswered).toBe(0);
        expect(load.acknowledged.length).toBeGreaterThan(15);
        const { items } = await getBlocks(await network.client("acme"), { from: 1, limit: 100 });
        for (const { header } of items) {
          expect(header.time).toBeGreaterThan(begun - 60_000);
          expect(header.time).toBeLessThan(Date.now() + 60_000);
        }
        expect((await network.consensus(LAST))?.validator).toBe(true);
        await network.replay();
      } finally {
        await network.remove();
      }
    });
  },
);
