import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeUtf8, ManualClock } from "#base";
import type { Command } from "#protocol";
import { decodeCommandMessage, encodeMessage } from "./device-messages.ts";
import { MqttDeviceActor, type MqttDeviceActorOptions } from "./mqtt-actor.ts";

const FINGERPRINT = "3QJmV3qfvL9SuYo34YihAf3sRCW3";
const DEVICE = `did:hansa:hanse:${FINGERPRINT}`;
const TOPIC = `hansa/devices/${FINGERPRINT}/results`;

const command = (jti: string): Command =>
  ({ jti, hops: 1, exp: 2_000_000_000, action: { action: "toggle" } }) as unknown as Command;

function start(more: Partial<MqttDeviceActorOptions> = {}) {
  const clock = new ManualClock(0);
  const sent: [topic: string, id: string, qos: number][] = [];
  const actor = new MqttDeviceActor({
    clock,
    deliver: (topic, payload, { qos }) => void sent.push([topic, decodeCommandMessage(payload).id, qos]),
    ...more,
  });
  return { clock, sent, actor };
}

describe("an MQTT device actor", () => {
  it("sends a command and gives the device's word on it", async () => {
    const { actor, sent } = start();
    const [done, refused] = [actor.act(DEVICE, command("a")), actor.act(DEVICE, command("b"))];
    expect(sent).toEqual([
      [`hansa/devices/${FINGERPRINT}/commands`, "a", 1],
      [`hansa/devices/${FINGERPRINT}/commands`, "b", 1],
    ]);
    actor.onResult(TOPIC, encodeMessage({ id: "b", outcome: "refused", reason: "bridge.value: above 30" }));
    actor.onResult(TOPIC, encodeMessage({ id: "a", outcome: "done" }));
    expect(await done).toEqual({ outcome: "done" });
    expect(await refused).toEqual({ outcome: "refused", reason: "bridge.value: above 30" });
    expect(actor.counts).toEqual({ inFlight: 0, late: 0, malformed: 0 });
  });

  it("gives up after its time, and counts a result that comes too late", async () => {
    const { actor, clock } = start({ timeout: 500 });
    const result = actor.act(DEVICE, command("slow"));
    clock.advance(499);
    expect(actor.counts.inFlight).toBe(1);
    clock.advance(1);
    expect(await result).toEqual({ outcome: "timeout", reason: "bridge.timeout" });
    actor.onResult(TOPIC, encodeMessage({ id: "slow", outcome: "done" }));
    expect(actor.counts).toEqual({ inFlight: 0, late: 1, malformed: 0 });
  });

  it("takes no word of one device for another's", async () => {
    const { actor } = start();
    const result = actor.act(DEVICE, command("mine"));
    for (const topic of ["hansa/devices/other/results", "elsewhere", `${TOPIC}/x`, "hansa/devices//results"])
      actor.onResult(topic, encodeMessage({ id: "mine", outcome: "failed" }));
    actor.onResult(TOPIC, encodeMessage({ id: "mine", outcome: "done" }));
    expect(await result).toEqual({ outcome: "done" });
    expect(actor.counts.late).toBe(4);
  });

  it("sends the same command once while it is under way", async () => {
    const { actor, sent } = start();
    const [first, second] = [actor.act(DEVICE, command("a")), actor.act(DEVICE, command("a"))];
    actor.onResult(TOPIC, encodeMessage({ id: "a", outcome: "done" }));
    expect(await Promise.all([first, second])).toEqual([{ outcome: "done" }, { outcome: "done" }]);
    expect(sent).toHaveLength(1);
  });

  it("takes no more commands at once than it may", async () => {
    const { actor } = start({ inFlight: 2 });
    const under = [actor.act(DEVICE, command("a")), actor.act(DEVICE, command("b"))];
    expect(await actor.act(DEVICE, command("c"))).toEqual({ outcome: "failed", reason: "bridge.busy" });
    actor.close();
    expect(await Promise.all(under)).toEqual(Array(2).fill({ outcome: "failed", reason: "bridge.closed" }));
  });

  it("says so when the broker does not take a command, without its reason", async () => {
    for (const deliver of [
      () => {
        throw new Error("secret");
      },
      () => Promise.reject(new Error("secret")),
    ]) {
      const { actor } = start({ deliver });
      expect(await actor.act(DEVICE, command("a"))).toEqual({ outcome: "failed", reason: "bridge.unavailable" });
    }
  });

  it("takes an answer that comes before the delivery is done", async () => {
    const { actor } = start({
      deliver: async (_, payload) =>
        actor.onResult(TOPIC, encodeMessage({ id: decodeCommandMessage(payload).id, outcome: "done" })),
    });
    expect(await actor.act(DEVICE, command("a"))).toEqual({ outcome: "done" });
  });

  it("bears any garbage on result topics", () => {
    const { actor } = start();
    fc.assert(
      fc.property(fc.string(), fc.oneof(fc.uint8Array(), fc.json().map(encodeUtf8)), (topic, payload) => {
        actor.onResult(topic, payload);
      }),
    );
    expect(actor.counts.inFlight).toBe(0);
  });
});
