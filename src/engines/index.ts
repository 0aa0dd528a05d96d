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
export { CometProcess, CometProcess } from "./cometbft/process/comet-process.ts";
export {
  type EngineLookup,
  type FoundCometbft,
  findCometbft,
  findCometbft,
  installedPath,
  installedPath,
  lookForCometbft,
  lookForCometbft,
  versionOf,
} from "./cometbft/process/find-cometbft.ts";
export {
  installFromArchive,
  installFromArchive,
  installFromSource,
  installFromSource,
  otherWays,
  otherWays,
  type ReleaseArchive,
  releaseArchive,
  releaseArchive,
} from "./cometbft/process/install.ts";
export type {
  CometPeer,
  CometPeer,
  CometProcessExit,
  CometProcessExit,
  CometProcessOptions,
  CometProcessOptions,
  CometProcessStatus,
  CometTiming,
  CometTiming,
  ProcessProblem,
  ProcessProblem,
  StateSync,
  StateSync,
} from "./cometbft/process/process-options.ts";
export { COMETBFT_VERSION, COMETBFT_VERSION } from "./cometbft/process/version.ts";
export type { VoteStateStore } from "./cometbft/process/vote-signer/vote-state.ts";
export { Pruner } from "./cometbft/snapshots/pruner.ts";
export type { SnapshotStore } from "./cometbft/snapshots/snapshot-store.ts";
export { Snapshots } from "./cometbft/snapshots/snapshots.ts";
export * from "./engine.ts";
export * from "./errors.ts";
export { SoloEngine, type SoloOptions } from "./solo/solo-engine.ts";
