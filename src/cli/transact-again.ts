import { HansaError } from "#base";
import type { Operation } from "#protocol";
import type { Answer } from "./command.ts";
import type { Shell, TransactOptions } from "./shell.ts";

/**
 * Sends what may change who votes in consensus. The ledger goes by the votes of the last block, and refuses where that is too old to say
 * which validators are there, or where it lacks somebody, whose vote may just have come late. The refusal's own block says it anew: then it
 * is signed and sent a second time. What is refused twice is refused.
 *
 * @param send - signs anew each time
 */
export async function againIfVotesLacked<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (!lackedVotes(error)) throw error;
    return send();
  }
}

/** Has operations signed and sent that may change who votes in consensus. */
export function transactAgain(
  shell: Shell,
  operations: readonly Operation[],
  options: TransactOptions,
): Promise<Answer> {
  return againIfVotesLacked(() => shell.transact(operations, options));
}

function lackedVotes(error: unknown): boolean {
  if (!(error instanceof HansaError)) return false;
  if (error.code === "nodes.stale") return true;
  const { absent } = error.payload as { readonly absent?: unknown };
  return (
    (error.code === "nodes.no-quorum" || error.code === "nodes.still-voting") &&
    Array.isArray(absent) &&
    absent.length > 0
  );
}
