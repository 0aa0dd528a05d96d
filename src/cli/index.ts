/** The command line as a function, for the program itself and for tests. */

export { type Alliance, buildHomes, type MemberHome, readAlliance } from "./devnet/build-homes.ts";
export { type MemberNode, startMember } from "./devnet/run-nodes.ts";
export { CLI_ERRORS } from "./errors.ts";
export { EXIT } from "./exit.ts";
export type { Io, Output } from "./io.ts";
export { runCli } from "./run.ts";
