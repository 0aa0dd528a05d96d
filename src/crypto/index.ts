export {
  hashPairs,
  isEd25519Point,
  type PointCurve,
  randomBytes,
  sha256,
  sha256Parts,
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
export type { Algorithm, SignatureSuite } from "./suites/suite.ts";
