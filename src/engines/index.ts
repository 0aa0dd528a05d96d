export { CometEngine } from "./cometbft/comet-engine.ts";
export type { EngineProcess } from "./cometbft/engine-process.ts";
export type { LightHandler, LightMethod } from "./cometbft/gate/light-server.ts";
export {
  type LocalPeer,
  PeerGate,
  type PeerGateOptions,
  type PeerGateStatus,
  startPeerGate,
} from "./cometbft/gate/peer-gate.ts";
export type { CometEngineOptions } from "./cometbft/options.ts";
export { CometProcess } from "./cometbft/process/comet-process.ts";
export {
  type EngineLookup,
  type FoundCometbft,
  findCometbft,
  installedPath,
  lookForCometbft,
  versionOf,
} from "./cometbft/process/find-cometbft.ts";
export {
  installFromArchive,
  installFromSource,
  otherWays,
  type ReleaseArchive,
  releaseArchive,
} from "./cometbft/process/install.ts";
export type {
  CometPeer,
  CometProcessExit,
  CometProcessOptions,
  CometProcessStatus,
  CometTiming,
  ProcessProblem,
  StateSync,
} from "./cometbft/process/process-options.ts";
export { COMETBFT_VERSION } from "./cometbft/process/version.ts";
export type { VoteStateStore } from "./cometbft/process/vote-signer/vote-state.ts";
export { collectValidatorChanges } from "./cometbft/snapshots/collect-validator-changes.ts";
export { Pruner } from "./cometbft/snapshots/pruner.ts";
export type { SnapshotStore } from "./cometbft/snapshots/snapshot-store.ts";
export { Snapshots } from "./cometbft/snapshots/snapshots.ts";
export * from "./engine.ts";
export * from "./errors.ts";
export { findFreePorts } from "./free-ports.ts";
export { SoloEngine, type SoloOptions } from "./solo/solo-engine.ts";
