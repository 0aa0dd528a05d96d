/** What of a backup goes into a wallet. */
import { equalBytes } from "#base";
import type { BackupEntry } from "./backup-file.ts";
import { walletError } from "./errors.ts";
import { keepShown } from "./shown-log.ts";
import { addCredential, decodeStored } from "./stored-credential.ts";
import { addKey, decodeKey } from "./wallet-keys.ts";
import type { WalletChange } from "./wallet-store.ts";

/** What a restore did. */
export interface Restored {
  readonly keys: number;
  readonly credentials: number;
  readonly shown: number;
  /** Entries that the wallet had already. */
  readonly known: number;
}

/**
 * Checks every entry of a backup, and plans what is to be added. A key or credential that the wallet has is the same in both: its id follows
 * from it. A line of the log is the same where every byte is.
 *
 * @throws HansaError `wallet.damaged`, `wallet.conflict`
 */
export function planRestore(
  entries: readonly BackupEntry[],
  present: readonly BackupEntry[],
): { changes: readonly WalletChange[]; restored: Restored } {
  const held = new Map(present.map((entry) => [`${entry.kind}/${entry.id}`, entry]));
  const seen = new Set<string>();
  const counts = { key: 0, credential: 0, shown: 0 };
  const changes: WalletChange[] = [];
  for (const entry of entries) {
    const name = `${entry.kind}/${entry.id}`;
    if (seen.has(name)) throw walletError("wallet.damaged", "the backup has one entry twice");
    seen.add(name);
    const change = changeOf(entry);
    const known = held.get(name);
    if (known === undefined) {
      changes.push(change);
      counts[entry.kind]++;
    } else if (entry.kind === "shown" && !equalBytes(known.value, entry.value))
      throw walletError("wallet.conflict", "the log of the backup differs from the wallet's", { id: entry.id });
  }
  const known = entries.length - changes.length;
  return { changes, restored: { keys: counts.key, credentials: counts.credential, shown: counts.shown, known } };
}

function changeOf({ kind, id, value }: BackupEntry): WalletChange {
  switch (kind) {
    case "key":
      // Its id follows from the secret, so that none can stand for another.
      decodeKey(id, value);
      return addKey(id, value);
    case "credential": {
      const stored = decodeStored(id, value);
      return addCredential(stored, stored.received);
    }
    case "shown":
      return keepShown(id, value);
  }
}
