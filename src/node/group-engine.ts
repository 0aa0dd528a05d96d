/** The engine of a group as its genesis names it. */
import type { Clock } from "#base";
import type { KeyStore } from "#crypto/node";
import { type Engine, type PeerGate, SoloEngine } from "#engines";
import type { Ledger } from "#ledger";
import type { Database, SnapshotFiles } from "#storage";
import type { AskMember } from "./command-channel.ts";
import type { NodeConfig } from "./config/config.ts";
import type { GroupFiles } from "./config/home.ts";
import { nodeError } from "./errors.ts";
import { describe, type Log } from "./log.ts";
import type { PeerAnswers } from "./peer-messages.ts";
import type { SignaturePool } from "./signature-pool.ts";
import type { ValidatorPath } from "./validator-path.ts";

export interface OpenEngineOptions {
  readonly entry: NodeConfig["groups"][number];
  readonly files: GroupFiles;
  readonly ledger: Ledger;
  readonly keys: KeyStore;
  readonly pool: SignaturePool;
  readonly waiting: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Opens the database of what only this node knows of consensus; closed with the group. */
  readonly openConsensus: () => Database;
  /** Opens the group's snapshots. */
  readonly openSnapshots: () => SnapshotFiles;
  /** What is to be closed, last opened first. */
  readonly closers: (() => void | Promise<void>)[];
  /** Answers other members' nodes, as soon as the group is open. */
  readonly answers: () => PeerAnswers | undefined;
}

export interface GroupEngine {
  readonly engine: Engine;
  /** Engines with a quorum alone: the node's id, proofs' way to the validators, the way to other members' nodes. */
  readonly node?: string;
  readonly validators?: ValidatorPath;
  readonly ask?: AskMember;
  readonly gate?: PeerGate;
  /** Height of the newest block of which there is a snapshot for peers. */
  readonly newestSnapshot?: () => number | undefined;
  /** Resolves once the ledger has begun: with its genesis, or from a peer's snapshot. To be called after the engine's start. */
  readonly begun?: () => Promise<void>;
}

/** Opens a group's engine; it is started by the caller, once all who listen to blocks do. */
export async function openEngine(options: OpenEngineOptions): Promise<GroupEngine> {
  if (options.ledger.genesis.engine.kind === "solo") return openSolo(options);
  // Loaded only where it is needed: a solo node starts without it.
  const { openComet } = await import("./comet-group.ts");
  return openComet(options);
}

function openSolo({ entry, ledger, keys, waiting, clock, log }: OpenEngineOptions): GroupEngine {
  return {
    engine: new SoloEngine({
      ledger,
      signer: signerOf(keys, entry.engineKey),
      clock,
      waiting,
      onFailure: (error) => log.error({ group: entry.name, cause: describe(error) }, "the engine failed"),
    }),
  };
}

/** @throws HansaError `node.key-missing` */
export function signerOf(keys: KeyStore, name: string) {
  try {
    return keys.signer(name);
  } catch (error) {
    throw nodeError("node.key-missing", `the key file has no key ${name}`, { key: name }, error);
  }
}
