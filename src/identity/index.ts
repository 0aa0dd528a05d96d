export {
  BUNDLED_CONTEXTS,
  bundledContext,
  CREDENTIALS_V1,
  CREDENTIALS_V2,
} from "./credentials/contexts/bundled-contexts.ts";
export { addContexts } from "./credentials/contexts/context-library.ts";
export {
  createPresentation,
  makePresentation,
  type PresentOptions,
} from "./credentials/create-presentation.ts";
export {
  type CredentialKey,
  checkSignature,
  createCredentialSigner,
  credentialSigner,
  decodeCredentialJwk,
  decodeCredentialKey,
  encodeCredentialKey,
  type SignerNames,
} from "./credentials/credential-key.ts";
export { addProof, type NewProof } from "./credentials/data-integrity/add-proof.ts";
export type { Cryptosuite, DataIntegrityProof, SuiteSettings } from "./credentials/data-integrity/cryptosuite.ts";
export { type DeriveOptions, deriveCredential, verifyBaseProof } from "./credentials/data-integrity/ecdsa-sd-2023.ts";
export { CRYPTOSUITES } from "./credentials/data-integrity/registry.ts";
export {
  type ProofDemands,
  type VerifiedProof,
  verifyProofs,
} from "./credentials/data-integrity/verify-proof.ts";
export { parseDateTimeStamp } from "./credentials/date-time-stamp.ts";
export { DOCUMENT_LIMITS } from "./credentials/document-parts.ts";
export { CREDENTIAL_ERRORS, type CredentialErrorCode, credentialError } from "./credentials/errors.ts";
export { type IssueOptions, issueCredential } from "./credentials/issue-credential.ts";
export { makeKeyFinder } from "./credentials/key-finder.ts";
export type {
  CredentialAlgorithm,
  CredentialSigner,
  KeyFinder,
  ProofPurpose,
  VerificationKey,
} from "./credentials/keys.ts";
export {
  type CheckedCredential,
  type CheckedPresentation,
  checkCredential,
  checkPresentation,
  type DataModel,
} from "./credentials/model.ts";
export type { SchemaSource, Schemas } from "./credentials/schema-check.ts";
export { SchemaJudge } from "./credentials/schema-judge.ts";
export { checkTerms } from "./credentials/terms/check-terms.ts";
export type { ContextSource } from "./credentials/terms/process-context.ts";
export {
  type Recognition,
  type ResourceSource,
  type StatusSource,
  type VerifiedCredential,
  type VerifyOptions,
  verifyClaims,
  verifyCredential,
} from "./credentials/verify-credential.ts";
export {
  type VerifiedPresentation,
  type VerifyPresentationOptions,
  verifyContained,
  verifyPresentation,
} from "./credentials/verify-presentation.ts";
export * from "./errors.ts";
export { algOf, type BareSigner, JOSE_ALGS } from "./jose/algorithms.ts";
export { envelopCredential, isEnvelope, verifyEnveloped, verifySdJwtCredential } from "./jose/envelope.ts";
export { jwkOfKey, keyOfJwk } from "./jose/jwk.ts";
export {
  type EnvelopeType,
  issueJwtCredential,
  type VerifiedEnvelope,
  verifyJwtCredential,
} from "./jose/jwt-credential.ts";
export {
  issueJwtPresentation,
  type JwtPresentationOptions,
  type VerifiedJwtPresentation,
  verifyJwtPresentation,
} from "./jose/jwt-presentation.ts";
export { idOf } from "./jose/vc-claims.ts";
export {
  admissionCredential,
  certificationCredential,
  evidenceKey,
  type LedgerFact,
  type LedgerReading,
  MAX_RECORD_PROOF,
  ownershipCredential,
} from "./ledger-credentials/ledger-credentials.ts";
export { HansaMethod } from "./methods/hansa/hansa-method.ts";
export type { DidLedger } from "./methods/hansa/needs.ts";
export { keyMethod } from "./methods/key/key-method.ts";
export { remoteMethod } from "./methods/remote/remote-method.ts";
export { type FetchOptions, fetchDocument } from "./methods/web/fetch-document.ts";
export { WebMethod } from "./methods/web/web-method.ts";
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
export { makeCallbacks, type OpenidCallbacks } from "./openid4vc/callbacks.ts";
export { OPENID_ERRORS, type OpenidErrorCode, oauthNameOf, openidError } from "./openid4vc/errors.ts";
export { type KeyProofDemand, type ProvenKey, verifyKeyProof } from "./openid4vc/key-proof.ts";
export { sentenceOf } from "./openid4vc/library-error.ts";
export {
  checkVpQuery,
  type VerifiedShown,
  VP_FORMATS,
  type VpTokenDemand,
  verifyVpToken,
} from "./openid4vc/verify-vp-token.ts";
export { formatDateTime } from "./resolution/date-time.ts";
export type { Asker, DidMethod } from "./resolution/method.ts";
export { type Dereferenced, DidResolver } from "./resolution/resolver.ts";
export type { ClaimPath } from "./sd-jwt/claim-path.ts";
export { leadsSomewhere } from "./sd-jwt/claim-path.ts";
export { type IssueSdJwtOptions, issueSdJwt } from "./sd-jwt/issue-sd-jwt.ts";
export { issueSdJwtCredential } from "./sd-jwt/issue-sd-jwt-credential.ts";
export type { KeyBinding, KeyBindingDemand } from "./sd-jwt/key-binding.ts";
export { type PresentSdJwtOptions, presentSdJwt, readSdJwt, type SdJwtContent } from "./sd-jwt/present-sd-jwt.ts";
export { type VerifiedSdJwt, type VerifySdJwtOptions, verifySdJwt } from "./sd-jwt/verify-sd-jwt.ts";
export {
  type BitstringStatusEntry,
  bitstringStatusEntry,
  type CredentialStatus,
  openBitstring,
  readBitstringEntry,
  readBitstringStatus,
  type StatusListDescription,
  type StatusMessage,
  type StatusPurpose,
  statusListCredential,
} from "./status/bitstring.ts";
export { inForm, type ListForm, tokenStatusOf } from "./status/list-form.ts";
export { type BitOrder, type EntryBits, LEAST_ENTRIES, StatusList } from "./status/status-list.ts";
export {
  LIST_ACCEPT,
  type ListKind,
  type ListRoot,
  type StatusSourceOptions,
  statusSource,
} from "./status/status-source.ts";
export {
  issueTokenStatusList,
  readTokenStatusReference,
  TOKEN_STATUS,
  type TokenStatusReference,
  tokenStatusReference,
  type VerifiedTokenList,
  verifyTokenStatusList,
} from "./status/token-status.ts";
export { MAX_BACKUP } from "./wallet/backup-file.ts";
export type { Chosen } from "./wallet/choose-credentials.ts";
export { formatClaim, leavesOf, parseClaim } from "./wallet/claims.ts";
export { WALLET_ERRORS, type WalletErrorCode, walletError } from "./wallet/errors.ts";
export { type HeldCredential, type HeldFormat, MAX_CREDENTIAL, readCredential } from "./wallet/held-credential.ts";
export { type IndexedDbWalletOptions, openIndexedDbWalletStore } from "./wallet/indexed-db-wallet-store.ts";
export type { QueryAnswer, QueryMatch, WantedCredential } from "./wallet/match-query.ts";
export { createMemoryWalletStore } from "./wallet/memory-wallet-store.ts";
export type { Restored } from "./wallet/restore-plan.ts";
export type { ShownEntry } from "./wallet/shown-log.ts";
export type { CredentialFilter, StoredCredential } from "./wallet/stored-credential.ts";
export {
  type Answered,
  type AnswerOptions,
  type Presented,
  type ReceiveOptions,
  type ShowOptions,
  type VerifierOf,
  WALLET_LIMITS,
  Wallet,
  type WalletOptions,
} from "./wallet/wallet.ts";
export type { WalletKey, WalletKeySource } from "./wallet/wallet-keys.ts";
export type { WalletChange, WalletEntry, WalletKind, WalletStore } from "./wallet/wallet-store.ts";
