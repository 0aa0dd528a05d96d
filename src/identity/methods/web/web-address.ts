import { resolutionError } from "../../errors.ts";
import type { ParsedDid } from "../../resolution/did-url.ts";

/** Where the document of a did:web lies. */
export interface WebAddress {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const HOST = new RegExp(`^(?:${LABEL}\\.)*${LABEL}$`);

/**
 * Host, port and path of a did:web (did:web §2.5): the colons are slashes, and a port's own colon is percent-encoded.
 *
 * @throws HansaError `resolution.did`
 * @example
 * ```ts
 * webAddressOf(parseDidUrl("did:web:example.org%3A8443:things:lamp")); // example.org, 8443, /things/lamp/did.json
 * ```
 */
export function webAddressOf({ did, id }: ParsedDid): WebAddress {
  const refuse = (problem: string) =>
    resolutionError("resolution.did", `did:web: ${problem}`, { text: did.slice(0, 100) });
  const [authority = "", ...segments] = id.split(":");
  const [host = "", digits, ...more] = authority.split(/%3A/i);
  if (host.length > 253 || !HOST.test(host)) throw refuse("the host is no domain name");
  // `1.2.3.4`, but also `0x7f.1`: whatever resolvers of names read as an address.
  if (/(?:^|\.)(?:[0-9]+|0[xX][0-9A-Fa-f]*)$/.test(host)) throw refuse("the host is an address, and no name");
  const port = digits === undefined ? 443 : Number(digits);
  if (more.length > 0 || (digits !== undefined && !/^[1-9][0-9]{0,4}$/.test(digits)) || port > 65_535)
    throw refuse("the port is no number");
  if (segments.length === 0) return { host, port, path: "/.well-known/did.json" };
  for (const segment of segments) {
    let decoded: string;
    try {
      decoded = decodeURIComponent(segment);
    } catch {
      throw refuse("the path is not UTF-8");
    }
    // An encoded slash or dots would lead to another path than the DID shows.
    if (decoded === "" || decoded === "." || decoded === ".." || /[/\\%\p{Cc}]/u.test(decoded))
      throw refuse("a part of the path is no plain name");
  }
  return { host, port, path: `/${segments.join("/")}/did.json` };
}
