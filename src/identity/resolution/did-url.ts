import { DID_URL_LIMIT } from "#protocol";
import { resolutionError } from "../errors.ts";

/** A DID, taken apart. */
export interface ParsedDid {
  readonly did: string;
  readonly method: string;
  /** What the method alone understands. */
  readonly id: string;
}

/** A DID URL, taken apart. */
export interface ParsedDidUrl extends ParsedDid {
  /** With its slash; empty where there is none. */
  readonly path: string;
  /** Decoded. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Without its `#`; `undefined` where there is none. */
  readonly fragment: string | undefined;
}

// The ABNF of DID Core §3.1 and §3.2, with RFC 3986's `pchar`. Each is one loop over single characters: nothing to backtrack over.
const PLAIN = /^did:([a-z0-9]+):([A-Za-z0-9._:-]*[A-Za-z0-9._-])$/;
const DID = /^did:([a-z0-9]+):((?:[A-Za-z0-9._:-]|%[0-9A-Fa-f]{2})*(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2}))$/;
const PATH = /^(?:\/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)*$/;
const QUERY_OR_FRAGMENT = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*$/;

const PARAMETERS = 16;
const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();
const WITHOUT_REST = { path: "", parameters: NO_PARAMETERS, fragment: undefined };

/**
 * Takes a DID URL apart; a DID alone is one.
 *
 * @throws HansaError `resolution.did` where the DID is wrong, `resolution.did-url` where it is what follows it
 * @example
 * ```ts
 * const { did, parameters, fragment } = parseDidUrl("did:example:123?versionId=2#key-1");
 * ```
 */
export function parseDidUrl(text: string): ParsedDidUrl {
  const length = text.length;
  if (length > DID_URL_LIMIT)
    throw resolutionError("resolution.did-url", `a DID URL has at most ${DID_URL_LIMIT} characters`, { length });
  // Nearly all are plain, and one that is needs no second look.
  const plain = PLAIN.exec(text);
  if (plain !== null) return { ...WITHOUT_REST, did: text, method: plain[1] as string, id: plain[2] as string };
  const end = text.search(/[/?#]/);
  const did = end < 0 ? text : text.slice(0, end);
  const parts = DID.exec(did);
  if (parts === null) throw resolutionError("resolution.did", "this is not a DID", { text: did.slice(0, 100) });
  const parsed = { did, method: parts[1] as string, id: parts[2] as string };
  if (end < 0) return { ...WITHOUT_REST, ...parsed };
  const rest = text.slice(end);
  const hash = rest.indexOf("#");
  const before = hash < 0 ? rest : rest.slice(0, hash);
  const mark = before.indexOf("?");
  const path = mark < 0 ? before : before.slice(0, mark);
  const query = mark < 0 ? "" : before.slice(mark + 1);
  const fragment = hash < 0 ? undefined : rest.slice(hash + 1);
  if (!PATH.test(path)) throw malformed("path");
  if (!QUERY_OR_FRAGMENT.test(query)) throw malformed("query");
  if (fragment !== undefined && !QUERY_OR_FRAGMENT.test(fragment)) throw malformed("fragment");
  return { ...parsed, path, parameters: readParameters(query), fragment };
}

function malformed(part: string) {
  return resolutionError("resolution.did-url", `the DID URL's ${part} is malformed`, { part });
}

/** `+` stands for itself here: this is RFC 3986, no form. */
function readParameters(query: string): ReadonlyMap<string, string> {
  if (query === "") return NO_PARAMETERS;
  const parameters = new Map<string, string>();
  const pairs = query.split("&");
  if (pairs.length > PARAMETERS) throw malformed("query");
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    const name = decodePart(equals < 0 ? pair : pair.slice(0, equals));
    // Two readers would not agree on which of two counts.
    if (parameters.has(name))
      throw resolutionError("resolution.did-url", `the DID URL names ${name.slice(0, 40)} twice`, { part: "query" });
    parameters.set(name, decodePart(equals < 0 ? "" : pair.slice(equals + 1)));
  }
  return parameters;
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw malformed("query");
  }
}
