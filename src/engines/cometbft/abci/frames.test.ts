import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes } from "#base";
import { FrameReader, frameLength } from "./frames.ts";

const message = fc.uint8Array({ minLength: 1, maxLength: 500 });

/** All messages of a stream that arrives cut at these places. */
function read(stream: Uint8Array, cuts: readonly number[], most = 1000): Uint8Array[] {
  const reader = new FrameReader(most);
  const messages: Uint8Array[] = [];
  const places = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  for (let i = 1; i < places.length; i++)
    reader.push(stream.subarray(places[i - 1], places[i]), (bytes) => messages.push(bytes));
  return messages;
}

describe("messages on a stream", () => {
  it("come out whole and in order, wherever the stream was cut", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 20 }), fc.array(fc.nat(), { maxLength: 30 }), (messages, cuts) => {
        const stream = concatBytes(...messages.flatMap((bytes) => [frameLength(bytes.length), bytes]));
        expect(read(stream, cuts)).toEqual(messages);
      }),
    );
  });

  it("have memory of their own", () => {
    const stream = concatBytes(frameLength(3), Uint8Array.of(1, 2, 3));
    const [bytes] = read(stream, []) as [Uint8Array];
    stream.fill(0);
    expect([...bytes]).toEqual([1, 2, 3]);
    expect(bytes.buffer.byteLength).toBe(3);
  });

  it("are refused where they are announced as larger than allowed, as empty, or with a length without an end", () => {
    expect(read(concatBytes(frameLength(1000), new Uint8Array(1000)), [])).toHaveLength(1);
    expect(() => read(frameLength(1001), [])).toThrow("a message of 1001 bytes");
    expect(() => read(Uint8Array.of(0), [])).toThrow("without content");
    expect(() => read(Uint8Array.of(0x80, 0x80, 0x80, 0x80), [])).toThrow("more than four bytes");
  });

  it("never hold more than what came, whatever comes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.array(fc.nat(), { maxLength: 20 }), (stream, cuts) => {
        try {
          const given = read(stream, cuts).reduce((sum, { length }) => sum + length, 0);
          expect(given).toBeLessThanOrEqual(stream.length);
        } catch (error) {
          expect(error).toMatchObject({ name: "FrameError" });
        }
      }),
    );
  });
});
