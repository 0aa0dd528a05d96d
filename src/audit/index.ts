export * from "./errors.ts";
export { kindOfSubject, type ReadRecord, recordKeysFor, type SubjectKind } from "./trail/subject.ts";
export * from "./trail/trail-index.ts";
export * from "./trail/trail-proof.ts";
export {
  DESCRIBED_FACTS,
  describeFact,
  describeTrail,
  type NameOf,
  shortenDid,
  type TrailRow,
} from "./trail/trail-table.ts";
