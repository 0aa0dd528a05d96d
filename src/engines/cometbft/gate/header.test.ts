import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "#base";
import {
  decodeAnswer,
  decodeHeader,
  encodeAnswer,
  encodeHeader,
  MAX_HEADER_BYTES,
  PURPOSES,
  readExactly,
  readFrame,
} from "./header.ts";
import { encodeMessage, MESSAGE_KINDS, readMessage } from "./message-frame.ts";
import { GATE_REASONS } from "./reasons.ts";

/** Writes bytes cut at the given places. */
function trickle(bytes: Uint8Array, cuts: readonly number[]): PassThrough {
  const stream = new PassThrough();
  let at = 0;
  for (const cut of [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)) {
    if (cut > at) stream.write(bytes.subarray(at, cut));
    at = Math.max(at, cut);
  }
  return stream;
}

const cuts = fc.array(fc.nat(), { maxLength: 6 });

describe("a stream's header", () => {
  it("comes back as it went, however the network cuts it, and takes nothing of what follows", async () => {
    const header = fc.record({
      group: fc.string({ maxLength: 60, unit: "grapheme-ascii" }),
      purpose: fc.constantFrom(...PURPOSES),
    });
    await fc.assert(
      fc.asyncProperty(header, cuts, fc.uint8Array({ minLength: 1, maxLength: 20 }), async (header, cuts, rest) => {
        const stream = trickle(Uint8Array.from([...encodeHeader(header), ...rest]), cuts);
        const frame = await readFrame(stream);
        expect(decodeHeader(frame as Uint8Array)).toEqual(header);
        expect(Uint8Array.from((await readExactly(stream, rest.length)) ?? [])).toEqual(rest);
      }),
    );
  });

  it("is refused with the reason", () => {
    const of = (value: unknown) => decodeHeader(encodeUtf8(typeof value === "string" ? value : JSON.stringify(value)));
    expect(of({ group: "g", purpose: "p2p", version: 1 })).toEqual({ group: "g", purpose: "p2p" });
    expect(of({ group: "g", purpose: "p2p", version: 2 })).toBe("wrong-version");
    expect(of({ group: "g", purpose: "admin", version: 1 })).toBe("wrong-purpose");
    for (const bad of [
      "",
      "[]",
      "null",
      '"p2p"',
      "{",
      { group: 1, purpose: "p2p", version: 1 },
      { group: "g", version: 1 },
    ])
      expect(of(bad)).toBe("header");
    expect(of('{"group":"g","group":"h","purpose":"p2p","version":1}')).toBe("header");
    expect(of({ group: { a: {} }, purpose: "p2p", version: 1 })).toBe("header");
  });

  it("has no frame where it is empty, too long, or ends early", async () => {
    const long = new Uint8Array(MAX_HEADER_BYTES + 3).fill(0x20);
    long[0] = (MAX_HEADER_BYTES + 1) >> 8;
    long[1] = (MAX_HEADER_BYTES + 1) & 0xff;
    expect(await readFrame(trickle(long, []))).toBeUndefined();
    expect(await readFrame(trickle(Uint8Array.of(0, 0, 1), []))).toBeUndefined();
    for (const length of [0, 1, 2, 5]) {
      const stream = trickle(encodeHeader({ group: "g", purpose: "p2p" }).subarray(0, length), []);
      const frame = readFrame(stream);
      stream.end();
      expect(await frame).toBeUndefined();
    }
  });

  it("is answered with yes, or any reason", () => {
    expect(decodeAnswer(encodeAnswer({ accepted: true }).subarray(2))).toEqual({ accepted: true });
    for (const refused of GATE_REASONS)
      expect(decodeAnswer(encodeAnswer({ refused }).subarray(2))).toEqual({ refused });
    expect(decodeAnswer(encodeUtf8('{"refused":"because"}'))).toEqual({ refused: "header" });
    expect(decodeAnswer(encodeUtf8('{"accepted":false}'))).toBeUndefined();
  });
});

describe("a message's frame", () => {
  const message = fc.record({
    kind: fc.constantFrom(...MESSAGE_KINDS),
    id: fc.integer({ min: 0, max: 0xffffffff }),
    payload: fc.uint8Array({ maxLength: 100 }),
  });

  it("comes back as it went, several in a row", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 4 }), cuts, async (messages, cuts) => {
        const stream = trickle(Uint8Array.from(messages.flatMap((message) => [...encodeMessage(message)])), cuts);
        for (const { kind, id, payload } of messages) {
          const read = await readMessage(stream, 100);
          expect({ ...read, payload: Uint8Array.from(read?.payload ?? []) }).toEqual({ kind, id, payload });
        }
        stream.end();
        expect(await readMessage(stream, 100)).toBeUndefined();
      }),
    );
  });

  it("is none where it is too long, of an unknown kind, or cut off", async () => {
    const bytes = encodeMessage({ kind: "request", id: 1, payload: new Uint8Array(11) });
    expect(await readMessage(trickle(bytes, []), 10)).toBeUndefined();
    expect(await readMessage(trickle(bytes.with(4, 3), []), 11)).toBeUndefined();
    const short = trickle(bytes.subarray(0, 15), []);
    const read = readMessage(short, 11);
    short.end();
    expect(await read).toBeUndefined();
  });
});
