export { type ReceivedRequest, receiveRequest } from "./check-request.ts";
export { type DatasetFacts, decodeContent, MAX_DATASET_BYTES, type NewDataset } from "./datasets.ts";
export * from "./errors.ts";
export { HISTORY_LIMITS } from "./history.ts";
export type { Durably, ExchangeLedger } from "./needs.ts";
export { NONCE_LIMITS } from "./nonces.ts";
export { ExchangeProvider, type ExchangeProviderOptions } from "./provider.ts";
export type { AccessAnchor, AccessProof, ShownReceipt } from "./receipts.ts";
export type { SubscriptionFrame } from "./subscription.ts";
