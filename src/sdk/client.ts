import type { Did, TransactionSigner } from "#protocol";
import { sdkError } from "./errors.ts";
import { isGroupId } from "./group.ts";
import { type ClientTls, tlsFetch } from "./tls-fetch.ts";
import { createVerifier, type Verifier } from "./verifier.ts";

/** Whoever signs: a DID, its key's id, and what signs with that key. */
export interface Party extends TransactionSigner {
  readonly did: Did;
}

/** How requests that may safely be repeated are repeated. */
export interface RetryPolicy {
  /** Tries in all; 1: no repeat. */
  readonly attempts: number;
  /** Wait before the second try, milliseconds; doubles from try to try, up to 5 s. */
  readonly delay: number;
}

export interface ClientOptions {
  /** Address of a node, `http://127.0.0.1:7420`. */
  readonly url: string;
  /** A group's id or name; may be left out where the node serves one group. */
  readonly group?: string | undefined;
  /**
   * Checks what is read with `verified: true`. Left out, a client whose `group` is a whole id verifies from that group's genesis on; with
   * a name alone there is nothing to check against.
   */
  readonly verifier?: Verifier | undefined;
  /** Authorities to trust and a client certificate, PEM, for a node with TLS. On Node alone; in its place `fetch` may be given. */
  readonly tls?: ClientTls | undefined;
  /** In place of the runtime's own. */
  readonly fetch?: typeof fetch | undefined;
  /** Who signs where a call names nobody else. */
  readonly signer?: Party | undefined;
  /**
   * Finds who signs reads, once a group has refused one that nobody signed; for clients without `signer`. Asked at most once: what takes
   * a passphrase is not asked for where anyone may read.
   */
  readonly reader?: (() => Promise<Party>) | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
  /** Longest wait for a whole answer, milliseconds (30,000). Live events have no end; their silence has this limit. */
  readonly timeout?: number | undefined;
  /** Largest answer, bytes (64 MiB). */
  readonly maxBytes?: number | undefined;
  readonly retry?: RetryPolicy | undefined;
}

/** A connection's settings. A plain object: every action is a function that takes it first. */
export interface Client {
  readonly url: string;
  readonly group: string | undefined;
  readonly verifier: Verifier | undefined;
  readonly fetch: typeof fetch;
  readonly signer: Party | undefined;
  readonly reader: (() => Promise<Party>) | undefined;
  readonly now: () => number;
  readonly timeout: number;
  readonly maxBytes: number;
  readonly retry: RetryPolicy;
  /** What was learned and need not be asked twice. */
  readonly memory: {
    groupId?: string;
    token?: { readonly text: string; readonly until: number };
    reader?: Promise<Party>;
  };
}

/**
 * A client of one node. Nothing is sent until an action is called.
 *
 * @throws HansaError `sdk.url`, `sdk.tls`
 * @example
 * ```ts
 * const client = createClient({ url: "http://127.0.0.1:7420", signer: { did, kid, signer } });
 * const receipt = await openTopic(client, { topic: "acme/things", publish: [], subscribe: [] });
 * ```
 */
export function createClient(options: ClientOptions): Client {
  return {
    url: checkUrl(options.url),
    group: options.group,
    verifier: options.verifier ?? verifierOf(options.group),
    // Called as a bare function: browsers refuse `fetch` with another `this` than the global one.
    fetch: options.fetch ?? (options.tls === undefined ? (input, init) => fetch(input, init) : tlsFetch(options.tls)),
    signer: options.signer,
    reader: options.reader,
    now: options.now ?? (() => Date.now()),
    timeout: options.timeout ?? 30_000,
    maxBytes: options.maxBytes ?? 64 * 1024 * 1024,
    retry: options.retry ?? { attempts: 4, delay: 200 },
    memory: {},
  };
}

function verifierOf(group: string | undefined): Verifier | undefined {
  return group !== undefined && isGroupId(group) ? createVerifier({ trust: group }) : undefined;
}

function checkUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch (error) {
    throw sdkError("sdk.url", `${text.slice(0, 200)} is not a URL`, { url: text.slice(0, 200) }, error);
  }
  const plain = (url.protocol === "http:" || url.protocol === "https:") && url.search === "" && url.hash === "";
  // Credentials in an address end up in logs; whoever needs them puts a `fetch` in that sets a header.
  if (!plain || url.username !== "" || url.password !== "")
    throw sdkError("sdk.url", "the node's address is an http or https URL without credentials, query or fragment", {
      url: `${url.protocol}//${url.host}`,
    });
  return url.href.replace(/\/$/, "");
}
