import { isHansaError } from "#base";
import type { Operation } from "#protocol";
import type { Answer } from "./command.ts";
import type { Shell, TransactOptions } from "./shell.ts";

/**
 * Sends operations that may change who votes in consensus. Where the last block is too old to say which validators are there, the
 * ledger refuses them once, and the refusal's own block says it: then they are signed and sent a second time.
 */
export async function transactAgain(
  shell: Shell,
  operations: readonly Operation[],
  options: TransactOptions,
): Promise<Answer> {
  try {
    return await shell.transact(operations, options);
  } catch (error) {
    if (!isHansaError(error, "nodes.stale")) throw error;
    return shell.transact(operations, options);
  }
}
