export { CREDENTIAL_ERRORS, type CredentialErrorCode, credentialError } from "./credentials/errors.ts";
export type {
  CredentialAlgorithm,
  CredentialSigner,
  KeyFinder,
  ProofPurpose,
  VerificationKey,
} from "./credentials/keys.ts";
export * from "./errors.ts";
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
export { WebMethod } from "./methods/web/web-method.ts";
export { formatDateTime } from "./resolution/date-time.ts";
export type { Asker, DidMethod } from "./resolution/method.ts";
export { type Dereferenced, DidResolver } from "./resolution/resolver.ts";
export { WALLET_ERRORS, type WalletErrorCode, walletError } from "./wallet/errors.ts";
export { type IndexedDbWalletOptions, openIndexedDbWalletStore } from "./wallet/indexed-db-wallet-store.ts";
export { createMemoryWalletStore } from "./wallet/memory-wallet-store.ts";
export type { WalletChange, WalletEntry, WalletKind, WalletStore } from "./wallet/wallet-store.ts";
