import type { Interval, IssuerRecord, SchemaRecord, SchemaVersionRecord } from "#protocol";
import type { Reader } from "../../state/state.ts";

export const ISSUER_PREFIX = "issuer/";
export const SCHEMA_PREFIX = "schema/";
/** What is kept of each member that was ever recognised: beside the members, since theirs say only how it is now. */
export const STANDING_PREFIX = "issuers/of/";

/** How many times of recognition or absence a record keeps. What is forgotten counts as not recognised. */
const MOST_INTERVALS = 64;

/** All issuers of a type lie behind this: a type never holds `/did:`. */
export const issuersOfType = (type: string) => `${ISSUER_PREFIX}${type}/did:`;

export const issuerKey = (issuer: string, type: string) => `${ISSUER_PREFIX}${type}/${issuer}`;

export const standingKey = (issuer: string) => STANDING_PREFIX + issuer;

export const schemaKey = (schema: string) => SCHEMA_PREFIX + schema;

export const versionsOfSchema = (schema: string) => `schemas/${schema}/`;

export const schemaVersionKey = (schema: string, version: string) => versionsOfSchema(schema) + version;

/** A member that was recognised at some time, of whatever types. */
export interface StandingRecord {
  readonly issuer: string;
  /** Types that it is recognised for. */
  readonly types: readonly string[];
  /** When it was suspended as a member, oldest first. */
  readonly away: readonly Interval[];
}

export const readIssuer = (state: Reader, issuer: string, type: string) =>
  state.get<IssuerRecord>(issuerKey(issuer, type));

export const readStanding = (state: Reader, issuer: string) => state.get<StandingRecord>(standingKey(issuer));

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
  return !covers(readStanding(state, issuer)?.away ?? [], time);
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
 * Notes that an issuer is suspended, or no longer. Where there are too many absences the two oldest become one: what lies between them then
 * counts as absence, never the other way round.
 */
export function changeAway(away: readonly Interval[], suspended: boolean, time: number): readonly Interval[] {
  const open = away.some(({ until }) => until === null);
  if (!suspended) return open ? endInterval(away, time) : away;
  if (open) return away;
  const more = [...away, { from: time, until: null }];
  if (more.length <= MOST_INTERVALS) return more;
  const [first, second, ...rest] = more as [Interval, Interval, ...Interval[]];
  return [{ from: first.from, until: second.until }, ...rest];
}

/** A recognition that ends. */
export function endRecognition(record: IssuerRecord, time: number): IssuerRecord {
  return { ...record, status: "derecognised", recognised: endInterval(record.recognised, time) };
}
