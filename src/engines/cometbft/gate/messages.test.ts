import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8, HansaError } from "#base";
import type { MessageHandler } from "./answering.ts";
import { answerTo, closed, GROUP, nodeOf, papers, stranger, Town } from "./gate.suite.ts";
import { encodeHeader } from "./header.ts";
import type { GateLimits } from "./limits.ts";
import { encodeMessage, readMessage } from "./message-frame.ts";

/** Gates of nodes 1 and 2; node 2 answers as told. */
async function pair(onMessage: MessageHandler, limits: Partial<GateLimits> = {}) {
  const town = new Town();
  const one = await town.open(1, { limits });
  const two = await town.open(2, { onMessage, limits });
  await town.update();
  const ask = async (text: string) => decodeUtf8(await one.gate.request(nodeOf(2), encodeUtf8(text)));
  return { town, one, two, ask };
}

/** A promise, and what settles it. */
function gateOf<Value>() {
  let open: (value: Value) => void = () => {};
  const promise = new Promise<Value>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

const echo: MessageHandler = async (_, payload) => payload;

describe("a request to a peer", () => {
  it("is answered, and tells the peer who asks", async () => {
    const { ask, one } = await pair(async (node, payload) => encodeUtf8(`${node} says ${decodeUtf8(payload)}`));
    expect(await ask("hello")).toBe(`${nodeOf(1)} says hello`);
    expect(await one.gate.request(nodeOf(2), new Uint8Array())).toEqual(Buffer.from(`${nodeOf(1)} says `));
  });

  it("shares one stream with the others, and overtakes those that take longer", async () => {
    const slow = gateOf<Uint8Array>();
    const { ask, one } = await pair((_, payload) =>
      decodeUtf8(payload) === "slow" ? slow.promise : Promise.resolve(payload),
    );
    const waiting = ask("slow");
    expect(await Promise.all(["a", "b", "c"].map(ask))).toEqual(["a", "b", "c"]);
    slow.open(encodeUtf8("at last"));
    expect(await waiting).toBe("at last");
    expect(one.gate.status().peers).toMatchObject([{ out: { message: 1 } }]);
  });

  it("carries a mebibyte and not a byte more, there and back", async () => {
    const { one } = await pair(async (_, payload) => (payload.length === 0 ? new Uint8Array((1 << 20) + 1) : payload));
    const most = new Uint8Array(1 << 20).fill(7);
    expect(Buffer.from(most).equals(await one.gate.request(nodeOf(2), most))).toBe(true);
    await expect(one.gate.request(nodeOf(2), new Uint8Array((1 << 20) + 1))).rejects.toMatchObject({
      code: "engine.peer-refused",
      payload: { reason: "oversized", by: "us" },
    });
    await expect(one.gate.request(nodeOf(2), new Uint8Array())).rejects.toMatchObject({
      code: "engine.peer-refused",
      payload: { reason: "oversized", by: "them" },
    });
  });

  it("fails with the code of the peer's failure, and without its text", async () => {
    const { ask } = await pair(async (_, payload) => {
      if (decodeUtf8(payload) === "known") throw new HansaError("engine.unknown-height", "secret");
      throw new Error("secret");
    });
    const failing = (text: string) => ask(text).catch((error: HansaError) => JSON.stringify(error));
    expect(JSON.parse((await failing("known")) as string)).toMatchObject({
      code: "engine.peer-refused",
      payload: { reason: "engine.unknown-height", by: "them" },
    });
    const text = await failing("other");
    expect(JSON.parse(text as string)).toMatchObject({ payload: { reason: "failed" } });
    expect(text).not.toContain("secret");
  });

  it("waits no longer than its deadline, and the next one is answered", async () => {
    const begun = gateOf<void>();
    const { ask, town } = await pair((_, payload) => {
      if (decodeUtf8(payload) !== "never") return Promise.resolve(payload);
      begun.open();
      return new Promise(() => {});
    });
    const lost = ask("never");
    await begun.promise;
    town.clock.advance(10_000);
    await expect(lost).rejects.toMatchObject({ code: "engine.peer-unreachable", payload: { reason: "deadline" } });
    expect(await ask("next")).toBe("next");
  });

  it("is not taken when too many wait already", async () => {
    const all = gateOf<Uint8Array>();
    const { ask } = await pair(() => all.promise, { requestsPerPeer: 2 });
    const taken = [ask("a"), ask("b")];
    await expect(ask("c")).rejects.toMatchObject({ code: "engine.peer-unreachable", payload: { reason: "busy" } });
    all.open(encodeUtf8("done"));
    expect(await Promise.all(taken)).toEqual(["done", "done"]);
    expect(await ask("d")).toBe("done");
  });

  it("is handled only when there is room: the peer's handlers are never more than it allows", async () => {
    let most = 0;
    let handling = 0;
    const { ask } = await pair(
      async (_, payload) => {
        most = Math.max(most, ++handling);
        await new Promise((resolve) => setImmediate(resolve));
        handling--;
        return payload;
      },
      { handlersPerStream: 3 },
    );
    const texts = Array.from({ length: 30 }, (_, index) => `${index}`);
    expect(await Promise.all(texts.map(ask))).toEqual(texts);
    expect(most).toBe(3);
  });

  it("dials anew when the peer was away", async () => {
    const { ask, two, town, one } = await pair(echo);
    expect(await ask("a")).toBe("a");
    await two.gate.close();
    await expect(ask("b")).rejects.toMatchObject({ code: "engine.peer-unreachable" });
    await town.open(2, { onMessage: echo });
    await one.gate.update();
    expect(await ask("c")).toBe("c");
  });

  it("fails when the stream breaks under it: it may have been handled", async () => {
    const begun = gateOf<void>();
    const { ask, two } = await pair(() => {
      begun.open();
      return new Promise(() => {});
    });
    const lost = ask("a");
    await begun.promise;
    await two.gate.close();
    await expect(lost).rejects.toMatchObject({ code: "engine.peer-unreachable", payload: { reason: "closed" } });
  });

  it("ends at once when the ledger no longer admits the peer, and is not even dialled after", async () => {
    const begun = gateOf<void>();
    const { ask, one, town } = await pair(() => {
      begun.open();
      return new Promise(() => {});
    });
    const lost = ask("a");
    await begun.promise;
    town.dismiss(2);
    const updated = one.gate.update();
    await expect(lost).rejects.toMatchObject({ code: "engine.peer-refused", payload: { reason: "not-admitted" } });
    await updated;
    await expect(ask("b")).rejects.toMatchObject({ code: "engine.peer-refused", payload: { by: "us" } });
    expect(one.gate.status().peers).toEqual([]);
  });

  it("is refused by a peer that takes none, does not admit us, or is not there", async () => {
    const town = new Town();
    const one = await town.open(1);
    await town.open(2);
    await town.open(3, { admits: () => false, onMessage: echo });
    town.admit(4, "127.0.0.1:1");
    town.admit(5, "127.0.0.1:99999");
    await one.gate.update();
    const ask = (number: number) => one.gate.request(nodeOf(number), encodeUtf8("hello"));
    await expect(ask(2)).rejects.toMatchObject({ code: "engine.peer-refused", payload: { reason: "wrong-purpose" } });
    await expect(ask(3)).rejects.toMatchObject({ code: "engine.peer-refused", payload: { reason: "not-admitted" } });
    await expect(ask(4)).rejects.toMatchObject({
      code: "engine.peer-unreachable",
      payload: { reason: "ECONNREFUSED" },
    });
    await expect(ask(5)).rejects.toMatchObject({ code: "engine.peer-unreachable", payload: { reason: "address" } });
    await expect(ask(6)).rejects.toMatchObject({ code: "engine.peer-refused", payload: { by: "us" } });
  });
});

describe("a stream of messages", () => {
  const opened = async (onMessage: MessageHandler, limits: Partial<GateLimits> = {}) => {
    const { town, two } = await pair(onMessage, limits);
    const socket = stranger(two.gate.port, papers(1));
    expect(await answerTo(socket, encodeHeader({ group: GROUP, purpose: "message" }))).toEqual({ accepted: true });
    return { town, socket };
  };

  it("is cut where a request is too long, or is none", async () => {
    const long = encodeMessage({ kind: "request", id: 1, payload: new Uint8Array(11) });
    const answer = encodeMessage({ kind: "answer", id: 1, payload: new Uint8Array(1) });
    for (const bytes of [long, answer, answer.with(4, 77)]) {
      const { socket } = await opened(echo, { messageBytes: 10 });
      socket.write(bytes);
      await closed(socket);
    }
  });

  it("is cut where half a request comes and no more", async () => {
    const { town, socket } = await opened(echo);
    const whole = encodeMessage({ kind: "request", id: 1, payload: encodeUtf8("hello") });
    socket.write(whole);
    expect((await readMessage(socket, 10))?.kind).toBe("answer");
    // Idle is no fault.
    town.clock.advance(3_600_000);
    socket.write(whole);
    expect((await readMessage(socket, 10))?.kind).toBe("answer");
    const half = encodeMessage({ kind: "request", id: 2, payload: encodeUtf8("hello") }).subarray(0, 11);
    socket.write(Buffer.concat([whole, half]));
    expect((await readMessage(socket, 10))?.kind).toBe("answer");
    town.clock.advance(10_000);
    await closed(socket);
  });
});
