import { isHansaError } from "#base";
import type { Ledger } from "#ledger";
import { followValidators, genesisValidators, hashValidators, orderValidators, type ValidatorChange } from "#protocol";
import { engineError } from "../../errors.ts";

/** Whoever may know the changes of the validators since the genesis. */
export interface PathSource {
  /** For messages. */
  readonly name: string;
  /** @throws where it does not answer */
  ask(): Promise<readonly ValidatorChange[]>;
}

/** One step of the way, in the order in which a node keeps it. */
export interface CollectedChange {
  /**
   * Orders the steps: ascending, and not above the block that the ledger began with, behind which `ledger.validatorChanges` goes on. The
   * block of the ledger that made the change is not known here, only CometBFT's.
   */
  readonly height: number;
  readonly step: ValidatorChange;
}

/**
 * The way from the genesis's validators to those of the snapshot that a ledger began with, from peers. A snapshot cannot hold it:
 * every node has other votes under the same header, and chunks are the same everywhere. Each step is checked as a light client does,
 * and the last set must be the one that the snapshot's records name, so a peer can refuse the way but not change it.
 *
 * @returns the steps; none where the ledger began with its genesis
 * @throws HansaError `engine.no-validator-path` where no source has a way that holds
 * @example
 * ```ts
 * for (const { height, step } of await collectValidatorChanges(ledger, sources)) path.keep(height, step);
 * ```
 */
export async function collectValidatorChanges(
  ledger: Ledger,
  sources: readonly PathSource[],
): Promise<readonly CollectedChange[]> {
  const began = ledger.firstHeight;
  const signed = began > 0 ? ledger.signedHeader(began) : undefined;
  const trusted = genesisValidators(ledger.genesis);
  if (signed?.certificate.engine !== "cometbft" || trusted === undefined) return [];
  const { block } = signed.certificate;
  const wanted = hashValidators(orderValidators(ledger.validatorsAt(began).validators));
  const refused: { readonly source: string; readonly why: string }[] = [];
  for (const { name, ask } of sources) {
    try {
      // What changed behind the snapshot the ledger learns by itself: the next header is the first that names its set.
      const path = (await ask()).filter(({ header }) => header.height <= block + 1);
      const sets = followValidators(trusted, path).map(({ validators }) => hashValidators(validators));
      const steps = path.filter((_, i) => sets[i + 1] !== sets[i]);
      if (sets.at(-1) === wanted && steps.length <= began)
        return steps.map((step, i) => ({ height: began - steps.length + 1 + i, step }));
      refused.push({ source: name, why: "it does not end with the validators of the snapshot" });
    } catch (error) {
      refused.push({ source: name, why: isHansaError(error) ? error.code : "it did not answer" });
    }
  }
  throw engineError("engine.no-validator-path", `none of ${sources.length} nodes had the changes of the validators`, {
    refused,
  });
}
