import type { Clock } from "#base";
import type { Signer } from "#crypto";
import type { Genesis } from "#protocol";
import type { VoteStateStore } from "./vote-signer/vote-state.ts";

/** A peer as CometBFT dials it: through a local port of the gate. */
export interface CometPeer {
  /** Its node id, 40 hexadecimal digits. */
  readonly node: string;
  /** Loopback, as a rule. */
  readonly host: string;
  readonly port: number;
}

/** From where and on what grounds a node without history begins. */
export interface StateSync {
  /** `http://127.0.0.1:<port>` of at least two nodes that answer light client's questions. */
  readonly rpcServers: readonly string[];
  /** CometBFT's height, and the hash of its header there, 64 hexadecimal digits, from a trusted source. */
  readonly trustHeight: number;
  readonly trustHash: string;
  /** Seconds for which validators of that height are trusted. */
  readonly trustPeriod: number;
}

/** How fast consensus goes, milliseconds. */
export interface CometTiming {
  /** Wait after a commit for more votes: the least time between blocks. */
  readonly commit: number;
  /** Pause between looks at what a peer lacks. */
  readonly gossip: number;
  /** Wait before small messages are sent. */
  readonly flush: number;
  /** Wait for a proposal, for votes, and by how much these grow with each round that failed. */
  readonly propose: number;
  readonly proposeGrowth: number;
  readonly vote: number;
  readonly voteGrowth: number;
}

/** Where the process's life is told. No field ever holds a secret. */
export interface ProcessLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface CometProcessOptions {
  /** Path of the program: see `findCometbft`. */
  readonly binary: string;
  /** CometBFT's home. Ours alone: the caller holds the lock of the group. */
  readonly folder: string;
  readonly genesis: Genesis;
  readonly groupId: string;
  /** 32 bytes of which the key among peers is made. */
  readonly nodeSeed: Uint8Array;
  /** Ed25519: signs votes. */
  readonly signer: Signer;
  readonly voteState: VoteStateStore;
  /** The ledger has begun, yet nobody knows what was signed last: where `voteState` is empty, one height is left unsigned. */
  readonly lost?: boolean;
  /** Loopback port for peers; 0 or left out: one that is free. */
  readonly p2pPort?: number;
  /** Asked at every start of the process. */
  readonly peers: () => readonly CometPeer[];
  readonly moniker: string;
  readonly stateSync?: StateSync | undefined;
  readonly timing?: Partial<CometTiming>;
  /** CometBFT's own application instead of one behind `applicationSocket`: for measuring what the ledger costs. */
  readonly builtIn?: "kvstore";
  readonly log: ProcessLog;
  readonly clock: Clock;
}

/** How the process ended, and what comes next. */
export interface CometProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** What its log said to that, where it is understood. */
  readonly problem: ProcessProblem | undefined;
  /** Last lines that it wrote. */
  readonly lines: readonly string[];
  /** Milliseconds until it is started anew. */
  readonly restartIn: number;
}

/** Trouble that is recognised in the process's log. */
export interface ProcessProblem {
  readonly kind: "damaged" | "disk-full" | "in-use" | "ahead" | "behind" | "diverged" | "halted" | "refused" | "clock";
  readonly meaning: string;
  readonly advice: string;
  /** The line that says so. */
  readonly line: string;
}

export interface CometProcessStatus {
  /** Whether the process runs; whether it answers is for its RPC to say. */
  readonly running: boolean;
  readonly pid: number | undefined;
  /** Milliseconds since 1970 of the last start. */
  readonly since: number | undefined;
  /** Times that it was started anew. */
  readonly restarts: number;
  /** Trouble seen since the last start. */
  readonly problem: ProcessProblem | undefined;
}
