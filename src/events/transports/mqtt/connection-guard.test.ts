import { once } from "node:events";
import { Duplex } from "node:stream";
import { MessageChannel } from "node:worker_threads";
import type { Client } from "aedes";
import { describe, expect, it } from "vitest";
import { boundOutgoing } from "./connection-guard.ts";
import { MQTT_LIMITS } from "./mqtt-limits.ts";

const TIMEOUT = 20;

/** A reader that has not taken the first byte yet, and what was had against it. */
function slowReader() {
  const written: (() => void)[] = [];
  const conn = new Duplex({ highWaterMark: 1, read() {}, write: (_chunk, _encoding, done) => written.push(done) });
  const client = { conn, connected: true } as unknown as Client & {
    waitForDrain(done: (error: Error | null) => void): void;
  };
  const cut: unknown[] = [];
  boundOutgoing(client, { ...MQTT_LIMITS, outgoingSoftBytes: 0, outgoingTimeout: TIMEOUT }, (error) => cut.push(error));
  conn.write("x");
  const drained = new Promise<void>((resolve) => client.waitForDrain(() => resolve()));
  return { conn, cut, drained, take: () => written.shift()?.() };
}

describe("bytes that wait for a reader", () => {
  it("cost a reader its connection that does not take them in time", async () => {
    const { conn, cut, drained } = slowReader();
    await once(conn, "close");
    expect(cut).toMatchObject([{ code: "events.slow-reader" }]);
    await drained;
  });

  it("are not held against a reader that took them while the node itself was held up", async () => {
    const { conn, cut, drained, take } = slowReader();
    const { port1, port2 } = new MessageChannel();
    // As bytes on a socket do, a message waits for the event loop's next look.
    port2.once("message", take);
    port1.postMessage("read");
    const until = performance.now() + 3 * TIMEOUT;
    while (performance.now() < until);
    await drained;
    expect(cut).toEqual([]);
    expect(conn.destroyed).toBe(false);
    port1.close();
  });
});
