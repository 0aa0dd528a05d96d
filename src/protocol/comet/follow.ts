/** Which validators are in force: a light client's way from a set that is trusted to the set of now. */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { protocolError } from "../errors.ts";
import { chainIdOf, type Genesis, groupIdOf } from "../genesis.ts";
import { Closed, List } from "../operations/fields.ts";
import { verifyCommit } from "./commit.ts";
import { CometValidator, type ValidatorChange } from "./signed-block.ts";
import { hashValidators, orderValidators } from "./validator-set.ts";

/** Validators that somebody trusts, and since when they vote. */
export const TrustedValidators = Closed({
  /** Id of the group. */
  group: Type.String({ minLength: 1, maxLength: 200 }),
  /** A height of the engine at which they are in force; the group begins with 1. */
  height: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  validators: List(CometValidator, 1, 1000),
});
export type TrustedValidators = Static<typeof TrustedValidators>;

/**
 * Holds a set that was kept against its schema.
 *
 * @throws HansaError `proof.malformed`
 */
export function checkTrustedValidators(value: unknown): TrustedValidators {
  if (Value.Check(TrustedValidators, value)) return value;
  const first = Value.Errors(TrustedValidators, value).First();
  throw protocolError("proof.malformed", `validators: ${first?.path ?? ""} ${first?.message ?? "do not fit"}`, {
    path: first?.path ?? "",
  });
}

/** The validators that a group begins with; `undefined` under an engine without a quorum. */
export function genesisValidators(genesis: Genesis): TrustedValidators | undefined {
  if (genesis.engine.kind !== "cometbft") return undefined;
  return { group: groupIdOf(genesis), height: 1, validators: [...orderValidators(genesis.engine.validators)] };
}

/**
 * Follows changes of the validators from a trusted set on. Each change is a header that more than two thirds of the set before it
 * signed and that names the set after it; the new set votes from the next height on.
 *
 * CometBFT's light client may also skip headers where a third of the trusted power signed the later one. There is no need here: all
 * changes are in the path, and headers between them have the same validators.
 *
 * @returns every set, the trusted one first, each in force from its height to the next one's
 * @throws HansaError `proof.invalid`, `proof.malformed`
 * @example
 * ```ts
 * const sets = followValidators(genesisValidators(genesis), proof.validators);
 * ```
 */
export function followValidators(
  trusted: TrustedValidators,
  changes: readonly ValidatorChange[],
): readonly TrustedValidators[] {
  const { group } = trusted;
  const chainId = chainIdOf(group);
  const sets: TrustedValidators[] = [trusted];
  let current = trusted;
  for (const { header, commit, validators } of changes) {
    if (header.height < current.height)
      throw protocolError("proof.invalid", `the change of validators in block ${header.height} is out of order`, {
        step: "validators",
      });
    verifyCommit(current.validators, chainId, header, commit);
    if (header.nextValidatorsHash !== hashValidators(validators))
      throw protocolError("proof.invalid", `block ${header.height} of the engine names other validators`, {
        step: "validators",
      });
    current = { group, height: header.height + 1, validators };
    sets.push(current);
  }
  return sets;
}

/** The set that is in force at a height of the engine; `undefined` before the first. */
export function validatorsAt(sets: readonly TrustedValidators[], height: number): TrustedValidators | undefined {
  return sets.findLast((set) => set.height <= height);
}
