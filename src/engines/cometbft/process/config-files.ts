/** CometBFT's configuration, made anew from ours at every start: whatever stands in its home counts for nothing. */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeMultikey } from "#crypto";
import { chainIdOf, cometAddress, type Genesis } from "#protocol";
import { engineError } from "../../errors.ts";
import type { CometPeer, CometTiming, StateSync } from "./process-options.ts";
import { type TomlTable, tomlOf } from "./toml.ts";
import { COMETBFT_VERSION } from "./version.ts";

const MEBI = 2 ** 20;
/** Most bytes of a CometBFT block, and of one bundle in it. */
export const BLOCK_BYTES = 4 * MEBI;
export const BUNDLE_BYTES = MEBI;

/**
 * Rounds fail while a proposer is down or messages are late. CometBFT lets its waits grow without an end, and reports of chains that stood
 * still for hours after a long outage come from there. These grow so little that after an hour of failing rounds one takes half a minute.
 */
export const DEFAULT_TIMING: CometTiming = {
  commit: 100,
  gossip: 20,
  flush: 10,
  propose: 1000,
  proposeGrowth: 50,
  vote: 300,
  voteGrowth: 25,
};

export interface ConfigFacts {
  readonly moniker: string;
  /** Path of the application's socket, or CometBFT's own `kvstore`. */
  readonly application: string;
  readonly signerSocket: string;
  readonly rpcSocket: string;
  readonly p2pPort: number;
  readonly peers: readonly CometPeer[];
  /** Where CometBFT reads its key among peers. */
  readonly nodeKeyFile: string;
  /** Where CometBFT puts the random key that it makes though a remote signer votes. */
  readonly unusedKeyFile: string;
  readonly unusedStateFile: string;
  readonly stateSync?: StateSync | undefined;
  readonly timing?: Partial<CometTiming> | undefined;
}

/**
 * `config.toml`, by sections; `""` holds what stands before them.
 *
 * @throws HansaError `engine.process-failed` where a peer or a state sync is not one
 */
export function cometConfig(facts: ConfigFacts): Readonly<Record<string, TomlTable>> {
  const timing = { ...DEFAULT_TIMING, ...facts.timing };
  const peers = facts.peers.map(peerText);
  return {
    "": {
      version: COMETBFT_VERSION,
      proxy_app: facts.application === "kvstore" ? "kvstore" : `unix://${facts.application}`,
      moniker: facts.moniker,
      abci: "socket",
      db_backend: "goleveldb",
      db_dir: "data",
      log_level: "main:info,statesync:info,*:error",
      log_format: "json",
      genesis_file: "config/genesis.json",
      node_key_file: facts.nodeKeyFile,
      priv_validator_key_file: facts.unusedKeyFile,
      priv_validator_state_file: facts.unusedStateFile,
      priv_validator_laddr: `unix://${facts.signerSocket}`,
      // The application is asked for every peer that connects: only nodes that the ledger admits get in.
      filter_peers: true,
    },
    rpc: {
      laddr: `unix://${facts.rpcSocket}`,
      grpc_laddr: "",
      pprof_laddr: "",
      unsafe: true,
      max_open_connections: 64,
      max_request_batch_size: 1000,
      max_body_bytes: 32 * MEBI,
      cors_allowed_origins: [],
    },
    p2p: {
      laddr: `tcp://127.0.0.1:${facts.p2pPort}`,
      external_address: "",
      seeds: "",
      persistent_peers: peers.join(","),
      // Admission is the ledger's matter; these limits would only keep an admitted member out.
      unconditional_peer_ids: facts.peers.map(({ node }) => node).join(","),
      persistent_peers_max_dial_period: "5s",
      addr_book_file: "config/addrbook.json",
      addr_book_strict: false,
      allow_duplicate_ip: true,
      max_num_inbound_peers: 200,
      max_num_outbound_peers: 200,
      pex: false,
      seed_mode: false,
      flush_throttle_timeout: ms(timing.flush),
      send_rate: 50 * MEBI,
      recv_rate: 50 * MEBI,
    },
    mempool: {
      type: "flood",
      recheck: false,
      broadcast: true,
      size: 50_000,
      max_txs_bytes: 256 * MEBI,
      max_tx_bytes: BUNDLE_BYTES,
      cache_size: 100_000,
      "keep-invalid-txs-in-cache": false,
    },
    statesync: stateSyncTable(facts.stateSync),
    blocksync: { version: "v0" },
    consensus: {
      wal_file: "data/cs.wal/wal",
      timeout_propose: ms(timing.propose),
      timeout_propose_delta: ms(timing.proposeGrowth),
      timeout_prevote: ms(timing.vote),
      timeout_prevote_delta: ms(timing.voteGrowth),
      timeout_precommit: ms(timing.vote),
      timeout_precommit_delta: ms(timing.voteGrowth),
      timeout_commit: ms(timing.commit),
      skip_timeout_commit: false,
      create_empty_blocks: false,
      create_empty_blocks_interval: "0s",
      peer_gossip_sleep_duration: ms(timing.gossip),
      double_sign_check_height: 0,
      // A node whose clock is behind takes what the others agreed on for a block of the future, and ends itself. The median of all clocks
      // bounds the time of blocks already, so this leaves room for a clock that is an hour and more behind.
      block_time_tolerance: "2h0m0s",
    },
    // `block_results` is not asked: receipts are in the ledger. The last response is kept all the same, for recovery.
    storage: { discard_abci_responses: true },
    tx_index: { indexer: "null" },
    instrumentation: { prometheus: false },
  };
}

function stateSyncTable(sync: StateSync | undefined): TomlTable {
  if (sync === undefined) return { enable: false };
  const { rpcServers, trustHeight, trustHash, trustPeriod } = sync;
  const fits =
    rpcServers.length >= 2 &&
    rpcServers.every((url) => /^https?:\/\/[A-Za-z0-9.:[\]-]+$/.test(url)) &&
    Number.isSafeInteger(trustHeight) &&
    trustHeight > 0 &&
    /^[0-9a-fA-F]{64}$/.test(trustHash) &&
    Number.isSafeInteger(trustPeriod) &&
    trustPeriod > 0;
  if (!fits) throw engineError("engine.process-failed", "the grounds of a state sync are incomplete", { rpcServers });
  return {
    enable: true,
    rpc_servers: rpcServers.join(","),
    trust_height: trustHeight,
    trust_hash: trustHash.toUpperCase(),
    trust_period: `${trustPeriod}s`,
    discovery_time: "5s",
    chunk_request_timeout: "10s",
    // Chunks hold what the ledger holds: they stay in the home and are not spread over the machine's folder for temporary files.
    temp_dir: "tmp",
  };
}

function peerText({ node, host, port }: CometPeer): string {
  if (!/^[0-9a-f]{40}$/.test(node) || !/^[A-Za-z0-9.:[\]-]+$/.test(host) || !(port > 0 && port < 65_536))
    throw engineError("engine.process-failed", "a peer's address is not one", { node, host, port });
  return `${node}@${host}:${port}`;
}

function ms(value: number): string {
  if (!Number.isInteger(value) || value < 0) throw new RangeError("a duration is a whole number of milliseconds");
  return `${value}ms`;
}

/**
 * `genesis.json`: the same bytes for every member, made of the group's genesis alone.
 *
 * @throws HansaError `engine.wrong-key` where the group is not one for CometBFT
 */
export function cometGenesis(genesis: Genesis, groupId: string): object {
  const { engine } = genesis;
  if (engine.kind !== "cometbft")
    throw engineError("engine.wrong-key", "the group's genesis names another engine", { kind: engine.kind });
  return {
    genesis_time: new Date(genesis.time).toISOString(),
    chain_id: chainIdOf(groupId),
    initial_height: "1",
    consensus_params: {
      block: { max_bytes: String(BLOCK_BYTES), max_gas: "-1" },
      // Evidence counts for a week; on a busy chain for as many blocks as a week has at one a second.
      evidence: {
        max_age_num_blocks: "604800",
        max_age_duration: String(604_800n * 1_000_000_000n),
        max_bytes: "65536",
      },
      validator: { pub_key_types: ["ed25519"] },
      version: { app: "0" },
      abci: { vote_extensions_enable_height: "0" },
    },
    validators: engine.validators.map(({ node, key, power }) => {
      const voting = ed25519(key);
      return {
        address: cometAddress(voting).toUpperCase(),
        pub_key: { type: "tendermint/PubKeyEd25519", value: Buffer.from(voting.bytes).toString("base64") },
        power: String(power),
        name: cometAddress(ed25519(node)),
      };
    }),
    app_hash: "",
  };
}

function ed25519(multikey: string) {
  const key = decodeMultikey(multikey);
  if (key?.algorithm !== "Ed25519")
    throw engineError("engine.wrong-key", "a validator's key in the genesis is not Ed25519", { key: multikey });
  return key;
}

/** Writes CometBFT's home, for its owner alone. The node's key is not among it: see `node-key.ts`. */
export function writeConfigFiles(folder: string, facts: ConfigFacts, genesis: object): void {
  // What a state sync that was cut short left behind.
  rmSync(join(folder, "tmp"), { recursive: true, force: true });
  for (const part of [folder, join(folder, "config"), join(folder, "data"), join(folder, "tmp")]) {
    mkdirSync(part, { recursive: true, mode: 0o700 });
    chmodSync(part, 0o700);
  }
  writeFileSync(join(folder, "config", "config.toml"), tomlOf(cometConfig(facts)), { mode: 0o600 });
  writeFileSync(join(folder, "config", "genesis.json"), `${JSON.stringify(genesis, undefined, 2)}\n`, { mode: 0o600 });
}
