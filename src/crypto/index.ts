export {
  type EcCurve,
  hashPairs,
  isEd25519Point,
  randomBytes,
  sha256,
  sha256Parts,
  sha384,
  sha512,
  uncompressPoint,
} from "#crypto/backend";
export * from "./errors.ts";
export * from "./merkle/indexed-tree.ts";
export * from "./merkle/log-tree.ts";
export { type LeafProof, type MembershipProof, verifyMembership } from "./merkle/membership.ts";
export * from "./multikey.ts";
export { DEFAULT_COST, derivePassphraseKey, isAllowedCost, type PassphraseCost } from "./passphrase.ts";
export * from "./signer.ts";
export * from "./suites/index.ts";
export { p384 } from "./suites/p384.ts";
export type { Algorithm, SignatureSuite, SuiteOf } from "./suites/suite.ts";
