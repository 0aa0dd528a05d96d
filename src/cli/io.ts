/** Where text goes. */
export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Width in characters. */
  readonly columns: number;
}

/** All that a command may touch of the world around it, so that tests own it. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Milliseconds since 1970. */
  now(): number;
  /** Asks without echo; `undefined` where there is no terminal. */
  askSecret(question: string): Promise<string | undefined>;
  /** Standard input, whole. */
  readInput(): Promise<Uint8Array>;
  /** Fires when the user wants the command to end. */
  readonly signal: AbortSignal;
}
