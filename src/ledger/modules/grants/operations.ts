import type { OperationArgs } from "#protocol";

/** Schemas of the operations: they stand in `protocol`, so that the sdk and the HTTP API have the very same. */
export { GRANT_OPERATIONS } from "#protocol";

export type GiveArgs = OperationArgs<"grants.give">;
export type DelegateArgs = OperationArgs<"grants.delegate">;
