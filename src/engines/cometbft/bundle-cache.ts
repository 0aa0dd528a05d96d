import { hash } from "node:crypto";
import { openBundle } from "./compressed-bundle.ts";

/** A bundle as it is known here: its transactions are the same arrays from CheckTx to the block. */
export interface KnownBundle {
  readonly hash: string;
  readonly transactions: readonly Uint8Array[];
  /** Bytes of its transactions: what is kept, whatever travelled. */
  readonly bytes: number;
  /** How many of its transactions could be executed now; begun once. */
  verified: Promise<number> | undefined;
}

/**
 * Bundles between their first sight and their block. The ledger remembers what it decoded and verified by the array that it saw: as long as a
 * bundle is here, that is done once.
 */
export class BundleCache {
  readonly #most: number;
  readonly #known = new Map<string, KnownBundle>();
  /** Bundles of this node's own that are under way: they stay, however much comes from others. */
  readonly #own = new Map<string, KnownBundle>();
  #bytes = 0;

  /** @param most - bytes of others' bundles that are kept */
  constructor(most: number) {
    this.#most = most;
  }

  /** The bundle that these bytes are; `undefined` where they are none. */
  open(bytes: Uint8Array): KnownBundle | undefined {
    const name = hash("sha256", bytes, "base64url");
    const known = this.#own.get(name) ?? this.#known.get(name);
    if (known !== undefined) return known;
    const transactions = openBundle(bytes);
    if (transactions === undefined) return undefined;
    const bundle: KnownBundle = { hash: name, transactions, bytes: bytesOf(transactions), verified: undefined };
    this.#keep(bundle);
    return bundle;
  }

  isOwn(bundle: KnownBundle): boolean {
    return this.#own.has(bundle.hash);
  }

  /** Adds a bundle that this node made, of transactions whose signatures it has checked. */
  addOwn(bytes: Uint8Array, transactions: readonly Uint8Array[]): KnownBundle {
    const bundle: KnownBundle = {
      hash: hash("sha256", bytes, "base64url"),
      transactions,
      bytes: bytesOf(transactions),
      verified: Promise.resolve(transactions.length),
    };
    this.#own.set(bundle.hash, bundle);
    return bundle;
  }

  /** A bundle of this node's own is given up: another took its place. It may still come in a block. */
  release(name: string): void {
    const bundle = this.#own.get(name);
    if (bundle === undefined) return;
    this.#own.delete(name);
    this.#keep(bundle);
  }

  /** Forgets a bundle: it stands in a block by now. */
  delete(name: string): void {
    this.#own.delete(name);
    const known = this.#known.get(name);
    if (known === undefined) return;
    this.#known.delete(name);
    this.#bytes -= known.bytes;
  }

  #keep(bundle: KnownBundle): void {
    this.#known.set(bundle.hash, bundle);
    this.#bytes += bundle.bytes;
    for (const [name, oldest] of this.#known) {
      if (this.#bytes <= this.#most) break;
      this.#known.delete(name);
      this.#bytes -= oldest.bytes;
    }
  }
}

function bytesOf(transactions: readonly Uint8Array[]): number {
  return transactions.reduce((sum, { length }) => sum + length, 0);
}
