import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeUtf8, ManualClock } from "#base";
import { createSigner } from "#crypto";
import { type LoggedEvent, openCheckpoint } from "#protocol";
import type { DraftEvent } from "../cloud-event.ts";
import { type EventProof, verifyEventProof } from "./event-proof.ts";
import { LIVE_BUFFER } from "./follower.ts";
import { codeOf, GROUP, type OpenLogs, openLogs, principalOf, SIGNER_NAME, temporaryFolder } from "./logs.suite.ts";

let folder: ReturnType<typeof temporaryFolder>;
let open: OpenLogs;
const device = principalOf("sensor");

beforeEach(() => {
  folder = temporaryFolder();
  open = openLogs(folder.path);
});
afterEach(() => {
  open.close();
  folder.remove();
});

const draft = (value: unknown): DraftEvent =>
  open.maker.make({ principal: device, path: "x", payload: encodeUtf8(JSON.stringify(value)) });
const append = (value: unknown, topic = "acme/things") => open.logs.append(topic, draft(value));
const values = (events: readonly LoggedEvent[]) => events.map(({ event }) => event.data);
const trusted = () =>
  ({ group: GROUP, name: SIGNER_NAME, key: { algorithm: "Ed25519", bytes: open.signer.publicKey } }) as const;

async function take(events: AsyncIterable<LoggedEvent>, count: number): Promise<LoggedEvent[]> {
  const taken: LoggedEvent[] = [];
  for await (const logged of events) if (taken.push(logged) === count) break;
  return taken;
}

describe("TopicLogs", () => {
  it("gives consecutive offsets in the order of the appends, for each topic on its own", async () => {
    const offsets = await Promise.all([append(0), append(0, "acme/b"), append(1), append(1, "acme/b"), append(2)]);
    expect(offsets).toEqual([0, 0, 1, 1, 2]);
    expect(values(open.logs.read("acme/things", 0, 10))).toEqual([0, 1, 2]);
    expect(open.logs.topics()).toEqual(["acme/b", "acme/things"]);
  });

  it("makes what arrives together durable in one transaction", async () => {
    await Promise.all(Array.from({ length: 500 }, (_, i) => append(i)));
    expect(open.logs.stats().commits).toBe(1);
    expect(open.logs.stats().appended).toBe(500);
  });

  it("answers an append only when its event is in the store", async () => {
    let stored = -1;
    await new Promise<void>((resolve) => {
      open.logs.enqueue("acme/things", draft(1), undefined, () => {
        stored = open.store.size("topic/acme/things");
        resolve();
      });
      expect(open.store.size("topic/acme/things")).toBe(0);
    });
    expect(stored).toBe(1);
  });

  it("goes on after a restart where it stopped, with the same root", async () => {
    for (let i = 0; i < 7; i++) await append(i);
    const before = open.logs.head("acme/things");
    open.close();
    open = openLogs(folder.path);
    expect(open.logs.head("acme/things")).toEqual(before);
    expect(await append(7)).toBe(7);
    expect(values(open.logs.read("acme/things", 5, 10))).toEqual([5, 6, 7]);
  });

  it("refuses more than the queue holds, and takes again once that is durable", async () => {
    open.close();
    open = openLogs(folder.path, { limits: { queuedEntries: 3 } });
    const first = [append(0), append(1), append(2)];
    expect(await codeOf(() => append(3))).toBe("events.busy");
    expect(await Promise.all(first)).toEqual([0, 1, 2]);
    expect(await append(3)).toBe(3);
  });

  it("keeps nothing of a transaction that fails, says so to all of it, and goes on", async () => {
    await append(0);
    const failing = open.logs.append("acme/things", draft(1), () => {
      throw new Error("no room");
    });
    const companion = append(2);
    expect(await Promise.allSettled([failing, companion])).toMatchObject([
      { status: "rejected" },
      { status: "rejected" },
    ]);
    expect(open.logs.size("acme/things")).toBe(1);
    expect(await append(3)).toBe(1);
    expect(verifyEventProof(open.logs.inclusion("acme/things", 1), trusted())?.data).toBe(3);
  });

  it("commits changes of other stores together with the event", async () => {
    await open.logs.append("acme/things", draft(1), () => open.sessions.put("k", encodeUtf8("v")));
    await open.logs.durably(() => open.sessions.put("l", encodeUtf8("w")));
    expect(open.sessions.list("").map(({ key }) => key)).toEqual(["k", "l"]);
  });

  it("delivers every event to taps in order, before its publisher is answered, whatever a tap throws", async () => {
    const heard: unknown[] = [];
    const errors: unknown[] = [];
    open.close();
    open = openLogs(folder.path, { onListenerError: (error) => errors.push(error) });
    open.logs.tap(() => {
      throw new Error("a listener");
    });
    const end = open.logs.tap(({ offset, event }) => heard.push([offset, event.data]));
    await Promise.all([
      append("a").then((offset) => heard.push(`answered ${offset}`)),
      append("b").then((offset) => heard.push(`answered ${offset}`)),
    ]);
    expect(heard).toEqual([[0, "a"], [1, "b"], "answered 0", "answered 1"]);
    expect(errors).toHaveLength(2);
    end();
    await append("c");
    expect(heard).toHaveLength(4);
  });

  it("refuses appends once closed, and keeps what it had taken", async () => {
    const taken = append(1);
    open.logs.close();
    expect(await taken).toBe(0);
    expect(await codeOf(() => append(2))).toBe("events.closed");
  });
});

describe("TopicLogs.follow", () => {
  it("replays from any offset and then goes live, without gap or duplicate, under concurrent writes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(40),
        fc.nat(60),
        fc.array(fc.nat(30), { maxLength: 12 }),
        async (history, from, bursts) => {
          const topic = `t${Math.random().toString(36).slice(2)}`;
          await Promise.all(Array.from({ length: history }, (_, i) => append(i, topic)));
          const total = history + bursts.reduce((sum, burst) => sum + burst, 0);
          const expected = Array.from({ length: Math.max(0, total - from) }, (_, i) => from + i);
          if (expected.length === 0) return;
          const followed = take(open.logs.follow(topic, from), expected.length);
          let next = history;
          for (const burst of bursts) {
            await Promise.all(Array.from({ length: burst }, () => append(next++, topic)));
          }
          const events = await followed;
          expect(events.map(({ offset }) => offset)).toEqual(expected);
          expect(values(events)).toEqual(expected);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("serves a slow reader from disk where its buffer does not reach", async () => {
    const total = LIVE_BUFFER * 3 + 17;
    const stop = new AbortController();
    const seen: number[] = [];
    await append(0);
    for await (const { offset } of open.logs.follow("acme/things", 0, { signal: stop.signal })) {
      seen.push(offset);
      // While the reader is busy with its first event, far more than its buffer arrives.
      if (offset === 0) await Promise.all(Array.from({ length: total - 1 }, (_, i) => append(i + 1)));
      if (seen.length === total) stop.abort();
    }
    expect(seen).toEqual(Array.from({ length: total }, (_, i) => i));
  });

  it("waits for an offset that is still ahead", async () => {
    const followed = take(open.logs.follow("acme/things", 2), 1);
    for (let i = 0; i < 3; i++) await append(i);
    expect(values(await followed)).toEqual([2]);
  });

  it("passes over events whose content was pruned", async () => {
    for (let i = 0; i < 5; i++) await append(i);
    open.store.prune("topic/acme/things", 3);
    expect(values(await take(open.logs.follow("acme/things", 0), 2))).toEqual([3, 4]);
    open.store.prune("topic/acme/things", 5);
    const followed = take(open.logs.follow("acme/things", 0), 1);
    await append(5);
    expect(values(await followed)).toEqual([5]);
  });

  it("ends by its signal and when the logs close, and gives its place back", async () => {
    open.close();
    open = openLogs(folder.path, { limits: { followers: 1 } });
    const stop = new AbortController();
    const first = take(open.logs.follow("acme/things", 0, { signal: stop.signal }), 1);
    expect(await codeOf(() => take(open.logs.follow("acme/things", 0), 1))).toBe("events.too-many");
    stop.abort();
    expect(await first).toEqual([]);
    const second = take(open.logs.follow("acme/things", 0), 1);
    open.logs.close();
    expect(await second).toEqual([]);
    expect(open.logs.stats().followers).toBe(0);
  });
});

describe("checkpoints and proofs of topic logs", () => {
  it("proves every event under the newest signed checkpoint, and no other", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 70 }), fc.nat(), async (size, pick) => {
        const topic = `t${Math.random().toString(36).slice(2)}`;
        await Promise.all(Array.from({ length: size }, (_, i) => append(i, topic)));
        const offset = pick % size;
        const proof = open.logs.inclusion(topic, offset);
        expect(verifyEventProof(proof, trusted())?.data).toBe(offset);
        expect(proof.path).toMatchObject({ index: offset, size });
        expect(verifyEventProof(open.logs.inclusion(topic, (offset + 1) % size), trusted())?.data).toBe(
          (offset + 1) % size,
        );
      }),
      { numRuns: 60 },
    );
  });

  it("refuses a proof with any character changed", async () => {
    for (let i = 0; i < 13; i++) await append(i);
    const proof = open.logs.inclusion("acme/things", 6);
    const other = createSigner("Ed25519", new Uint8Array(32).fill(3));
    expect(verifyEventProof(proof, trusted())?.data).toBe(6);
    expect(verifyEventProof(proof, { ...trusted(), group: "hanse:main:other" })).toBeUndefined();
    expect(
      verifyEventProof(proof, { ...trusted(), key: { algorithm: "Ed25519", bytes: other.publicKey } }),
    ).toBeUndefined();
    const text = JSON.stringify(proof);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom("A", "b", "7", '"'), (at, letter) => {
        fc.pre(text[at] !== letter);
        let forged: EventProof;
        try {
          forged = JSON.parse(text.slice(0, at) + letter + text.slice(at + 1)) as EventProof;
        } catch {
          return;
        }
        // Blank lines behind the signature are nobody's word: the note says the same without them.
        fc.pre(
          typeof forged.checkpoint !== "string" ||
            forged.checkpoint.trimEnd() !== proof.checkpoint.trimEnd() ||
            forged.checkpoint === proof.checkpoint,
        );
        expect(verifyEventProof(forged, trusted())).toBeUndefined();
      }),
      { numRuns: 400 },
    );
    for (const junk of [null, {}, { ...proof, path: null }, { ...proof, entry: 7 }])
      expect(verifyEventProof(junk as unknown as EventProof, trusted())).toBeUndefined();
  });

  it("signs an empty log, and the size at which it stands", async () => {
    expect(openCheckpoint(open.logs.checkpoint("acme/new"), SIGNER_NAME, trusted().key)).toMatchObject({
      origin: `${GROUP}/acme/new`,
      size: 0,
    });
    await append(1);
    expect(openCheckpoint(open.logs.checkpoint("acme/things"), SIGNER_NAME, trusted().key)?.size).toBe(1);
    expect(await codeOf(() => open.logs.inclusion("acme/things", 1))).toBe("events.offset");
    expect(await codeOf(() => open.logs.inclusion("acme/things", -1))).toBe("events.offset");
    expect(await codeOf(() => open.logs.inclusion("acme/things", 0.5))).toBe("events.offset");
  });

  it("finds the first event at or after a time", async () => {
    const clock = new ManualClock(1000);
    open.close();
    open = openLogs(folder.path, { clock });
    await append(0);
    clock.advance(500);
    await append(1);
    expect([0, 1000, 1001, 1500, 1501].map((time) => open.logs.offsetAtTime("acme/things", time))).toEqual([
      0, 0, 1, 1, 2,
    ]);
  });
});
