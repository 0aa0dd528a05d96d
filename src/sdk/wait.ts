import type { RetryPolicy } from "./client.ts";

const LONGEST = 5_000;

/** Waits after the given failed try; ends early, with the signal's reason, when the signal fires. */
export function waitBefore(failed: number, policy: RetryPolicy, signal?: AbortSignal): Promise<void> {
  const ms = Math.min(LONGEST, policy.delay * 2 ** (failed - 1));
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
