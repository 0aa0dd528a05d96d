/** Who vouches for headers: the key that the genesis names, or a quorum of validators that follow from it. */
import { decodeBase64Url, type HansaError } from "#base";
import { decodeMultikey, verifySignature } from "#crypto";
import {
  type BlockHeader,
  type Certificate,
  type CometCertificate,
  encodeHeader,
  hashHeader,
  headerInput,
  type SoloCertificate,
} from "./block.ts";
import { verifyCommit } from "./comet/commit.ts";
import { followValidators, genesisValidators, type TrustedValidators, validatorsAt } from "./comet/follow.ts";
import type { ValidatorChange } from "./comet/signed-block.ts";
import { hashValidators } from "./comet/validator-set.ts";
import { protocolError } from "./errors.ts";
import { chainIdOf, type Genesis, groupIdOf } from "./genesis.ts";

/** A header with what vouches for it. */
export interface SignedHeader {
  readonly header: BlockHeader;
  readonly certificate: Certificate;
}

/** Who vouched for a header that was verified. */
export type Vouched =
  | { readonly engine: "solo"; readonly key: string }
  | {
      readonly engine: "cometbft";
      /** Height of the engine's header that names this header's hash, and its time. */
      readonly height: number;
      readonly time: string;
      /** Voting power that signed it, of all there was. */
      readonly signed: number;
      readonly total: number;
      /** How many changes of the validators were followed to get there. */
      readonly changes: number;
      /** The validators that signed it: whoever keeps them can go on from here. */
      readonly validators: TrustedValidators;
    };

function invalid(step: string, message: string): HansaError {
  return protocolError("proof.invalid", message, { step });
}

/**
 * Checks what vouches for a header.
 *
 * @param sets - under engines with a quorum: validators by height, as `followValidators` gives them
 * @throws HansaError `proof.invalid`, `proof.malformed`
 */
export function verifySignedHeader(
  genesis: Genesis,
  { header, certificate }: SignedHeader,
  sets: readonly TrustedValidators[] = [],
): Vouched {
  if (header.group !== groupIdOf(genesis)) throw invalid("header", "the header is another group's");
  if (certificate.engine !== genesis.engine.kind)
    throw invalid("certificate", "the header is not vouched for by the group's engine");
  return certificate.engine === "solo"
    ? verifySolo(genesis, header, certificate)
    : verifyQuorum(header, certificate, sets);
}

function verifySolo({ engine }: Genesis, header: BlockHeader, certificate: SoloCertificate): Vouched {
  const key = decodeMultikey(certificate.key);
  const signature = decodeBase64Url(certificate.signature);
  if (engine.kind !== "solo" || certificate.key !== engine.key || key === undefined || signature === undefined)
    throw invalid("certificate", "the header is not vouched for by the group's engine");
  if (!verifySignature(key, headerInput(encodeHeader(header)), signature))
    throw invalid("certificate", `the signature under block ${header.height} does not hold`);
  return { engine: "solo", key: engine.key };
}

function verifyQuorum(header: BlockHeader, certificate: CometCertificate, sets: readonly TrustedValidators[]): Vouched {
  const { block, header: vouching, commit } = certificate;
  if (vouching === undefined || commit === undefined)
    throw invalid("certificate", `nobody has voted for block ${header.height} yet`);
  if (vouching.height !== block + 1 || vouching.appHash !== hashHeader(encodeHeader(header)))
    throw invalid("certificate", `the engine's header ${vouching.height} does not name block ${header.height}`);
  const validators = validatorsAt(sets, vouching.height);
  if (validators === undefined)
    throw invalid("validators", `nothing says who the validators at height ${vouching.height} were`);
  const power = verifyCommit(validators.validators, chainIdOf(header.group), vouching, commit);
  return {
    engine: "cometbft",
    height: vouching.height,
    time: vouching.time,
    ...power,
    changes: sets.indexOf(validators),
    validators: { ...validators, height: vouching.height },
  };
}

/**
 * Checks a header and the way to the validators that signed it.
 *
 * @param changes - every change of the validators from the genesis, or from `from`; none under `solo`
 * @param from - validators that the caller trusts already; without them those of the genesis
 * @throws HansaError `proof.invalid`, `proof.malformed`
 * @example
 * ```ts
 * const vouched = verifyCertified(genesis, signed, changes);
 * if (vouched.engine === "cometbft") trusted = vouched.validators;
 * ```
 */
export function verifyCertified(
  genesis: Genesis,
  signed: SignedHeader,
  changes: readonly ValidatorChange[] = [],
  from?: TrustedValidators,
): Vouched {
  return verifySignedHeader(genesis, signed, validatorSets(genesis, [signed], changes, from));
}

/**
 * The validators under which headers can be verified. A header or change from before `from` makes it begin at the genesis; then the
 * way has to lead to the very set that is trusted, since keys of former validators may have got into other hands.
 *
 * @throws HansaError `proof.invalid`, `proof.malformed`
 */
export function validatorSets(
  genesis: Genesis,
  headers: readonly SignedHeader[],
  changes: readonly ValidatorChange[],
  from: TrustedValidators | undefined,
): readonly TrustedValidators[] {
  const first = genesisValidators(genesis);
  if (first === undefined) {
    if (from !== undefined || changes.length > 0) throw invalid("validators", "the group's engine has no validators");
    return [];
  }
  if (from === undefined) return followValidators(first, changes);
  if (from.group !== first.group) throw invalid("validators", "the trusted validators are another group's");
  const heights = [
    ...changes.map(({ header }) => header.height),
    ...headers.map(({ certificate }) => (certificate.engine === "cometbft" ? certificate.block + 1 : 0)),
  ];
  if (heights.every((height) => height >= from.height)) return followValidators(from, changes);
  const sets = followValidators(first, changes);
  const reached = validatorsAt(sets, from.height);
  if (reached === undefined || hashValidators(reached.validators) !== hashValidators(from.validators))
    throw invalid("validators", "the way from the genesis does not lead to the trusted validators");
  return sets;
}
