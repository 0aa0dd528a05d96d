/** All wiring of a node, by hand, in boot order. Whatever is opened here is closed here, in reverse. */
import { existsSync } from "node:fs";
import { type Clock, systemClock } from "#base";
import { openKeyFile } from "#crypto/node";
import { didOf } from "#protocol";
import { CREDENTIALS_PER_MINUTE } from "./config/credentials-config.ts";
import { homeAt, readConfig } from "./config/home.ts";
import { type OpenCredentials, openCredentials } from "./credentials/open-credentials.ts";
import { nodeResolver } from "./did-resolver.ts";
import { nodeError } from "./errors.ts";
import { startHttp } from "./http/server.ts";
import { createLog, type Log } from "./log.ts";
import { nodeMetrics } from "./metrics.ts";
import { changesRights, keysTaken, type OpenGroup, type OpenGroupOptions, openGroup } from "./open-group.ts";
import type { OpenidService, OpenOpenidOptions } from "./openid4vc/open-openid.ts";
import { SignaturePool } from "./signature-pool.ts";
import { ServerTls } from "./tls/server-tls.ts";
import { VERSION } from "./version.ts";

export interface StartOptions {
  /** Folder of the home. */
  readonly home: string;
  /** Opens the key file; not kept. */
  readonly passphrase: string;
  /** Overlays the configuration; `process.env` of a program. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly log?: Log;
  /** Gives up starting; a node that runs is closed by `close`. */
  readonly signal?: AbortSignal;
}

export interface RunningNode {
  readonly url: string;
  readonly mqttUrl: string;
  readonly member: string;
  readonly groups: readonly { readonly id: string; readonly name: string; readonly height: number }[];
  close(): Promise<void>;
}

/**
 * Starts a member's node: opens its groups, takes what a crash left, serves HTTP and MQTT.
 *
 * @throws HansaError `node.*`, `crypto.keystore-*`, `storage.*`, `ledger.*`
 * @example
 * ```ts
 * const node = await startNode({ home: ".hansa", passphrase, environment: process.env });
 * console.log(node.url);
 * await node.close();
 * ```
 */
export async function startNode(options: StartOptions): Promise<RunningNode> {
  const home = homeAt(options.home);
  const config = readConfig(home, options.environment ?? {});
  if (!existsSync(home.keyFile))
    throw nodeError("node.home-missing", `${home.keyFile} is missing`, { folder: home.folder });
  const clock = options.clock ?? systemClock;
  const log = options.log ?? createLog(config.log.level);
  const keys = await openKeyFile(home.keyFile, options.passphrase);
  const pool = new SignaturePool(config.signatureThreads);
  const groups: OpenGroup[] = [];
  let tls: ServerTls | undefined;
  let credentials: OpenCredentials | undefined;
  const closeAll = async () => {
    await credentials?.close();
    for (const group of groups.splice(0).reverse()) await group.close();
    await tls?.close();
    await pool.close();
    keys.close();
  };
  try {
    const mode = config.tls?.mode ?? "off";
    if (mode !== "off") tls = await ServerTls.open({ home: home.folder, mode, keys, clock, log });
    const { environment = {}, signal } = options;
    groups.push(
      ...(await openGroups(
        config.groups.map((entry, index) => {
          const mqttPort = config.mqtt.port === 0 ? 0 : config.mqtt.port + index;
          return { home, config, entry, mqttPort, keys, pool, tls, clock, log, environment, signal };
        }),
      )),
    );
    const first = groups[0] as OpenGroup;
    const own = keys.signer(config.member);
    const member = didOf(first.ledger.genesis.alliance, { algorithm: own.algorithm, bytes: own.publicKey });
    const resolver = nodeResolver(groups, config.identity);
    let address = "";
    credentials = openCredentials({
      folder: home.folder,
      config,
      keys,
      groups,
      resolver,
      url: () => address,
      clock,
      log,
    });
    const openid = await openOpenidIfSet({
      ...{ config, keys, groups, resolver, clock, url: () => address },
      credentials: credentials?.service,
    });
    const http = await startHttp({
      ...config.http,
      requestsPerMinute: config.limits.requestsPerMinute,
      eventBytes: config.limits.eventBytes,
      groups,
      resolver,
      credentials: credentials?.service,
      openid,
      credentialsPerMinute: config.identity?.credentials?.requestsPerMinute ?? CREDENTIALS_PER_MINUTE,
      member,
      version: VERSION,
      mqttUrl: () => first.mqttUrl,
      metrics: nodeMetrics(groups, () => first.brokerCounts()),
      log,
      clock,
      tls,
    });
    address = http.url;
    credentials?.start();
    for (const group of groups)
      group.engine.onCommit((execution) => {
        if (changesRights(execution)) http.recheck(group, keysTaken(execution));
      });
    log.info(
      { url: http.url, mqtt: first.mqttUrl, groups: groups.map((group) => group.ledger.group.id) },
      "the node is up",
    );
    const running = [...groups];
    return {
      url: http.url,
      mqttUrl: first.mqttUrl,
      member,
      groups: running.map((group) => ({
        id: group.ledger.group.id,
        name: group.name,
        get height() {
          return group.ledger.height;
        },
      })),
      async close() {
        await http.close();
        await closeAll();
        log.info({}, "the node is down");
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/**
 * Opens all groups at once: one that waits for its peers keeps no other from voting. Where one cannot be opened the others are given up.
 *
 * @throws what the first one threw that could not be opened
 */
async function openGroups(each: readonly OpenGroupOptions[]): Promise<OpenGroup[]> {
  const failed = new AbortController();
  const outcomes = await Promise.allSettled(
    each.map(async (options) => {
      const signals = options.signal === undefined ? [failed.signal] : [options.signal, failed.signal];
      try {
        return await openGroup({ ...options, signal: AbortSignal.any(signals) });
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }),
  );
  const open = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  if (!failed.signal.aborted) return open;
  for (const group of open.reverse()) await group.close();
  throw failed.signal.reason;
}

/** The libraries of OpenID4VC take their time to load: only where they are used. */
async function openOpenidIfSet(options: OpenOpenidOptions): Promise<OpenidService | undefined> {
  if (options.config.identity?.credentials?.openid === undefined) return undefined;
  const { openOpenid } = await import("./openid4vc/open-openid.ts");
  return openOpenid(options);
}
