import assert from "node:assert";
import { createRequire } from "node:module";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { codeOf, type OpenLogs, openLogs, temporaryFolder } from "../../log/logs.suite.ts";
import { MQTT_LIMITS } from "./mqtt-limits.ts";
import { SessionStore } from "./session-store.ts";
import { NOTHING_STAGED } from "./staged.ts";

interface SuiteTest {
  assert: typeof assert;
  plan(count: number): void;
  diagnostic(text: string): void;
}
type Suite = (options: {
  test: (name: string, run: (t: SuiteTest) => Promise<void>) => void;
  persistence: () => Promise<SessionStore>;
  testAsync: true;
}) => void;

// The suite that every persistence of aedes passes stands beside the one in memory that aedes brings along.
const aedes = createRequire(createRequire(import.meta.url).resolve("aedes"));
const abstractSuite = aedes("aedes-persistence/abstract.js") as Suite;

let folder: ReturnType<typeof temporaryFolder>;
let open: OpenLogs;

beforeEach(() => {
  folder = temporaryFolder();
  open = openLogs(folder.path);
});
afterEach(() => {
  open.close();
  folder.remove();
});

const storeOf = () =>
  new SessionStore({
    store: open.sessions,
    durably: (run) => open.logs.durably(run),
    limits: { ...MQTT_LIMITS, queuedMessages: 5000 },
  });

function reopened(): SessionStore {
  open.close();
  open = openLogs(folder.path);
  return storeOf();
}

async function listed(stream: AsyncIterable<unknown>): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  for await (const item of stream) items.push(item as Record<string, unknown>);
  return items;
}

describe("SessionStore, by the suite of aedes", () => {
  abstractSuite({
    test: (name, run) => it(name, () => run({ assert, plan: () => {}, diagnostic: () => {} })),
    persistence: async () => storeOf(),
    testAsync: true,
  });
});

describe("SessionStore after a restart", () => {
  const client = { id: "did:hansa:hanse:x/1" };
  const packet = { cmd: "publish", topic: "a", payload: Buffer.from("v"), qos: 2, retain: false } as const;

  it("has subscriptions, waiting messages, packet identifiers and retained messages", async () => {
    const store = storeOf();
    await store.setup({ id: "first" });
    await store.addSubscriptions(client, [{ topic: "a/#", qos: 1 }]);
    await store.storeRetained({ ...packet, retain: true });
    await store.incomingStorePacket(client, { ...packet, messageId: 9 });
    for (let i = 1; i <= 12; i++) {
      const numbered = { ...packet, brokerId: "first", brokerCounter: i };
      await store.outgoingEnqueue({ clientId: client.id }, numbered);
      await store.outgoingUpdate(client, { ...numbered, messageId: 100 + i });
    }
    await store.outgoingUpdate(client, { cmd: "pubrel", messageId: 102 });
    await store.outgoingClearMessageId(client, { cmd: "publish", messageId: 101 });
    await open.logs.durably(() => {});
    const again = reopened();
    await again.setup({ id: "second" });
    expect(await again.subscriptionsByClient(client)).toMatchObject([{ topic: "a/#", qos: 1 }]);
    expect(await again.subscriptionsByTopic("a/b")).toHaveLength(1);
    expect(again.hasIncoming({ ...client, clean: false }, 9)).toBe(true);
    expect(await listed(again.createRetainedStream("#"))).toMatchObject([{ topic: "a" }]);
    const waiting = await listed(again.outgoingStream(client));
    expect(waiting.map(({ messageId }) => messageId)).toEqual(Array.from({ length: 11 }, (_, i) => 102 + i));
    expect(waiting[0]).toMatchObject({ cmd: "pubrel" });
    expect(waiting[1]).toMatchObject({ cmd: "publish", topic: "a", payload: Buffer.from("v"), qos: 2 });
  });

  it("hands out each will that was left once, with its owner", async () => {
    const store = new SessionStore({
      store: open.sessions,
      durably: (run) => open.logs.durably(run),
      limits: MQTT_LIMITS,
      ownerOf: () => ({ did: "did:x" }),
    });
    await store.setup({ id: "first" });
    await store.putWill(client, { ...packet });
    const again = reopened();
    const [will, ...others] = again.takeOrphanWills();
    expect(others).toEqual([]);
    expect(will).toMatchObject({ clientId: client.id, owner: { did: "did:x" }, packet: { topic: "a" } });
    expect(again.takeOrphanWills()).toEqual([]);
    if (will !== undefined) await open.logs.durably(() => again.dropOrphanWill(will));
    expect(reopened().takeOrphanWills()).toEqual([]);
  });

  it("makes room for a new session by the one that was away longest", async () => {
    const store = new SessionStore({
      store: open.sessions,
      durably: (run) => open.logs.durably(run),
      limits: { ...MQTT_LIMITS, sessions: 2 },
      isConnected: (id) => id === "a",
    });
    for (const id of ["a", "b", "c"]) await store.addSubscriptions({ id }, [{ topic: "t", qos: 1 }]);
    const kept = async (from: SessionStore) =>
      (await from.subscriptionsByTopic("t")).map(({ clientId }) => clientId).sort();
    expect(await kept(store)).toEqual(["a", "c"]);
    expect(await kept(reopened())).toEqual(["a", "c"]);
  });
});

describe("a store where every session is in use", () => {
  it("answers a further one's subscription with a refusal, and throws nothing at aedes", async () => {
    const told: unknown[] = [];
    const store = new SessionStore({
      store: open.sessions,
      durably: (run) => open.logs.durably(run),
      limits: { ...MQTT_LIMITS, sessions: 1 },
      isConnected: () => true,
      onError: (error) => told.push(error),
    });
    await store.addSubscriptions({ id: "a" }, [{ topic: "t", qos: 1 }]);
    const answer = store.addSubscriptions({ id: "b" }, [{ topic: "t", qos: 1 }]);
    expect(await codeOf(() => answer)).toBe("events.too-many");
    expect(told).toMatchObject([{ code: "events.too-many" }]);
    await store.addSubscriptions({ id: "a" }, [{ topic: "u", qos: 1 }]);
    expect(store.stats()).toMatchObject({ sessions: 1, subscriptions: 2 });
  });
});

describe("sessions that only remember QoS 2 messages", () => {
  const packet = (messageId: number) =>
    ({ cmd: "publish", topic: "a", payload: Buffer.from("v"), qos: 2, retain: false, messageId }) as const;
  const client = (id: string) => ({ id, clean: false, conn: {} });
  const crowded = (sessions: number, connected: (id: string) => boolean) =>
    new SessionStore({
      store: open.sessions,
      durably: (run) => open.logs.durably(run),
      limits: { ...MQTT_LIMITS, sessions },
      isConnected: connected,
    });
  /** As a message that goes into a topic's log does. */
  async function publish(store: SessionStore, id: string, messageId: number): Promise<void> {
    const staged = store.stage(packet(messageId), client(id));
    await open.logs.durably(staged.write);
    await store.incomingStorePacket(client(id), { ...packet(messageId), properties: staged } as never);
  }

  it("make room as others do, on disk too", async () => {
    const store = crowded(2, (id) => id === "d");
    for (const id of ["a", "b", "c", "d"]) await publish(store, id, 1);
    await open.logs.durably(() => {});
    for (const from of [store, reopened()]) {
      expect(from.stats().sessions).toBe(2);
      expect(["a", "b", "c", "d"].filter((id) => from.hasIncoming(client(id), 1))).toEqual(["c", "d"]);
    }
  });

  it("are refused before anything is written where every session is in use, a device's result too", async () => {
    const store = crowded(1, () => true);
    await publish(store, "a", 1);
    expect(await codeOf(() => store.stage(packet(1), client("b")))).toBe("events.too-many");
    const result = { ...packet(1), properties: NOTHING_STAGED } as never;
    const answer = store.incomingStorePacket(client("b"), result);
    expect(await codeOf(() => answer)).toBe("events.too-many");
    await publish(store, "a", 2);
    expect(store.stats().sessions).toBe(1);
  });

  it("end with the last release, but not those that have subscriptions", async () => {
    const store = crowded(10, () => true);
    await store.addSubscriptions(client("b"), [{ topic: "t", qos: 1 }]);
    for (const id of ["a", "b"]) {
      await publish(store, id, 1);
      await publish(store, id, 2);
      await store.incomingDelPacket(client(id), packet(1));
    }
    expect(store.stats().sessions).toBe(2);
    for (const id of ["a", "b"]) await store.incomingDelPacket(client(id), packet(2));
    expect(store.stats()).toMatchObject({ sessions: 1, subscriptions: 1 });
  });

  it("are not made by a will, which has no identifier to remember", () => {
    const { messageId: _, ...will } = packet(1);
    expect(storeOf().stage(will, client("a"))).toBe(NOTHING_STAGED);
  });
});

describe("a session that ends while a message for it is on its way", () => {
  const packet = { cmd: "publish", topic: "t", payload: Buffer.from("v"), qos: 1, retain: false } as const;
  const client = { id: "a" };

  it.each(["before", "after"])("does not come back, where it ends %s the message is written", async (when) => {
    const store = storeOf();
    await store.addSubscriptions(client, [{ topic: "t", qos: 1 }]);
    const staged = store.stage(packet);
    const written = open.logs.durably(staged.write);
    if (when === "after") await written;
    await store.cleanSubscriptions(client);
    await store.outgoingEnqueueCombi([{ clientId: "a", qos: 1 }], { ...packet, properties: staged } as never);
    expect(store.stats()).toMatchObject({ sessions: 0, queuedBytes: 0 });
    expect(reopened().stats().sessions).toBe(0);
  });
});

describe("retained messages", () => {
  const retained = (topic: string) =>
    ({ cmd: "publish", topic, payload: Buffer.from("v"), qos: 1, retain: true }) as const;

  it("come once each, however many filters match them", async () => {
    const store = storeOf();
    for (const topic of ["a/x", "a/y", "b/x"]) store.retain(retained(topic));
    const found = await listed(store.createRetainedStreamCombi(["a/#", "+/x", "a/x", "#", "a/x", "none"]));
    expect(found.map(({ topic }) => topic).sort()).toEqual(["a/x", "a/y", "b/x"]);
  });

  it("let others have their turn while filters are looked for that match none", async () => {
    const store = storeOf();
    for (let i = 0; i < 1000; i++) store.retain(retained(`a/${i}`));
    let turns = 0;
    const count = () => {
      turns++;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    expect(await listed(store.createRetainedStreamCombi(["+/none", "none/+"]))).toEqual([]);
    clearImmediate(next);
    expect(turns).toBeGreaterThanOrEqual(3);
  });

  it("are copied when they are read, and come as they are by then", async () => {
    const store = storeOf();
    for (let i = 0; i < 100; i++) store.retain(retained(`a/${i}`));
    const read = store.createRetainedStreamCombi(["a/#"])[Symbol.asyncIterator]();
    expect((await read.next()).value).toMatchObject({ topic: "a/0" });
    for (let i = 0; i < 100; i++) store.retain({ ...retained(`a/${i}`), payload: Buffer.alloc(0) });
    store.retain(retained("a/late"));
    let more = 0;
    for (let next = await read.next(); next.done !== true; next = await read.next()) more++;
    // What the stream had read ahead.
    expect(more).toBeLessThan(50);
  });
});
