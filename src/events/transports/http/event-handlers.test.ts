import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeUtf8, ManualClock } from "#base";
import { propertyPath } from "#protocol";
import { verifyEventProof } from "../../log/event-proof.ts";
import {
  codeOf,
  GROUP,
  type OpenLogs,
  openLogs,
  SIGNER_NAME,
  TableRights,
  temporaryFolder,
} from "../../log/logs.suite.ts";
import type { Principal } from "../../rights.ts";
import { type EventHandlers, liveEvents, proveEvent, publishEvent, readEvents } from "./event-handlers.ts";

const TOPIC = "acme/things";
let folder: ReturnType<typeof temporaryFolder>;
let open: OpenLogs;
let rights: TableRights;
let device: Principal;
let owner: Principal;
let stranger: Principal;
let handlers: EventHandlers & { maker: OpenLogs["maker"] };

beforeEach(() => {
  folder = temporaryFolder();
  open = openLogs(folder.path);
  rights = new TableRights(TOPIC);
  device = rights.admit("sensor");
  owner = rights.admit("owner", "subject", []);
  stranger = rights.admit("stranger", "subject", []);
  rights.subscribe.push([owner, TOPIC, `${device.fingerprint}/#`]);
  handlers = { logs: open.logs, rights, maker: open.maker };
});
afterEach(() => {
  open.close();
  folder.remove();
});

const publish = (data: unknown, path?: string, principal = device, contentType = "application/json; charset=utf-8") =>
  publishEvent(handlers, principal, { topic: TOPIC, path, contentType, body: encodeUtf8(JSON.stringify(data)) });

async function frames(count: number, request: Partial<Parameters<typeof liveEvents>[2]>, principal = device) {
  const stop = new AbortController();
  const seen: string[] = [];
  const live = liveEvents(handlers, principal, {
    topic: TOPIC,
    signal: stop.signal,
    clock: new ManualClock(0),
    ...request,
  });
  for await (const frame of live) if (seen.push(frame) === count) break;
  return seen;
}
const ids = (seen: string[]) => seen.map((frame) => /^id: (\d+)/.exec(frame)?.[1]).filter((id) => id !== undefined);

describe("events over HTTP", () => {
  it("are published, durable when answered, and read in pages", async () => {
    for (let i = 0; i < 5; i++) expect(await publish(i, "x")).toEqual({ offset: i });
    const first = readEvents(handlers, device, { topic: TOPIC, limit: 3 });
    expect(first.items.map(({ event }) => event.data)).toEqual([0, 1, 2]);
    expect(first.next).toBe(3);
    const second = readEvents(handlers, device, { topic: TOPIC, from: first.next, limit: 3 });
    expect(second.items.map(({ event }) => event.data)).toEqual([3, 4]);
    expect(second.next).toBeUndefined();
  });

  it("are refused by name of the reason", async () => {
    await publish(1, propertyPath(device.fingerprint, "t"));
    expect(await codeOf(() => publish(1, "x", stranger))).toBe("events.forbidden");
    expect(await codeOf(() => publish(1, "a/#"))).toBe("events.malformed");
    expect(await codeOf(() => readEvents(handlers, stranger, { topic: TOPIC }))).toBe("events.forbidden");
    expect(await codeOf(() => readEvents(handlers, device, { topic: "acme" }))).toBe("events.unknown-topic");
    expect(await codeOf(() => readEvents(handlers, device, { topic: `${TOPIC}/x` }))).toBe("events.unknown-topic");
    rights.topics.add(`${TOPIC}/private`);
    expect(await codeOf(() => publish(1, "private/x"))).toBe("events.malformed");
    rights.revoked.add(device.did);
    expect(await codeOf(() => publish(1, "x"))).toBe("events.forbidden");
    expect(await codeOf(() => readEvents(handlers, device, { topic: TOPIC }))).toBe("events.forbidden");
    expect(open.logs.size(TOPIC)).toBe(1);
  });

  it("show a reader only what he may see", async () => {
    await publish(0, "x");
    await publish(1, propertyPath(device.fingerprint, "t"));
    await publish(2, "x");
    expect(readEvents(handlers, owner, { topic: TOPIC }).items.map(({ offset }) => offset)).toEqual([1]);
    expect(ids(await frames(2, { from: 0 }, owner))).toEqual(["1"]);
    expect(proveEvent(handlers, owner, { topic: TOPIC, offset: 1 }).offset).toBe(1);
    expect(await codeOf(() => proveEvent(handlers, owner, { topic: TOPIC, offset: 2 }))).toBe("events.forbidden");
  });

  it("are proved", async () => {
    await publish("a", "x");
    await publish("b", "x");
    const proof = proveEvent(handlers, device, { topic: TOPIC, offset: 1 });
    const key = { algorithm: "Ed25519", bytes: open.signer.publicKey } as const;
    expect(verifyEventProof(proof, { group: GROUP, name: SIGNER_NAME, key })?.data).toBe("b");
    expect(await codeOf(() => proveEvent(handlers, device, { topic: TOPIC, offset: 2 }))).toBe("events.offset");
  });
});

describe("liveEvents", () => {
  it("begins at an offset, behind the last event, or with what comes", async () => {
    for (let i = 0; i < 4; i++) await publish(i, "x");
    expect(ids(await frames(3, { from: 2 }))).toEqual(["2", "3"]);
    expect(ids(await frames(2, { from: 0, lastEventId: "2" }))).toEqual(["3"]);
    const live = frames(2, {});
    await publish(4, "x");
    expect(ids(await live)).toEqual(["4"]);
    const [, frame] = await frames(2, { from: 1 });
    expect(frame).toMatch(/^id: 1\ndata: \{"topic":"acme\/things","offset":1,"event":\{.*\}\}\n\n$/);
  });

  it("breaks a silence with a comment", async () => {
    const clock = new ManualClock(0);
    const stop = new AbortController();
    const live = liveEvents(handlers, device, { topic: TOPIC, signal: stop.signal, clock, heartbeat: 1000 });
    expect((await live.next()).value).toMatch(/^:/);
    const next = live.next();
    clock.advance(1000);
    expect((await next).value).toBe(": still here\n\n");
    const last = live.next();
    stop.abort();
    expect((await last).done).toBe(true);
    expect(open.logs.stats().followers).toBe(0);
  });

  it("ends with a problem once the reader is revoked", async () => {
    const stop = new AbortController();
    const live = liveEvents(handlers, device, {
      topic: TOPIC,
      from: 0,
      signal: stop.signal,
      clock: new ManualClock(0),
    });
    await live.next();
    const next = live.next();
    rights.revoked.add(device.did);
    await open.logs.append(TOPIC, open.maker.make({ principal: device, path: "x", payload: encodeUtf8("1") }));
    expect((await next).value).toMatch(/^event: problem\ndata: \{"code":"events.forbidden"/);
    expect((await live.next()).done).toBe(true);
    expect(open.logs.stats().followers).toBe(0);
  });

  it("refuses before the first frame who may not read", async () => {
    expect(await codeOf(() => frames(1, {}, stranger))).toBe("events.forbidden");
  });
});
