import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

/** Below are ports of well-known services. */
const LOWEST = 10_240;
/** Processes that look for ports at the same time begin in different parts: numbers of processes that began one after the other differ. */
const PARTS = 64;
/** A port that was found is not found again while so many others were: whoever asked for it may not listen yet, or not for the moment. */
const REMEMBERED = 1024;

const found = new Set<number>();

/**
 * Ports of the loopback that nobody listens on, below those that the system gives to outgoing connections: none of them is taken by chance
 * between now and the time that somebody listens, nor while he does not for a while. Another program may still take one on purpose.
 *
 * @returns `undefined` where there are not so many
 */
export async function findFreePorts(count: number): Promise<readonly number[] | undefined> {
  const range = firstEphemeral() - LOWEST;
  if (count > range) return undefined;
  const part = Math.floor(range / PARTS);
  const ports: number[] = [];
  for (let at = (process.pid % PARTS) * part + randomInt(part), tries = 0; ports.length < count; at++, tries++) {
    if (tries > range) return undefined;
    const port = LOWEST + (at % range);
    if (!found.has(port) && (await isFree(port))) ports.push(port);
  }
  for (const port of ports) found.add(port);
  for (const port of found) {
    if (found.size <= REMEMBERED) break;
    found.delete(port);
  }
  return ports;
}

/** Whether nobody listens on a port of the loopback. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

function firstEphemeral(): number {
  try {
    return Math.max(LOWEST + 1000, Number.parseInt(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8"), 10));
  } catch {
    // IANA's, as macOS and the BSDs have it.
    return 49_152;
  }
}
