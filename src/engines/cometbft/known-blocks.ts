import type { ValidatorUpdate } from "cosmjs-types/tendermint/abci/types";
import type { Ledger } from "#ledger";
import { encodeHeader, hashHeader, rootOf } from "#protocol";
import { engineError } from "../errors.ts";
import { updatesBetween } from "./validator-set.ts";

/** What CometBFT was told of a block when it was executed. */
export interface KnownOutcome {
  readonly updates: ValidatorUpdate[];
  /** base64url */
  readonly appHash: string;
}

/**
 * Blocks of CometBFT that a ledger has while CometBFT has lost them: it fetches them anew from its peers, from the first on, and is told what
 * came of them, out of the ledger. Nothing is executed twice; a block that is not the one that the ledger has ends it.
 */
export class KnownBlocks {
  readonly #ledger: Ledger;
  /** Block of the ledger that comes next. */
  #next = 1;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** CometBFT's height of the newest; it may lie above while the ledger waits for its first. */
  get last(): number {
    return this.#blockOf(this.#ledger.height) ?? 0;
  }

  /** CometBFT begins anew. */
  reset(): void {
    this.#next = 1;
  }

  /** base64url; what the genesis was answered with. */
  get genesisHash(): string {
    return this.#hashOf(0);
  }

  /**
   * What came of a block: the next one that changed something, or one that changed nothing.
   *
   * @param changes - whether there is anything in it from which a block of the ledger is made
   * @throws HansaError `engine.wrong-chain`
   */
  outcome(block: number, transactions: readonly Uint8Array[], changes: boolean): KnownOutcome {
    const ledger = this.#ledger;
    const height = this.#next;
    const ours = this.#blockOf(height);
    if (ours === undefined || ours < block || changes !== (ours === block)) throw this.#differs(block);
    if (ours > block) return { updates: [], appHash: this.#hashOf(height - 1) };
    if (ledger.signedHeader(height)?.header.transactions !== rootOf(transactions)) throw this.#differs(block);
    this.#next++;
    const before = ledger.validatorsAt(height - 1).validators;
    return {
      updates: updatesBetween(before, ledger.validatorsAt(height).validators),
      appHash: this.#hashOf(height),
    };
  }

  #differs(block: number) {
    return engineError("engine.wrong-chain", `CometBFT's block ${block} is not the one that the ledger has`, { block });
  }

  #blockOf(height: number): number | undefined {
    const certificate = this.#ledger.signedHeader(height)?.certificate;
    return certificate?.engine === "cometbft" ? certificate.block : undefined;
  }

  #hashOf(height: number): string {
    const signed = this.#ledger.signedHeader(height);
    if (signed === undefined) throw engineError("engine.unknown-height", `there is no block ${height}`, { height });
    return hashHeader(encodeHeader(signed.header));
  }
}
