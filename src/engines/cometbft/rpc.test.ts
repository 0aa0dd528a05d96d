import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { answering, type Handler } from "./rpc.suite.ts";
import { CometRpc } from "./rpc.ts";

const json =
  (value: unknown): Handler =>
  (_, response) =>
    void response.end(JSON.stringify(value));
const refused = { code: "engine.rpc-refused" };
const unreachable = { code: "engine.rpc-unreachable" };

describe("the RPC client", () => {
  it("gives each call of a message its own outcome, whatever the order of the answers", async () => {
    const { rpc } = await answering(
      json([
        { id: 2, result: "third" },
        { id: 0, result: "first" },
        { id: 1, error: { code: -32603, message: "Internal error", data: "mempool is full" } },
      ]),
    );
    const outcomes = await rpc.batch([{ method: "a" }, { method: "b" }, { method: "c" }, { method: "d" }]);
    expect(outcomes).toMatchObject(["first", refused, "third", refused]);
    expect(outcomes[1]).toMatchObject({
      message: "CometBFT refused: Internal error: mempool is full",
      payload: { code: -32603 },
    });
  });

  it("understands the single object with which a message of one call is answered", async () => {
    const { rpc, bodies } = await answering(json({ id: 0, result: { total: "7" } }));
    expect(await rpc.pooled()).toBe(7);
    expect(JSON.parse(bodies[0] ?? "")).toEqual([{ jsonrpc: "2.0", id: 0, method: "num_unconfirmed_txs", params: {} }]);
  });

  it("hands bundles over in base64, in one message, and says which were not taken", async () => {
    const { rpc, bodies } = await answering(
      json([
        { id: 0, result: {} },
        { id: 1, error: { message: "tx too large" } },
      ]),
    );
    const whole = Uint8Array.from({ length: 300 }, (_, i) => i);
    expect(await rpc.broadcast([whole.subarray(10, 20), whole])).toMatchObject([undefined, refused]);
    const calls = JSON.parse(bodies[0] ?? "") as { method: string; params: { tx: string } }[];
    expect(calls.map(({ method }) => method)).toEqual(["broadcast_tx_async", "broadcast_tx_async"]);
    expect(calls.map(({ params }) => [...Buffer.from(params.tx, "base64")])).toEqual([
      [...whole.subarray(10, 20)],
      [...whole],
    ]);
    expect(await rpc.broadcast([])).toEqual([]);
    expect(bodies).toHaveLength(1);
  });

  it("keeps its connection", async () => {
    const { rpc, connections } = await answering(json({ id: 0, result: 1 }));
    for (let i = 0; i < 3; i++) await rpc.call("status");
    expect(connections.size).toBe(1);
  });

  it("takes for a refusal of all what has no number, is no JSON, or is nothing", async () => {
    for (const answer of [{ id: null, error: { message: "batch limit exceeded" } }, "nothing", null, 7, []]) {
      const { rpc } = await answering(json(answer));
      await expect(rpc.call("status")).rejects.toMatchObject(refused);
    }
    const { rpc } = await answering((_, response) => void response.end("<html>"));
    await expect(rpc.call("status")).rejects.toMatchObject(refused);
  });

  it("gives up on what does not answer, answers without an end, or is not there", async () => {
    const silent = await answering(() => {}, { timeout: 20 });
    await expect(silent.rpc.call("status")).rejects.toMatchObject(unreachable);
    const endless = await answering(
      (_, response) => {
        response.on("close", () => response.destroy());
        const more = () => {
          while (response.write("x".repeat(10_000)));
          response.once("drain", more);
        };
        more();
      },
      { mostBytes: 50_000 },
    );
    await expect(endless.rpc.call("status")).rejects.toMatchObject(unreachable);
    const nobody = new CometRpc({ socket: join(tmpdir(), "hansa-no-such.sock") });
    await expect(nobody.call("status")).rejects.toMatchObject(unreachable);
    const torn = await answering((_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("[");
      response.destroy();
    });
    await expect(torn.rpc.call("status")).rejects.toMatchObject(unreachable);
  });
});
