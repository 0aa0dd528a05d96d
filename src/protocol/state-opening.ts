/**
 * What a state file begins with: whose records follow, as of which block, and who vouches for that. Whoever reads it needs nothing else
 * than the group's id to know that the records are that group's.
 */
import { canonicalJson, decodeUtf8, isHansaError, parseJson } from "#base";
import { type BlockHeader, encodeHeader, hashHeader } from "./block.ts";
import type { ValidatorChange } from "./comet/signed-block.ts";
import { protocolError } from "./errors.ts";
import { checkGenesis, type Genesis, groupIdOf } from "./genesis.ts";
import { checkStateShape } from "./proof-shape.ts";
import { type SignedHeader, type Vouched, verifyCertified } from "./signed-header.ts";

export interface StateOpening {
  readonly hansa: "state/1";
  readonly genesis: Genesis;
  /** Every change of the validators since the genesis; absent where the engine has none. */
  readonly validators?: readonly ValidatorChange[];
  /** The newest header with votes: the records that follow are as of its end. */
  readonly signed: SignedHeader;
  /**
   * The block behind it, where the group ended before it voted for that one's header. It was decided, so it counts: whoever reads the file
   * executes it. What vouches for it are its transactions' own signatures, and that the survivors all have it.
   */
  readonly last?: {
    readonly header: BlockHeader;
    /** Height of the engine's block. */
    readonly block: number;
    /** Their bytes, base64url. */
    readonly transactions: readonly string[];
  };
}

export interface CheckedOpening {
  readonly opening: StateOpening;
  readonly group: string;
  readonly vouched: Vouched;
}

/** Most bytes of one. */
export const STATE_OPENING_BYTES = 64 * 1024 * 1024;

/**
 * Checks the opening: its shape, its genesis, the votes under its header, and the way to the validators who gave them.
 *
 * @throws HansaError `proof.malformed`, `proof.invalid`
 */
export function checkStateOpening(bytes: Uint8Array): CheckedOpening {
  let value: unknown;
  try {
    value = parseJson(bytes, { depth: 64, integers: true });
  } catch (error) {
    if (!isHansaError(error)) throw error;
    throw protocolError("proof.malformed", `state file: ${error.message}`, {}, error);
  }
  checkStateShape(value);
  // One state, one spelling: a file of which any byte was changed is no longer the survivor's.
  if (canonicalJson(value) !== decodeUtf8(bytes))
    throw protocolError("proof.malformed", "the state file is not spelled as Hansa wrote it (canonical JSON)");
  const opening = value as StateOpening;
  const genesis = checkGenesis(opening.genesis);
  const vouched = verifyCertified(genesis, opening.signed, opening.validators);
  const { header } = opening.signed;
  const { last } = opening;
  const follows =
    last === undefined ||
    (last.header.height === header.height + 1 &&
      last.header.group === header.group &&
      last.header.previous === hashHeader(encodeHeader(header)));
  if (!follows)
    throw protocolError("proof.invalid", "the last block does not follow the one with votes", { step: "last" });
  return { opening: { ...opening, genesis }, group: groupIdOf(genesis), vouched };
}
