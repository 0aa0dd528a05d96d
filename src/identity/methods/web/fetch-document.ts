import { lookup as lookupName } from "node:dns";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import type { LookupFunction } from "node:net";
import { resolutionError } from "../../errors.ts";
import { isPublicAddress } from "./public-address.ts";
import type { WebAddress } from "./web-address.ts";

export interface FetchOptions {
  /** Names of hosts that may lie in private networks, or on this machine. */
  readonly privateHosts: ReadonlySet<string>;
  /** For everything together, milliseconds. */
  readonly timeout: number;
  readonly maxBytes: number;
  /** Authorities to believe beside the usual ones, PEM. */
  readonly ca?: string | undefined;
  /** Media types that are asked for; those of DID documents where left out. */
  readonly accept?: string;
}

const DOCUMENTS = "application/did+json, application/did+ld+json, application/did, application/json;q=0.9";

const REDIRECTS = 3;
const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const GONE: ReadonlySet<number> = new Set([404, 410]);

/**
 * Fetches a file over HTTPS from a host that a stranger named, and lets him reach nothing by it that he could not reach himself: public
 * addresses alone, looked at as the connection is made, so that a name cannot mean another one by then; no other host by redirection;
 * no credentials, no proxy, one deadline, few bytes.
 *
 * @throws HansaError `resolution.not-found`, `resolution.unreachable`, `resolution.document`
 */
export async function fetchDocument(address: WebAddress, options: FetchOptions): Promise<Uint8Array> {
  const signal = AbortSignal.timeout(options.timeout);
  let { path } = address;
  for (let redirects = 0; ; redirects++) {
    const response = await open(address, path, options, signal);
    const status = response.statusCode ?? 0;
    if (status === 200) return readAll(response, options.maxBytes, address);
    response.destroy();
    if (GONE.has(status)) throw resolutionError("resolution.not-found", "the host has no such document", {});
    const { location } = response.headers;
    if (!REDIRECT_STATUSES.has(status) || location === undefined || redirects === REDIRECTS)
      throw unreachable(address, `it answered ${status}`);
    path = sameHost(address, path, location) ?? fail(unreachable(address, "it leads to another host"));
  }
}

function open(
  { host, port }: WebAddress,
  path: string,
  { privateHosts, ca, accept = DOCUMENTS }: FetchOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = request({
      host,
      port,
      path,
      signal,
      servername: host,
      lookup: privateHosts.has(host.toLowerCase()) ? lookupName : lookupPublic,
      // A connection of its own: nothing is shared with what else this process asks of the host.
      agent: false,
      headers: { accept },
      ...(ca === undefined ? {} : { ca }),
    });
    call.once("response", resolve);
    call.on("error", () => reject(unreachable({ host, port, path }, "it cannot be reached, or may not be")));
    call.end();
  });
}

/** All addresses of a name have to be public: which of them is taken is not for the name's owner to choose. */
const lookupPublic: LookupFunction = (name, options, done) => {
  lookupName(name, { ...options, all: true }, (error, found) => {
    const [first] = found ?? [];
    if (error !== null || first === undefined) return done(error ?? new Error("no address"), "", 4);
    if (!found.every(({ address }) => isPublicAddress(address))) return done(new Error("no public address"), "", 4);
    return options.all === true ? done(null, found) : done(null, first.address, first.family);
  });
};

function sameHost({ host, port }: WebAddress, path: string, location: string): string | undefined {
  const base = `https://${host}:${port}${path}`;
  if (!URL.canParse(location, base)) return undefined;
  const target = new URL(location, base);
  const same = target.protocol === "https:" && target.hostname === host.toLowerCase();
  return same && Number(target.port || 443) === port ? target.pathname + target.search : undefined;
}

async function readAll(response: IncomingMessage, limit: number, address: WebAddress): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > limit) break;
      chunks.push(chunk);
    }
  } catch {
    throw unreachable(address, "it broke off");
  }
  if (length > limit) {
    response.destroy();
    throw resolutionError("resolution.document", `the document has more than ${limit} bytes`, { limit });
  }
  return Buffer.concat(chunks);
}

/** One wording for a name that nobody knows, a port that is closed and an address that is private: it is no way to map a network. */
function unreachable({ host }: WebAddress, why: string) {
  return resolutionError("resolution.unreachable", `${host}: ${why}`, { host });
}

function fail(error: Error): never {
  throw error;
}
