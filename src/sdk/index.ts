/** Hansa's client, for Node and browsers. */

export { HansaError, isHansaError, type Json } from "#base";
export {
  type Algorithm,
  createSigner,
  decodeMultikey,
  encodeMultikey,
  type PublicKey,
  type Signer,
  verifySignature,
} from "#crypto";
export {
  type Contract,
  checkEvidenceProof,
  cosignTransaction,
  createGrantId,
  type Did,
  decodeProof,
  decodeTransaction,
  didOf,
  digestOf,
  digestTerms,
  type EvidenceProof,
  encodeEvidenceProof,
  encodeProof,
  type GrantTerms,
  isEvidenceProof,
  keyIdOf,
  type LoggedEvent,
  makeTerms,
  type Operation,
  type OperationArgs,
  type OperationName,
  openChain,
  openCheckpoint,
  openTerms,
  operation,
  type ProofFile,
  prepareEvidence,
  type Receipt,
  signAttestation,
  signCertificate,
  signTransaction,
  type TermsDocument,
  type TrustedValidators,
  type VerifiedEvidence,
  type Vouched,
  verifyEvidence,
  verifyProof,
} from "#protocol";

export * from "./actions/credentials/drop-kept-credential.ts";
export * from "./actions/credentials/get-kept-credential.ts";
export * from "./actions/credentials/get-status-list.ts";
export * from "./actions/credentials/keep-credential.ts";
export * from "./actions/credentials/list-kept-credentials.ts";
export * from "./actions/credentials/request-challenge.ts";
export * from "./actions/credentials/request-credential.ts";
export * from "./actions/credentials/request-derivation.ts";
export * from "./actions/credentials/request-presentation.ts";
export * from "./actions/credentials/request-presentation-verification.ts";
export * from "./actions/credentials/request-status-change.ts";
export * from "./actions/credentials/request-verification.ts";
export { addFirmware } from "./actions/devices/add-firmware.ts";
export { addRoot } from "./actions/devices/add-root.ts";
export { admitDevice } from "./actions/devices/admit.ts";
export { certifyModel } from "./actions/devices/certify.ts";
export { challengeDevice } from "./actions/devices/challenge.ts";
export { defineModel } from "./actions/devices/define-model.ts";
export { enrolDevice } from "./actions/devices/enrol.ts";
export { liftRecall } from "./actions/devices/lift-recall.ts";
export { quarantineDevice } from "./actions/devices/quarantine.ts";
export { recallModel } from "./actions/devices/recall.ts";
export { releaseDevice } from "./actions/devices/release.ts";
export { removeRoot } from "./actions/devices/remove-root.ts";
export { revokeDevice } from "./actions/devices/revoke.ts";
export { transferDevice } from "./actions/devices/transfer.ts";
export * from "./actions/events/event-proof.ts";
export * from "./actions/events/follow-events.ts";
export * from "./actions/events/get-checkpoint.ts";
export * from "./actions/events/publish-event.ts";
export * from "./actions/events/read-events.ts";
export { anchorEvidence } from "./actions/evidence/anchor.ts";
export * from "./actions/evidence/prove.ts";
export { revokeEvidence } from "./actions/evidence/revoke.ts";
export { signEvidence } from "./actions/evidence/sign.ts";
export { unrevokeEvidence } from "./actions/evidence/unrevoke.ts";
export { countersignReceipt } from "./actions/exchange/countersign-receipt.ts";
export { eraseDataset } from "./actions/exchange/erase-dataset.ts";
export { getAccessReceipt } from "./actions/exchange/get-access-receipt.ts";
export * from "./actions/exchange/list-access-receipts.ts";
export { listDatasets } from "./actions/exchange/list-datasets.ts";
export {
  type KeySource,
  type OpenedDataset,
  type OpenedEvent,
  type OpenedRelease,
  openRelease,
} from "./actions/exchange/open-release.ts";
export * from "./actions/exchange/put-dataset.ts";
export * from "./actions/exchange/request-release.ts";
export * from "./actions/exchange/sealing-key.ts";
export * from "./actions/exchange/subscribe-release.ts";
export * from "./actions/get-group.ts";
export * from "./actions/get-status.ts";
export { anchorAccess } from "./actions/grants/anchor.ts";
export { delegateGrant } from "./actions/grants/delegate.ts";
export { giveGrant } from "./actions/grants/give.ts";
export { revokeGrant } from "./actions/grants/revoke.ts";
export { addKey } from "./actions/identity/add-key.ts";
export { createDid } from "./actions/identity/create.ts";
export { deactivateDid } from "./actions/identity/deactivate.ts";
export * from "./actions/identity/dereference-did-url.ts";
export * from "./actions/identity/get-identity.ts";
export { removeKey } from "./actions/identity/remove-key.ts";
export { removeService } from "./actions/identity/remove-service.ts";
export * from "./actions/identity/resolve-did.ts";
export { rotateKey } from "./actions/identity/rotate-key.ts";
export { setControllers } from "./actions/identity/set-controllers.ts";
export { setService } from "./actions/identity/set-service.ts";
export { registerSchema } from "./actions/issuers/register-schema.ts";
export * from "./actions/ledger/backup-group.ts";
export * from "./actions/ledger/get-block.ts";
export * from "./actions/ledger/get-blocks.ts";
export * from "./actions/ledger/get-record.ts";
export * from "./actions/ledger/list-all.ts";
export * from "./actions/ledger/query.ts";
export * from "./actions/ledger/send-operations.ts";
export * from "./actions/ledger/submit-batch.ts";
export * from "./actions/ledger/submit-transaction.ts";
export * from "./actions/ledger/transaction-status.ts";
export { acceptLinkage } from "./actions/linkages/accept.ts";
export { activateLinkage } from "./actions/linkages/activate.ts";
export { anchorReceipts } from "./actions/linkages/anchor-receipts.ts";
export { endLinkage } from "./actions/linkages/end.ts";
export * from "./actions/linkages/list-runs.ts";
export { proposeLinkage } from "./actions/linkages/propose.ts";
export { suspendLinkage } from "./actions/linkages/suspend.ts";
export { withdrawLinkage } from "./actions/linkages/withdraw.ts";
export { approveProposal } from "./actions/members/approve.ts";
export { proposeMember } from "./actions/members/propose.ts";
export { rejectProposal } from "./actions/members/reject.ts";
export { withdrawProposal } from "./actions/members/withdraw.ts";
export { readyNode } from "./actions/nodes/ready.ts";
export { registerNode } from "./actions/nodes/register.ts";
export { retireNode } from "./actions/nodes/retire.ts";
export { updateNode } from "./actions/nodes/update.ts";
export * from "./actions/openid/ask-presentation.ts";
export * from "./actions/openid/get-offer-state.ts";
export * from "./actions/openid/get-presentation-result.ts";
export * from "./actions/openid/offer-credential.ts";
export * from "./actions/proofs/get-proof.ts";
export * from "./actions/proofs/get-trail.ts";
export * from "./actions/proofs/get-trail-proof.ts";
export { publishStatusList } from "./actions/statuses/publish.ts";
export { anchorCheckpoints } from "./actions/topics/anchor.ts";
export { changeTopic } from "./actions/topics/change.ts";
export { closeTopic } from "./actions/topics/close.ts";
export { openTopic } from "./actions/topics/open.ts";
export * from "./answers.ts";
export * from "./client.ts";
export { createConnectionToken } from "./connection.ts";
export { createParty } from "./create-party.ts";
export type { DidResolutionOptions } from "./did-resolver.ts";
export * from "./errors.ts";
export { groupIdOfClient } from "./group.ts";
export type { CallOptions } from "./request.ts";
export type { SignatureCheck } from "./shown-keys.ts";
export * from "./sign-operations.ts";
export { type ClientTls, tlsFetch } from "./tls-fetch.ts";
export type { VcDocument } from "./vc-api.ts";
export * from "./verifier.ts";
export * from "./verify-access-receipt.ts";
export * from "./verify-proof-file.ts";
