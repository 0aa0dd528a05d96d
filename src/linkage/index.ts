export {
  type AnalysedLinkage,
  type Analysis,
  type AnalysisOptions,
  analyseLinkages,
  type Channel,
  type Finding,
  type FindingKind,
} from "./analysis/analyse.ts";
export { commandIdOf } from "./command-id.ts";
export type { ConditionTrace } from "./conditions.ts";
export { type DryRun, type DryRunInput, type DryRunValue, dryRun } from "./dry-run.ts";
export * from "./errors.ts";
export * from "./needs.ts";
export { digestOfToken, isReceiptFor } from "./receipts/check-receipt.ts";
export {
  type AnchorRequest,
  ReceiptBatches,
  type ReceiptBatchesOptions,
  type ReceiptEntry,
  type ReceiptProof,
} from "./receipts/receipt-batches.ts";
export type { Cause } from "./target/causes.ts";
export { CommandTarget, type TargetOptions } from "./target/command-target.ts";
export type { Evidence, Firing, RunReport, RunState } from "./trace.ts";
export { LinkageRuntime } from "./trigger/runtime.ts";
export type { RuntimeOptions } from "./trigger/runtime-options.ts";
