import { HansaError, isHansaError } from "#base";
import { EVENT_ERRORS } from "../../errors.ts";
import type { MqttLogLine } from "./mqtt-transport.ts";

/** What aedes says where a connection broke or went silent: that is nobody's refusal. */
const SILENCE = new Set(["keep alive timeout", "connect did not arrive in time", "connection closed", "drain timeout"]);

/** What the transport refused, counted by code, and where it tells what happens. */
export class Refusals {
  readonly #log: ((line: MqttLogLine) => void) | undefined;
  readonly #counts: Record<string, number> = {};

  constructor(log: ((line: MqttLogLine) => void) | undefined) {
    this.#log = log;
  }

  /** Since the start, by code. */
  counts(): Record<string, number> {
    return { ...this.#counts };
  }

  count(error: unknown, event: "refused" | "closed", did?: string): void {
    const code = isHansaError(error) ? error.code : "events.malformed";
    this.#counts[code] = (this.#counts[code] ?? 0) + 1;
    this.tell(event, did, error);
  }

  /** What aedes reports of a connection: refusals of ours were counted where they were made. */
  hear(error: Error, did: string | undefined): void {
    const { code, returnCode } = error as { code?: unknown; returnCode?: unknown };
    if (code !== undefined || returnCode !== undefined || SILENCE.has(error.message)) return;
    this.count(error, "closed", did);
  }

  tell(event: MqttLogLine["event"], did?: string, error?: unknown): void {
    const code = error instanceof HansaError ? { code: error.code } : {};
    const message = error instanceof Error ? { message: error.message } : {};
    this.#log?.({ event, ...(did === undefined ? {} : { did }), ...code, ...message });
  }
}

/** Return code of CONNACK for a refusal (MQTT 3.1.1, table 3.1): not authorized, server unavailable, or bad user name or password. */
export function returnCodeOf(error: unknown): 3 | 4 | 5 {
  const entry = isHansaError(error) ? EVENT_ERRORS[error.code as keyof typeof EVENT_ERRORS] : undefined;
  const status = (entry as { readonly status: number } | undefined)?.status ?? 401;
  if (status === 403 || status === 404) return 5;
  return status === 429 || status === 503 ? 3 : 4;
}
