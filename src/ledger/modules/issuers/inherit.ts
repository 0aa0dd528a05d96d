import type { IssuerRecord } from "#protocol";
import { changeAway, endRecognition, ISSUER_PREFIX, STANDING_PREFIX, type StandingRecord } from "./records.ts";

/**
 * What a group that goes on from another one keeps of its issuers: those who founded it are recognised as before, suspended or not; for all
 * others it ends as it does with a removal. `time`: of the new group's genesis, milliseconds.
 */
export function inheritIssuers(state: Map<string, object>, isFounder: (did: string) => boolean, time: number): void {
  for (const [key, value] of state) {
    if (key.startsWith(ISSUER_PREFIX)) {
      const record = value as IssuerRecord;
      if (record.status === "recognised" && !isFounder(record.issuer)) state.set(key, endRecognition(record, time));
    } else if (key.startsWith(STANDING_PREFIX)) {
      const { issuer, types, away } = value as StandingRecord;
      state.set(key, { issuer, types: isFounder(issuer) ? types : [], away: changeAway(away, false, time) });
    }
  }
}
