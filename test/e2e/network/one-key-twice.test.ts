import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { homeAt } from "#node";
import { getBlocks } from "#sdk";
import { freePorts } from "../../../src/cli/devnet/free-ports.ts";
import { startMember } from "../../../src/cli/devnet/run-nodes.ts";
import { codeOf } from "../member.suite.ts";
import { ENGINE, WITHOUT_ENGINE } from "./engine.suite.ts";
import { accuse } from "./equivocation.suite.ts";
import { Network } from "./network.suite.ts";

const OTHERS = ["acme", "borea", "castor"];
const LAST = "delphi";

interface ShownNode {
  readonly misbehaviour: readonly { readonly kind: string; readonly block: number; readonly height: number }[];
}

/** Everything here takes longer where other tests share the machine, milliseconds. */
const PATIENCE = 180_000;

describe.skipIf(ENGINE === undefined)(`one key in two places${WITHOUT_ENGINE}`, { timeout: PATIENCE }, () => {
  let network: Network;
  beforeAll(async () => {
    network = await Network.start({ members: 4 });
  }, PATIENCE);
  afterEach(() => network?.recover(), PATIENCE);
  afterAll(() => network?.remove());

  it("a second node on one home is refused by the lock, and the first goes on", async () => {
    const load = await network.load();
    await network.progress();
    const second = startMember(network.home(LAST));
    expect(await codeOf(second.waitUp())).toBe("storage.in-use");
    expect(await second.ended).toBe(1);
    await network.progress();
    await network.check(load);
  });

  it("a copy of a home that runs beside it forks nothing, and stops nobody", async () => {
    const load = await network.load({ from: OTHERS });
    await network.progress();
    await network.down(LAST);
    const folder = mkdtempSync(join(tmpdir(), "hansa-copy-"));
    const home = network.home(LAST);
    cpSync(home.folder, folder, { recursive: true });
    const [http = 0, mqtt = 0, peers = 0] = await freePorts(3);
    const { configFile } = homeAt(folder);
    const config = JSON.parse(readFileSync(configFile, "utf8"));
    const groups = config.groups.map((entry: object) => ({ ...entry, p2p: { host: "127.0.0.1", port: peers } }));
    writeFileSync(configFile, JSON.stringify({ ...config, groups }));
    const url = `http://127.0.0.1:${http}`;
    const copy = startMember(
      { ...home, folder, url, ports: { http, mqtt, peers } },
      { env: { HANSA_HTTP_PORT: String(http), HANSA_MQTT_PORT: String(mqtt) } },
    );
    try {
      await Promise.all([network.up(LAST), copy.waitUp()]);
      await network.progress(OTHERS, 30);
      const client = await network.client(LAST, { url });
      const { items } = await getBlocks(client, { from: 1, limit: 100 });
      await network.check(load);
      // Whatever the copy has, it is the history that all have.
      expect(items.length).toBeGreaterThan(0);
      for (const { header } of items) expect(header.state).toBe(network.history.rootAt(header.height));
    } finally {
      await copy.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("two votes of one validator at one height go on record with its node, and the chain goes on", async () => {
    const load = await network.load();
    await network.progress();
    const { node } = network.home(LAST);
    const engine = network.engine("acme");
    const { voting } = await network.keys(LAST);
    const block = await accuse(join(engine?.run ?? "", "rpc.sock"), network.groupId, voting);
    await network.progress();
    for (const name of network.names) {
      const shown = await network.hansa(name, "node", "show", node, "--json");
      expect(shown.code, shown.stderr).toBe(0);
      const { misbehaviour } = JSON.parse(shown.stdout) as ShownNode;
      expect(misbehaviour).toMatchObject([{ kind: "duplicate-vote", block }]);
    }
    await network.progress();
    await network.check(load);
    const [fault] = (JSON.parse((await network.hansa("acme", "node", "show", node, "--json")).stdout) as ShownNode)
      .misbehaviour;
    const { items } = await getBlocks(await network.client("borea"), { from: fault?.height ?? 0, limit: 1 });
    expect(items[0]?.header.misbehaviour).toEqual([{ kind: "duplicate-vote", validator: node, block }]);
  });
});
