import type { TLSSocket } from "node:tls";
import { encodeUtf8, isHansaError } from "#base";
import { within } from "./deadline.ts";
import type { GateContext } from "./gate-context.ts";
import { encodeMessage, type Message, type MessageKind, readMessage } from "./message-frame.ts";

/** Answers a peer's message. */
export type MessageHandler = (node: string, payload: Uint8Array) => Promise<Uint8Array>;

/**
 * Answers the requests of one stream, several at once and each as soon as it is done. While as many are handled as may be, none is
 * read: the peer's own queue fills, not ours.
 */
export async function answerMessages(
  context: GateContext,
  socket: TLSSocket,
  node: string,
  handler: MessageHandler,
): Promise<void> {
  const { messageBytes, handlersPerStream, requestMs } = context.limits;
  // A request that began must end soon: half of one holds memory.
  const begun = () => context.clock.after(requestMs, () => socket.destroy());
  let handling = 0;
  let roomMade: (() => void) | undefined;
  for (;;) {
    const request = await readMessage(socket, messageBytes, begun);
    if (request === undefined || request.kind !== "request") {
      socket.destroy();
      return;
    }
    handling++;
    void answerOne(context, socket, node, handler, request).finally(() => {
      handling--;
      roomMade?.();
    });
    if (handling >= handlersPerStream)
      await new Promise<void>((resolve) => {
        roomMade = resolve;
      });
  }
}

async function answerOne(
  context: GateContext,
  socket: TLSSocket,
  node: string,
  handler: MessageHandler,
  { id, payload }: Message,
): Promise<void> {
  const { requestMs, messageBytes } = context.limits;
  const reply = (kind: MessageKind, bytes: Uint8Array) =>
    write(context, socket, encodeMessage({ kind, id, payload: bytes }));
  try {
    const answer = await within(handler(node, payload), requestMs, context.clock);
    if (answer === undefined) await reply("failure", encodeUtf8("deadline"));
    else if (answer.length > messageBytes) await reply("failure", encodeUtf8("oversized"));
    else await reply("answer", answer);
  } catch (error) {
    context.log(`peer gate: a message of node ${node} failed: ${isHansaError(error) ? error.code : String(error)}`);
    await reply("failure", encodeUtf8(isHansaError(error) ? error.code : "failed"));
  }
}

/** Resolves once the bytes are on their way. A peer that does not read its answers loses the stream. */
async function write({ clock, limits }: GateContext, socket: TLSSocket, bytes: Uint8Array): Promise<void> {
  if (socket.destroyed) return;
  const cancel = clock.after(limits.requestMs, () => socket.destroy());
  await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
  cancel();
}
