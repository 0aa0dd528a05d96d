export { type Contract, LINKAGE_OPERATIONS } from "#protocol";
