/** Recognition of issuers: decided by the members' votes, so it is their module that asks here. */
import type { IssuerRecord, MemberChange } from "#protocol";
import type { Context } from "../../kernel/module.ts";
import { refuse } from "./errors.ts";
import type { IssuersNeeds } from "./needs.ts";
import { awayKey, beginRecognition, endInterval, issuerKey, noteStanding, readIssuer } from "./records.ts";

export type RecognitionChange = Extract<MemberChange, { kind: "recogniseIssuer" | "derecogniseIssuer" }>;

export interface Recognition {
  /** @throws HansaError with one of `ISSUER_ERRORS` where the change makes no sense now */
  check(context: Context, change: RecognitionChange): void;
  /** Makes the change. Checks nothing: `check` comes first. */
  apply(context: Context, change: RecognitionChange): void;
  /** A member becomes active, or ceases to be: while it is not, nothing that it issues counts. */
  noteStanding(context: Context, member: string, active: boolean): void;
}

export function recognitionOf({ isActiveMember }: IssuersNeeds): Recognition {
  return {
    check({ state }, { kind, issuer, type }) {
      const recognised = readIssuer(state, issuer, type)?.status === "recognised";
      if (kind === "derecogniseIssuer") {
        if (!recognised)
          throw refuse("issuers.not-recognised", `${issuer} is not recognised for ${type}`, { issuer, type });
        return;
      }
      if (!isActiveMember(state, issuer))
        throw refuse("issuers.not-member", `${issuer} is not an active member`, { issuer });
      if (recognised) throw refuse("issuers.recognised", `${issuer} is recognised for ${type}`, { issuer, type });
    },

    apply({ state, time, emit }, { kind, issuer, type }) {
      const key = issuerKey(issuer, type);
      const before = readIssuer(state, issuer, type)?.recognised ?? [];
      const next: IssuerRecord =
        kind === "recogniseIssuer"
          ? { issuer, type, status: "recognised", recognised: beginRecognition(before, time) }
          : { issuer, type, status: "derecognised", recognised: endInterval(before, time) };
      state.put(key, next);
      if (state.get(awayKey(issuer)) === undefined) state.put(awayKey(issuer), { issuer, away: [] });
      const fact = kind === "recogniseIssuer" ? "issuers.recognised" : "issuers.derecognised";
      emit(fact, [key, issuer], { type });
    },

    noteStanding: ({ state, time }, member, active) => noteStanding(state, member, active, time),
  };
}
