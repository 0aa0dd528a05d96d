/** Schemas of the operations: they stand in `protocol`, so that the sdk and the HTTP API have the very same. */
export { EVIDENCE_OPERATIONS } from "#protocol";
