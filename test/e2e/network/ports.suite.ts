/** Ports that a node gets again after it was killed: what the devnet takes, by the name that tests know. */
export { freePorts as steadyPorts } from "../../../src/cli/devnet/free-ports.ts";
