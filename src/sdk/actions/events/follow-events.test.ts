import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import type { Json } from "#base";
import { followEvents, publishEvent } from "#sdk";
import { type Answer, json, problem, serve } from "../../server.suite.ts";

type Served = Awaited<ReturnType<typeof serve>>;
const open: Served[] = [];

async function serving(answer: Answer): Promise<Served> {
  const served = await serve(answer);
  open.push(served);
  return served;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

const stream = (response: ServerResponse) => response.writeHead(200, { "content-type": "text/event-stream" });
const sent = (offset: number) =>
  `id: ${offset}\ndata: ${JSON.stringify({ topic: "a", offset, event: { id: "e" } })}\n\n`;

async function take(served: Served, args: { from?: number; attempts?: number }, count: number): Promise<number[]> {
  const offsets: number[] = [];
  for await (const { offset } of followEvents(served.client({ timeout: 2000 }), { topic: "a", ...args })) {
    offsets.push(offset);
    if (offsets.length === count) break;
  }
  return offsets;
}

/** Takes as long as it has to until the answer begins, and keeps the caller's limit from there on. */
const patientFetch: typeof fetch = async (url, init) => {
  const ended = new AbortController();
  const response = await fetch(url, { ...init, signal: ended.signal });
  const { signal } = init as { signal: AbortSignal };
  const end = () => ended.abort(signal.reason);
  if (signal.aborted) end();
  signal.addEventListener("abort", end);
  return response;
};

describe("followEvents", () => {
  it("goes on behind the last event after the connection broke, ended or began too early", async () => {
    let connections = 0;
    const served = await serving((_, response) => {
      connections++;
      stream(response);
      if (connections === 1) response.write(`retry: 0\n: hello\n\n${sent(5)}${sent(6)}`, () => response.destroy());
      else if (connections === 2) response.end(`${sent(6)}${sent(7)}id: 8\ndata: {"cut":`);
      else response.write(sent(8));
    });
    expect(await take(served, { from: 5 }, 4)).toEqual([5, 6, 7, 8]);
    expect(served.arrived.map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "6", "7"]);
    expect(served.arrived.map(({ query }) => query.get("from"))).toEqual(["5", "7", "8"]);
    expect(served.arrived[0]?.headers.authorization).toMatch(/^Bearer /);
  });

  it("opens a silent connection again", async () => {
    let connections = 0;
    const served = await serving((_, response) => {
      stream(response).write(`retry: 0\n\n${connections++ === 0 ? "" : sent(3)}`);
    });
    const offsets: number[] = [];
    for await (const { offset } of followEvents(served.client({ timeout: 400, fetch: patientFetch }), { topic: "a" })) {
      offsets.push(offset);
      break;
    }
    expect(offsets).toEqual([3]);
    // A machine that is busy enough may make the second one seem silent, too.
    expect(connections).toBeGreaterThan(1);
  });

  it("ends with the node's refusal, at the door or in the stream", async () => {
    const refused = await serving((_, response) => problem(response, 403, "topics.forbidden"));
    await expect(take(refused, {}, 1)).rejects.toMatchObject({ code: "topics.forbidden" });
    expect(refused.arrived).toHaveLength(1);
    const late = await serving((_, response) =>
      stream(response).write(
        `${sent(1)}event: error\ndata: ${JSON.stringify({ code: "topics.forbidden", message: "no more", payload: { needs: "x" } })}\n\n`,
      ),
    );
    await expect(take(late, {}, 2)).rejects.toMatchObject({
      code: "topics.forbidden",
      message: "no more",
      payload: { needs: "x" },
    });
    expect(late.arrived).toHaveLength(1);
  });

  it("does not hide that the first connection fails, and gives up after its attempts later", async () => {
    const served = await serving((_, response) => stream(response).end("retry: 0\n\n"));
    await expect(take(served, { attempts: 3 }, 1)).rejects.toMatchObject({ code: "sdk.unreachable" });
    expect(served.arrived).toHaveLength(3);
    await served.close();
    await expect(take(served, {}, 1)).rejects.toMatchObject({ code: "sdk.unreachable" });
  });

  it("refuses something that is not a stream, not an event, or endless", async () => {
    const other = await serving((_, response) => json(response, {}));
    await expect(take(other, {}, 1)).rejects.toMatchObject({ code: "sdk.answer" });
    const strange = await serving((_, response) => stream(response).write('data: {"offset":"x"}\n\n'));
    await expect(take(strange, {}, 1)).rejects.toMatchObject({ code: "sdk.answer" });
    const endless = await serving((_, response) => stream(response).write(`data: ${"x".repeat(1_100_000)}`));
    await expect(take(endless, {}, 1)).rejects.toMatchObject({ code: "sdk.answer-too-large" });
  });

  it("ends quietly when the caller's signal fires, and closes the connection", async () => {
    let closed: (() => void) | undefined;
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const served = await serving((_, response) => {
      response.on("close", () => closed?.());
      stream(response).write(sent(1));
    });
    const stop = new AbortController();
    const seen: number[] = [];
    for await (const { offset } of followEvents(served.client(), { topic: "a" }, { signal: stop.signal })) {
      seen.push(offset);
      stop.abort();
    }
    await gone;
    expect(seen).toEqual([1]);
  });
});

describe("publishEvent", () => {
  it("sends JSON as canonical JSON and bytes as they are", async () => {
    const { client, arrived } = await serving((_, response) => json(response, { offset: 41 }));
    const data: Json = { b: 1, a: [true] };
    expect(await publishEvent(client(), { topic: "acme/notes", path: "door", data })).toEqual({ offset: 41 });
    await publishEvent(client(), { topic: "acme/notes", data: Uint8Array.of(104, 105) });
    expect(arrived.map(({ body }) => body)).toEqual(['{"a":[true],"b":1}', "hi"]);
    expect(arrived.map(({ headers }) => headers["content-type"])).toEqual([
      "application/json",
      "application/octet-stream",
    ]);
    expect(arrived[0]?.query.get("path")).toBe("door");
  });

  it("is not repeated after a broken connection", async () => {
    const { client, arrived } = await serving((_, __, request) => request.socket.destroy());
    await expect(publishEvent(client(), { topic: "a", data: 1 })).rejects.toMatchObject({ code: "sdk.unreachable" });
    expect(arrived).toHaveLength(1);
  });
});
