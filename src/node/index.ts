export { DEFAULT_CONFIG, ENVIRONMENT, NodeConfig, parseConfig } from "./config/config.ts";
export { type GroupFiles, type Home, homeAt, readConfig, readGenesis } from "./config/home.ts";
export { engineKeyName, groupKeys, nodeSigner, openHomeKeys } from "./config/home-keys.ts";
export { type FoundingMember, type InitOptions, type InitResult, initHome } from "./config/init-home.ts";
export {
  type InstallOptions,
  type InstallResult,
  installGroup,
  type Listen,
  listenOf,
  removeGroupEntry,
  setGroupAside,
  storedConfig,
} from "./config/install-group.ts";
export { NODE_ERRORS } from "./errors.ts";
export { openApiDocument } from "./http/openapi.ts";
export { ALL_ERRORS, problemOf } from "./http/problem.ts";
export { createLog, type Log } from "./log.ts";
export { type ReplayResult, type RestoreResult, replayLedger, restoreLedger } from "./offline.ts";
export {
  bringEvents,
  installInherited,
  leavesOf,
  loadState,
  openStateFile,
  predecessorOf,
  requireSame,
  type StateFile,
  tryGenesis,
  type WrittenState,
  withLedger,
  writeState,
} from "./succession.ts";
export { type ClientFiles, type ClientRequest, TlsAuthority } from "./tls/authority.ts";
export { type CheckedAuthority, checkBindings } from "./tls/check-binding.ts";
export { type IssuedCertificate, type Register as TlsRegister, readTlsRegister } from "./tls/register.ts";
export { VERSION } from "./version.ts";
export { type RunningNode, type StartOptions, startNode } from "./wire.ts";
