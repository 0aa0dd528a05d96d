import { type HansaError, isHansaError } from "#base";
import type { LoggedEvent } from "#protocol";
import type { Client } from "../../client.ts";
import { connectionTokenOf } from "../../connection.ts";
import { sdkError } from "../../errors.ts";
import { groupIdOfClient } from "../../group.ts";
import { readProblem } from "../../problem.ts";
import { type CallOptions, deadlineOf, openRoute, unreachable } from "../../request.ts";
import { parseSentEvents } from "../../sse.ts";
import { waitBefore } from "../../wait.ts";

/** Largest event that a stream may bring, bytes. */
const LARGEST_EVENT = 1024 * 1024;

export interface FollowArgs {
  readonly topic: string;
  /** Offset to begin with; only what comes from now on, where left out. */
  readonly from?: number | undefined;
  /** Failed connections in a row before giving up; without it, never. The very first connection is not repeated. */
  readonly attempts?: number | undefined;
}

/**
 * Events of a topic as they come, each once and in order. A connection that breaks, ends or falls silent is opened again behind the last
 * event (`Last-Event-ID`), with a fresh token; a refusal ends the loop.
 *
 * @throws HansaError the node's refusal; `sdk.unreachable` where the first connection fails or `attempts` are used up
 * @example
 * ```ts
 * const stop = new AbortController();
 * for await (const { offset, event } of followEvents(client, { topic: "acme/things" }, { signal: stop.signal })) {
 *   console.log(offset, event.subject, event.data);
 * }
 * ```
 */
export async function* followEvents(
  client: Client,
  args: FollowArgs,
  options: CallOptions = {},
): AsyncGenerator<LoggedEvent, void, undefined> {
  const { signal } = options;
  const group = await groupIdOfClient(client, signal);
  let next = args.from;
  let last: string | undefined;
  let delay = client.retry.delay;
  let opened = false;
  for (let failed = 0; ; ) {
    const deadline = deadlineOf(client, "liveEvents", signal);
    let problem: unknown;
    try {
      const { url, response } = await openRoute(
        client,
        "liveEvents",
        {
          signal,
          parameters: { group },
          query: { topic: args.topic, from: next },
          headers: last === undefined ? {} : { "last-event-id": last },
          token: await connectionTokenOf(client, signal),
        },
        deadline.signal,
      );
      opened = true;
      for await (const item of heard(response, url, deadline.signal)) {
        deadline.arm();
        if (item.kind === "retry") delay = Math.min(item.ms, 30_000);
        if (item.kind !== "message") continue;
        failed = 0;
        if (item.message.event === "error") throw refusal(item.message.data);
        const logged = readLogged(item.message.data, url);
        // After a reconnection the node may begin at the last event, not behind it.
        if (next !== undefined && logged.offset < next) continue;
        next = logged.offset + 1;
        last = item.message.id ?? String(logged.offset);
        // The consumer's own slowness is not the node's silence.
        deadline.pause();
        yield logged;
        deadline.arm();
      }
      problem = sdkError("sdk.unreachable", `${client.url} ended the stream`, { url, why: "ended" });
    } catch (error) {
      problem = error;
    } finally {
      deadline.clear();
    }
    if (signal?.aborted) return;
    failed++;
    if (!opened || !isBroken(problem) || failed >= (args.attempts ?? Number.POSITIVE_INFINITY)) throw problem;
    await waitBefore(Math.min(failed, 10), { attempts: 1, delay }, signal).catch(() => undefined);
    if (signal?.aborted) return;
  }
}

async function* heard(response: Response, url: string, signal: AbortSignal) {
  if (!(response.headers.get("content-type") ?? "").startsWith("text/event-stream") || response.body === null)
    throw sdkError("sdk.answer", "the answer is not a stream of events", { url });
  try {
    yield* parseSentEvents(response.body, LARGEST_EVENT);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw isHansaError(error) ? error : unreachable(url, error);
  }
}

/** Whether a new connection may help. */
function isBroken(error: unknown): boolean {
  return (
    isHansaError(error, "sdk.unreachable") ||
    isHansaError(error, "sdk.timeout") ||
    (isHansaError(error) && (error.payload as { status?: unknown }).status === 503)
  );
}

function refusal(data: string): HansaError {
  return readProblem(data, 403) ?? sdkError("sdk.answer", "the stream ended with a problem that is none", {});
}

function readLogged(data: string, url: string): LoggedEvent {
  try {
    const logged = JSON.parse(data) as LoggedEvent;
    if (Number.isSafeInteger(logged.offset) && typeof logged.event === "object") return logged;
  } catch {}
  throw sdkError("sdk.answer", "the stream holds something that is not an event", { url, text: data.slice(0, 200) });
}
