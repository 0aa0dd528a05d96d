import type { Interval, IssuerRecord, SchemaRecord, SchemaVersionRecord } from "#protocol";
import type { Reader, Writer } from "../../state/state.ts";

export const ISSUER_PREFIX = "issuer/";
export const SCHEMA_PREFIX = "schema/";
/** When issuers were no active members: beside the members, since theirs say only how it is now. */
export const AWAY_PREFIX = "issuers/away/";

/** How many times of recognition or absence a record keeps. What is forgotten counts as not recognised. */
const MOST_INTERVALS = 64;

/** All issuers of a type lie behind this: a type never holds `/did:`. */
export const issuersOfType = (type: string) => `${ISSUER_PREFIX}${type}/did:`;

export const issuerKey = (issuer: string, type: string) => `${ISSUER_PREFIX}${type}/${issuer}`;

export const awayKey = (issuer: string) => AWAY_PREFIX + issuer;

export const schemaKey = (schema: string) => SCHEMA_PREFIX + schema;

export const versionsOfSchema = (schema: string) => `schemas/${schema}/`;

export const schemaVersionKey = (schema: string, version: string) => versionsOfSchema(schema) + version;

/** When an issuer was no active member, oldest first. Absent as long as it was never recognised. */
export interface AwayRecord {
  readonly issuer: string;
  readonly away: readonly Interval[];
}

export const readIssuer = (state: Reader, issuer: string, type: string) =>
  state.get<IssuerRecord>(issuerKey(issuer, type));

export const readSchema = (state: Reader, schema: string) => state.get<SchemaRecord>(schemaKey(schema));

export const readSchemaVersion = (state: Reader, schema: string, version: string) =>
  state.get<SchemaVersionRecord>(schemaVersionKey(schema, version));

const covers = (intervals: readonly Interval[], time: number) =>
  intervals.some(({ from, until }) => from <= time && (until === null || time < until));

/**
 * Whether an issuer was recognised for a type at a time (milliseconds), and an active member. Of a time to come it says what holds as long
 * as nothing changes.
 */
export function wasRecognised(state: Reader, issuer: string, type: string, time: number): boolean {
  const record = readIssuer(state, issuer, type);
  if (record === undefined || !covers(record.recognised, time)) return false;
  return !covers(state.get<AwayRecord>(awayKey(issuer))?.away ?? [], time);
}

/** Begins an interval. Where there are too many the oldest goes. */
export function beginRecognition(recognised: readonly Interval[], time: number): readonly Interval[] {
  return [...recognised, { from: time, until: null }].slice(-MOST_INTERVALS);
}

/** Ends the interval that is open. */
export function endInterval(intervals: readonly Interval[], time: number): readonly Interval[] {
  return intervals.map((interval) => (interval.until === null ? { ...interval, until: time } : interval));
}

/**
 * Notes that an issuer stops or begins to be an active member. Where there are too many absences the two oldest become one: what lies
 * between them then counts as absence, never the other way round.
 */
export function changeAway(record: AwayRecord, active: boolean, time: number): AwayRecord {
  const open = record.away.some(({ until }) => until === null);
  if (active) return open ? { ...record, away: endInterval(record.away, time) } : record;
  if (open) return record;
  const away = [...record.away, { from: time, until: null }];
  if (away.length <= MOST_INTERVALS) return { ...record, away };
  const [first, second, ...rest] = away as [Interval, Interval, ...Interval[]];
  return { ...record, away: [{ from: first.from, until: second.until }, ...rest] };
}

/** The same in the state, of a member that was ever recognised; of others nothing is kept. */
export function noteStanding(state: Writer, member: string, active: boolean, time: number): void {
  const before = state.get<AwayRecord>(awayKey(member));
  if (before === undefined) return;
  const after = changeAway(before, active, time);
  if (after !== before) state.put(awayKey(member), after);
}
