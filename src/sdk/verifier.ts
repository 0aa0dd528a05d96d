import { checkTrustedValidators, type TrustedValidators, type VerifiedProof, verifyProof } from "#protocol";
import { sdkError } from "./errors.ts";
import { isGroupId } from "./group.ts";

/** What a verifier has learned. Plain data: whoever keeps it goes on from there, instead of from the genesis. */
export interface VerifierState {
  /** Id of the group that is trusted: it holds the hash of the genesis, from which all else follows. */
  readonly trust: string;
  /** Newest block that was verified, and the hash of its header. */
  readonly newest?: { readonly height: number; readonly head: string } | undefined;
  /** Validators that signed it, where the group's engine has any. */
  readonly trusted?: TrustedValidators | undefined;
}

/** One question to a node: what was known when it was asked. */
export interface Check {
  /** Engine height from which on the answer has to show changes of validators; `undefined`: from the genesis. */
  readonly from: number | undefined;
  /**
   * Verifies the answer, and remembers what it taught.
   *
   * @throws HansaError `proof.*`, `sdk.went-back`, `sdk.forked`
   */
  verify(proof: unknown): VerifiedProof;
}

/**
 * Follows one group through the answers of nodes that need not be trusted: validators from the genesis on, and the newest block, behind
 * which no later answer may fall.
 */
export class Verifier {
  #state: VerifierState;

  constructor(state: VerifierState) {
    this.#state = state;
  }

  get state(): VerifierState {
    return this.#state;
  }

  /** Begins a question. Answers to questions that were asked at the same time may come in any order. */
  begin(): Check {
    const { trust, trusted, newest } = this.#state;
    return {
      from: trusted?.height,
      verify: (proof) => {
        const verified = verifyProof(proof, { trust, trusted });
        if (newest !== undefined && verified.height < newest.height)
          throw sdkError(
            "sdk.went-back",
            `the answer is of block ${verified.height}, ${newest.height} was seen before`,
            {
              height: verified.height,
              seen: newest.height,
            },
          );
        this.#learn(verified);
        return verified;
      },
    };
  }

  #learn({ height, head, vouched }: VerifiedProof): void {
    const { trust, newest } = this.#state;
    if (height === newest?.height && head !== newest.head)
      throw sdkError("sdk.forked", `block ${height} has two headers, and both are vouched for`, {
        height,
        heads: [newest.head, head],
      });
    if (newest !== undefined && height <= newest.height) return;
    const trusted = vouched.engine === "cometbft" ? vouched.validators : undefined;
    this.#state = { trust, newest: { height, head }, trusted };
  }
}

/**
 * A verifier that trusts a group's id, or goes on from what another one learned. Give it to `createClient`.
 *
 * Validators who left may sell their keys, and with those another history can be made that begins at the same genesis. Who was away for
 * long goes on from a state that was kept, or takes `trusted` from somebody who was not.
 *
 * @throws HansaError `sdk.no-trust` where `trust` is not a whole id, or the validators are not that group's; `proof.malformed`
 * @example
 * ```ts
 * const verifier = createVerifier(JSON.parse(kept ?? "null") ?? { trust: "hanse:main:2xG…" });
 * const client = createClient({ url, verifier });
 * const { value } = await getRecord(client, { key, verified: true });
 * kept = JSON.stringify(verifier.state);
 * ```
 */
export function createVerifier({ trust, newest, trusted }: VerifierState): Verifier {
  if (!isGroupId(trust)) throw sdkError("sdk.no-trust", `${trust} is not the id of a group`, { trust });
  if (trusted !== undefined && checkTrustedValidators(trusted).group !== trust)
    throw sdkError("sdk.no-trust", "the trusted validators are another group's", { trust, group: trusted.group });
  return new Verifier({ trust, newest, trusted });
}
