import type { FastifyReply } from "fastify";

/** Writes frames as fast as the reader takes them: one that does not keeps the log from being read ahead, so memory stays bounded. */
export async function sendFrames(reply: FastifyReply, frames: AsyncIterable<string>): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache", "x-accel-buffering": "no" });
  raw.flushHeaders();
  // Once for the whole stream: a slow reader is waited for again and again.
  let goOn = () => {};
  raw.on("drain", () => goOn()).once("close", () => goOn());
  try {
    for await (const frame of frames) {
      if (raw.destroyed) break;
      if (raw.write(frame) || raw.destroyed) continue;
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
    }
  } finally {
    raw.end();
  }
}
