import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { cliError } from "../errors.ts";

/** Below are ports of well-known services. */
const LOWEST = 10_240;

/**
 * Ports of the loopback that nobody listens on, below those that the system gives to outgoing connections: none of them is taken by chance
 * between now and a node's start, nor while a node is down. Another program may still take one on purpose.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const range = firstEphemeral() - LOWEST;
  const ports: number[] = [];
  for (let at = randomInt(range), tries = 0; ports.length < count; at++, tries++) {
    if (tries > range) throw cliError("cli.argument", `there are not ${count} free ports`, { wanted: count });
    const port = LOWEST + (at % range);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function firstEphemeral(): number {
  try {
    return Math.max(LOWEST + 1000, Number.parseInt(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8"), 10));
  } catch {
    // IANA's, as macOS and the BSDs have it.
    return 49_152;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
