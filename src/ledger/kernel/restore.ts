import { encodeBase64Url, encodeUtf8, HansaError } from "#base";
import { encodeHeader, type Genesis, groupIdOf, type SignedHeader, verifySignedHeader } from "#protocol";
import { rootOfRecords } from "../state/state.ts";
import type { StateStore, StoredRecord } from "../state/store.ts";
import { ledgerError } from "./errors.ts";

/**
 * Fills an empty store from a snapshot, after holding its records against a header that the group's engine signed. The ids of
 * transactions that could be replayed are among the records: a restored ledger refuses them as the others do. Only their first
 * receipts are elsewhere, with whoever has the blocks.
 *
 * @param records - all slots from 0 on. They are gone through twice, so no iterator that ends once; none is kept in memory
 * @throws HansaError `ledger.not-empty`, `ledger.root-mismatch`, `ledger.genesis-mismatch`, `proof.invalid`
 */
export function restoreLedger(
  genesis: Genesis,
  store: StateStore,
  signed: SignedHeader,
  records: Iterable<StoredRecord>,
): void {
  requireFitting(genesis, store, signed);
  verifySignedHeader(genesis, signed);
  restoreStore(genesis, store, signed, records);
}

/** The same for a header that the caller has checked: under an engine with a quorum that takes the validators of its time. */
export function restoreStore(
  genesis: Genesis,
  store: StateStore,
  signed: SignedHeader,
  records: Iterable<StoredRecord>,
): void {
  requireFitting(genesis, store, signed);
  const head = {
    height: signed.header.height,
    time: signed.header.time,
    header: encodeHeader(signed.header),
    certificate: encodeUtf8(JSON.stringify(signed.certificate)),
    transactions: [],
    receipts: [],
  };
  // Before a byte is written: a snapshot that does not give the signed root must not touch the store.
  if (rootOf(records) !== signed.header.state)
    throw ledgerError("ledger.root-mismatch", "the snapshot does not give the signed root", { height: head.height });
  store.restoreSnapshot(records, head);
}

/** Root of the records, base64url; `undefined` where they are no state at all: doubled keys, missing slots. */
function rootOf(records: Iterable<StoredRecord>): string | undefined {
  try {
    return encodeBase64Url(rootOfRecords(records));
  } catch (error) {
    if (error instanceof HansaError && error.code.startsWith("crypto.tree-")) return undefined;
    throw error;
  }
}

function requireFitting(genesis: Genesis, store: StateStore, signed: SignedHeader): void {
  if (store.head() !== undefined) throw ledgerError("ledger.not-empty", "the store has blocks already");
  if (signed.header.group !== groupIdOf(genesis))
    throw ledgerError("ledger.genesis-mismatch", "the snapshot is another group's", { group: signed.header.group });
}
