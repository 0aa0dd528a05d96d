import { Agent, request } from "node:http";
import { describe, expect, it } from "vitest";
import type { Json } from "#base";
import { engineError } from "../../errors.ts";
import { answerTo, closed, GROUP, heard, nodeOf, papers, stranger, Town } from "./gate.suite.ts";
import { encodeHeader } from "./header.ts";
import { LIGHT_METHODS, type LightHandler } from "./light-server.ts";
import type { GateLimits } from "./limits.ts";

const BLOCKS: LightHandler = async (method, params) => {
  if (params["height"] === "7")
    throw engineError("engine.rpc-refused", "CometBFT refused: height 7 is not available, lowest height is 8");
  if (params["height"] === "13") throw new Error("secret");
  return { method, params };
};

/** A light client at node 1 that asks node 2. */
async function lightClient(light: LightHandler = BLOCKS, limits: Partial<GateLimits> = {}) {
  const town = new Town();
  const one = await town.open(1, { limits });
  const two = await town.open(2, { light, limits });
  await town.update();
  const url = one.gate.lightUrl(nodeOf(2));
  const post = async (body: string, method = "POST") => {
    const answer = await fetch(url, { method, ...(method === "POST" ? { body } : {}) });
    return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, Json>> };
  };
  const call = async (method: string, params?: Json, id: Json = 0) =>
    (await post(JSON.stringify({ jsonrpc: "2.0", id, method, params }))).body;
  return { town, one, two, url, post, call };
}

/** A stream for light clients, as node 1 opens it by hand. */
async function opened(limits: Partial<GateLimits> = {}) {
  const { town, two } = await lightClient(BLOCKS, limits);
  const socket = stranger(two.gate.port, papers(1));
  expect(await answerTo(socket, encodeHeader({ group: GROUP, purpose: "light" }))).toEqual({ accepted: true });
  return { town, socket };
}

const http = (body: string, length = body.length) =>
  `POST / HTTP/1.1\r\nhost: light\r\ncontent-length: ${length}\r\n\r\n${body}`;
const STATUS = '{"jsonrpc":"2.0","id":1,"method":"status"}';

describe("a light client", () => {
  it("calls a peer's node through both gates", async () => {
    const { call, url } = await lightClient();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[0-9]+$/);
    for (const method of LIGHT_METHODS)
      expect(await call(method, { height: "5" }, method)).toEqual({
        jsonrpc: "2.0",
        id: method,
        result: { method, params: { height: "5" } },
      });
    expect(await call("status")).toMatchObject({ id: 0, result: { params: {} } });
  });

  it("calls nothing else: no block, transaction, query, broadcast or profiling", async () => {
    const called: string[] = [];
    const { call } = await lightClient(async (method) => {
      called.push(method);
      return null;
    });
    const others = [
      "block",
      "block_results",
      "tx",
      "tx_search",
      "abci_query",
      "broadcast_tx_sync",
      "dial_peers",
      "genesis",
    ];
    for (const method of [...others, "constructor", "", "STATUS"])
      expect(await call(method)).toEqual({
        jsonrpc: "2.0",
        id: 0,
        error: { code: -32601, message: "Method not found" },
      });
    expect(called).toEqual([]);
  });

  it("gets CometBFT's own words where it goes by them, and none of ours", async () => {
    const { call, two } = await lightClient();
    expect(await call("commit", { height: "7" })).toEqual({
      jsonrpc: "2.0",
      id: 0,
      error: {
        code: -32603,
        message: "Internal error",
        data: "CometBFT refused: height 7 is not available, lowest height is 8",
      },
    });
    expect(await call("commit", { height: "13" })).toMatchObject({ error: { code: -32603, data: "failed" } });
    await two.lines.until(/light: commit: Error: secret/);
  });

  it("is told what is wrong with its request", async () => {
    const { post, call } = await lightClient(BLOCKS, { lightBytes: 1000 });
    expect(await post("", "GET")).toMatchObject({ status: 405 });
    expect(await post("{")).toMatchObject({ status: 200, body: { id: null, error: { code: -32700 } } });
    expect(await post(`[${STATUS}]`)).toMatchObject({ body: { error: { code: -32600 } } });
    expect(await post("7")).toMatchObject({ body: { error: { code: -32600 } } });
    expect(await call("status", [1])).toMatchObject({ error: { code: -32602 } });
    expect(await call("status", { deep: JSON.parse(`${"[".repeat(40)}${"]".repeat(40)}`) })).toMatchObject({
      error: { code: -32700 },
    });
    expect(await post(JSON.stringify({ method: "status", params: { pad: "x".repeat(1000) } }))).toMatchObject({
      status: 413,
    });
  });

  it("keeps its stream from call to call", async () => {
    const { url, one, two } = await lightClient();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = () =>
      new Promise<number | undefined>((resolve, reject) => {
        const call = request(url, { method: "POST", agent }, (answer) => {
          answer.resume().once("end", () => resolve(answer.statusCode));
        });
        call.once("error", reject).end(STATUS);
      });
    for (let i = 0; i < 3; i++) expect(await ask()).toBe(200);
    expect(one.gate.status().peers).toMatchObject([{ node: nodeOf(2), out: { light: 1 } }]);
    expect(two.gate.status().peers).toMatchObject([{ node: nodeOf(1), in: { light: 1 } }]);
    agent.destroy();
  });

  it("gets no answer once the ledger no longer admits it", async () => {
    const { call, town, two } = await lightClient();
    expect(await call("status")).toMatchObject({ id: 0 });
    town.dismiss(1);
    await two.gate.update();
    await expect(call("status")).rejects.toThrow();
    expect(two.gate.status().peers).toEqual([]);
  });

  it("waits no longer than the deadline for a handler", async () => {
    let begun: () => void = () => {};
    const asked = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const { call, town } = await lightClient(() => {
      begun();
      return new Promise(() => {});
    });
    const answer = call("status");
    await asked;
    town.clock.advance(10_000);
    expect(await answer).toMatchObject({ error: { code: -32603, data: "deadline" } });
  });
});

describe("a light client's stream", () => {
  it("may rest for a while between calls, and no longer", async () => {
    const { town, socket } = await opened();
    for (let i = 0; i < 3; i++) {
      socket.write(http(STATUS));
      expect(await heard(socket)).toMatch(/^HTTP\/1\.1 200 OK/);
      town.clock.advance(119_000);
      expect(socket.destroyed).toBe(false);
    }
    town.clock.advance(1000);
    await closed(socket);
  });

  it("is cut where a request drips in", async () => {
    const { town, socket } = await opened();
    socket.write(http(STATUS, STATUS.length + 100));
    town.clock.advance(119_999);
    socket.write(" ");
    town.clock.advance(1);
    await closed(socket);
  });

  it("is cut where it does not speak HTTP", async () => {
    const { socket } = await opened();
    socket.write("hello\r\n\r\n");
    await closed(socket);
  });
});
