/** The command line as a function, for the program itself and for tests. */
export { CLI_ERRORS } from "./errors.ts";
export { EXIT } from "./exit.ts";
export type { Io, Output } from "./io.ts";
export { runCli } from "./run.ts";
