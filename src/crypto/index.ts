export { hashPairs, randomBytes, sha256, sha256Parts } from "#crypto/backend";
export * from "./multikey.ts";
export * from "./signer.ts";
export * from "./suites/index.ts";
export type { Algorithm, SignatureSuite } from "./suites/suite.ts";
