import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { homeAt } from "#node";
import { getBlocks } from "#sdk";
import { freePorts } from "../../../src/cli/devnet/free-ports.ts";
import { startMember } from "../../../src/cli/devnet/run-nodes.ts";
import { lookAt } from "../../../src/cli/devnet/watch.ts";
import { codeOf, until } from "../member.suite.ts";
import { ENGINE, WITHOUT_ENGINE } from "./engine.suite.ts";
import { accuse } from "./equivocation.suite.ts";
import { Network } from "./network.suite.ts";

const OTHERS = ["acme", "borea", "castor"];
const LAST = "delphi";
const COPY = "the copy of delphi";

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

  /** What stands against the node of the last one, as a member's node shows it. */
  async function misbehaviourOf(name: string): Promise<ShownNode["misbehaviour"]> {
    const { code, stdout, stderr } = await network.hansa(name, "node", "show", network.home(LAST).node, "--json");
    expect(code, stderr).toBe(0);
    return (JSON.parse(stdout) as ShownNode).misbehaviour;
  }

  it("a second node on one home is refused by the lock, and the first goes on", async () => {
    const load = await network.load();
    await network.progress();
    const second = startMember(network.home(LAST));
    expect(await codeOf(second.waitUp())).toBe("storage.in-use");
    expect(await second.ended).toBe(1);
    await network.progress();
    await network.check(load);
  });

  it("a copy of a home that runs beside it goes on record for two votes at one height, forks nothing, and stops nobody", async () => {
    const load = await network.load({ from: OTHERS });
    await network.progress();
    await network.down(LAST);
    const before = await network.height("acme");
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
      network.admit(COPY, copy);
      // Nobody talks with two nodes of one key: so castor hears one of them and the others hear the other, and both vote.
      await network.inflict({ partition: [[COPY], ["acme", "borea"]] });
      await network.inflict({ partition: [[LAST], ["castor"]] });
      await Promise.all([network.up(LAST), copy.waitUp()]);
      const client = await network.client(LAST, { url });
      const seen = async () => (await lookAt([{ name: COPY, client }], network.groupId, AbortSignal.timeout(5000)))[0];
      await until(async () => (await seen())?.consensus?.peers.includes(network.home("castor").node) === true);
      await network.progress(OTHERS, 30, PATIENCE);
      // Whenever it is their turn both propose a block, and each votes for its own.
      await until(async () => (await misbehaviourOf("acme")).some(({ height }) => height > before));
      await network.check(load);
      // The copy goes along, and what it has is the history that all have.
      const head = await network.height("castor");
      await until(async () => ((await seen())?.height ?? 0) >= head);
      expect(await network.history.read(COPY, client)).toEqual([]);
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
    // There may be others of before.
    const fault = async (name: string) => (await misbehaviourOf(name)).find((other) => other.block === block);
    for (const name of network.names) expect(await fault(name), name).toMatchObject({ kind: "duplicate-vote" });
    await network.progress();
    await network.check(load);
    const { items } = await getBlocks(await network.client("borea"), {
      from: (await fault("acme"))?.height ?? 0,
      limit: 1,
    });
    expect(items[0]?.header.misbehaviour).toContainEqual({ kind: "duplicate-vote", validator: node, block });
  });
});
