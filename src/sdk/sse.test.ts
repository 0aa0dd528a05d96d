import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "#base";
import { parseSentEvents, type SentMessage } from "./sse.ts";

async function parse(text: string, cuts: readonly number[] = []): Promise<SentMessage[]> {
  const bytes = encodeUtf8(text);
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      let at = 0;
      for (const end of [...ends, bytes.length]) {
        if (end > at) controller.enqueue(bytes.slice(at, end));
        at = end;
      }
      controller.close();
    },
  });
  const messages: SentMessage[] = [];
  for await (const item of parseSentEvents(body, 10_000)) if (item.kind === "message") messages.push(item.message);
  return messages;
}

describe("parseSentEvents", () => {
  it("reads fields, comments, several data lines and the standing id", async () => {
    expect(await parse(": note\nid: 1\nevent: a\ndata: x\ndata:  y\n\ndata\n\nnothing: here\n\ndata: cut")).toEqual([
      { event: "a", id: "1", data: "x\n y" },
      { event: "message", id: "1", data: "" },
    ]);
  });

  it("gives the same messages however the bytes are cut and lines are ended", async () => {
    const line = fc.string({ unit: fc.constantFrom("ä", "€", "x", " ", ":", "😀") });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ id: fc.nat().map(String), lines: fc.array(line, { minLength: 1, maxLength: 3 }) })),
        fc.constantFrom("\n", "\r\n", "\r"),
        fc.array(fc.nat()),
        async (sent, end, cuts) => {
          const text = sent
            .map(({ id, lines }) => [`id: ${id}`, ...lines.map((data) => `data: ${data}`), "", ""].join(end))
            .join("");
          // A stream that ends in a lone CR has not said whether an LF belongs to it.
          const messages = await parse(`${text}:${end}:\n`, cuts);
          expect(messages).toEqual(sent.map(({ id, lines }) => ({ event: "message", id, data: lines.join("\n") })));
        },
      ),
    );
  });
});
