import { type Clock, type JsonObject, Lru } from "#base";
import {
  envelopCredential,
  formatDateTime,
  inForm,
  issueCredential,
  issueJwtCredential,
  issueTokenStatusList,
  type StatusList,
  statusListCredential,
} from "#identity";
import { vcApiError } from "./errors.ts";
import { listSuiteOf } from "./issue.ts";
import type { Issuer } from "./issuing-keys.ts";
import type { ListRecord, StatusLists } from "./status-lists.ts";

/** What was signed is handed out for so long, and holds for twice as long. Milliseconds. */
const FRESH = 12 * 3_600_000;
/** How long verifiers may keep the token of a list, milliseconds. */
const TTL = 60_000;
const KEPT = 64;

interface Signed {
  readonly version: number;
  readonly at: number;
  readonly text: Promise<string>;
}

/** The node's status lists as others read them: signed when asked for, and kept until they change. */
export class PublishedLists {
  readonly #lists: StatusLists;
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #clock: Clock;
  readonly #signed = new Lru<string, Signed>(KEPT);

  constructor(lists: StatusLists, issuers: readonly Issuer[], clock: Clock) {
    this.#lists = lists;
    this.#issuers = new Map(issuers.map((issuer) => [issuer.name, issuer]));
    this.#clock = clock;
  }

  /**
   * A list as a credential in JSON, or as the token of a Token Status List.
   *
   * @throws HansaError `vc-api.not-found`
   */
  read(id: string, kind: "credential" | "token"): Promise<string> {
    const record = this.#lists.find(id);
    const issuer = record === undefined ? undefined : this.#issuers.get(record.issuer);
    if (record === undefined || issuer === undefined)
      throw vcApiError("vc-api.not-found", "there is no such status list", { list: id.slice(0, 64) });
    const now = this.#clock.now();
    const known = this.#signed.get(`${kind} ${id}`);
    if (known !== undefined && known.version === record.version && now < known.at + FRESH) return known.text;
    const list = this.#lists.bits(id);
    const text = kind === "token" ? signToken(record, list, issuer, now) : signCredential(record, list, issuer, now);
    this.#signed.set(`${kind} ${id}`, { version: record.version, at: now, text });
    return text;
  }
}

async function signCredential(record: ListRecord, list: StatusList, issuer: Issuer, now: number): Promise<string> {
  const document = await statusListCredential(list, {
    id: record.url,
    issuer: issuer.id,
    purpose: record.purpose,
    validFrom: formatDateTime(Math.min(record.changed, now)),
    // No `ttl`: five minutes are what the standard supposes, and there are verifiers that know no such member.
    validUntil: formatDateTime(now + 2 * FRESH),
  });
  const suite = listSuiteOf(issuer);
  const signed: JsonObject =
    suite === undefined
      ? envelopCredential(issueJwtCredential(document, issuer.signer), "application/vc+jwt")
      : await issueCredential(document, issuer.signer, { suite, created: now });
  return JSON.stringify(signed);
}

function signToken({ url, purpose }: ListRecord, list: StatusList, issuer: Issuer, now: number): Promise<string> {
  // One bit an entry, as every list of this node has, is never too much for a token.
  const turned = inForm(list, "token", purpose) as StatusList;
  const seconds = Math.floor(now / 1000);
  const claims = { uri: url, iat: seconds, exp: seconds + (2 * FRESH) / 1000, ttl: TTL / 1000 };
  return issueTokenStatusList(turned, claims, issuer.signer);
}
