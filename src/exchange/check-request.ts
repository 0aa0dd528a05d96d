/** May this be released? Everything that is asked before any data is touched, in the order in which it costs. */
import { type Clock, encodeBase64Url, encodeUtf8, isHansaError } from "#base";
import { sha256 } from "#crypto";
import {
  type Did,
  decodeReleaseRequest,
  didOfKeyId,
  type GrantRecord,
  isSignedByKnown,
  openChain,
  RELEASE_SECONDS,
  type ReleaseRequest,
  type ReleaseWindow,
  requireWithinTerms,
} from "#protocol";
import { exchangeError } from "./errors.ts";
import type { ExchangeLedger } from "./needs.ts";

/** How far a recipient's clock may be ahead of ours, seconds. */
const SKEW = 60;

/** A request as it came in, taken apart. Nothing in it may be believed yet. */
export interface ReceivedRequest extends ReturnType<typeof decodeReleaseRequest> {
  readonly text: string;
}

/**
 * Takes a request apart; whom it is for is in its `aud`.
 *
 * @throws HansaError `token.*`
 */
export function receiveRequest(text: string): ReceivedRequest {
  return { ...decodeReleaseRequest(text), text };
}

/** A request whose signature holds. Nothing is known yet of what it may have. */
export interface ProvenRequest {
  readonly request: ReleaseRequest;
  /** DID URL of the key that signed it. */
  readonly kid: string;
  /** SHA-256 of the token, base64url. */
  readonly digest: string;
}

/** What checks look at. */
export interface RequestChecks {
  readonly ledger: ExchangeLedger;
  readonly clock: Clock;
  /** DID of the provider. */
  readonly provider: Did;
}

/**
 * Signature, then audience and times: whoever has no key that may act here learns nothing of who else has.
 *
 * @throws HansaError `exchange.signature`, `exchange.wrong-provider`, `exchange.expired`
 */
export function proveRequest(received: ReceivedRequest, { ledger, clock, provider }: RequestChecks): ProvenRequest {
  const { token, request, text } = received;
  const { kid } = token.header;
  const key = didOfKeyId(kid) === request.iss ? ledger.keyOf(kid) : undefined;
  if (!isSignedByKnown(token, key))
    throw exchangeError("exchange.signature", "no key with which the recipient may act here signed the request");
  if (request.aud !== provider || request.group !== ledger.group)
    throw exchangeError("exchange.wrong-provider", "the request is for another provider or group", { provider });
  const now = Math.floor(clock.now() / 1000);
  if (request.iat > now + SKEW) throw exchangeError("exchange.expired", "the request is not yet valid");
  if (request.exp <= now) throw exchangeError("exchange.expired", "the request has run out");
  if (request.exp - request.iat > RELEASE_SECONDS)
    throw exchangeError("exchange.expired", `a request is valid for ${RELEASE_SECONDS} s at most`);
  return { request, kid, digest: encodeBase64Url(sha256(encodeUtf8(text))) };
}

/**
 * The links of a request that was let in before: its key still acts, and each link stands now.
 *
 * @throws HansaError `exchange.signature`, and as `requireChain`
 */
export function requireStill({ request, kid }: Omit<ProvenRequest, "digest">, checks: RequestChecks) {
  if (checks.ledger.keyOf(kid) === undefined)
    throw exchangeError("exchange.signature", "the key that signed the request may no longer act here");
  return requireChain(request, checks);
}

/**
 * The links of the request's grant, each of which stands now, the grant that is used first.
 *
 * @throws HansaError `exchange.grant`, `exchange.spent`, `exchange.not-recipient`, `exchange.wrong-provider`
 */
export function requireChain(request: ReleaseRequest, { ledger, provider }: RequestChecks): readonly GrantRecord[] {
  const id = (request.terms[0] as ReleaseRequest["terms"][number]).grant;
  const found = ledger.grant(id);
  if ("lapse" in found) {
    if (found.lapse === "spent") throw spent(id);
    throw exchangeError("exchange.grant", `the grant does not stand: ${found.lapse}`, {
      grant: id,
      lapse: found.lapse,
    });
  }
  const { chain } = found;
  const [grant] = chain as [GrantRecord];
  if (grant.recipient !== request.iss)
    throw exchangeError("exchange.not-recipient", "the grant was given to somebody else", { grant: id });
  if (chain.some((link) => link.provider !== provider))
    throw exchangeError("exchange.wrong-provider", "the grant names another provider", { provider: grant.provider });
  return chain;
}

/**
 * Terms and window: those that were shown are those of the ledger, narrow from link to link, and cover what is asked for.
 *
 * @throws HansaError `grant.terms-malformed`, `grant.terms-mismatch`, `grant.widened`, `grant.beyond-terms`, `exchange.window`,
 * `exchange.malformed`
 */
export function requireCovered(
  request: ReleaseRequest,
  chain: readonly GrantRecord[],
  { clock }: Pick<RequestChecks, "clock">,
): void {
  const { resource, purpose, action, jurisdiction, window } = request;
  requireWithinTerms(openChain(chain, request.terms), { resource, purpose, action, jurisdiction });
  const isHistory = action === "read" && (resource.kind === "topic" || resource.kind === "property");
  if (isHistory !== (window !== undefined))
    throw exchangeError(
      "exchange.malformed",
      isHistory ? "a history is read between two times: `window` is missing" : "`window` is for histories alone",
      { path: "/window", problem: isHistory ? "missing" : "unexpected" },
    );
  if (action === "subscribe" && resource.kind !== "topic" && resource.kind !== "property")
    throw exchangeError("exchange.malformed", "only topics and properties can be subscribed to", {
      path: "/action",
      problem: "kind",
    });
  if (window !== undefined) requireWindow(window, chain, clock.now());
}

/** The grant's time is that of its data, too: what came before it, the owner has not let out. */
function requireWindow({ from, to }: ReleaseWindow, chain: readonly GrantRecord[], now: number): void {
  const earliest = Math.max(...chain.map((link) => link.from));
  const latest = Math.min(Math.floor(now / 1000), ...chain.map((link) => link.until));
  if (from >= to || from < earliest || to > latest)
    throw exchangeError("exchange.window", "the window is not within the grant's time, or has not passed", {
      from: earliest,
      to: latest,
    });
}

export function spent(grant: string) {
  return exchangeError("exchange.spent", "all releases of the grant are used", { grant });
}

/** Why somebody no longer has what he had: for the end of a subscription. */
export function reasonOf(error: unknown): string {
  if (!isHansaError(error)) throw error;
  const { lapse } = error.payload as { readonly lapse?: unknown };
  return typeof lapse === "string" ? lapse : error.code;
}
