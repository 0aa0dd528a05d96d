import type { Clock } from "#base";

/**
 * What a promise comes to, or `undefined` if that takes longer.
 *
 * @param ms - of the clock
 */
export async function within<Value>(promise: Promise<Value>, ms: number, clock: Clock): Promise<Value | undefined> {
  let cancel = () => {};
  const late = new Promise<undefined>((resolve) => {
    cancel = clock.after(ms, () => resolve(undefined));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    cancel();
  }
}
