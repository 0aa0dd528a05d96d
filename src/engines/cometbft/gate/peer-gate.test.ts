/** Several gates with each other, each before a server in CometBFT's place. */
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import {
  answerTo,
  closed,
  connected,
  DAY,
  heard,
  listening,
  nodeOf,
  papers,
  seedOf,
  stranger,
  Town,
} from "./gate.suite.ts";
import { type PeerGateOptions, startPeerGate } from "./peer-gate.ts";

/** A gate of node `number` whose CometBFT says its number, then whatever it hears. */
async function withEngine(town: Town, number: number, options: Partial<PeerGateOptions> = {}) {
  const sockets: Socket[] = [];
  const port = await listening((socket) => {
    sockets.push(socket);
    socket.write(`engine ${number}`);
    socket.pipe(socket);
  });
  const gate = await town.open(number, { p2pPort: () => port, ...options });
  return { ...gate, sockets };
}

/** Dials a peer the way CometBFT does, and hears its first words. */
async function call(from: { readonly gate: { localPeer(node: string): { port: number } } }, number: number) {
  const socket = await connected(from.gate.localPeer(nodeOf(number)).port);
  return { socket, said: await heard(socket) };
}

/** Reads so many bytes, and rests after each piece. */
async function slowly(socket: Socket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let read = 0; read < length; read += chunks.at(-1)?.length ?? 0)
    chunks.push(
      await new Promise<Buffer>((resolve, reject) => {
        socket.once("close", () => reject(new Error(`closed after ${read} bytes`)));
        socket.once("data", (chunk) => {
          socket.pause().removeAllListeners("close");
          resolve(chunk);
        });
        socket.resume();
      }),
    );
  return Buffer.concat(chunks);
}

describe("gates among themselves", () => {
  it("carry CometBFT's bytes both ways, every node to every other", async () => {
    const town = new Town();
    const gates = [await withEngine(town, 1), await withEngine(town, 2), await withEngine(town, 3)];
    await town.update();
    for (const [from, gate] of gates.entries())
      for (const to of [1, 2, 3].filter((to) => to !== from + 1)) {
        const { socket, said } = await call(gate, to);
        expect(said).toBe(`engine ${to}`);
        socket.write("echo");
        expect(await heard(socket)).toBe("echo");
      }
    expect(gates[0]?.gate.status()).toMatchObject({
      node: nodeOf(1),
      peers: [2, 3]
        .map(nodeOf)
        .sort()
        .map((node) => ({ node, in: { p2p: 1, light: 0, message: 0 }, out: { p2p: 1, light: 0, message: 0 } })),
      refusals: {},
    });
    expect(gates[0]?.gate.localPeers().map(({ node }) => node)).toEqual([2, 3].map(nodeOf).sort());
  });

  it("carry megabytes whole, at the pace of a reader that takes its time", async () => {
    const town = new Town();
    const one = await withEngine(town, 1);
    await withEngine(town, 2);
    await town.update();
    const { socket } = await call(one, 2);
    const bytes = Buffer.alloc(16 << 20, "0123456789abcdef~");
    socket.write(bytes);
    expect((await slowly(socket, bytes.length)).equals(bytes)).toBe(true);
  });

  it("bring all that was said to a slow reader, though the speaker hung up long ago", async () => {
    const town = new Town();
    const bytes = Buffer.alloc(16 << 20, "0123456789abcdef~");
    const port = await listening((socket) => socket.end(bytes));
    const one = await withEngine(town, 1);
    await town.open(2, { p2pPort: () => port });
    await town.update();
    const socket = await connected(one.gate.localPeer(nodeOf(2)).port);
    expect((await slowly(socket, bytes.length)).equals(bytes)).toBe(true);
    await closed(socket);
  });

  it("end both sides when either hangs up, and let its last words through", async () => {
    const town = new Town();
    const one = await withEngine(town, 1);
    const two = await withEngine(town, 2);
    await town.update();
    const first = await call(one, 2);
    const bye = heard(two.sockets[0] as Socket);
    first.socket.end("bye");
    expect(await bye).toBe("bye");
    await Promise.all([closed(first.socket), closed(two.sockets[0] as Socket)]);
    const second = await call(one, 2);
    two.sockets[1]?.destroy();
    await closed(second.socket);
    expect(one.gate.status().peers).toEqual([]);
  });

  it("cut every live stream of a node that the ledger no longer admits, at both ends and at once", async () => {
    const town = new Town();
    const one = await withEngine(town, 1);
    const two = await withEngine(town, 2);
    const three = await withEngine(town, 3);
    await town.update();
    const out = await call(one, 2);
    const into = await call(two, 1);
    const bystander = await call(one, 3);
    town.dismiss(2);
    // Only node 1 has heard of it: that is enough.
    const updated = one.gate.update();
    expect(one.gate.status().peers.map(({ node }) => node)).toEqual([nodeOf(3)]);
    await Promise.all([out.socket, into.socket, one.sockets[0] as Socket, two.sockets[0] as Socket].map(closed));
    expect(await updated).toEqual([]);
    bystander.socket.write("still here");
    expect(await heard(bystander.socket)).toBe("still here");
    expect(three.gate.status().peers).toMatchObject([{ node: nodeOf(1), in: { p2p: 1 } }]);
  });

  /** Node 2 leaves while it is connected with node 1 both ways. */
  async function leaving(town: Town) {
    const one = await withEngine(town, 1);
    const two = await withEngine(town, 2);
    await town.update();
    const out = await call(one, 2);
    const into = await call(two, 1);
    const { port } = one.gate.localPeer(nodeOf(2));
    const back = two.gate.localPeer(nodeOf(1)).port;
    town.leave(2);
    expect(await one.gate.update()).toEqual([]);
    const streams = [out.socket, into.socket, one.sockets[0] as Socket, two.sockets[0] as Socket];
    return { one, two, out, into, port, back, streams };
  }

  it("let a node that left hear the rest for ten seconds, over the streams to CometBFT that it has", async () => {
    const town = new Town();
    const { one, two, out, into, port, back, streams } = await leaving(town);
    for (const [index, { socket }] of [out, into].entries()) {
      socket.write(`the end ${index}`);
      expect(await heard(socket)).toBe(`the end ${index}`);
    }
    // Nothing new comes of it, in either direction.
    await expect(two.gate.request(nodeOf(1), new Uint8Array(1))).rejects.toMatchObject({ code: "engine.peer-refused" });
    await Promise.all([port, back].map(async (number) => closed(await connected(number))));
    expect(one.gate.localPeers()).toEqual([]);
    expect(() => one.gate.lightUrl(nodeOf(2))).toThrow(expect.objectContaining({ code: "engine.peer-refused" }));
    // Another block does not give it more time.
    town.clock.advance(9_999);
    await one.gate.update();
    expect(one.gate.status().peers.map(({ node }) => node)).toEqual([nodeOf(2)]);
    town.clock.advance(1);
    await Promise.all(streams.map(closed));
    await one.gate.update();
    expect(one.gate.status().peers).toEqual([]);
    await expect(connected(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(one.sockets).toHaveLength(1);
  });

  it("cut a node that left at once where its member is suspended meanwhile", async () => {
    const town = new Town();
    const { one, streams } = await leaving(town);
    town.left.clear();
    await one.gate.update();
    await Promise.all(streams.map(closed));
    expect(one.gate.status().peers).toEqual([]);
  });

  it("keep the streams of a node that left and came back", async () => {
    const town = new Town();
    const { one, two, out } = await leaving(town);
    town.left.clear();
    town.admit(2, `127.0.0.1:${two.gate.port}`);
    await one.gate.update();
    town.clock.advance(10_000);
    out.socket.write("back again");
    expect(await heard(out.socket)).toBe("back again");
  });

  it("end the streams of a node that left when they close themselves", async () => {
    const town = new Town();
    const { one, streams } = await leaving(town);
    await one.gate.close();
    await Promise.all(streams.map(closed));
    town.clock.advance(10_000);
    expect(one.gate.status().peers).toEqual([]);
  });

  it("leave a dismissed node no way in, and none out", async () => {
    const town = new Town();
    const one = await withEngine(town, 1);
    const two = await withEngine(town, 2);
    await town.update();
    const { port } = one.gate.localPeer(nodeOf(2));
    const way = two.gate.localPeer(nodeOf(1)).port;
    town.dismiss(2);
    await one.gate.update();
    expect(() => one.gate.localPeer(nodeOf(2))).toThrow(expect.objectContaining({ code: "engine.peer-refused" }));
    expect(() => one.gate.lightUrl(nodeOf(2))).toThrow(expect.objectContaining({ code: "engine.peer-refused" }));
    await expect(connected(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    // Node 2 does not know yet, or does not care.
    const socket = await connected(way);
    await closed(socket);
    expect(await two.lines.until(/was refused by the node/)).toMatch(/: not-admitted$/);
    expect(one.gate.status().refusals).toEqual({ "not-admitted": 1 });
    expect(one.sockets).toEqual([]);
  });

  it("cut a node that is dismissed while its stream is about to open", async () => {
    const town = new Town();
    const one = await withEngine(town, 1, {
      p2pPort: () => {
        town.dismiss(2);
        void one.gate.update();
        return port;
      },
    });
    const port = await listening(() => {});
    town.admit(2, "127.0.0.1:1");
    await one.gate.update();
    const socket = stranger(one.gate.port, papers(2));
    expect(await answerTo(socket)).toBeUndefined();
    expect(one.gate.status()).toMatchObject({ peers: [], handshakes: 0, refusals: { "not-admitted": 1 } });
  });

  it("give a node that is admitted again its old local port, and name it for dialling", async () => {
    const town = new Town();
    const one = await withEngine(town, 1);
    await withEngine(town, 2);
    const local = { node: nodeOf(2), host: "127.0.0.1", port: expect.any(Number) };
    const added = await one.gate.update();
    expect(added).toEqual([local]);
    expect(await one.gate.update()).toEqual([]);
    const address = town.admitted.get(nodeOf(2)) as string;
    const light = one.gate.lightUrl(nodeOf(2));
    town.dismiss(2);
    await one.gate.update();
    town.admitted.set(nodeOf(2), address);
    expect(await one.gate.update()).toEqual(added);
    expect(one.gate.lightUrl(nodeOf(2))).toBe(light);
    expect((await call(one, 2)).said).toBe("engine 2");
  });

  it("take another local port where the old one is taken meanwhile", async () => {
    const town = new Town();
    const one = await withEngine(town, 1);
    await withEngine(town, 2);
    await one.gate.update();
    const { port } = one.gate.localPeer(nodeOf(2));
    const address = town.admitted.get(nodeOf(2)) as string;
    town.dismiss(2);
    await one.gate.update();
    const squatter = await startPeerGate({
      host: "127.0.0.1",
      port,
      nodeSeed: seedOf(9),
      groupId: "other",
      p2pPort: () => 1,
      peers: () => [],
      admits: () => false,
      clock: town.clock,
      log: () => {},
    });
    town.admitted.set(nodeOf(2), address);
    await one.gate.update();
    expect(one.gate.localPeer(nodeOf(2)).port).not.toBe(port);
    expect((await call(one, 2)).said).toBe("engine 2");
    await squatter.close();
  });

  it("follow an address that changes: the old stream ends, the next goes to the new one", async () => {
    const town = new Town();
    const one = await withEngine(town, 1);
    const two = await withEngine(town, 2);
    await town.update();
    const before = await call(one, 2);
    const into = await call(two, 1);
    // Node 2 moves: the same key behind another port.
    const moved = await withEngine(town, 2);
    const local = one.gate.localPeer(nodeOf(2));
    expect(await one.gate.update()).toEqual([local]);
    await closed(before.socket);
    expect((await call(one, 2)).said).toBe("engine 2");
    expect(moved.sockets).toHaveLength(1);
    // What the peer dialled itself stays.
    into.socket.write("still here");
    expect(await heard(into.socket)).toBe("still here");
  });

  it("do not talk to another node than the one that they dialled", async () => {
    const town = new Town();
    const one = await withEngine(town, 1);
    const two = await withEngine(town, 2);
    const three = await withEngine(town, 3);
    // Whoever answers at node 2's address holds another admitted key.
    town.admit(2, `127.0.0.1:${three.gate.port}`);
    await one.gate.update();
    const socket = await connected(one.gate.localPeer(nodeOf(2)).port);
    await closed(socket);
    await one.lines.until(/: wrong-node$/);
    expect(one.gate.status().refusals).toEqual({ "wrong-node": 1 });
    expect([two.sockets, three.sockets]).toEqual([[], []]);
  });

  it("of two groups have nothing to say to each other, though the nodes are the same", async () => {
    const town = new Town();
    const one = await withEngine(town, 1, { groupId: "alliance:other:2NEpo7TZRRrLZSi2U" });
    const two = await withEngine(town, 2);
    await town.update();
    await closed(await connected(one.gate.localPeer(nodeOf(2)).port));
    expect(await one.lines.until(/was refused by/)).toMatch(/: wrong-group$/);
    expect(two.gate.status().refusals).toEqual({ "wrong-group": 1 });
  });

  it("go on over a day's certificates: live streams stay, new ones show new papers", async () => {
    const town = new Town();
    const one = await withEngine(town, 1);
    await withEngine(town, 2);
    await town.update();
    const { socket } = await call(one, 2);
    for (let day = 0; day < 3; day++) {
      town.clock.advance(DAY);
      expect((await call(one, 2)).said).toBe("engine 2");
    }
    socket.write("still here");
    expect(await heard(socket)).toBe("still here");
  });

  it("give up on a peer that accepts and says nothing", async () => {
    const town = new Town();
    const one = await withEngine(town, 1);
    let taken: () => void = () => {};
    const dialled = new Promise<void>((resolve) => {
      taken = resolve;
    });
    const mute = await listening(() => taken());
    town.admit(2, `127.0.0.1:${mute}`);
    await one.gate.update();
    const socket = await connected(one.gate.localPeer(nodeOf(2)).port);
    await dialled;
    town.clock.advance(10_000);
    await closed(socket);
    expect(await one.lines.until(/could not be reached/)).toMatch(/: deadline$/);
  });

  it("say so when their port is taken, and leave nothing open", async () => {
    const town = new Town();
    const { gate } = await town.open(1);
    await expect(town.open(2, { port: gate.port })).rejects.toMatchObject({ code: "engine.peer-port" });
  });

  it("close with everything that was open", async () => {
    const town = new Town();
    const one = await withEngine(town, 1);
    await withEngine(town, 2);
    await town.update();
    const { socket } = await call(one, 2);
    const mute = await connected(one.gate.port);
    const { port } = one.gate.localPeer(nodeOf(2));
    await Promise.all([one.gate.close(), closed(socket), closed(mute)]);
    for (const gone of [port, one.gate.port])
      await expect(connected(gone)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(one.gate.status()).toMatchObject({ peers: [], handshakes: 0 });
    await expect(one.gate.request(nodeOf(2), new Uint8Array())).rejects.toMatchObject({ code: "engine.peer-refused" });
  });
});
