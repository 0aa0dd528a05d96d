/** Members that run one group together, each with its home and its node as a process of its own: what the tests of membership share. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isHansaError } from "#base";
import { type KeyFile, openKeyFile } from "#crypto/node";
import { homeAt } from "#node";
import { type MemberChange, type Operation, operation, type Parameters, type Receipt } from "#protocol";
import {
  type Client,
  type ClientOptions,
  createClient,
  createParty,
  getStatus,
  type Party,
  sendOperations,
} from "#sdk";
import { type Alliance, buildHomes, type MemberHome, type MemberPorts } from "../../../src/cli/devnet/build-homes.ts";
import { freePorts } from "../../../src/cli/devnet/free-ports.ts";
import { type MemberNode, startMember } from "../../../src/cli/devnet/run-nodes.ts";
import { agree, lookAt, type MemberView, type Watched } from "../../../src/cli/devnet/watch.ts";
import type { Place } from "../devices.suite.ts";
import { type Finished, runHansa } from "../member.suite.ts";
import { Strangers } from "../strangers.suite.ts";

export const ALLIANCE = "hanse";
export const SECONDS = 1000;

/** What of a client is said otherwise than by whoever signs. */
export interface Reach extends Partial<ClientOptions> {
  /** Member whose node is asked; its own where left out, and the first member's for whoever has none. */
  readonly at?: string | undefined;
}

export interface FoundOptions {
  readonly members?: number;
  readonly parameters?: Partial<Parameters>;
  /** Settings of every member's group in its `config.json`. */
  readonly group?: Readonly<Record<string, unknown>>;
}

/** One member at its home. */
interface Seat {
  readonly home: MemberHome;
  keys: KeyFile;
  readonly party: Party;
  readonly env: Readonly<Record<string, string>>;
  node: MemberNode | undefined;
  /** How its HTTP API is reached where that is not plain. */
  reach: Partial<ClientOptions>;
}

/** Members of a group and their nodes; each acts through its own node. */
export class Members {
  readonly made: Alliance;
  readonly #seats = new Map<string, Seat>();
  readonly #others = new Strangers(ALLIANCE);
  readonly #replaced: KeyFile[] = [];

  private constructor(made: Alliance) {
    this.made = made;
  }

  /** Homes of founders, in a temporary folder; no node runs yet. */
  static async found({ members = 4, parameters, group }: FoundOptions = {}): Promise<Members> {
    const folder = mkdtempSync(join(tmpdir(), "hansa-members-"));
    const ports = portsOf(await freePorts(members * 3));
    const config = { log: { level: "info" as const } };
    const made = await buildHomes({
      folder,
      members,
      ports,
      config,
      ...(parameters === undefined ? {} : { parameters }),
    });
    const built = new Members(made);
    for (const home of made.homes) {
      if (group !== undefined)
        changeConfig(home, ({ groups }) => Object.assign((groups as object[])[0] as object, group));
      await built.seat(home);
    }
    return built;
  }

  get groupId(): string {
    return this.made.groupId;
  }

  /** Names of all that have a node here. */
  get names(): readonly string[] {
    return [...this.#seats.keys()];
  }

  /** Takes a home in, of a founder or of who came later. */
  async seat(home: MemberHome, env: Readonly<Record<string, string>> = {}): Promise<void> {
    const keys = await openKeyFile(homeAt(home.folder).keyFile, home.passphrase);
    const party = createParty(ALLIANCE, keys.signer(home.name));
    this.#seats.set(home.name, { home, keys, party, env, node: undefined, reach: {} });
  }

  home(name: string): MemberHome {
    return this.#seat(name).home;
  }

  keys(name: string): KeyFile {
    return this.#seat(name).keys;
  }

  /** Reads a key file again that commands have added keys to. */
  async openKeys(name: string): Promise<KeyFile> {
    const seat = this.#seat(name);
    // The party goes on signing with what was opened first.
    this.#replaced.push(seat.keys);
    seat.keys = await openKeyFile(homeAt(seat.home.folder).keyFile, seat.home.passphrase);
    return seat.keys;
  }

  node(name: string): MemberNode {
    const { node } = this.#seat(name);
    if (node === undefined) throw new Error(`the node of ${name} does not run`);
    return node;
  }

  isUp(name: string): boolean {
    return this.#seats.get(name)?.node?.running === true;
  }

  /** How others reach a member's HTTP API from now on. */
  setReach(name: string, reach: Partial<ClientOptions>): void {
    this.#seat(name).reach = reach;
  }

  /** Starts nodes, all at once; resolves when all serve. */
  async up(...names: readonly string[]): Promise<void> {
    const started = (names.length === 0 ? this.names : names).map((name) => {
      const seat = this.#seat(name);
      seat.node = startMember(seat.home, { env: seat.env });
      return seat.node;
    });
    await Promise.all(started.map((node) => node.waitUp()));
  }

  async stop(...names: readonly string[]): Promise<void> {
    await Promise.all((names.length === 0 ? this.names : names).map((name) => this.#seat(name).node?.stop()));
  }

  async kill(name: string): Promise<void> {
    const node = this.node(name);
    node.kill("SIGKILL");
    await node.ended;
  }

  /** A member, or anybody else. */
  party(name: string): Party {
    return this.#seats.get(name)?.party ?? this.#others.party(name);
  }

  /** A client that signs as this party. One try: tests see what the node says. */
  as(name: string, { at, ...options }: Reach = {}): Client {
    const seat = this.#seat(at ?? (this.#seats.has(name) ? name : (this.names[0] as string)));
    return createClient({
      url: seat.home.url,
      group: this.groupId,
      signer: this.party(name),
      retry: { attempts: 1, delay: 1 },
      ...seat.reach,
      ...options,
    });
  }

  /** Sends, and waits until every node that runs has the block: what is asked of another one next is not of yesterday. */
  async send(name: string, operations: readonly Operation[], also: readonly string[] = [], reach: Reach = {}) {
    const signers = [name, ...also].map((other) => this.party(other));
    const receipt = await sendOperations(this.as(name, reach), operations, { signers });
    await this.reached(receipt.height);
    return receipt;
  }

  /** As the tests of devices want it: a member's node, to which its devices come. */
  place(name: string): Place {
    return {
      groupId: this.groupId,
      party: (other) => this.party(other),
      send: (other, operations, also) => this.send(other, operations, also),
      node: { mqttUrl: this.node(name).mqttUrl },
    };
  }

  /** One block more: how a group whose members have nothing to say goes on. */
  async beat(name = this.names[0] as string): Promise<Receipt> {
    const service = { id: "beat", type: "Web", endpoint: `https://beat.example/${Date.now()}` };
    return this.send(name, [operation("identity.setService", { did: this.party(name).did, service })]);
  }

  /** Proposes a change, at the proposer's own node; its approval counts at once. */
  propose(by: string, change: MemberChange): Promise<Receipt> {
    return this.#freshly(() => this.send(by, [operation("members.propose", { change })]));
  }

  /**
   * Decides by vote: the first proposes, the others approve until it takes effect, each at its own node.
   *
   * @returns the receipt with which it took effect
   * @throws HansaError the ledger's refusal
   */
  async vote(change: MemberChange, voters: readonly string[]): Promise<Receipt> {
    const [first, ...others] = voters as readonly [string, ...string[]];
    let receipt = await this.propose(first, change);
    const proposal = Number(receipt.facts.find(({ fact }) => fact === "members.proposed")?.data["proposal"]);
    for (const voter of others) {
      if (isSettled(receipt)) break;
      receipt = await this.#freshly(() => this.send(voter, [operation("members.approve", { proposal })]));
    }
    if (!isSettled(receipt)) throw new Error(`proposal ${proposal} wants more votes than of ${voters.join(", ")}`);
    return receipt;
  }

  /**
   * What the ledger advises where its last block is too old to say who is there: the same again, at once. A machine with much to do makes
   * a vote come too late for its block, and its node count as absent, though it runs: the next block says otherwise.
   */
  async #freshly(send: () => Promise<Receipt>): Promise<Receipt> {
    const end = Date.now() + 30 * SECONDS;
    for (;;)
      try {
        return await send();
      } catch (error) {
        if (Date.now() > end || !(isHansaError(error, "nodes.stale") || this.#isLate(error))) throw error;
      }
  }

  #isLate(error: unknown): boolean {
    if (!isHansaError(error, "nodes.no-quorum") && !isHansaError(error, "nodes.still-voting")) return false;
    const { absent } = error.payload as { readonly absent: readonly string[] };
    return this.admitted().some((name) => absent.includes(this.home(name).node));
  }

  watched(names: readonly string[] = this.running()): Watched[] {
    return names.map((name) => ({ name, client: this.as(name) }));
  }

  running(): readonly string[] {
    return this.names.filter((name) => this.isUp(name));
  }

  /** What members say of the group now. */
  look(...names: readonly string[]): Promise<MemberView[]> {
    const wanted = names.length === 0 ? this.running() : names;
    return lookAt(this.watched(wanted), this.groupId, AbortSignal.timeout(30 * SECONDS));
  }

  /** Waits until members have executed a block; those that run, where none is named. */
  async reached(height: number, names: readonly string[] = this.admitted()): Promise<void> {
    await eventually(`${names.join(", ")} at height ${height}`, async () =>
      (await Promise.all(names.map((name) => this.height(name)))).every((at) => at >= height),
    );
  }

  async height(name: string): Promise<number> {
    const { groups } = await getStatus(this.as(name));
    return groups.find(({ id }) => id === this.groupId)?.height ?? 0;
  }

  /** Nodes that `reached` waits for: a member that was cut off hears of no block. */
  readonly cutOff = new Set<string>();

  admitted(): readonly string[] {
    return this.running().filter((name) => !this.cutOff.has(name));
  }

  /** Waits until all that run and are let in are at one height from `least` on, with one root. */
  async agreed(least = 1): Promise<MemberView> {
    let views: MemberView[] = [];
    await eventually("one height and one root", async () => {
      views = await this.look(...this.admitted());
      return agree(views, least);
    });
    return views[0] as MemberView;
  }

  /** Runs `hansa …` in a member's home; commands that ask a node ask its own. */
  hansa(name: string, ...argv: readonly string[]): Promise<Finished> {
    const { folder, passphrase, url } = this.home(name);
    return runHansa([...argv, "--home", folder], { HANSA_PASSPHRASE: passphrase, HANSA_URL: url });
  }

  /** The same, which has to succeed; answers what it says to programs. */
  async done(name: string, ...argv: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
    const { code, stdout, stderr } = await this.hansa(name, ...argv, "--json");
    if (code !== 0) throw new Error(`hansa ${argv.join(" ")} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
  }

  async remove(): Promise<void> {
    await Promise.all([...this.#seats.values()].map(({ node }) => node?.stop()));
    for (const keys of [...this.#replaced, ...[...this.#seats.values()].map((seat) => seat.keys)]) keys.close();
    if (process.env["KEEP"] === undefined) rmSync(this.made.folder, { recursive: true, force: true });
  }

  #seat(name: string): Seat {
    const seat = this.#seats.get(name);
    if (seat === undefined) throw new Error(`${name} has no home here`);
    return seat;
  }
}

/** Changes a home's configuration while its node is down. */
export function changeConfig(
  home: Pick<MemberHome, "folder">,
  change: (config: Record<string, unknown>) => void,
): void {
  const file = homeAt(home.folder).configFile;
  const config = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  change(config);
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`);
}

function isSettled({ facts }: Receipt): boolean {
  return facts.some(({ fact }) => fact === "members.changed");
}

function portsOf(ports: readonly number[]): MemberPorts[] {
  return Array.from({ length: ports.length / 3 }, (_, i) => {
    const [http, mqtt, peers] = ports.slice(3 * i) as [number, number, number];
    return { http, mqtt, peers };
  });
}

/**
 * Asks again until it holds.
 *
 * @throws Error with what was waited for, once the time is over
 */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>, seconds = 90): Promise<void> {
  const end = Date.now() + seconds * SECONDS;
  for (;;) {
    if (await holds()) return;
    if (Date.now() > end) throw new Error(`${seconds} s went by without ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
