/** Recognition of issuers: decided by the members' votes, so it is their module that asks here. */
import type { IssuerRecord, MemberChange, MemberRecord } from "#protocol";
import type { Context } from "../../kernel/module.ts";
import { refuse } from "./errors.ts";
import type { IssuersNeeds } from "./needs.ts";
import {
  beginRecognition,
  changeAway,
  endRecognition,
  issuerKey,
  readIssuer,
  readStanding,
  standingKey,
} from "./records.ts";

/** For how many types a member is recognised at most: a removal ends them all at once. */
const MOST_TYPES = 64;

export type RecognitionChange = Extract<MemberChange, { kind: "recogniseIssuer" | "derecogniseIssuer" }>;

export interface Recognition {
  /** @throws HansaError with one of `ISSUER_ERRORS` where the change makes no sense now */
  check(context: Context, change: RecognitionChange): void;
  /** Makes the change. Checks nothing: `check` comes first. */
  apply(context: Context, change: RecognitionChange): void;
  /**
   * A member's status changes. While it is suspended nothing that it issues counts; with its removal its recognitions end, and if it comes
   * back it asks for them anew.
   */
  noteStatus(context: Context, member: string, status: MemberRecord["status"]): void;
}

export function recognitionOf({ isActiveMember }: IssuersNeeds): Recognition {
  function end({ state, time, emit }: Context, issuer: string, type: string): void {
    const record = readIssuer(state, issuer, type);
    if (record?.status !== "recognised") return;
    state.put(issuerKey(issuer, type), endRecognition(record, time));
    emit("issuers.derecognised", [issuerKey(issuer, type), issuer], { type });
  }

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
      if ((readStanding(state, issuer)?.types.length ?? 0) >= MOST_TYPES)
        throw refuse("issuers.too-many", `${issuer} is recognised for ${MOST_TYPES} types`, { limit: MOST_TYPES });
    },

    apply(context, { kind, issuer, type }) {
      const { state, time, emit } = context;
      const { types = [], away = [] } = readStanding(state, issuer) ?? {};
      const others = types.filter((other) => other !== type);
      if (kind === "derecogniseIssuer") {
        end(context, issuer, type);
        state.put(standingKey(issuer), { issuer, types: others, away });
        return;
      }
      const recognised = beginRecognition(readIssuer(state, issuer, type)?.recognised ?? [], time);
      const next: IssuerRecord = { issuer, type, status: "recognised", recognised };
      state.put(issuerKey(issuer, type), next);
      state.put(standingKey(issuer), { issuer, types: [...others, type].sort(), away });
      emit("issuers.recognised", [issuerKey(issuer, type), issuer], { type });
    },

    noteStatus(context, member, status) {
      const { state, time } = context;
      const before = readStanding(state, member);
      // Of those who were never recognised nothing is kept.
      if (before === undefined) return;
      const away = changeAway(before.away, status === "suspended", time);
      const types = status === "removed" ? [] : before.types;
      for (const type of before.types) if (!types.includes(type)) end(context, member, type);
      if (away !== before.away || types !== before.types)
        state.put(standingKey(member), { issuer: member, types, away });
    },
  };
}
