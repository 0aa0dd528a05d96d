import { compareText } from "#base";
import { walletError } from "./errors.ts";
import type { WalletChange, WalletEntry, WalletKind, WalletStore } from "./wallet-store.ts";

interface Kept {
  readonly value: Uint8Array;
  readonly terms: readonly string[];
}

/**
 * A store that is gone with the page or process: to look at a backup without leaving anything behind, and for short-lived wallets.
 *
 * @example
 * ```ts
 * const wallet = new Wallet({ store: createMemoryWalletStore() });
 * ```
 */
export function createMemoryWalletStore(): WalletStore {
  return new MemoryWalletStore();
}

class MemoryWalletStore implements WalletStore {
  #kept: ReadonlyMap<string, Kept> = new Map();
  #closed = false;

  #open(): ReadonlyMap<string, Kept> {
    if (this.#closed) throw walletError("wallet.closed", "the wallet was closed");
    return this.#kept;
  }

  async get(kind: WalletKind, id: string): Promise<Uint8Array | undefined> {
    return this.#open().get(`${kind}/${id}`)?.value.slice();
  }

  async list(kind: WalletKind, term?: string): Promise<WalletEntry[]> {
    const prefix = `${kind}/`;
    return [...this.#open()]
      .filter(([name, { terms }]) => name.startsWith(prefix) && (term === undefined || terms.includes(term)))
      .map(([name, { value }]) => ({ id: name.slice(prefix.length), value: value.slice() }))
      .sort((a, b) => compareText(a.id, b.id));
  }

  async count(kind: WalletKind): Promise<number> {
    return [...this.#open().keys()].filter((name) => name.startsWith(`${kind}/`)).length;
  }

  async write(changes: readonly WalletChange[]): Promise<boolean> {
    const next = new Map(this.#open());
    for (const change of changes) {
      if ("remove" in change) {
        next.delete(`${change.remove.kind}/${change.remove.id}`);
        continue;
      }
      const { kind, id, value, terms } = change.add;
      if (next.has(`${kind}/${id}`)) return false;
      next.set(`${kind}/${id}`, { value: value.slice(), terms: [...terms] });
    }
    this.#kept = next;
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#kept = new Map();
  }
}
