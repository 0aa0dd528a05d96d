import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

/** Below are ports of well-known services. */
const LOWEST = 10_240;
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
  const ports: number[] = [];
  for (let at = randomInt(range), tries = 0; ports.length < count; at++, tries++) {
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

/** A port of the loopback that the system has just given out, and that nobody listens on any more; `undefined` where it gives none. */
export function anyPort(): Promise<number | undefined> {
  return listenedAt(0);
}

/** Whether nobody listens on a port of the loopback. */
export async function isFree(port: number): Promise<boolean> {
  return (await listenedAt(port)) !== undefined;
}

function listenedAt(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : port));
    });
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
