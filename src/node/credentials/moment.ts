import { parseDateTimeStamp } from "#identity";
import { vcApiError } from "./errors.ts";

/**
 * A moment of a request's options, in milliseconds.
 *
 * @throws HansaError `vc-api.request`
 */
export function readMoment(text: string, option: string): number {
  const time = parseDateTimeStamp(text);
  if (time === undefined)
    throw vcApiError("vc-api.request", `options.${option} is no moment with an offset, 2026-01-31T12:00:00Z`, {
      path: `/options/${option}`,
      problem: "no date and time",
    });
  return time;
}
