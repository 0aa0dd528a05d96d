import { closeSync, existsSync, openSync, readdirSync, rmSync, statSync, truncateSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { encodeBase64Url } from "#base";
import { randomBytes } from "#crypto";
import { operation, signTransaction } from "#protocol";
import { getBlock, submitTransaction } from "#sdk";
import { codeOf, until } from "../member.suite.ts";
import { ENGINE, WITHOUT_ENGINE } from "./engine.suite.ts";
import { Network } from "./network.suite.ts";

const LAST = "delphi";

/** Takes away all that a member has of a group but for what names it: as after the loss of a disk, with the key file at hand. */
function wipe(network: Network, name: string): void {
  const { folder, ...files } = network.files(name);
  const kept = [files.genesis, files.founding, files.joining].map((file) => basename(file));
  for (const entry of readdirSync(folder))
    if (!kept.includes(entry)) rmSync(join(folder, entry), { recursive: true, force: true });
  network.history.forget(name);
}

function overwrite(file: string, at: number, length: number): void {
  const open = openSync(file, "r+");
  writeSync(open, Buffer.alloc(length, 0xa5), 0, length, at);
  closeSync(open);
}

/** A transaction of a member's that sets one of its services. */
async function signedBy(network: Network, name: string): Promise<string> {
  const party = await network.party(name);
  const service = { id: "once", type: "Once", endpoint: "https://once.example/" };
  const ops = [operation("identity.setService", { did: party.did, service })];
  const jti = encodeBase64Url(randomBytes(16));
  return signTransaction({ iss: party.did, aud: network.groupId, jti, exp: Math.floor(Date.now() / 1000) + 110, ops }, [
    party,
  ]);
}

/** Everything here takes longer where other tests share the machine, milliseconds. */
const PATIENCE = 180_000;

describe.skipIf(ENGINE === undefined)(`a member that lost its files${WITHOUT_ENGINE}`, { timeout: PATIENCE }, () => {
  let network: Network;
  beforeAll(async () => {
    network = await Network.start({ members: 4 });
  }, PATIENCE);
  afterEach(() => network?.recover(), PATIENCE);
  afterAll(() => network?.remove());

  it("all of them: begins anew, fetches every block, has the same root, and votes again", async () => {
    const load = await network.load();
    await network.progress(network.names, 10);
    await network.down(LAST);
    wipe(network, LAST);
    await network.up(LAST);
    await network.progress(network.names, 3);
    await network.check(load);
    // From the first block on.
    expect((await getBlock(await network.client(LAST), 1)).header.height).toBe(1);
    const again = await network.load();
    await until(async () => {
      const { header } = await getBlock(await network.client("acme"), await network.height("acme"));
      return header.absent?.includes(network.home(LAST).node) !== true;
    });
    await network.check(again);
  });

  it.each([
    ["cut short", (file: string) => truncateSync(file, Math.floor(statSync(file).size / 2))],
    ["overwritten", (file: string) => overwrite(file, 8192, statSync(file).size - 8192)],
  ])("its ledger.db %s: is refused by name, and mended by beginning anew", async (_, damage) => {
    const load = await network.load();
    await network.progress(network.names, 10);
    await network.down(LAST);
    damage(network.files(LAST).ledger);
    const refused = await codeOf(network.launch(LAST).waitUp());
    expect(refused).toMatch(/^storage\.(corrupt|wal-truncated|wrong-key)$/);
    expect(network.log(LAST)).toContain("ledger.db");
    wipe(network, LAST);
    await network.up(LAST);
    await network.progress();
    await network.check(load);
  });

  it("CometBFT's block store damaged: is named in the log, never voted with, and mended by beginning anew", async () => {
    const load = await network.load();
    await network.progress(network.names, 10);
    await network.down(LAST);
    const { comet } = network.files(LAST);
    const store = join(comet, "data", "blockstore.db");
    const manifest = join(store, readdirSync(store).find((file) => file.startsWith("MANIFEST")) ?? "");
    truncateSync(manifest, Math.floor(statSync(manifest).size / 2));
    overwrite(manifest, 0, Math.min(16, statSync(manifest).size));
    const node = network.launch(LAST);
    node.waitUp().catch(() => {});
    await until(() => network.log(LAST).includes("Files of the engine are damaged"));
    // It does not serve, and ends all the same when it is told to.
    expect(await node.stop()).toBe(0);
    wipe(network, LAST);
    await network.up(LAST);
    await network.progress();
    await network.check(load);
  });
});

describe.skipIf(ENGINE === undefined)(
  `a member that lost its files, where others have snapshots${WITHOUT_ENGINE}`,
  { timeout: PATIENCE },
  () => {
    let network: Network;
    beforeAll(async () => {
      network = await Network.start({ members: 4, entry: { snapshotBlocks: 10 } });
    }, PATIENCE);
    afterAll(() => network?.remove());

    it("begins from a snapshot under a header that all signed, has the same root, and refuses what was executed before", async () => {
      const text = await signedBy(network, "acme");
      const first = await submitTransaction(await network.client("acme"), text);
      const load = await network.load();
      await until(async () => (await network.height("acme")) > first.height + 25);
      // Others have one by now, and it is complete.
      await until(() => ["acme", "borea"].every((name) => snapshots(network, name) > 0));
      await network.down(LAST);
      wipe(network, LAST);
      await network.up(LAST);
      await network.progress(network.names, 3);
      await network.check(load);
      const client = await network.client(LAST);
      // Blocks before the snapshot are not there, and what they held is remembered all the same.
      expect(await codeOf(getBlock(client, 1))).toBe("query.not-found");
      expect(await codeOf(submitTransaction(client, text))).toBe("transaction.replayed");
      const changed = await network.height(LAST);
      expect(await network.height("acme")).toBe(changed);
    });
  },
);

function snapshots(network: Network, name: string): number {
  const { snapshots: folder } = network.files(name);
  return existsSync(folder) ? readdirSync(folder).length : 0;
}
