import { isHansaError } from "#base";
import type { Operation } from "#protocol";
import type { Answer } from "./command.ts";
import type { Shell, TransactOptions } from "./shell.ts";

/**
 * Sends what may change who votes in consensus. Where the last block is too old to say which validators are there, the ledger refuses it
 * once, and the refusal's own block says it: then it is signed and sent a second time.
 *
 * @param send - signs anew each time
 */
export async function againWhenStale<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (!isHansaError(error, "nodes.stale")) throw error;
    return send();
  }
}

/** Has operations signed and sent that may change who votes in consensus. */
export function transactAgain(
  shell: Shell,
  operations: readonly Operation[],
  options: TransactOptions,
): Promise<Answer> {
  return againWhenStale(() => shell.transact(operations, options));
}
