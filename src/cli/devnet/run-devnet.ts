import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { KeyFile } from "#crypto/node";
import { findCometbft } from "#engines";
import { groupKeys, homeAt, openHomeKeys } from "#node";
import { type JoiningKeys, operation } from "#protocol";
import { createClient, createParty, sendOperations } from "#sdk";
import { cliError } from "../errors.ts";
import { registerNode } from "../home/register-node.ts";
import type { Io, Output } from "../io.ts";
import { createPaint } from "../output/paint.ts";
import { ALLIANCE_FILE, type Alliance, buildHomes, type MemberHome, readAlliance } from "./build-homes.ts";
import { type MemberNode, startMember } from "./run-nodes.ts";
import { agree, lookAt, lookUntil, type MemberView, viewTable, type Watched, watch } from "./watch.ts";

export interface DevnetOptions {
  readonly members: number;
  readonly validators?: number | undefined;
  /** Kept, and taken up again by the next run; a folder of its own that goes with the run, where left out. */
  readonly folder?: string | undefined;
  /** Ends once every member has executed a transaction. */
  readonly once: boolean;
  /** Seconds; until the signal where left out. */
  readonly seconds?: number | undefined;
  readonly io: Io;
  /** Where people read: standard error where standard output is for a program. */
  readonly out: Output;
  /** Called once all serve. */
  readonly onUp?: (alliance: Alliance) => void;
}

export interface DevnetResult {
  readonly alliance: Alliance;
  /** What was seen last. */
  readonly members: readonly MemberView[];
}

/** Longest that the first blocks may take, milliseconds. */
const PATIENCE = 90_000;

/**
 * A whole alliance on this machine: homes, processes, and a look at them. All processes have ended when it resolves.
 *
 * @throws HansaError `engine.missing`, `cli.devnet-failed`, and what a node said that did not come up
 */
export async function runDevnet(options: DevnetOptions): Promise<DevnetResult> {
  const { io, out } = options;
  // Asked for first: without it nothing else is of any use.
  await findCometbft(io.env);
  const paint = createPaint(out, io.env);
  const print = (text: string) => out.write(`${text}\n`);
  const folder =
    options.folder === undefined ? mkdtempSync(join(tmpdir(), "hansa-devnet-")) : resolve(io.cwd, options.folder);
  const nodes: MemberNode[] = [];
  const opened: KeyFile[] = [];
  // Whatever ends this process takes the nodes with it.
  const onExit = () => {
    for (const node of nodes) node.kill("SIGTERM");
  };
  process.once("exit", onExit);
  try {
    const alliance = await prepare(folder, options, print);
    const keys = await openKeys(alliance, opened);
    try {
      await unlessAborted(io.signal, start(alliance, keys, nodes, io.signal, print));
    } catch (error) {
      // Told to end before all were up: the nodes heard it, too.
      if (!io.signal.aborted || options.once) throw error;
      return { alliance, members: [] };
    }
    const watched = alliance.homes.map((home) => watchedOf(alliance, home, keys));
    options.onUp?.(alliance);
    const ending = endingOf(options, nodes);
    if (options.once) return { alliance, members: await agreeOnce(watched, alliance, options, print) };
    print("");
    await watch({ ...alliance, members: watched, out, paint, signal: ending.signal, now: () => io.now() });
    const failed = ending.failed();
    if (failed !== undefined)
      throw cliError(
        "cli.devnet-failed",
        `the node of ${failed.home.name} ended by itself; its log is ${failed.logFile}`,
        { member: failed.home.name, path: failed.logFile },
      );
    // After Ctrl-C the nodes are ending: there is nothing to be seen any more.
    return { alliance, members: io.signal.aborted ? [] : await lookAt(watched, alliance.groupId, io.signal) };
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    for (const file of opened) file.close();
    process.off("exit", onExit);
    if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function prepare(folder: string, options: DevnetOptions, print: (text: string) => void): Promise<Alliance> {
  const known = existsSync(join(folder, ALLIANCE_FILE));
  const begun = performance.now();
  const alliance = known
    ? readAlliance(folder)
    : await buildHomes({ folder, members: options.members, validators: options.validators });
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  const count = alliance.homes.length;
  print(known ? `taking up ${count} homes in ${folder}` : `made ${count} homes in ${folder} (${seconds} s)`);
  print(`group ${alliance.groupId}`);
  return alliance;
}

type KeysOf = (home: MemberHome) => JoiningKeys;

async function openKeys({ homes, group }: Alliance, opened: KeyFile[]): Promise<KeysOf> {
  const keys = new Map<string, JoiningKeys>();
  await Promise.all(
    homes.map(async (home) => {
      const file = await openHomeKeys(homeAt(home.folder), home.passphrase);
      opened.push(file);
      keys.set(home.name, groupKeys(file, home.name, group));
    }),
  );
  return ({ name }) => keys.get(name) as JoiningKeys;
}

function watchedOf({ alliance, groupId }: Alliance, home: MemberHome, keys: KeysOf): Watched {
  const signer = createParty(alliance, keys(home).member);
  // A node that is slow to answer is shown as it is, at the next look.
  const client = createClient({
    url: home.url,
    group: groupId,
    signer,
    timeout: 5_000,
    retry: { attempts: 1, delay: 0 },
  });
  return { name: home.name, client };
}

/** Those that vote first, all at once: none of them serves before most are there. The others join the group that runs. */
async function start(
  alliance: Alliance,
  keysOf: KeysOf,
  nodes: MemberNode[],
  signal: AbortSignal,
  print: (text: string) => void,
): Promise<void> {
  const begun = performance.now();
  const voting = alliance.homes.filter(({ validator }) => validator);
  await startAll(voting, nodes);
  const via = voting[0] as MemberHome;
  for (const home of alliance.homes) {
    if (home.validator) continue;
    const { address, url: endpoint } = home;
    const own = keysOf(home);
    await registerNode({ ...alliance, url: via.url, own, address, endpoint, now: () => Date.now(), signal });
    await startAll([home], nodes);
  }
  print(`${nodes.length} nodes are up (${((performance.now() - begun) / 1000).toFixed(1)} s)`);
  for (const { home } of nodes) print(`  ${home.name.padEnd(10)} ${home.url}  --home ${home.folder}`);
}

async function startAll(homes: readonly MemberHome[], nodes: MemberNode[]): Promise<void> {
  const started = homes.map((home) => startMember(home));
  nodes.push(...started);
  await Promise.all(started.map((node) => node.waitUp()));
}

/** When to end: as told, as asked for, or because a node is gone. */
function endingOf({ io, seconds }: DevnetOptions, nodes: readonly MemberNode[]) {
  const controller = new AbortController();
  let failed: MemberNode | undefined;
  for (const node of nodes)
    void node.ended.then(() => {
      if (controller.signal.aborted || io.signal.aborted) return;
      failed = node;
      controller.abort();
    });
  const signals = [io.signal, controller.signal];
  if (seconds !== undefined) signals.push(AbortSignal.timeout(seconds * 1000));
  return { signal: AbortSignal.any(signals), failed: () => failed };
}

/** One transaction, which all have to execute with the same root. */
async function agreeOnce(
  watched: readonly Watched[],
  { groupId }: Alliance,
  { io, out }: DevnetOptions,
  print: (text: string) => void,
): Promise<MemberView[]> {
  const [first] = watched;
  if (first === undefined) throw cliError("cli.devnet-failed", "the network has no members");
  // Another one each time: the homes may be those of an earlier run.
  const topic = `devnet/probe-${io.now().toString(36)}`;
  const open = operation("topics.open", { topic, publish: [], subscribe: [] });
  const { height } = await sendOperations({ ...first.client, timeout: PATIENCE }, [open], { signal: io.signal });
  const patience = AbortSignal.any([AbortSignal.timeout(PATIENCE), io.signal]);
  const members = await lookUntil(watched, groupId, patience, (views) => agree(views, height));
  print(`\n${viewTable(members, createPaint(out, io.env), out.isTerminal ? out.columns : undefined)}`);
  if (!agree(members, height))
    throw cliError("cli.devnet-failed", "the members did not come to one height with one root", { members });
  return members;
}

/** Waits for something, but not beyond the signal; it then throws the signal's reason. */
async function unlessAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  signal.throwIfAborted();
  let stop: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
