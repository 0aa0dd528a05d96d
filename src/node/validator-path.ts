import { decodeUtf8, encodeUtf8 } from "#base";
import type { Engine } from "#engines";
import type { Ledger } from "#ledger";
import { orderValidators, type ValidatorChange } from "#protocol";
import type { KeyValueStore } from "#storage";
import { nodeError } from "./errors.ts";

const PREFIX = "change/";

/**
 * The way from the genesis's validators to those of now: for each block that changed them the engine's header that names the new set,
 * with the votes of the old one. Steps are kept, since a node that began from a snapshot has none of the blocks that they come from.
 */
export class ValidatorPath {
  readonly #ledger: Ledger;
  readonly #engine: Pick<Engine, "certified">;
  readonly #store: KeyValueStore;

  constructor(ledger: Ledger, engine: Pick<Engine, "certified">, store: KeyValueStore) {
    this.#ledger = ledger;
    this.#engine = engine;
    this.#store = store;
  }

  /**
   * All steps up to a height of the ledger, ascending.
   *
   * @param from - engine height of a set that the asker trusts already: steps before it are left out
   * @throws HansaError `engine.*` where a step has no votes yet
   */
  async upTo(height: number, from = 0): Promise<ValidatorChange[]> {
    const kept = this.#kept();
    const path = kept.map(({ step }) => step);
    for (const change of this.#ledger.validatorChanges(kept.at(-1)?.height ?? 0)) {
      if (change.height > height) break;
      const { certificate } = await this.#engine.certified(change.height);
      // A way with a gap leads nowhere.
      if (certificate.engine !== "cometbft" || certificate.header === undefined || certificate.commit === undefined)
        throw nodeError("node.no-path", `the change of validators in block ${change.height} has no votes yet`, {
          height: change.height,
        });
      const { header, commit } = certificate;
      const step: ValidatorChange = {
        header,
        commit,
        validators: [...orderValidators(change.validators.validators.map(({ key, power }) => ({ key, power })))],
      };
      this.keep(change.height, step);
      path.push(step);
    }
    return path.filter((step) => step.header.height >= from);
  }

  /** Whether any step is kept. */
  get isKnown(): boolean {
    return this.#kept().length > 0;
  }

  /** Keeps a step, at the ledger's height that it belongs to; it was checked. */
  keep(height: number, step: ValidatorChange): void {
    const key = PREFIX + String(height).padStart(16, "0");
    this.#store.batch([{ key, value: encodeUtf8(JSON.stringify({ height, step })) }]);
  }

  #kept(): { readonly height: number; readonly step: ValidatorChange }[] {
    return this.#store
      .list(PREFIX)
      .map(({ value }) => JSON.parse(decodeUtf8(value) ?? "null") as { height: number; step: ValidatorChange });
  }
}
