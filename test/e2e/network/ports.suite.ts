import { readFileSync } from "node:fs";
import { createServer } from "node:net";

/** Below it and below the ports that the system gives to outgoing connections lie those that nobody takes while a node is down. */
const LOWEST = 10_240;

/**
 * Ports of the loopback that a node gets again after it was killed: the system gives none of them to a connection in the meantime.
 */
export async function steadyPorts(count: number): Promise<number[]> {
  const range = firstEphemeral() - LOWEST;
  const ports: number[] = [];
  for (let at = Math.floor(Math.random() * range), tries = 0; ports.length < count; at++, tries++) {
    if (tries > range) throw new Error("no free ports");
    const port = LOWEST + (at % range);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function firstEphemeral(): number {
  try {
    return Number(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").trim().split(/\s+/)[0]);
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
