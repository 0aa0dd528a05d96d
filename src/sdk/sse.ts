/** Server-sent events (HTML Living Standard §9.2) out of a byte stream: what `EventSource` does, with headers of our own and a limit. */
import { sdkError } from "./errors.ts";

export interface SentMessage {
  /** `message` where the sender names none. */
  readonly event: string;
  /** The last id seen, on this message or before. */
  readonly id: string | undefined;
  readonly data: string;
}

/** What a stream tells: a message, a new reconnection time in milliseconds, or that something was heard. */
export type SentItem =
  | { readonly kind: "message"; readonly message: SentMessage }
  | { readonly kind: "retry"; readonly ms: number }
  | { readonly kind: "heard" };

/**
 * Parses a stream of server-sent events. A message that the end of the stream cuts off is dropped, as the standard wants it.
 *
 * @param limit - most bytes of one message
 * @throws HansaError `sdk.answer-too-large`
 */
export async function* parseSentEvents(
  body: ReadableStream<Uint8Array>,
  limit: number,
): AsyncGenerator<SentItem, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder("utf-8");
  let rest = "";
  let event = "";
  let id: string | undefined;
  let data: string[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield { kind: "heard" };
      rest += decoder.decode(value, { stream: true });
      // Split once per chunk, not per line; a lone CR at the end may be half of a CRLF.
      const complete = rest.endsWith("\r") ? rest.length - 1 : rest.length;
      const lines = rest.slice(0, complete).split(/\r\n|\n|\r/);
      rest = (lines.pop() as string) + rest.slice(complete);
      if (rest.length + size > limit) throw tooLarge(limit);
      for (const line of lines) {
        if (line === "") {
          if (data.length > 0)
            yield { kind: "message", message: { event: event === "" ? "message" : event, id, data: data.join("\n") } };
          event = "";
          data = [];
          size = 0;
          continue;
        }
        const colon = line.indexOf(":");
        if (colon === 0) continue;
        const field = colon < 0 ? line : line.slice(0, colon);
        const text = colon < 0 ? "" : line.slice(line.charAt(colon + 1) === " " ? colon + 2 : colon + 1);
        if (field === "data") {
          size += text.length + 1;
          if (size > limit) throw tooLarge(limit);
          data.push(text);
        } else if (field === "event") event = text;
        else if (field === "id" && !text.includes("\0")) id = text;
        else if (field === "retry" && /^[0-9]{1,9}$/.test(text)) yield { kind: "retry", ms: Number(text) };
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function tooLarge(limit: number) {
  return sdkError("sdk.answer-too-large", `one message of the stream is larger than ${limit} bytes`, { limit });
}
