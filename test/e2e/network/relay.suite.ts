/**
 * The wires between the members of a network: every node is known to the others by an address of a relay, which leads to its real port.
 * A wire that is cut swallows what is sent, as a broken network does: nobody hears that a connection ended.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";

interface Link {
  readonly from: string;
  readonly to: string;
  readonly near: Socket;
  far: Socket | undefined;
}

export interface RelayOptions {
  /** Real port of each member's node, and the port under which the others know it. */
  readonly ports: ReadonlyMap<string, { readonly real: number; readonly public: number }>;
  /** Which processes are whose: connections do not say who dials. */
  readonly pids: () => ReadonlyMap<number, string>;
}

export class Relay {
  readonly #options: RelayOptions;
  readonly #servers: Server[] = [];
  readonly #links = new Set<Link>();
  /** `a b` for every direction that is cut. */
  readonly #cut = new Set<string>();

  private constructor(options: RelayOptions) {
    this.#options = options;
  }

  static async open(options: RelayOptions): Promise<Relay> {
    const relay = new Relay(options);
    for (const [to, { public: port }] of options.ports) {
      const server = createServer({ noDelay: true, pauseOnConnect: true }, (near) => relay.#take(near, to, port));
      relay.#servers.push(server);
      await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
    }
    return relay;
  }

  /** Cuts all wires between these two sides, both ways. */
  cut(one: readonly string[], other: readonly string[]): void {
    for (const a of one)
      for (const b of other) if (a !== b) for (const wire of [`${a} ${b}`, `${b} ${a}`]) this.#cut.add(wire);
    for (const link of this.#links) if (this.#isCut(link)) hold(link);
  }

  /** Mends all wires; what was under way goes on. */
  mend(): void {
    this.#cut.clear();
    for (const link of this.#links) this.#release(link);
  }

  async close(): Promise<void> {
    for (const { near, far } of this.#links) {
      near.destroy();
      far?.destroy();
    }
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  #isCut({ from, to }: Link): boolean {
    return this.#cut.has(`${from} ${to}`);
  }

  #take(near: Socket, to: string, port: number): void {
    near.on("error", () => {});
    const from = near.remotePort === undefined ? undefined : ownerOf(near.remotePort, port, this.#options.pids());
    if (from === undefined) {
      near.destroy();
      return;
    }
    const link: Link = { from, to, near, far: undefined };
    this.#links.add(link);
    near.once("close", () => this.#end(link));
    if (!this.#isCut(link)) this.#release(link);
  }

  /** Lets it flow; where it never did, dials first. */
  #release(link: Link): void {
    const { near, to } = link;
    if (near.destroyed || link.far?.destroyed) {
      this.#end(link);
      return;
    }
    if (link.far === undefined) {
      const far = connect({ port: this.#options.ports.get(to)?.real ?? 0, host: "127.0.0.1", noDelay: true });
      link.far = far;
      far.on("error", () => {}).once("close", () => this.#end(link));
      forward(near, far, () => this.#isCut(link));
      forward(far, near, () => this.#isCut(link));
    }
    near.resume();
    link.far.resume();
  }

  /** Over a wire that is cut nobody hears of the end. */
  #end(link: Link): void {
    if (this.#isCut(link)) return;
    link.near.destroy();
    link.far?.destroy();
    this.#links.delete(link);
  }
}

function hold({ near, far }: Link): void {
  near.pause();
  far?.pause();
}

function forward(source: Socket, target: Socket, isCut: () => boolean): void {
  source.on("data", (data) => {
    if (!target.write(data)) source.pause();
  });
  source.on("end", () => target.end());
  target.on("drain", () => {
    if (!isCut()) source.resume();
  });
}

/** Whose process dials from one loopback port to another. */
function ownerOf(local: number, remote: number, pids: ReadonlyMap<number, string>): string | undefined {
  const pid = process.platform === "linux" ? pidByProc(local, remote, pids) : pidByLsof(local, pids);
  return pid === undefined ? undefined : pids.get(pid);
}

function pidByProc(local: number, remote: number, pids: ReadonlyMap<number, string>): number | undefined {
  const hex = (port: number) => `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const line = readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .find((text) => text.includes(` ${hex(local)} ${hex(remote)} `));
  const inode = line?.trim().split(/\s+/)[9];
  if (inode === undefined) return undefined;
  for (const pid of pids.keys())
    try {
      const files = readdirSync(`/proc/${pid}/fd`);
      if (files.some((file) => linkOf(`/proc/${pid}/fd/${file}`) === `socket:[${inode}]`)) return pid;
    } catch {
      // It ended meanwhile.
    }
  return undefined;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function pidByLsof(local: number, pids: ReadonlyMap<number, string>): number | undefined {
  try {
    const args = ["-nP", "-a", "-p", [...pids.keys()].join(","), `-iTCP:${local}`, "-Fp"];
    return Number(/^p(\d+)/m.exec(execFileSync("lsof", args, { encoding: "utf8" }))?.[1]);
  } catch {
    return undefined;
  }
}
