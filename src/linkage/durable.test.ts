import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { KeyValueStore, openDatabase } from "#storage";
import { settle, World } from "./world.suite.ts";

describe("linkages over encrypted SQLite", () => {
  it("go on where they stopped: timer, outbox, what was acted on, receipts", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hansa-linkage-"));
    const open = () => openDatabase({ file: join(folder, "group.db"), key: new Uint8Array(32).fill(3) });
    try {
      const world = new World();
      const linkage = world.put({
        actions: [
          { device: world.lamp, set: "state", value: true },
          { delay: 5 },
          { device: world.lamp, action: "blink" },
        ],
      });
      let db = open();
      const boot = () => {
        world.disk = {
          trigger: new KeyValueStore(db, "linkage/trigger"),
          target: new KeyValueStore(db, "linkage/target"),
        };
        world.boot();
      };
      boot();
      world.report(26);
      await settle();
      expect(world.acts).toHaveLength(1);
      world.runtime.stop();
      world.target.stop();
      world.receipts.stop();
      db.close();

      db = open();
      boot();
      world.report(27);
      await world.pass(8);
      expect(world.acts.map(({ step }) => step)).toEqual([0, 2]);
      expect(world.runtime.runsOf(linkage)).toMatchObject([
        { state: "done", steps: [{ outcome: "done" }, { outcome: "done" }] },
      ]);
      for (const { jti } of world.acts) expect(world.receipts.proofOf(jti)?.height).toBeGreaterThan(0);
      world.runtime.stop();
      db.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
