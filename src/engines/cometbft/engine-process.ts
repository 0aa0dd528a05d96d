/** Why and how often the engine's process ended. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** The CometBFT process as the engine sees it. Who implements it finds, configures, watches and restarts the process. */
export interface EngineProcess {
  /** Unix socket at which our ABCI server listens; there before the process starts. */
  readonly abciSocket: string;
  /** Unix socket of CometBFT's RPC. */
  readonly rpcSocket: string;
  /** Times that it was started anew since the first start. */
  readonly restarts: number;
  /** Starts it, and from then on starts it anew when it ends. Resolves once it was spawned; RPC may answer later. */
  start(): Promise<void>;
  /** Ends it, for good. Resolves once it has ended. */
  stop(): Promise<void>;
  /** Hears of every end that `stop` did not ask for. The answer ends it. */
  onExit(listener: (exit: ProcessExit) => void): () => void;
}
