import { isIP } from "node:net";
import { credentialError, fetchDocument } from "#identity";

export interface HttpsSourceOptions {
  /** Hosts that may lie in private networks. */
  readonly privateHosts: readonly string[];
  readonly maxBytes: number;
  readonly accept: string;
  /** Authorities to believe beside the usual ones, PEM. */
  readonly ca?: string | undefined;
}

const TIMEOUT = 5000;
const AT_ONCE = 32;

/**
 * What lies behind URLs that strangers name: over HTTPS, from public addresses and few hosts beside, with one deadline, up to a size, and no more
 * of them at once than a few.
 *
 * @returns what fetches; it throws HansaError `credentials.unreachable`, `resolution.*`
 */
export function httpsSource(options: HttpsSourceOptions): (url: string) => Promise<Uint8Array> {
  const { maxBytes, accept, ca } = options;
  const privateHosts = new Set(options.privateHosts.map((host) => host.toLowerCase()));
  const limits = { privateHosts, timeout: TIMEOUT, maxBytes, accept, ca };
  let underWay = 0;
  return async (text) => {
    const address = addressOf(text, privateHosts);
    if (underWay >= AT_ONCE) throw credentialError("credentials.unreachable", "too much is being fetched already");
    underWay++;
    try {
      return await fetchDocument(address, limits);
    } finally {
      underWay--;
    }
  };
}

function addressOf(text: string, privateHosts: ReadonlySet<string>) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:" || url.username !== "" || url.password !== "")
    throw credentialError("credentials.unreachable", "nothing is fetched but from https URLs");
  // An address is looked up by nobody, so that nobody would see that it is a private one.
  if (isIP(url.hostname.replace(/^\[|\]$/g, "")) !== 0 && !privateHosts.has(url.hostname))
    throw credentialError("credentials.unreachable", "nothing is fetched but from hosts with a name");
  return { host: url.hostname, port: Number(url.port || 443), path: url.pathname + url.search };
}
