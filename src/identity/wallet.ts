/** The wallet's own door, `hansa/wallet`: what a page or an app needs to hold, find and show credentials, without what only Node has. */
export { type ErrorTable, HansaError, isHansaError, type Json, type JsonObject } from "#base";
export { DEFAULT_COST, type PassphraseCost } from "#crypto";
export type { DidResolutionResult } from "#protocol";
export { createCredentialSigner, credentialSigner } from "./credentials/credential-key.ts";
export { CREDENTIAL_ERRORS, type CredentialErrorCode } from "./credentials/errors.ts";
export { type IssueOptions, issueCredential } from "./credentials/issue-credential.ts";
export { makeKeyFinder } from "./credentials/key-finder.ts";
export type { CredentialSigner, KeyFinder, VerificationKey } from "./credentials/keys.ts";
export type { StatusSource, VerifyOptions } from "./credentials/verify-credential.ts";
export { type VerifyPresentationOptions, verifyPresentation } from "./credentials/verify-presentation.ts";
export { issueJwtCredential } from "./jose/jwt-credential.ts";
export {
  admissionCredential,
  certificationCredential,
  evidenceKey,
  type LedgerFact,
  type LedgerReading,
  ownershipCredential,
} from "./ledger-credentials/ledger-credentials.ts";
export { keyMethod } from "./methods/key/key-method.ts";
export { remoteMethod } from "./methods/remote/remote-method.ts";
export {
  type AcceptOptions,
  acceptOffer,
  type OfferedCredential,
  type OpenedOffer,
  openOffer,
} from "./openid4vc/accept-offer.ts";
export {
  type AnsweredRequest,
  type AnswerRequestOptions,
  answerRequest,
  declineRequest,
  type OpenedRequest,
  type OpenRequestOptions,
  openRequest,
} from "./openid4vc/answer-request.ts";
export { OPENID_ERRORS, type OpenidErrorCode } from "./openid4vc/errors.ts";
export type { DidMethod } from "./resolution/method.ts";
export { DidResolver } from "./resolution/resolver.ts";
export type { ClaimPath } from "./sd-jwt/claim-path.ts";
export { MAX_BACKUP } from "./wallet/backup-file.ts";
export type { Chosen } from "./wallet/choose-credentials.ts";
export { formatClaim, leavesOf, parseClaim } from "./wallet/claims.ts";
export * from "./wallet/errors.ts";
export { type HeldCredential, type HeldFormat, MAX_CREDENTIAL, readCredential } from "./wallet/held-credential.ts";
export { type IndexedDbWalletOptions, openIndexedDbWalletStore } from "./wallet/indexed-db-wallet-store.ts";
export type { QueryAnswer, QueryMatch, WantedCredential } from "./wallet/match-query.ts";
export { createMemoryWalletStore } from "./wallet/memory-wallet-store.ts";
export type { Restored } from "./wallet/restore-plan.ts";
export type { ShownEntry } from "./wallet/shown-log.ts";
export type { CredentialFilter, StoredCredential } from "./wallet/stored-credential.ts";
export * from "./wallet/wallet.ts";
export type { WalletKey, WalletKeySource } from "./wallet/wallet-keys.ts";
export type * from "./wallet/wallet-store.ts";
