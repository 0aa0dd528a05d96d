/**
 * A network of members as processes of their own: founded from a manifest, put under load, hurt, and looked at from outside. Every node is a
 * `hansa up` with its own CometBFT; between them lies a relay, so that any of them can be cut off without rights on the machine.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { KeyFile } from "#crypto/node";
import type { ConsensusStatus } from "#engines";
import { type GroupFiles, groupKeys, homeAt, openHomeKeys, type ReplayResult, replayLedger } from "#node";
import type { JoiningKeys, Operation, Parameters, Receipt } from "#protocol";
import { type Client, type ClientOptions, createClient, createParty, type Party, sendOperations } from "#sdk";
import { type Alliance, buildHomes, type MemberHome } from "../../../src/cli/devnet/build-homes.ts";
import { freePorts } from "../../../src/cli/devnet/free-ports.ts";
import { type MemberNode, type NodeOptions, startMember } from "../../../src/cli/devnet/run-nodes.ts";
import { agree, lookAt, type MemberView, viewTable } from "../../../src/cli/devnet/watch.ts";
import { type Finished, runHansa } from "../member.suite.ts";
import { History } from "./checks.suite.ts";
import { Load, type Work } from "./load.suite.ts";
import { Relay } from "./relay.suite.ts";

/** What a network is made of. */
export interface Manifest {
  /** How many, or their names; by default acme, borea, castor, delphi, … */
  readonly members: number | readonly string[];
  /** How many of them vote from the first block on (all). */
  readonly validators?: number;
  /** Of the genesis. */
  readonly parameters?: Partial<Parameters>;
  /** Of every home's entry of the group. */
  readonly entry?: { readonly snapshotBlocks?: number; readonly keepBlocks?: number };
  /** How single members' nodes differ from the others': what makes them faulty. */
  readonly nodes?: Readonly<Record<string, NodeOptions>>;
  /** How long ago it was founded, milliseconds (0). */
  readonly age?: number;
  /** Addresses of the members' machines: then no relay lies between them. */
  readonly hosts?: readonly string[];
}

/** What is done to members. */
export type Fault =
  /** Node and engine at once, by SIGKILL. */
  | { readonly kill: readonly string[] }
  /** Node and engine, by SIGSTOP. */
  | { readonly pause: readonly string[] }
  /** From all others, and these among themselves. */
  | { readonly disconnect: readonly string[] }
  /** One side from the other. */
  | { readonly partition: readonly [readonly string[], readonly string[]] }
  /** The node is ended and started as an operator would. */
  | { readonly restart: readonly string[] };

export class Network {
  readonly alliance: Alliance;
  readonly history = new History();
  readonly #manifest: Manifest;
  readonly #relay: Relay | undefined;
  readonly #nodes: Map<string, MemberNode>;
  /** Names of processes that are no member's own node and are let on the wires. */
  readonly #guests: Map<number, string>;
  readonly #loads: Load[] = [];
  readonly #keys = new Map<string, { readonly file: KeyFile; readonly own: JoiningKeys }>();

  private constructor(
    alliance: Alliance,
    manifest: Manifest,
    nodes: Map<string, MemberNode>,
    guests: Map<number, string>,
    relay: Relay | undefined,
  ) {
    this.alliance = alliance;
    this.#manifest = manifest;
    this.#nodes = nodes;
    this.#guests = guests;
    this.#relay = relay;
    // A test that ran out of time may never come to its `remove`.
    process.once("exit", this.#onExit);
  }

  readonly #onExit = () => {
    for (const name of this.names) this.signal(name, "SIGKILL");
  };

  /** Makes the homes of a manifest. No process runs yet. */
  static async found(manifest: Manifest): Promise<Network> {
    const folder = mkdtempSync(join(tmpdir(), "hansa-network-"));
    const count = typeof manifest.members === "number" ? manifest.members : manifest.members.length;
    const free = await freePorts(4 * count);
    const four = (i: number) => free.slice(4 * i, 4 * i + 4) as [number, number, number, number];
    const ports = Array.from({ length: count }, (_, i) => {
      const [http, mqtt, peers] = four(i);
      return { http, mqtt, peers };
    });
    const { members, validators, parameters, hosts } = manifest;
    const alliance = await buildHomes({
      folder,
      members,
      validators,
      parameters,
      ports,
      hosts,
      now: Date.now() - (manifest.age ?? 0),
      config: { signatureThreads: 0 },
    });
    const nodes = new Map<string, MemberNode>();
    const guests = new Map<number, string>();
    const network = (relay?: Relay) => new Network(alliance, manifest, nodes, guests, relay);
    const real = new Map(alliance.homes.map(({ name }, i) => [name, four(i)[3]]));
    for (const home of alliance.homes) {
      const { configFile } = homeAt(home.folder);
      const config = JSON.parse(readFileSync(configFile, "utf8")) as { groups: object[] };
      // The relay has the address that the others know; the node itself listens elsewhere.
      const p2p = hosts === undefined ? { p2p: { host: "127.0.0.1", port: real.get(home.name) } } : {};
      config.groups = config.groups.map((entry) => ({ ...entry, ...manifest.entry, ...p2p }));
      writeFileSync(configFile, JSON.stringify(config));
    }
    if (hosts !== undefined) return network();
    const wires = alliance.homes.map(
      ({ name, ports: own }) => [name, { real: real.get(name) ?? 0, public: own.peers }] as const,
    );
    const pids = () => new Map([...guests, ...[...nodes.values()].map(({ pid, home }) => [pid, home.name] as const)]);
    return network(await Relay.open({ ports: new Map(wires), pids }));
  }

  /** Founds it, and starts the nodes that vote. */
  static async start(manifest: Manifest): Promise<Network> {
    const network = await Network.found(manifest);
    try {
      await network.up(...network.alliance.homes.filter(({ validator }) => validator).map(({ name }) => name));
    } catch (error) {
      await network.remove();
      throw error;
    }
    return network;
  }

  get groupId(): string {
    return this.alliance.groupId;
  }

  /** Names of all members. */
  get names(): readonly string[] {
    return this.alliance.homes.map(({ name }) => name);
  }

  /** Names of those whose nodes run. */
  get running(): readonly string[] {
    return this.names.filter((name) => this.#nodes.get(name)?.running === true);
  }

  home(name: string): MemberHome {
    const home = this.alliance.homes.find((other) => other.name === name);
    if (home === undefined) throw new Error(`no member ${name}`);
    return home;
  }

  /** Where the group's files of a member are. */
  files(name: string): GroupFiles {
    return homeAt(this.home(name).folder).group(this.alliance.group);
  }

  /** All that a member's node logged so far, over all its starts. */
  log(name: string): string {
    const file = join(this.home(name).folder, "node.log");
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** A member's keys: its own, the one that votes, and its node's. */
  async keys(name: string): Promise<JoiningKeys> {
    const known = this.#keys.get(name);
    if (known !== undefined) return known.own;
    const { folder, passphrase } = this.home(name);
    const file = await openHomeKeys(homeAt(folder), passphrase);
    const own = groupKeys(file, name, this.alliance.group);
    this.#keys.set(name, { file, own });
    return own;
  }

  async party(name: string): Promise<Party> {
    return createParty(this.alliance.alliance, (await this.keys(name)).member);
  }

  /** A client of a member's node that signs as that member. One try: tests see what the node says. */
  async client(name: string, options: Partial<ClientOptions> = {}): Promise<Client> {
    return createClient({
      url: this.home(name).url,
      group: this.groupId,
      signer: await this.party(name),
      timeout: 20_000,
      retry: { attempts: 1, delay: 1 },
      ...options,
    });
  }

  /** Sends operations of a member through its own node. */
  async send(name: string, operations: readonly Operation[]): Promise<Receipt> {
    return sendOperations(await this.client(name), operations);
  }

  /** Runs `hansa …` on a member's home. */
  hansa(name: string, ...args: string[]): Promise<Finished> {
    const { folder, passphrase, url } = this.home(name);
    return runHansa([...args, "--home", folder], { HANSA_PASSPHRASE: passphrase, HANSA_URL: url });
  }

  /** Starts a member's node, without waiting for it to serve. */
  launch(name: string, options: NodeOptions = {}): MemberNode {
    const node = startMember(this.home(name), { ...this.#manifest.nodes?.[name], ...options });
    this.#nodes.set(name, node);
    return node;
  }

  /** Lets a process on the wires that is no member's own node. They are cut and mended under this name. */
  admit(name: string, { pid }: MemberNode): void {
    this.#guests.set(pid, name);
  }

  /** Starts nodes at once; resolves when all of them serve. */
  async up(...names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.launch(name).waitUp()));
  }

  /** Ends nodes as an operator would. */
  async down(...names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.#nodes.get(name)?.stop()));
  }

  /** The newest process of a member's node. */
  node(name: string): MemberNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`the node of ${name} was never started`);
    return node;
  }

  /** Process of a member's CometBFT, and its folder of sockets; `undefined` where none runs. */
  engine(name: string): { readonly pid: number; readonly run: string } | undefined {
    try {
      return JSON.parse(readFileSync(join(this.files(name).comet, "process.json"), "utf8"));
    } catch {
      return undefined;
    }
  }

  /** Signals a member's node, its engine, or both. */
  signal(name: string, signal: NodeJS.Signals, who: "node" | "engine" | "both" = "both"): void {
    if (who !== "engine") this.#nodes.get(name)?.kill(signal);
    const pid = who === "node" ? undefined : this.engine(name)?.pid;
    if (pid === undefined) return;
    try {
      process.kill(pid, signal);
    } catch {
      // It ended meanwhile.
    }
  }

  /** Does this to members; what it answers undoes it, and resolves once their nodes serve. */
  async inflict(fault: Fault): Promise<() => Promise<void>> {
    if ("kill" in fault) {
      for (const name of fault.kill) this.signal(name, "SIGKILL");
      await Promise.all(fault.kill.map((name) => this.#nodes.get(name)?.ended));
      return () => this.up(...fault.kill);
    }
    if ("restart" in fault) {
      await this.down(...fault.restart);
      return () => this.up(...fault.restart);
    }
    if ("pause" in fault) {
      for (const name of fault.pause) this.signal(name, "SIGSTOP");
      return async () => {
        for (const name of fault.pause) this.signal(name, "SIGCONT");
      };
    }
    if (this.#relay === undefined) throw new Error("there is no relay between these members");
    if ("disconnect" in fault) this.#relay.cut(fault.disconnect, this.names);
    else this.#relay.cut(...fault.partition);
    return async () => this.#relay?.mend();
  }

  /** Begins to send from all members, or from these, each at its own node. */
  async load(options: { readonly from?: readonly string[]; readonly each?: number } = {}): Promise<Load> {
    const { from = this.names, each = 1 } = options;
    const senders = await Promise.all(
      from.flatMap((name) =>
        Array.from({ length: each }, async () => {
          const client = await this.client(name, { timeout: 10_000 });
          return { party: await this.party(name), client: () => client };
        }),
      ),
    );
    const load = Load.begin({ groupId: this.groupId, senders });
    this.#loads.push(load);
    return load;
  }

  /** What members say of the group now. */
  async look(names: readonly string[] = this.names): Promise<MemberView[]> {
    const watched = await Promise.all(
      names.map(async (name) => ({ name, client: await this.client(name, { timeout: 5000 }) })),
    );
    return lookAt(watched, this.groupId, new AbortController().signal);
  }

  /** What one member says of consensus now. */
  async consensus(name: string): Promise<ConsensusStatus | null> {
    return (await this.look([name]))[0]?.consensus ?? null;
  }

  /** Height of a member; -1 where its node does not answer. */
  async height(name: string): Promise<number> {
    return (await this.look([name]))[0]?.height ?? -1;
  }

  /**
   * Waits until it holds of what these members say.
   *
   * @param within - milliseconds; a requirement where the test states one, else the patience of somebody who would call it broken
   */
  async wait(
    what: string,
    holds: (views: readonly MemberView[]) => boolean,
    { names = this.running, within = 45_000 }: { readonly names?: readonly string[]; readonly within?: number } = {},
  ): Promise<readonly MemberView[]> {
    const deadline = performance.now() + within;
    for (;;) {
      const views = await this.look(names);
      if (holds(views)) return views;
      if (performance.now() > deadline)
        throw new Error(`not within ${within} ms: ${what}\n${viewTable(views, (_, text) => text)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Waits until every one of these members has so many blocks more than the highest of them has now. */
  async progress(names: readonly string[] = this.running, blocks = 3, within?: number): Promise<void> {
    const from = Math.max(...(await this.look(names)).map(({ height }) => height ?? 0));
    await this.wait(
      `${blocks} blocks after ${from} at ${names.join(", ")}`,
      (views) => views.every(({ height }) => (height ?? 0) >= from + blocks),
      { names, ...(within === undefined ? {} : { within }) },
    );
  }

  /** Waits until these members are at one height with one root. Where a load runs that moment may never come. */
  async agreement(names: readonly string[] = this.running, within?: number): Promise<void> {
    await this.wait(
      "one height and one root",
      (views) => agree(views) && views.every(({ consensus }) => consensus?.catchingUp !== true),
      { names, ...(within === undefined ? {} : { within }) },
    );
  }

  /**
   * Ends what goes on and holds what all running nodes show against one another and against what was acknowledged: equal headers, hence roots, at
   * equal heights; every acknowledged transaction where its receipt says, none executed twice.
   */
  async check(...works: readonly Work[]): Promise<void> {
    await Promise.all(works.map((work) => work.end()));
    await this.agreement();
    const wrong: string[] = works.flatMap(({ surprises }) => surprises);
    for (const name of this.running) wrong.push(...(await this.history.read(name, await this.client(name))));
    const acknowledged = works.flatMap((work) => work.acknowledged);
    const [complete = ""] = this.running;
    wrong.push(...(await this.history.findLosses(await this.client(complete), acknowledged)));
    expect(wrong).toEqual([]);
  }

  /** Whether a height never rises for so long. */
  async stands(names: readonly string[], milliseconds: number): Promise<void> {
    const before = await this.look(names);
    await passed(milliseconds);
    const heights = (views: readonly MemberView[]) => views.map(({ member, height }) => [member, height]);
    expect(heights(await this.look(names))).toEqual(heights(before));
  }

  /** Ends all nodes and executes every ledger anew, offline: each must give what it has, and what all agreed on. */
  async replay(names: readonly string[] = this.names): Promise<void> {
    await this.down(...this.running);
    const found: ReplayResult[] = [];
    for (const name of names) {
      const { folder, passphrase } = this.home(name);
      found.push(await replayLedger({ home: folder, passphrase }));
    }
    for (const [i, { differs, blocks, root }] of found.entries()) {
      expect(differs, names[i]).toBeUndefined();
      const agreed = this.history.rootAt(blocks - 1);
      if (agreed !== undefined) expect(root, names[i]).toBe(agreed);
    }
    expect(new Set(found.map(({ blocks, root }) => `${blocks} ${root}`)).size).toBe(1);
  }

  /** Undoes whatever a test left: loads end, wires are mended, and every node that was started before runs. */
  async recover(): Promise<void> {
    for (const name of this.names) this.signal(name, "SIGCONT");
    this.#relay?.mend();
    await Promise.all(this.#loads.splice(0).map((load) => load.end()));
    await this.up(...[...this.#nodes.values()].filter(({ running }) => !running).map(({ home }) => home.name));
    await this.agreement();
  }

  /** Kills what still runs, and takes all files away. */
  async remove(): Promise<void> {
    process.off("exit", this.#onExit);
    for (const node of this.#nodes.values()) node.kill("SIGKILL");
    await Promise.all([...this.#nodes.values()].map(({ ended }) => ended));
    await Promise.all(this.#loads.map((load) => load.end()));
    const runs = this.names.flatMap((name) => this.engine(name)?.run ?? []);
    for (const pid of processesOf(this.alliance.folder))
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended meanwhile.
      }
    await this.#relay?.close();
    for (const { file } of this.#keys.values()) file.close();
    // A killed node leaves its sockets behind, for its next start to clear.
    for (const run of runs) rmSync(run, { recursive: true, force: true });
    rmSync(this.alliance.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** Lets a fault last as long as the test says. */
export function passed(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Processes that have this folder on their command line: engines outlive a node that was killed. */
function processesOf(folder: string): number[] {
  return execFileSync("ps", ["-axo", "pid=,command="], { encoding: "utf8", maxBuffer: 64 << 20 })
    .split("\n")
    .filter((line) => line.includes(`${folder}/`))
    .map((line) => Number.parseInt(line, 10))
    .filter((pid) => pid !== process.pid);
}
