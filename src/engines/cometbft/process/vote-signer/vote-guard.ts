import { equalBytes } from "#base";
import type { Signer } from "#crypto";
import {
  decodeLastSigned,
  encodeLastSigned,
  type LastSigned,
  type Moment,
  type Place,
  type Signed,
  STEP,
  type VoteStateStore,
} from "./vote-state.ts";

/** What the guard says to a request. */
export type Verdict =
  | { readonly signature: Uint8Array; readonly time: Moment }
  | { readonly refusal: "regression" | "conflict" | "unknown-past" | "damaged" | "not-kept"; readonly cause?: unknown };

export interface VoteGuardOptions {
  readonly chainId: string;
  readonly signer: Signer;
  readonly store: VoteStateStore;
  /** Whether something may have been signed that the store does not know of, where it is empty. */
  readonly lost: boolean;
}

const MOST_ROUND = 0x7fffffff;

/**
 * Sees to it that this node never signs two things at one place of consensus, whatever it is asked, whenever it was killed: the rules are
 * those of CometBFT's `FilePV`. What was signed is kept durably before the signature leaves.
 */
export class VoteGuard {
  readonly #options: VoteGuardOptions;
  #last: LastSigned | undefined;
  #lost: boolean;
  #damage: unknown;

  constructor(options: VoteGuardOptions) {
    this.#options = options;
    this.#lost = false;
    try {
      const bytes = options.store.read();
      if (bytes === undefined) this.#lost = options.lost;
      else this.#last = decodeLastSigned(options.chainId, bytes);
    } catch (error) {
      this.#damage = error;
    }
  }

  /** Why nothing is signed, where the store cannot be read. */
  get damage(): unknown {
    return this.#damage;
  }

  /** The last place that was signed or is barred. */
  get last(): Place | undefined {
    return this.#last;
  }

  /**
   * Signs, signs the same again, or refuses.
   *
   * @param signBytes - sign bytes at a moment: where only the moment differs from what was signed, the earlier one stands
   */
  sign(place: Place, time: Moment, signBytes: (time: Moment) => Uint8Array): Verdict {
    if (this.#damage !== undefined) return { refusal: "damaged", cause: this.#damage };
    if (this.#lost) return this.#bar(place.height);
    const order = this.#last === undefined ? 1 : comparePlaces(place, this.#last);
    if (order < 0) return { refusal: this.#last?.signed === undefined ? "unknown-past" : "regression" };
    if (order === 0) return this.#again(signBytes);
    const bytes = signBytes(time);
    const signed: Signed = { signBytes: bytes, time, signature: this.#options.signer.sign(bytes) };
    const failure = this.#keep({ ...place, signed });
    return failure ?? { signature: signed.signature, time };
  }

  #again(signBytes: (time: Moment) => Uint8Array): Verdict {
    const signed = this.#last?.signed;
    if (signed === undefined) return { refusal: "unknown-past" };
    if (!equalBytes(signBytes(signed.time), signed.signBytes)) return { refusal: "conflict" };
    return { signature: signed.signature, time: signed.time };
  }

  /** Nobody knows what was signed at this height before: all of it is left out, and that survives a restart, too. */
  #bar(height: bigint): Verdict {
    const failure = this.#keep({ height, round: MOST_ROUND, step: STEP.precommit });
    if (failure === undefined) this.#lost = false;
    return failure ?? { refusal: "unknown-past" };
  }

  #keep(next: LastSigned): Verdict | undefined {
    try {
      this.#options.store.write(encodeLastSigned(this.#options.chainId, next));
    } catch (cause) {
      // The signature does not leave, so nothing was signed; whatever reached the disk is overwritten before the next one leaves.
      return { refusal: "not-kept", cause };
    }
    this.#last = next;
    return undefined;
  }
}

function comparePlaces(a: Place, b: Place): number {
  if (a.height !== b.height) return a.height < b.height ? -1 : 1;
  return a.round - b.round || a.step - b.step;
}
