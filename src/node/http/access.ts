/** Who may call which route. One place: what is not allowed here is refused. */
import { isHansaError } from "#base";
import type { Asker } from "#identity";
import {
  decodeConnectionToken,
  decodeRequestToken,
  REQUEST_SCHEME,
  type Route,
  type SignedRequest,
  transactionError,
} from "#protocol";
import { nodeError } from "../errors.ts";
import type { GroupService } from "../group-service.ts";
import type { KnownPrincipal } from "../rights.ts";
import type { PeerCertificate } from "../tls/peer-certificate.ts";

/** What is known of a request before anybody looked at its rights. */
export interface Arrived extends SignedRequest {
  readonly authorization: string | undefined;
  /** The client's certificate, checked; only under mutual TLS. */
  readonly certificate: PeerCertificate | undefined;
}

export interface AccessOptions {
  readonly groups: readonly GroupService[];
  /** DID of the member that runs the node. */
  readonly member: string;
  /** Whether the node has no TLS and listens on loopback alone. */
  readonly local: boolean;
}

/** Whoever stands behind one request. A token is looked at once: a request token works once. */
export class Caller {
  readonly certificate: PeerCertificate | undefined;
  readonly #arrived: Arrived;
  readonly #groups: readonly GroupService[];
  readonly #member: string;
  #proven: { readonly principal: KnownPrincipal | undefined } | undefined;

  constructor(arrived: Arrived, { groups, member }: Pick<AccessOptions, "groups" | "member">) {
    this.certificate = arrived.certificate;
    this.#arrived = arrived;
    this.#groups = groups;
    this.#member = member;
  }

  /**
   * Whose token the request bears; `undefined` without one.
   *
   * @param group - the token must be for it; without one, for any group of the node
   * @throws HansaError `http.unauthenticated`, `events.unauthenticated`, `http.forbidden`
   */
  principal(group?: GroupService): KnownPrincipal | undefined {
    this.#proven ??= { principal: this.#prove(group) };
    return this.#proven.principal;
  }

  #prove(group: GroupService | undefined): KnownPrincipal | undefined {
    const { authorization } = this.#arrived;
    if (authorization === undefined) return undefined;
    const space = authorization.indexOf(" ");
    const scheme = authorization.slice(0, space).toLowerCase();
    const token = authorization.slice(space + 1).trim();
    let principal: KnownPrincipal;
    if (scheme === "bearer")
      principal = (group ?? this.#groupOf(() => decodeConnectionToken(token).claims.aud)).rights.authenticate(token);
    else if (scheme === REQUEST_SCHEME.toLowerCase())
      principal = (group ?? this.#groupOf(() => decodeRequestToken(token).claims.aud)).rights.authenticateRequest(
        token,
        this.#arrived,
      );
    else
      throw nodeError("http.unauthenticated", "the authorization is of no kind that this node knows", {
        schemes: ["Bearer", REQUEST_SCHEME],
      });
    if (this.certificate !== undefined && this.certificate.did !== principal.did)
      throw nodeError("http.forbidden", "certificate and token are of two DIDs", { certificate: this.certificate.did });
    return principal;
  }

  #groupOf(audience: () => string): GroupService {
    let wanted: string | undefined;
    try {
      wanted = audience();
    } catch (error) {
      if (!isHansaError(error)) throw error;
    }
    const group = this.#groups.find(({ ledger }) => ledger.group.id === wanted);
    if (group === undefined) throw nodeError("http.unauthenticated", "the token is for no group of this node");
    return group;
  }

  /** Whether the group's ledger may be read by this caller; throws only where a token is no good. */
  mayRead(group: GroupService): boolean {
    const { rights } = group;
    if (!rights.isClosed()) return true;
    const principal = this.principal();
    if (principal !== undefined) return rights.knows(principal);
    return this.certificate !== undefined && this.#standsIn(group, this.certificate);
  }

  /** Whether this is the member that runs the node, or somebody to whom it gave a certificate as administrator. */
  isAdministrator(): boolean {
    const principal = this.principal();
    if (this.certificate?.admin === true) return true;
    return (principal?.did ?? this.certificate?.did) === this.#member;
  }

  /** Whether a certificate's DID is a party of the group; the node's own member always is. */
  #standsIn({ rights }: GroupService, { did }: PeerCertificate): boolean {
    return did === this.#member || rights.mayRead(did);
  }

  /** @throws HansaError `http.forbidden` where the client's certificate is of a DID that is no party of the group */
  requireCertificateIn(group: GroupService): void {
    if (this.certificate !== undefined && !this.#standsIn(group, this.certificate))
      throw nodeError("http.forbidden", "the certificate's DID is no party of this group");
  }
}

/** Whoever calls, as he is asked for by a group's id: of one that this node does not serve, nobody reads anything. */
export function askerOf(
  groups: readonly GroupService[],
  { mayRead }: { readonly mayRead: (group: GroupService) => boolean },
): Asker {
  return {
    mayRead(id) {
      const group = groups.find(({ ledger }) => ledger.group.id === id);
      return group !== undefined && mayRead(group);
    },
  };
}

/**
 * Lets a request through to a route, or not. Answers who called where that matters to the route.
 *
 * @param group - of the route's path; `undefined` where it has none
 * @throws HansaError `http.unauthenticated`, `http.forbidden`, `events.unauthenticated`
 */
export function authorize(
  route: Route,
  group: GroupService | undefined,
  caller: Caller,
  { local, member }: Pick<AccessOptions, "local" | "member">,
): KnownPrincipal | undefined {
  if (group !== undefined && route.access !== "member") caller.requireCertificateIn(group);
  switch (route.access) {
    case "open":
    // Looked at once the body says which issuer it is about.
    case "credentials":
      return undefined;
    case "reader":
      return group === undefined ? undefined : authorizeReader(group, caller);
    case "token":
      return group === undefined
        ? undefined
        : (caller.principal(group) ?? unauthenticated("the route wants a connection token"));
    case "admin":
      if (local) return undefined;
      return authorizeMember(group, caller, member);
    case "member":
      return authorizeMember(group, caller, member);
  }
}

function authorizeReader(group: GroupService, caller: Caller): KnownPrincipal | undefined {
  if (!group.rights.isClosed()) return undefined;
  const principal = caller.principal(group);
  if (principal === undefined) {
    // Whether it may read was looked at with the certificate.
    if (caller.certificate !== undefined) return undefined;
    return unauthenticated("only parties of the group may read it: sign the request");
  }
  if (!group.rights.mayRead(principal.did)) throw nodeError("http.forbidden", "no right to read this group");
  return principal;
}

function authorizeMember(group: GroupService | undefined, caller: Caller, member: string): KnownPrincipal | undefined {
  const principal = caller.principal(group);
  if (principal === undefined && caller.certificate === undefined)
    return unauthenticated("the route wants a token of the member that runs the node, or its certificate");
  if (!caller.isAdministrator())
    throw nodeError("http.forbidden", "only the member that runs the node may do this", { member });
  return principal;
}

function unauthenticated(message: string): never {
  throw nodeError("http.unauthenticated", message);
}

/** Whether a host is this machine's loopback. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

const ABOUT_KEYS: ReadonlySet<string> = new Set([
  "transaction.unknown-key",
  "transaction.signature",
  "transaction.algorithm",
]);

/** In a group that is closed a stranger's transaction must not tell him who is in it: whatever is wrong with its keys is one refusal. */
export function withoutHint(group: GroupService, error: unknown): unknown {
  if (!isHansaError(error) || !ABOUT_KEYS.has(error.code) || !group.rights.isClosed()) return error;
  return transactionError("transaction.signature", "no key that may act here made the signature");
}
