import type { MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  encodeAccessReceiptProof,
  fingerprintOfDid,
  type GrantResource,
  operation,
  propertyPath,
  type TermsDocument,
} from "#protocol";
import {
  countersignReceipt,
  getAccessReceipt,
  listAccessReceipts,
  openRelease,
  readEvents,
  requestRelease,
  type SubscribedItem,
  signRelease,
  subscribeRelease,
  verifyAccessReceipt,
} from "#sdk";
import { parseSentEvents } from "../../src/sdk/sse.ts";
import { admit, connect, createIdentity, furnish, report, topicOf } from "./devices.suite.ts";
import { asked, give, revoke, seconds } from "./exchange.suite.ts";
import { Alliance, codeOf, until } from "./member.suite.ts";

let alliance: Alliance;
const devices = new Map<string, MqttClient>();

beforeAll(async () => {
  alliance = await Alliance.create();
  await alliance.up({ HANSA_LOG_LEVEL: "warn" });
  await furnish(alliance);
  for (const name of ["alice", "bob"]) await createIdentity(alliance, name);
});
afterAll(() => alliance.remove());

/** A device of acme's that belongs to somebody. */
async function device(name: string, owner: string): Promise<string> {
  await admit(alliance, "acme", name, { owner });
  devices.set(name, await connect(alliance, name));
  return alliance.party(name).did;
}

const say = (name: string, property: string, value: unknown) =>
  report(alliance, devices.get(name) as MqttClient, "acme", name, property, value);

/** Until the second is over in which it is called: a window ends with a second that has passed. */
async function untilNextSecond(): Promise<number> {
  const now = seconds();
  await until(() => seconds() > now);
  return now + 1;
}

const read = (terms: TermsDocument, window: { from: number; to: number }, by = "borea") =>
  requestRelease(alliance.as(by), { ...asked(alliance, terms), window });

describe("the history of a device", () => {
  it("is released between two times, each event under the topic's signed checkpoint", async () => {
    const meter = await device("device/meter", "alice");
    const from = seconds();
    for (const value of [1, 2, 3]) await say("device/meter", "energy", value);
    await say("device/meter", "voltage", 230);
    const to = await untilNextSecond();
    await say("device/meter", "energy", 4);
    const terms = await give(alliance, { kind: "property", device: meter, property: "energy" });
    const borea = alliance.as("borea");
    const { events, claims, receipt } = await openRelease(borea, await read(terms, { from, to }));
    expect(events?.map(({ event }) => event.data)).toEqual([1, 2, 3]);
    expect(new Set(events?.map(({ vouchedBy }) => vouchedBy))).toEqual(new Set([alliance.party("acme").did]));
    expect(claims.window).toEqual({ from, to });
    await countersignReceipt(borea, receipt);
    const client = alliance.as("alice");
    await until(async () => (await codeOf(getAccessReceipt(client, { receipt: claims.jti }))) === "accepted");
    const file = await getAccessReceipt(client, { receipt: claims.jti });
    expect(verifyAccessReceipt(encodeAccessReceiptProof(file), { trust: alliance.groupId })).toMatchObject({
      provider: "verified",
      recipient: "verified",
      receipt: { window: { from, to } },
    });
  });

  it("is opened with its own receipt, and with no other release's", async () => {
    const meter = await device("device/changed", "alice");
    const from = seconds();
    for (const value of [1, 2]) await say("device/changed", "energy", value);
    const to = await untilNextSecond();
    const terms = await give(alliance, { kind: "property", device: meter, property: "energy" });
    const release = await read(terms, { from, to });
    const later = await read(terms, { from, to });
    const crossed = { ...release, answer: { ...release.answer, sealed: later.answer.sealed } };
    expect(await codeOf(openRelease(alliance.as("borea"), crossed))).toBe("sdk.release");
  });

  it("is not released for a time before the grant's own, after it, or to come", async () => {
    const meter = await device("device/window", "alice");
    await say("device/window", "energy", 1);
    const begins = seconds() - 100;
    const terms = await give(alliance, { kind: "property", device: meter, property: "energy" }, { from: begins });
    const now = seconds();
    for (const window of [
      { from: begins - 1, to: now },
      { from: now - 10, to: now + 3000 },
      { from: now - 10, to: now + 7200 },
      { from: now - 10, to: now - 10 },
    ])
      expect([window, await codeOf(read(terms, window))]).toEqual([window, "exchange.window"]);
    expect(await codeOf(requestRelease(alliance.as("borea"), asked(alliance, terms)))).toBe("exchange.malformed");
    expect(await codeOf(read(terms, { from: begins, to: now }))).toBe("accepted");
  });

  it("is let out by the device's owner alone", async () => {
    const meter = await device("device/bobs", "bob");
    await say("device/bobs", "energy", 1);
    const to = await untilNextSecond();
    const terms = await give(alliance, { kind: "property", device: meter, property: "energy" });
    expect(await codeOf(read(terms, { from: to - 10, to }))).toBe("exchange.not-owner");
  });

  it("leaves what a device said under an owner with that owner", async () => {
    const meter = await device("device/sold", "alice");
    const from = seconds();
    await say("device/sold", "energy", "alice's");
    await untilNextSecond();
    await alliance.send(
      "alice",
      [operation("devices.transfer", { device: meter, to: alliance.party("bob").did })],
      ["bob"],
    );
    await say("device/sold", "energy", "bob's");
    const to = await untilNextSecond();
    const resource: GrantResource = { kind: "property", device: meter, property: "energy" };
    const bobs = await give(alliance, resource, { owner: "bob" });
    const { events } = await openRelease(alliance.as("borea"), await read(bobs, { from, to }));
    expect(events?.map(({ event }) => event.data)).toEqual(["bob's"]);
    const alices = await give(alliance, resource);
    expect(await codeOf(read(alices, { from, to }))).toBe("exchange.not-owner");
  });
});

describe("a topic", () => {
  it("gives of all that is in it only what is the owner's and fits the path", async () => {
    const one = await device("device/mine", "alice");
    await device("device/theirs", "bob");
    const from = await untilNextSecond();
    await say("device/mine", "energy", "mine");
    await say("device/mine", "voltage", "unasked");
    await say("device/theirs", "energy", "theirs");
    const to = await untilNextSecond();
    const resource = { kind: "topic", topic: topicOf("acme"), path: "+/properties/energy" } as const;
    const terms = await give(alliance, resource);
    const { events } = await openRelease(alliance.as("borea"), await read(terms, { from, to }));
    expect(events?.map(({ event }) => event.data)).toEqual(["mine"]);
    // A part of it may be asked for, too.
    const part = { ...resource, path: propertyPath(fingerprintOfDid(one), "energy") };
    const narrow = { ...asked(alliance, terms), resource: part, window: { from, to } };
    const release = await openRelease(alliance.as("borea"), await requestRelease(alliance.as("borea"), narrow));
    expect(release.events).toHaveLength(1);
    const bobs = await give(alliance, { ...resource, path: "+/properties/voltage" }, { owner: "bob" });
    expect(await codeOf(read(bobs, { from, to }))).toBe("exchange.not-owner");
    const foreign = await give(alliance, { kind: "topic", topic: topicOf("borea") });
    expect(await codeOf(read(foreign, { from, to }))).toBe("exchange.no-data");
  });
});

describe("a subscription", () => {
  /** Follows a subscription from here on; what came is in `items`. */
  function follow(terms: TermsDocument) {
    const items: SubscribedItem[] = [];
    const stop = new AbortController();
    const ended = (async () => {
      const all = subscribeRelease(alliance.as("borea"), asked(alliance, terms), { signal: stop.signal });
      for await (const item of all) items.push(item);
    })();
    return { items, stop, ended };
  }
  const LIVE = { actions: ["subscribe" as const] };

  it("brings events as they come, sealed each by itself, and ends with the block that revokes its grant", async () => {
    const meter = await device("device/live", "alice");
    await say("device/live", "energy", "before");
    const terms = await give(
      alliance,
      { kind: "property", device: meter, property: "energy" },
      { terms: LIVE, count: 1 },
    );
    const { items, ended } = follow(terms);
    await until(() => items.length === 1);
    const [first] = items;
    if (first?.kind !== "receipt") throw new Error("a receipt comes first");
    await countersignReceipt(alliance.as("borea"), first.receipt);
    for (const value of [1, 2]) await say("device/live", "energy", value);
    await say("device/live", "voltage", 230);
    await until(() => items.length === 3);
    // Its count is used up on the ledger by now: what is open stays open.
    const client = alliance.as("alice");
    await until(async () => (await codeOf(getAccessReceipt(client, { receipt: first.claims.jti }))) === "accepted");
    await say("device/live", "energy", 3);
    await until(() => items.length === 4);
    expect(await codeOf(follow(terms).ended)).toBe("exchange.spent");
    await revoke(alliance, terms);
    await ended;
    await say("device/live", "energy", "after");
    expect(items.map((item) => (item.kind === "event" ? item.event.event.data : item.kind))).toEqual([
      "receipt",
      1,
      2,
      3,
      "end",
    ]);
    expect(items.at(-1)).toEqual({ kind: "end", reason: "revoked" });
    expect((await listAccessReceipts(client, { grant: terms.grant })).items).toHaveLength(1);
  });

  it("goes on behind the last event for the same request again, and never shows what was before it", async () => {
    const meter = await device("device/again", "alice");
    for (const value of ["before", "before, too"]) await say("device/again", "energy", value);
    await untilNextSecond();
    const resource: GrantResource = { kind: "property", device: meter, property: "energy" };
    const terms = await give(alliance, resource, { terms: LIVE, count: 1 });
    const borea = alliance.as("borea");
    const { request } = await signRelease(borea, { ...asked(alliance, terms), action: "subscribe" });
    /** Ids of the first events of a stream. */
    async function firstIds(after: number, many: number, meanwhile: () => Promise<void>): Promise<number[]> {
      const stop = new AbortController();
      const response = await fetch(`${alliance.node.url}/groups/main/exchange/subscribe`, {
        method: "POST",
        headers: { "content-type": "application/jwt", "last-event-id": String(after) },
        body: request,
        signal: stop.signal,
      });
      expect(response.status).toBe(200);
      await meanwhile();
      const ids: number[] = [];
      for await (const item of parseSentEvents(response.body as ReadableStream<Uint8Array>, 1_000_000)) {
        if (item.kind !== "message" || item.message.event !== "event") continue;
        if (ids.push(Number(item.message.id)) === many) break;
      }
      stop.abort();
      return ids;
    }
    const first = await firstIds(0, 2, async () => {
      for (const value of [1, 2]) await say("device/again", "energy", value);
    });
    const { items } = await readEvents(alliance.as("acme"), { topic: topicOf("acme"), limit: 1000 });
    const offsetOf = (data: unknown) =>
      items.find(({ event }) => event.source === meter && event.data === data)?.offset as number;
    expect(first).toEqual([offsetOf(1), offsetOf(2)]);
    expect(await firstIds(offsetOf(1), 1, async () => {})).toEqual([offsetOf(2)]);
  });

  it("ends when the grant's time does, though nothing happens on the ledger", async () => {
    const meter = await device("device/expiring", "alice");
    await say("device/expiring", "energy", "before");
    const resource: GrantResource = { kind: "property", device: meter, property: "energy" };
    const terms = await give(alliance, resource, { terms: LIVE, until: seconds() + 8 });
    const { items, ended } = follow(terms);
    await ended;
    expect(items.map(({ kind }) => kind)).toEqual(["receipt", "end"]);
    expect(items[1]).toEqual({ kind: "end", reason: "expired" });
  });

  it("is refused without the action, and for what is nobody's stream", async () => {
    const meter = await device("device/quiet", "alice");
    await say("device/quiet", "energy", "before");
    const reading = await give(alliance, { kind: "property", device: meter, property: "energy" });
    expect(await codeOf(follow(reading).ended)).toBe("grant.beyond-terms");
    const dataset = await give(alliance, { kind: "dataset", dataset: "none" }, { terms: LIVE });
    expect(await codeOf(follow(dataset).ended)).toBe("exchange.malformed");
  });
});
