export * from "./cloud-event.ts";
export * from "./errors.ts";
export * from "./log/checkpoint-anchor.ts";
export { type EventProof, type EventProofTrust, verifyEventProof } from "./log/event-proof.ts";
export * from "./log/topic-logs.ts";
export * from "./rights.ts";
export { isTopicFilter, isTopicName, matchesFilter } from "./topic-filter.ts";
