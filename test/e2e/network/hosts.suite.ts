/** Several hosts on one machine: network namespaces, each with an address of its own on one bridge. Linux and root alone. */
import { execFileSync } from "node:child_process";

export interface Hosts {
  /** Addresses of the hosts, in order. */
  readonly addresses: readonly string[];
  /** Runs a program on a host. */
  launcher(host: number): readonly string[];
  /** Takes a host off the network, and puts it back. */
  unplug(host: number): void;
  plug(host: number): void;
  remove(): void;
}

/** Why there can be none here; `undefined` where there can. */
export function whyNoHosts(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "not root";
  const probe = `hansa-probe-${process.pid}`;
  try {
    ip("netns", "add", probe);
    ip("netns", "del", probe);
    ip("link", "add", `hp${process.pid}`, "type", "bridge");
    ip("link", "del", `hp${process.pid}`);
    return undefined;
  } catch {
    return "`ip netns` and `ip link` are not there or not allowed";
  }
}

/** Makes hosts that reach one another, and that this process reaches. */
export function makeHosts(count: number): Hosts {
  const id = process.pid % 2 ** 15;
  const bridge = `hb${id}`;
  // 10.128.0.0 and up: one network of 256 addresses for each process.
  const network = `10.${128 + (id >> 8)}.${id & 0xff}`;
  const name = (host: number) => `hansa-${id}-${host}`;
  const remove = () => {
    for (let host = 0; host < count; host++) attempt("netns", "del", name(host));
    attempt("link", "del", bridge);
  };
  try {
    ip("link", "add", bridge, "type", "bridge");
    ip("addr", "add", `${network}.254/24`, "dev", bridge);
    ip("link", "set", bridge, "up");
    for (let host = 0; host < count; host++) {
      ip("netns", "add", name(host));
      ip("link", "add", `hv${id}x${host}`, "type", "veth", "peer", "name", "eth0", "netns", name(host));
      ip("link", "set", `hv${id}x${host}`, "master", bridge, "up");
      ip("-n", name(host), "addr", "add", `${network}.${host + 1}/24`, "dev", "eth0");
      ip("-n", name(host), "link", "set", "eth0", "up");
      ip("-n", name(host), "link", "set", "lo", "up");
    }
  } catch (error) {
    remove();
    throw error;
  }
  return {
    addresses: Array.from({ length: count }, (_, host) => `${network}.${host + 1}`),
    launcher: (host) => ["ip", "netns", "exec", name(host)],
    unplug: (host) => ip("link", "set", `hv${id}x${host}`, "down"),
    plug: (host) => ip("link", "set", `hv${id}x${host}`, "up"),
    remove,
  };
}

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}

function attempt(...args: string[]): void {
  try {
    ip(...args);
  } catch {
    // It was never made.
  }
}
