/** What aedes does not bound by itself: packets as they come in, and bytes that wait to go out. */
import type { Duplex } from "node:stream";
import type { Client } from "aedes";
import { eventError } from "../../errors.ts";
import type { MqttLimits } from "./mqtt-limits.ts";

/** Bytes of a packet beside its payload: topic, client id, user name, token. */
const ENVELOPE_BYTES = 16 * 1024;

/** The parts of an aedes client that are reached into; its version is pinned, and tests hold each of these. */
interface ClientParts {
  readonly conn: Duplex;
  readonly connected: boolean;
  readonly _parser: {
    readonly packet: { readonly length: number };
    _parseLength(): boolean;
    _emitError(error: Error): void;
  };
  waitForDrain(done: (error: Error | null, client: unknown) => void): void;
}

/**
 * Refuses a packet by its announced length, before its bytes are collected.
 *
 * @param refuse - hears of it, before the connection ends
 */
export function boundPackets(client: Client, limits: MqttLimits, refuse: (error: unknown) => void): void {
  const { _parser: parser } = client as unknown as ClientParts;
  const most = limits.payloadBytes + ENVELOPE_BYTES;
  const parseLength = parser._parseLength.bind(parser);
  parser._parseLength = () => {
    if (!parseLength()) return false;
    const { length } = parser.packet;
    if (length <= most) return true;
    const error = eventError("events.too-large", `a packet has at most ${most} bytes`, { bytes: length, limit: most });
    refuse(error);
    parser._emitError(error);
    return false;
  };
}

/**
 * Bounds what waits for a reader. aedes would hold up everybody else's messages until a slow reader has drained; here nobody waits below
 * the soft bound, publishers to this reader wait between the bounds for a limited time, and beyond it the reader goes.
 *
 * @param cut - hears of a reader that was too slow, before its connection ends
 */
export function boundOutgoing(client: Client, limits: MqttLimits, cut: (error: unknown) => void): void {
  const parts = client as unknown as ClientParts;
  const { conn } = parts;
  let waiting: ((error: Error | null, client: unknown) => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  const release = () => {
    clearTimeout(timer);
    timer = undefined;
    const released = waiting;
    waiting = [];
    for (const done of released) setImmediate(done, null, client);
  };
  const end = () => {
    if (conn.destroyed) return;
    cut(eventError("events.slow-reader", "the reader is too slow", { waiting: conn.writableLength }));
    conn.destroy();
  };
  // Where the node itself was held up, its timers come before what the reader took in meanwhile: that is heard of first.
  const endUnlessReleased = () => {
    const due = timer;
    setImmediate(() => {
      if (timer === due) end();
    });
  };
  conn.on("drain", release);
  conn.once("close", release);
  parts.waitForDrain = (done) => {
    const { writableLength } = conn;
    if (writableLength > limits.outgoingBytes) end();
    // What a session held back is sent at the reader's pace from the first byte on.
    if (conn.destroyed || (parts.connected && writableLength <= limits.outgoingSoftBytes)) {
      setImmediate(done, null, client);
      return;
    }
    waiting.push(done);
    timer ??= setTimeout(endUnlessReleased, limits.outgoingTimeout).unref();
  };
}

/**
 * Sends what is written within one turn of the event loop with one system call. aedes gives each message a turn of its own to be written
 * in, and Node sends what it has after each: under load that was an eighth of the broker's time.
 */
export function gatherWrites(conn: Duplex): void {
  const cork = conn.cork.bind(conn);
  let held = false;
  // mqtt-packet corks before each packet: the first one of a turn holds until the turn is over.
  conn.cork = () => {
    if (!held) {
      held = true;
      cork();
      setImmediate(() => {
        held = false;
        conn.uncork();
      });
    }
    cork();
  };
}

/** Lets so many through in a second, on average; as many may come at once. */
export class ConnectRate {
  readonly #perSecond: number;
  #tokens: number;
  #at: number;

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
    this.#at = now;
  }

  admit(now: number): boolean {
    this.#tokens = Math.min(this.#perSecond, this.#tokens + (Math.max(0, now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
