import { vcApiError } from "./errors.ts";

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/**
 * A moment of a request's options, in milliseconds.
 *
 * @throws HansaError `vc-api.request`
 */
export function readMoment(text: string, option: string): number {
  const time = MOMENT.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw vcApiError("vc-api.request", `options.${option} is no moment with an offset, 2026-01-31T12:00:00Z`, {
      path: `/options/${option}`,
      problem: "no date and time",
    });
  return time;
}
