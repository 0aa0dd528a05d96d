import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TrailIndex } from "#audit";
import { type Clock, encodeBase64Url } from "#base";
import { MqttDeviceActor } from "#bridges";
import type { KeyStore } from "#crypto/node";
import { CheckpointAnchor, EventMaker, eventError, type KnownCause, startMqtt, TopicLogs } from "#events";
import { contractDevices, type Execution, isActiveMember, Ledger, readDevice, readNode, readTopic } from "#ledger";
import type { DeviceActor } from "#linkage";
import { didOf, type Fact, keyIdOf, type LinkageRecord, resultTopic } from "#protocol";
import { backup, type Database, GroupStore, KeyValueStore, LogStore, openDatabase, SnapshotFiles } from "#storage";
import { announceReady } from "./announce-ready.ts";
import { commandChannel, receiveCommand } from "./command-channel.ts";
import type { NodeConfig } from "./config/config.ts";
import { type Home, readGenesis } from "./config/home.ts";
import { nodeError } from "./errors.ts";
import { openEngine, signerOf } from "./group-engine.ts";
import type { GroupService } from "./group-service.ts";
import { hostExchange } from "./host-exchange.ts";
import { evidenceDigest, HostedMember } from "./hosted-member.ts";
import { describe, type Log } from "./log.ts";
import { type PeerAnswers, snapshotHead } from "./peer-messages.ts";
import { ledgerRights } from "./rights.ts";
import type { SignaturePool } from "./signature-pool.ts";
import { Submission } from "./submission.ts";
import { leavesOf } from "./succession.ts";
import type { ServerTls } from "./tls/server-tls.ts";
import { findReceiptAnchor } from "./trail.ts";

export interface OpenGroupOptions {
  readonly home: Home;
  readonly config: NodeConfig;
  readonly entry: NodeConfig["groups"][number];
  /** Port of this group's MQTT listener; 0: any. */
  readonly mqttPort: number;
  readonly keys: KeyStore;
  readonly pool: SignaturePool;
  /** Of the MQTT listener; without it, plain TCP. */
  readonly tls?: ServerTls | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Gives up opening. */
  readonly signal?: AbortSignal | undefined;
}

export interface OpenGroup extends GroupService {
  readonly mqttUrl: string;
  brokerCounts(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

/** What is to be closed, last opened first. */
type Closer = () => void | Promise<void>;

/**
 * Opens one group in the order in which its parts stand on one another: storage, ledger, engine, logs, linkages, broker, anchors.
 * Closed in the reverse of it.
 */
export async function openGroup(options: OpenGroupOptions): Promise<OpenGroup> {
  const closers: Closer[] = [];
  try {
    return await open(options, closers);
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

async function closeAll(closers: Closer[]): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

async function open(
  { home, config, entry, mqttPort, keys, pool, tls, clock, log, environment, signal }: OpenGroupOptions,
  closers: Closer[],
): Promise<OpenGroup> {
  const files = home.group(entry.name);
  const genesis = readGenesis(files.genesis);
  const databases = openDatabases(home, entry.name, keys, closers);

  const store = new GroupStore(databases.ledger);
  // Needed for the first block alone.
  const before = store.head() === undefined && genesis.from !== undefined ? databases.inherited() : undefined;
  const ledger = new Ledger(genesis, store, before === undefined ? undefined : leavesOf(new GroupStore(before)));
  const answers: { current?: PeerAnswers } = {};
  const opened = await openEngine({
    entry,
    files,
    ledger,
    keys,
    pool,
    waiting: config.limits.waiting,
    clock,
    log,
    environment,
    openConsensus: databases.consensus,
    openSnapshots: databases.snapshots,
    closers,
    answers: () => answers.current,
  });
  const { engine } = opened;
  const trail = new TrailIndex({
    database: databases.trail,
    ledger,
    clock,
    onFailure: (error) =>
      log.warn({ group: entry.name, cause: describe(error) }, "the trail index waits; the next block tries again"),
  });
  // Before the engine starts: block 0 is committed by its start.
  closers.push(engine.onCommit((execution) => trail.follow(execution)));
  closers.push(() => engine.stop());
  // An engine may have to wait for others, or for an operator who mends what is wrong: whoever gives up must not have to wait with it.
  await unless(signal, async () => {
    await engine.start();
    await opened.begun?.();
  });
  before?.close();
  // A ledger that began from a snapshot, or was pruned, has no blocks before.
  await trail.catchUp(Math.max(0, ledger.lowestHeight));
  closers.push(() => trail.stop());
  databases.seal();
  const submission = new Submission(ledger, engine, pool, clock);

  const identities = [config.member, ...(config.hosted ?? [])].map((name) => {
    const signer = signerOf(keys, name);
    const key = { algorithm: signer.algorithm, bytes: signer.publicKey };
    const did = didOf(genesis.alliance, key);
    return { did, kid: keyIdOf(did, key), signer };
  });
  const [own] = identities;
  if (own === undefined) throw nodeError("node.config", "the node has no member", { path: "/member" });

  const isHosted = (did: string) => identities.some((identity) => identity.did === did);
  // One node plays for all under solo; with a quorum each member's node keeps its own topics.
  const rights = ledgerRights(ledger, clock, opened.ask === undefined ? undefined : isHosted);
  const logs = new TopicLogs({
    store: new LogStore(databases.events),
    clock,
    group: ledger.group.id,
    signer: own.signer,
    signerName: own.did,
  });
  closers.push(() => logs.close());

  const waitingForBroker: { deliver?: (topic: string, payload: Uint8Array) => void | Promise<void> } = {};
  const actor = new MqttDeviceActor({
    clock,
    deliver: (topic, payload) => {
      if (waitingForBroker.deliver === undefined) throw eventError("events.busy", "the broker is not up yet");
      return waitingForBroker.deliver(topic, payload);
    },
  });
  const hosted = identities.map(
    (identity): HostedMember =>
      new HostedMember({
        ...identity,
        ledger,
        clock,
        triggerStore: new KeyValueStore(databases.events, `trigger/${identity.did}`),
        targetStore: new KeyValueStore(databases.events, `target/${identity.did}`),
        submission,
        actor: actor satisfies DeviceActor,
        channel: commandChannel(ledger, () => hosted, opened.ask),
        findAnchor: async (root) => findReceiptAnchor({ ledger, trail }, identity.did, root),
        log,
      }),
  );
  closers.push(() => {
    for (const member of hosted) member.stop();
  });
  const knownCause: KnownCause = (principal) => causeOf(hosted, ledger, principal.did);
  const mqtt = await startMqtt({
    host: config.mqtt.host,
    port: mqttPort,
    ...(tls === undefined ? {} : { tls: tls.options(), peerOf: (socket) => tls.peerOf(socket) }),
    rights,
    logs,
    sessions: new KeyValueStore(databases.events, "mqtt"),
    clock,
    limits: { payloadBytes: config.limits.eventBytes, connections: config.limits.connections },
    causeOf: knownCause,
    log: (line) => log[line.event === "failed" ? "error" : "debug"]({ group: entry.name, mqtt: line }, "mqtt"),
  });
  closers.push(() => mqtt.close());
  if (tls !== undefined)
    closers.push(
      tls.onChange((renewed) => {
        if (renewed) mqtt.renewTls(tls.options());
        mqtt.recheck();
      }),
    );
  waitingForBroker.deliver = (topic, payload) => mqtt.deliver(topic, payload, { qos: 1, retain: false });
  mqtt.onResult((device, payload) => actor.onResult(resultTopic(device.fingerprint), payload));

  feedRuntimes(logs, hosted);
  closers.push(
    logs.tap((logged) => {
      const digest = evidenceDigest(logged);
      if (digest === undefined) return;
      const operator = readDevice(ledger.state, logged.event.source)?.operator;
      for (const member of hosted)
        if (member.did === operator || operator === undefined) member.runtime.onEvent(logged, digest);
    }),
  );
  closers.push(
    engine.onCommit((execution) => {
      const changed = linkagesOf(execution, ledger);
      for (const member of hosted) {
        member.runtime.onBlock(execution.header.height, changed);
        member.target.onBlock();
      }
      if (changesRights(execution)) mqtt.recheck();
    }),
  );
  for (const member of hosted) {
    member.receipts.start();
    member.runtime.start();
  }
  startAnchors(ledger, logs, hosted, submission, clock, log, closers);
  const exchange = identities.map((identity) =>
    hostExchange({ ...identity, ledger, rights, logs, database: databases.events, submission, trail, clock, log }),
  );
  closers.push(() => {
    for (const provider of exchange) provider.stop();
  });
  closers.push(
    engine.onCommit(() => {
      for (const provider of exchange) provider.onBlock();
    }),
  );
  for (const provider of exchange) provider.start();
  answers.current = {
    command: (token) => receiveCommand(ledger, hosted, token),
    snapshot: () => snapshotHead(engine, opened.validators, opened.newestSnapshot?.()),
    path: async () => (await opened.validators?.upTo(ledger.height)) ?? [],
    voter: (node) => ledger.height > 0 && (readNode(ledger.state, node)?.power ?? 0) > 0,
  };
  if (opened.node !== undefined)
    closers.push(announceReady({ ledger, engine, node: opened.node, submission, hosted, clock, log }));

  return {
    name: entry.name,
    ledger,
    engine,
    submission,
    events: {
      logs,
      rights,
      maker: new EventMaker({ clock, payloadBytes: config.limits.eventBytes, causeOf: knownCause }),
    },
    rights,
    logs,
    trail,
    hosted,
    exchange,
    proofs: { ledger, engine, ...(opened.validators === undefined ? {} : { validators: opened.validators }) },
    ...(opened.gate === undefined ? {} : { gate: opened.gate }),
    mqttUrl: `${tls === undefined ? "mqtt" : "mqtts"}://${config.mqtt.host.includes(":") ? `[${config.mqtt.host}]` : config.mqtt.host}:${mqtt.port}`,
    brokerCounts: () => {
      const { refused, ...counts } = mqtt.stats();
      return { ...counts, refused: Object.values(refused).reduce((sum, count) => sum + count, 0) };
    },
    keyValues: (namespace) => new KeyValueStore(databases.events, namespace),
    backup: () => backupGroup(home, entry.name, databases, ledger),
    close: () => closeAll(closers),
  };
}

/** Waits for what is begun, but no longer than until the signal: then it throws the signal's reason. */
async function unless(signal: AbortSignal | undefined, begin: () => Promise<void>): Promise<void> {
  signal?.throwIfAborted();
  const done = begin();
  if (signal === undefined) return done;
  let stop: (() => void) | undefined;
  const given = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  // Whichever loses the race may still fail, and nobody listens any more.
  done.catch(() => undefined);
  given.catch(() => undefined);
  try {
    await Promise.race([done, given]);
  } finally {
    if (stop !== undefined) signal.removeEventListener("abort", stop);
  }
}

function openDatabases(home: Home, name: string, keys: KeyStore, closers: Closer[]) {
  const files = home.group(name);
  const key = keys.dataKey(`data/${name}`);
  mkdirSync(files.folder, { recursive: true, mode: 0o700 });
  const openOne = (file: string) => {
    const database = openDatabase({ file, key });
    closers.push(() => database.close());
    return database;
  };
  const databases = { ledger: openOne(files.ledger), events: openOne(files.events), trail: openOne(files.trail) };
  let consensus: Database | undefined;
  return {
    ...databases,
    consensus: () => {
      consensus ??= openOne(files.consensus);
      return consensus;
    },
    /** `undefined` where it is not there. */
    inherited: () => (existsSync(files.inherited) ? openOne(files.inherited) : undefined),
    snapshots: () => new SnapshotFiles({ folder: files.snapshots, key }),
    /** The key is needed no more. */
    seal: () => key.fill(0),
  };
}

/** The command behind what a device reports now, as its operator's side knows it. */
function causeOf(hosted: readonly HostedMember[], ledger: Ledger, device: string) {
  const operator = readDevice(ledger.state, device)?.operator;
  return hosted.find((member) => member.did === operator)?.target.causeOf(device);
}

/** Feeds what the logs have and the runtimes have not yet seen: a crash lay between. */
function feedRuntimes(logs: TopicLogs, hosted: readonly HostedMember[]): void {
  for (const topic of logs.topics())
    for (const { runtime } of hosted) {
      // A member that never saw an event of the topic has no linkage that waits for its past.
      const cursor = runtime.cursor(topic);
      if (cursor === 0) continue;
      for (let from = cursor; from < logs.size(topic); ) {
        const page = logs.read(topic, from, 1000);
        const last = page.at(-1);
        if (last === undefined) break;
        for (const logged of page) {
          const digest = evidenceDigest(logged);
          if (digest !== undefined) runtime.onEvent(logged, digest);
        }
        from = last.offset + 1;
      }
    }
}

function factsOf(execution: Execution): Fact[] {
  return execution.receipts.flatMap((receipt) => receipt.facts);
}

/** Linkages that a block may have changed: those that its facts name, and those of devices that have a new owner. */
function linkagesOf(execution: Execution, ledger: Ledger): string[] {
  const ids = new Set<string>();
  const given = factsOf(execution).filter(({ fact }) => fact === "devices.transferred");
  if (given.length > 0) {
    const devices = new Set(given.flatMap(({ about }) => about));
    for (const key of ledger.state.keys("linkage/")) {
      const record = ledger.state.get<LinkageRecord>(key);
      if (record === undefined) continue;
      const { sources, targets } = contractDevices(record.contract);
      if ([...sources, ...targets].some((device) => devices.has(device))) ids.add(record.linkage);
    }
  }
  for (const { fact, about } of factsOf(execution))
    if (fact.startsWith("linkages.")) for (const id of about) if (id.startsWith("lk_")) ids.add(id);
  return [...ids];
}

/** DIDs that lost a key by a block. */
export function keysTaken(execution: Execution): ReadonlySet<string> {
  return new Set(
    factsOf(execution).flatMap(({ fact, about }) =>
      fact === "identity.keyRemoved" || fact === "identity.keyRotated" ? about : [],
    ),
  );
}

/** Whether a block may have taken rights away: anchors and services, the bulk of blocks, never do. */
export function changesRights(execution: Execution): boolean {
  return factsOf(execution).some(({ fact }) => {
    if (fact.startsWith("devices.") || fact.startsWith("members.")) return true;
    return [
      "topics.changed",
      "topics.closed",
      "identity.keyRemoved",
      "identity.keyRotated",
      "identity.deactivated",
    ].includes(fact);
  });
}

/** Each hosted member anchors the topics that it operates, about once a second. */
function startAnchors(
  ledger: Ledger,
  logs: TopicLogs,
  hosted: readonly HostedMember[],
  submission: Submission,
  clock: Clock,
  log: Log,
  closers: Closer[],
): void {
  for (const member of hosted) {
    const anchor = new CheckpointAnchor({
      logs,
      clock,
      mine: (topic) =>
        readTopic(ledger.state, topic)?.operator === member.did && isActiveMember(ledger.state, member.did),
      anchored: (topic) => readTopic(ledger.state, topic)?.checkpoint?.size,
      anchor: async (checkpoints) => {
        const args = { checkpoints: checkpoints.map((checkpoint) => ({ ...checkpoint })) };
        await submission.send([{ op: "topics.anchor", args }], member.did, member.key);
      },
      onError: (error) =>
        log.warn(
          { member: member.did, cause: describe(error) },
          "checkpoints were not anchored; the next look tries again",
        ),
    });
    anchor.start();
    closers.push(() => anchor.stop());
  }
}

async function backupGroup(
  home: Home,
  name: string,
  databases: { readonly ledger: Database; readonly events: Database },
  ledger: Ledger,
) {
  const { height } = ledger;
  const folder = join(home.backups, `${name}-${height}-${encodeBase64Url(crypto.getRandomValues(new Uint8Array(4)))}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Events after the ledger: a checkpoint on the ledger then never speaks of events that the copy lacks.
  await backup(databases.ledger, join(folder, "ledger.db"));
  await backup(databases.events, join(folder, "events.db"));
  writeFileSync(join(folder, "genesis.json"), `${JSON.stringify(ledger.genesis, null, 2)}\n`, { mode: 0o600 });
  return { file: folder, height };
}
