/** The CometBFT process as the engine sees it. Who implements it finds, configures, watches and restarts the process. */
export interface EngineProcess {
  /** Unix socket at which our application listens for CometBFT (ABCI); there before the process starts. */
  readonly applicationSocket: string;
  /** Unix socket of CometBFT's RPC. */
  readonly rpcSocket: string;
  /** Starts it, and from then on starts it anew whenever it ends. Resolves once it runs, which is before its RPC answers. */
  start(): Promise<void>;
  /** Ends it, for good. Resolves once it has ended. */
  stop(): Promise<void>;
  /** Hears of every end of the process. The answer ends it. */
  onExit(listener: () => void): () => void;
  status(): {
    readonly running: boolean;
    /** Times that it was started anew. */
    readonly restarts: number;
    /** Trouble that it told of since its last start. */
    readonly problem?: { readonly kind: string; readonly meaning: string; readonly advice: string } | undefined;
  };
}
