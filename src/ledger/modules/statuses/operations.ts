/** Schemas of the operations: they stand in `protocol`, so that the sdk and the HTTP API have the very same. */
export { STATUS_OPERATIONS } from "#protocol";
