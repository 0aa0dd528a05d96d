/** What a client does about a node that was killed: it asks again, and what it signed it sends again as it is. */
import { isHansaError } from "#base";
import { decodeTransaction, type Receipt } from "#protocol";
import { type Client, submitTransaction, transactionStatus } from "#sdk";

/** What keeps a question from its answer while nodes are killed, cut off or without a quorum. Anything else is a fault. */
const PASSING: ReadonlySet<string> = new Set([
  "sdk.unreachable",
  "sdk.timeout",
  "engine.stopped",
  "engine.halted",
  "engine.busy",
]);
/** Longest that a fault may keep a client waiting, and between two of its tries, milliseconds. */
export const PATIENCE = 120_000;
const PAUSE = 100;

export function isPassing(error: unknown): boolean {
  return isHansaError(error) && PASSING.has(error.code);
}

export function isExpired(error: unknown): boolean {
  return isHansaError(error, "transaction.expired");
}

/** Asks until there is an answer, or a refusal that another try does not change. */
export async function patiently<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  const end = performance.now() + PATIENCE;
  for (;;)
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error) || performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
}

/**
 * Sends one signed transaction until its receipt is there.
 *
 * @throws HansaError the receipt's refusal; `transaction.expired` where it ran out without having been executed
 */
export async function settle(client: Client, text: string): Promise<Receipt> {
  try {
    return await patiently(() => submitTransaction(client, text));
  } catch (error) {
    if (!isExpired(error)) throw error;
    // It may have been executed in time, and the answer lost with its node.
    const { idText } = decodeTransaction(text);
    const found = await patiently(() => transactionStatus(client, idText));
    if (found.status === "committed" && found.receipt.code === 0) return found.receipt;
    throw error;
  }
}
