/** Statuses for the node's verifier: its own lists from its own storage, others' over HTTPS where the configuration allows that. */
import { type Clock, decodeUtf8, type JsonObject, parseJson } from "#base";
import {
  type ContextSource,
  credentialError,
  idOf,
  type KeyFinder,
  LIST_ACCEPT,
  type ListKind,
  readBitstringEntry,
  readTokenStatusReference,
  type StatusSource,
  statusSource,
  tokenStatusOf,
} from "#identity";
import type { StatusListRecord } from "#protocol";
import type { GroupService } from "../group-service.ts";
import { httpsSource } from "./https-source.ts";
import type { Issuer } from "./issuing-keys.ts";
import type { ListRecord, StatusLists } from "./status-lists.ts";

export interface StatusCheckOptions {
  readonly lists: StatusLists;
  /** The version of one of the node's lists that the ledger has; 0: none. */
  readonly published: (list: string) => number;
  readonly issuers: readonly Issuer[];
  readonly groups: readonly GroupService[];
  readonly keys: KeyFinder;
  readonly clock: Clock;
  /** Where contexts of lists come from: those that come with Hansa, where left out. */
  readonly contexts?: ContextSource | undefined;
  /** Whether lists of others are fetched. */
  readonly fetches: boolean;
  /** Hosts that may lie in private networks. */
  readonly privateHosts: readonly string[];
  /** Authorities to believe beside the usual ones, PEM. */
  readonly ca?: string | undefined;
}

/** A list of 32 million entries of which every other is set would not compress; one of ordinary use has a few hundred kilobytes at most. */
const MOST_BYTES = 4 << 20;

/**
 * @throws HansaError (the source, when asked) `credentials.status`, `credentials.status-unknown`
 */
export function nodeStatusSource(options: StatusCheckOptions): StatusSource {
  const { lists, issuers, published, fetches } = options;
  const nameOf = new Map(issuers.map(({ name, id }) => [name, id]));
  const others = fetches ? othersLists(options) : undefined;
  return async (entry, credential) => {
    const read = ownEntry(entry, lists);
    if (read === undefined) {
      if (others !== undefined) return others(entry, credential);
      throw unknown("the status list is another issuer's, and this node fetches none");
    }
    const { record, index, value } = read;
    if (nameOf.get(record.issuer) !== issuerOf(credential))
      throw unknown("the status list is another issuer's than the credential");
    if (published(record.id) > record.version)
      throw unknown("the node's status list is older than the ledger's: it came back from a backup");
    const list = lists.bits(record.id);
    if (index >= list.size) throw unknown("the index is beyond the end of the status list");
    if (list.get(index) === 1)
      throw credentialError(
        "credentials.status",
        `the credential was ${record.purpose === "revocation" ? "revoked" : "suspended"}`,
        { purpose: record.purpose, value },
      );
  };
}

interface OwnEntry {
  readonly record: ListRecord;
  readonly index: number;
  /** What its being set is told as. */
  readonly value: number;
}

/** The list of this node that an entry names, of whichever of the two kinds; `undefined` where it names none. */
function ownEntry(entry: JsonObject, lists: StatusLists): OwnEntry | undefined {
  if (entry["status_list"] !== undefined && entry["type"] === undefined) {
    const { uri, index } = readTokenStatusReference(entry);
    const record = lists.findByUrl(uri);
    return record === undefined ? undefined : { record, index, value: tokenStatusOf(record.purpose) };
  }
  const url = entry["statusListCredential"];
  const record = typeof url === "string" ? lists.findByUrl(url) : undefined;
  if (record === undefined || entry["type"] !== "BitstringStatusListEntry") return undefined;
  const { index, purpose, bits } = readBitstringEntry(entry);
  if (purpose !== record.purpose || bits !== 1)
    throw unknown("the status list has another purpose than the credential says");
  return { record, index, value: 1 };
}

function othersLists(options: StatusCheckOptions): StatusSource {
  const { keys, clock, contexts, groups, privateHosts, ca } = options;
  const sourceOf = (kind: ListKind) =>
    httpsSource({ privateHosts, maxBytes: MOST_BYTES, accept: LIST_ACCEPT[kind], ca });
  const sources = { credential: sourceOf("credential"), token: sourceOf("token") };
  const ledgers = groups.map(publishedIn);
  return statusSource({
    keys,
    contexts,
    now: () => clock.now(),
    async fetchList(url, kind) {
      const text = decodeUtf8(await sources[kind](url))?.trim();
      if (text === undefined) return undefined;
      return text.startsWith("{") ? (parseJson(text, { depth: 32, integers: false }) as JsonObject) : text;
    },
    // A list whose issuer tells the ledger of it must be the one that the ledger knows: nobody else's word on it counts.
    async root(url, issuer) {
      for (const find of ledgers) {
        const record = find(url, issuer);
        if (record !== undefined) return record;
      }
      return undefined;
    },
  });
}

/** What a group's ledger says of a list, which goes there by the last part of its address. */
function publishedIn({ ledger }: GroupService): (url: string, issuer: string) => StatusListRecord | undefined {
  return (url, issuer) => {
    const name = new URL(url).pathname.split("/").at(-1);
    const record = ledger.state.get<StatusListRecord>(`status/${issuer}/${name}`);
    return record?.uri === url ? record : undefined;
  };
}

/** Of what is no document of the data model, `issuer` would be a claim like others. */
function issuerOf({ issuer, iss, "@context": context }: JsonObject): string | undefined {
  if (context !== undefined) return idOf(issuer);
  return typeof iss === "string" ? iss : undefined;
}

function unknown(problem: string) {
  return credentialError("credentials.status-unknown", problem, { problem });
}
