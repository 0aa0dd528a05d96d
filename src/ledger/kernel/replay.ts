import type { BlockHeader, Genesis, SignedHeader } from "#protocol";
import { MemoryStore } from "../state/memory-store.ts";
import type { StoredRecord } from "../state/store.ts";
import { Ledger } from "./ledger.ts";

export interface ReplayStep {
  readonly height: number;
  readonly stored: string;
  readonly computed: string;
  /** First member of the header that differs; absent where all are equal. */
  readonly differs?: string;
}

/**
 * Recomputes every block from its transactions alone and compares header by header: state, receipts and transactions.
 *
 * @param blocks - stored blocks from height 0 on, ascending
 * @param inherited - records of the group that this one goes on from, if it does
 */
export function* replayBlocks(
  genesis: Genesis,
  blocks: Iterable<SignedHeader & { readonly transactions: readonly Uint8Array[] }>,
  inherited?: Iterable<StoredRecord>,
): IterableIterator<ReplayStep> {
  const ledger = new Ledger(genesis, new MemoryStore(), inherited);
  for (const { header, certificate, transactions } of blocks) {
    const execution =
      header.height === 0
        ? ledger.executeGenesis()
        : ledger.execute({
            height: header.height,
            time: header.time,
            transactions,
            ...(header.absent === undefined ? {} : { absent: header.absent }),
            ...(header.misbehaviour === undefined ? {} : { misbehaviour: header.misbehaviour }),
          });
    const computed = execution.header;
    // Of both: a member too many in the stored header is a difference, too.
    const names = [...new Set([...Object.keys(computed), ...Object.keys(header)])].sort() as (keyof BlockHeader)[];
    const differs = names.find((name) => JSON.stringify(computed[name]) !== JSON.stringify(header[name]));
    const step = { height: header.height, stored: header.state, computed: computed.state };
    yield differs === undefined ? step : { ...step, differs };
    if (differs !== undefined) return;
    ledger.commit(execution, certificate);
  }
}
