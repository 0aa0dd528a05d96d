/** Where a wallet keeps what it holds. Small enough to be written over SQLite, IndexedDB, or a phone's own keeping. */

/** What entries are: keys with their secrets, credentials, and lines of the log of what was shown. */
export type WalletKind = "key" | "credential" | "shown";

/** An entry as it is read. */
export interface WalletEntry {
  /** Unique among its kind: printable ASCII, at most 200 characters. */
  readonly id: string;
  readonly value: Uint8Array;
}

/** One change. Nothing is ever changed in place: an entry is added, and removed. */
export type WalletChange =
  | {
      readonly add: WalletEntry & {
        readonly kind: WalletKind;
        /** What it is found by, `issuer:did:…`; at most 64, each at most 1,024 bytes. */
        readonly terms: readonly string[];
      };
    }
  | { readonly remove: { readonly kind: WalletKind; readonly id: string } };

/**
 * A store of entries. Implementations encrypt everything that they keep, ids and terms included. Async, since browsers have nothing else.
 */
export interface WalletStore {
  get(kind: WalletKind, id: string): Promise<Uint8Array | undefined>;
  /** Entries of a kind, in the order of their ids; with `term`, those alone that were added with it. */
  list(kind: WalletKind, term?: string): Promise<WalletEntry[]>;
  count(kind: WalletKind): Promise<number>;
  /**
   * Makes several changes, all or none. Once it resolves they are durable: no crash undoes them.
   *
   * @returns false, with nothing changed, where an entry to be added is there already
   */
  write(changes: readonly WalletChange[]): Promise<boolean>;
  /** May be called twice; whatever is called later throws. */
  close(): Promise<void>;
}
