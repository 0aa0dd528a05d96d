/** The real CometBFT on both sides: its nodes know of nothing but ports of their own gates. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "#base";
import { groupIdOf } from "#protocol";
import type { CometProcess } from "../process/comet-process.ts";
import {
  call,
  ENGINE,
  genesisOf,
  heightOf,
  makeNode,
  makeProcess,
  put,
  tempFolder,
  until,
  WITH_ENGINE,
} from "../process/process.suite.ts";
import { CometRpc } from "../rpc.ts";
import type { PeerAddress } from "./gate-context.ts";
import { type LocalPeer, type PeerGate, startPeerGate } from "./peer-gate.ts";

interface Member {
  readonly gate: PeerGate;
  readonly comet: CometProcess;
}

/** What is looked at of CometBFT's answer to `commit`. */
interface SignedHeader {
  readonly signed_header: {
    readonly commit: { readonly block_id: { readonly hash: string } };
  };
}

/** Validators with equal power, each behind its gate; the last `spare` nodes do not vote. All are admitted. */
async function network(validators: number, spare = 0) {
  const nodes = Array.from({ length: validators + spare }, () => makeNode());
  const genesis = genesisOf(nodes.slice(0, validators));
  const groupId = groupIdOf(genesis);
  const admitted = new Map<string, PeerAddress>();
  const folder = tempFolder();
  const members: Member[] = [];
  onTestFinished(async () => {
    await Promise.all(members.flatMap(({ gate, comet }) => [gate.close(), comet.stop()]));
    folder.remove();
  });
  for (const [index, node] of nodes.entries()) {
    let comet: CometProcess | undefined;
    const gate = await startPeerGate({
      host: "127.0.0.1",
      port: 0,
      nodeSeed: node.seed,
      groupId,
      p2pPort: () => comet?.p2pPort ?? 0,
      peers: () => [...admitted.values()],
      admits: (id) => admitted.has(id),
      light: async (method, params) => {
        const rpc = new CometRpc({ socket: comet?.rpcSocket ?? "" });
        try {
          return (await rpc.call(method, params)) as never;
        } finally {
          rpc.close();
        }
      },
      clock: systemClock,
      log: () => {},
    });
    const overrides = { genesis, peers: () => gate.localPeers() };
    comet = makeProcess(join(folder.path, `${index}`), overrides, node).comet;
    members.push({ gate, comet });
    admitted.set(gate.node, { node: gate.node, address: `127.0.0.1:${gate.port}` });
  }
  await Promise.all(members.map(({ gate }) => gate.update()));
  await Promise.all(members.map(({ comet }) => comet.start()));
  return { members, admitted, folder: folder.path };
}

const height = ({ comet }: Member) => heightOf(comet.rpcSocket);
const peersOf = async ({ comet }: Member) => Number((await call(comet.rpcSocket, "net_info"))["n_peers"]);

/** Tells a node's CometBFT to dial, as the engine does. */
async function dialFrom({ comet }: Member, peers: readonly LocalPeer[]): Promise<void> {
  const rpc = new CometRpc({ socket: comet.rpcSocket });
  await rpc.dialPeers(peers.map(({ node, host, port }) => `${node}@${host}:${port}`));
  rpc.close();
}

describe.skipIf(ENGINE === undefined)(`CometBFT behind gates${WITH_ENGINE}`, () => {
  it("makes blocks, none while a node that it needs is cut off, and more once it is back", async () => {
    const { members, admitted } = await network(2);
    const [one, two] = members as [Member, Member];
    await until(async () => ((await height(one)) ?? 0) > 0 || undefined);
    const before = await put(one.comet.rpcSocket, "a", "1");
    await until(async () => ((await height(two)) ?? 0) >= before || undefined);
    expect([one, two].map(({ gate }) => gate.status().peers.length)).toEqual([1, 1]);

    const address = admitted.get(two.gate.node) as PeerAddress;
    admitted.delete(two.gate.node);
    await one.gate.update();
    // Gates cut at once; each CometBFT notices its loopback connection end.
    expect(one.gate.status().peers).toEqual([]);
    await until(async () => (await peersOf(one)) === 0 && (await peersOf(two)) === 0);
    const stopped = await height(one);
    const tx = Buffer.from("b=2").toString("base64");
    await call(one.comet.rpcSocket, "broadcast_tx_async", { tx });
    // Two of two are needed: it waits in the pool, whatever node 2 tries.
    await dialFrom(two, two.gate.localPeers());
    await until(() => (one.gate.status().refusals["not-admitted"] ?? 0) > 0);
    expect(await height(one)).toBe(stopped);

    admitted.set(two.gate.node, address);
    await one.gate.update();
    // Whichever CometBFT had dialled the other does so again by itself, at the port that it knows.
    // Its block may be the second after: one that was begun before the cut comes first, and is empty.
    const held = async () => {
      const data = Buffer.from("b").toString("hex");
      const { response } = (await call(two.comet.rpcSocket, "abci_query", { path: "/store", data })) as {
        response?: { value?: string | null };
      };
      return response?.value ?? undefined;
    };
    expect(await until(held)).toBe(Buffer.from("2").toString("base64"));
    expect(await height(two)).toBeGreaterThan(before);
  });

  it("goes on without a node that is cut off, which catches up as soon as its CometBFT is told to dial", async () => {
    const { members, admitted } = await network(1, 1);
    const [one, two] = members as [Member, Member];
    const first = await put(one.comet.rpcSocket, "a", "1").catch(() =>
      until(async () => ((await height(one)) ?? 0) > 0 || undefined).then(() => put(one.comet.rpcSocket, "a", "1")),
    );
    await until(async () => ((await height(two)) ?? 0) >= first || undefined);
    const address = admitted.get(two.gate.node) as PeerAddress;
    admitted.delete(two.gate.node);
    await one.gate.update();
    await until(async () => (await peersOf(two)) === 0);
    const later = await put(one.comet.rpcSocket, "b", "2");
    expect(await height(two)).toBeLessThan(later);

    admitted.set(two.gate.node, address);
    const added = await one.gate.update();
    expect(added).toEqual([{ node: two.gate.node, host: "127.0.0.1", port: expect.any(Number) }]);
    await dialFrom(one, added);
    await until(async () => ((await height(two)) ?? 0) >= later || undefined);
  });

  it("lets CometBFT's own light client check a peer's header across both gates", async () => {
    const { members, folder } = await network(1, 1);
    const [one, two] = members as [Member, Member];
    await until(async () => ((await height(one)) ?? 0) > 0 || undefined);
    const { signed_header } = (await call(one.comet.rpcSocket, "commit", { height: "1" })) as unknown as SignedHeader;
    const url = two.gate.lightUrl(one.gate.node);
    const trusting = async (hash: string) => {
      const places = ["-p", url, "-w", url, "--home-dir", join(folder, hash)];
      const laddr = ["--laddr", `unix://${join(folder, "light")}`];
      const trust = [one.comet.chainId, "--height", "1", "--hash", hash];
      const program = spawn(ENGINE?.path ?? "", ["light", ...trust, ...places, ...laddr]);
      onTestFinished(() => void program.kill());
      let text = "";
      program.stdout.on("data", (part) => {
        text += part;
      });
      program.stderr.on("data", (part) => {
        text += part;
      });
      await once(program, "close");
      return text;
    };
    const checked = await trusting(signed_header.commit.block_id.hash);
    expect(checked).toMatch(/Starting proxy/);
    // Having checked header, votes and validators, it goes on to serve, for which it wants a WebSocket: it gets none and ends.
    expect(checked).toMatch(/websocket: bad handshake/);
    expect(await trusting("00".repeat(32))).toMatch(/expected header's hash 0{64}/);
  });

  it("answers what light clients may ask in CometBFT's words, and nothing else", async () => {
    const { members } = await network(1, 1);
    const [one, two] = members as [Member, Member];
    await until(async () => ((await height(one)) ?? 0) > 0 || undefined);
    const ask = async (method: string, params: object = {}) => {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 0, method, params });
      const answer = await fetch(two.gate.lightUrl(one.gate.node), { method: "POST", body });
      return (await answer.json()) as Record<string, unknown>;
    };
    expect(await ask("status")).toMatchObject({ result: { node_info: { id: one.gate.node } } });
    expect(await ask("validators", { height: "1", page: "1", per_page: "100" })).toMatchObject({
      result: { total: "1" },
    });
    expect(await ask("commit", { height: "99999" })).toMatchObject({
      error: { data: expect.stringMatching(/height 99999 must be less than or equal to/) },
    });
    expect(await ask("block", { height: "1" })).toMatchObject({ error: { code: -32601 } });
  });
});
