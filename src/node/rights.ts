import { type Clock, HansaError, UsedOnce } from "#base";
import { type EventRights, eventError, type Principal } from "#events";
import {
  authenticationKey,
  isActiveMember,
  isAdmitted,
  isLiveIdentity,
  type Ledger,
  mayRead,
  readDevice,
  readParameters,
  readTopic,
  topicAllows,
  topicConcerns,
} from "#ledger";
import {
  CONNECTION_TOKEN_SECONDS,
  type DecodedToken,
  decodeConnectionToken,
  decodeRequestToken,
  didOfKeyId,
  fingerprintOfDid,
  isSignedByKnown,
  isTokenOf,
  REQUEST_TOKEN_SECONDS,
  type SignedRequest,
} from "#protocol";
import { nodeError } from "./errors.ts";

/** How far a device's clock may be ahead of ours, seconds. */
const SKEW = 60;
/** Request tokens that are remembered as used, in all and of one DID. */
const REQUESTS = { all: 200_000, ofOne: 50_000 };

/** Whoever proved a key of a DID. */
export interface KnownPrincipal extends Principal {
  /** DID URL of the key. */
  readonly kid: string;
}

/** Rights in a group: in its topics, and to read its ledger. */
export interface LedgerRights extends EventRights {
  authenticate(token: string): KnownPrincipal;
  /**
   * Verifies a request token against the ledger's current state, and uses it up.
   *
   * @throws HansaError `http.unauthenticated`, `http.too-many-requests`
   */
  authenticateRequest(token: string, request: SignedRequest): KnownPrincipal;
  /** Whether only parties of the group may read its ledger. */
  isClosed(): boolean;
  /** Whether a DID may read the ledger: a live identity, no suspended or removed member, no device that may not act. */
  mayRead(did: string): boolean;
  /** Whether a principal that proved its key in another group of this node has the same key and a right to read here. */
  knows(principal: KnownPrincipal): boolean;
}

/** Claims that every token has. */
interface TokenClaims {
  readonly iss: string;
  readonly aud: string;
  readonly iat: number;
  readonly exp: number;
}

/**
 * Rights, read off this node's replica at every step: what a block takes away is gone with it.
 *
 * @param serves - whether the log of an operator's topics is here: where members have nodes of their own, each keeps its own topics
 */
export function ledgerRights(
  ledger: Ledger,
  clock: Clock,
  serves: (operator: string) => boolean = () => true,
): LedgerRights {
  const { state } = ledger;
  const started = Math.floor(clock.now() / 1000);
  const used = new UsedOnce(REQUESTS);
  // An idle chain's block time stands still; expiry must not.
  const time = () => Math.max(clock.now(), ledger.head?.header.time ?? 0);
  const needs = {
    isActiveMember,
    readDevice,
    isAdmitted: (_: unknown, device: string) => isAdmitted(state, device, time()),
  };

  const stands = (did: string): Principal["kind"] | undefined => {
    if (!isLiveIdentity(state, did)) return undefined;
    if (readDevice(state, did) !== undefined) return isAdmitted(state, did, time()) ? "device" : undefined;
    if (state.get(`member/${did}`) !== undefined) return isActiveMember(state, did) ? "member" : undefined;
    return "subject";
  };

  // A device that waits for its admission, or whose admission ran out, has no say in topics; to read it is a party all the same.
  const party = (did: string): Principal["kind"] | undefined => {
    const device = isLiveIdentity(state, did) ? readDevice(state, did) : undefined;
    if (device === undefined) return stands(did);
    const waits = device.status === "enrolled" || device.status === "admitted";
    return waits && isActiveMember(state, device.operator) ? "device" : undefined;
  };
  const mayReadHere = (did: string) => party(did) !== undefined && mayRead(state, did);

  /** What every token must be before what it says counts. Whether a key is unknown or a signature wrong, an outsider cannot tell. */
  function proven(
    { token, claims }: { token: DecodedToken; claims: TokenClaims },
    longest: number,
    standing: (did: string) => Principal["kind"] | undefined,
    refuse: (problem: string) => HansaError,
  ): KnownPrincipal {
    const { kid } = token.header;
    const now = Math.floor(clock.now() / 1000);
    if (claims.aud !== ledger.group.id) throw refuse("it is for another group");
    if (didOfKeyId(kid) !== claims.iss) throw refuse("`kid` is not a key of `iss`");
    if (claims.iat > now + SKEW) throw refuse("it is not yet valid");
    if (claims.exp <= now) throw refuse("it has expired");
    if (claims.exp - claims.iat > longest) throw refuse(`it is valid for more than ${longest} s`);
    const key = authenticationKey(state, kid);
    if (!isSignedByKnown(token, key)) throw refuse("no key that may act here made its signature");
    const kind = standing(claims.iss);
    if (kind === undefined) throw refuse("its subject is not in good standing");
    return { did: claims.iss, fingerprint: fingerprintOfDid(claims.iss), kind, expires: claims.exp * 1000, kid };
  }

  return {
    authenticate(text) {
      const refuse = (problem: string, cause?: unknown) =>
        eventError("events.unauthenticated", `connection token: ${problem}`, { problem }, cause);
      return proven(
        decoded(() => decodeConnectionToken(text), refuse),
        CONNECTION_TOKEN_SECONDS,
        stands,
        refuse,
      );
    },

    authenticateRequest(text, request) {
      const refuse = (problem: string, cause?: unknown) =>
        nodeError("http.unauthenticated", `request token: ${problem}`, { problem }, cause);
      const { token, claims } = decoded(() => decodeRequestToken(text), refuse);
      if (!isTokenOf(claims, request)) throw refuse("it is for another request");
      // What was used before a restart is forgotten: so nothing signed before it is taken.
      if (claims.iat < started) throw refuse("it was signed before this node started");
      const principal = proven({ token, claims }, REQUEST_TOKEN_SECONDS, party, refuse);
      const use = used.use(`${claims.iss} ${claims.jti}`, claims.exp, Math.floor(clock.now() / 1000), claims.iss);
      if (use === "used") throw refuse("it was used before");
      if (use === "full")
        throw nodeError("http.too-many-requests", "more signed requests than are remembered: use a connection token", {
          did: claims.iss,
        });
      return principal;
    },

    isClosed: () => ledger.head !== undefined && readParameters(state).reads === "parties",
    mayRead: mayReadHere,
    knows: ({ did, kid }) => authenticationKey(state, kid) !== undefined && mayReadHere(did),

    stillValid(principal) {
      const { kid } = principal as KnownPrincipal;
      return authenticationKey(state, kid) !== undefined && stands(principal.did) === principal.kind;
    },

    resolve(name) {
      const levels = name.split("/");
      // Topics have at most four levels and never lie inside one another: at most one of these is open.
      for (let depth = Math.min(levels.length, 4); depth > 0; depth--) {
        const topic = levels.slice(0, depth).join("/");
        const record = readTopic(state, topic);
        if (record !== undefined)
          return serves(record.operator) ? { topic, path: levels.slice(depth).join("/") } : undefined;
      }
      return undefined;
    },

    mayPublish: (principal, topic, path) => topicAllows(state, needs, "publish", principal.did, topic, path),
    maySubscribeAny: (principal, topic) => topicConcerns(state, needs, "subscribe", principal.did, topic),
    maySubscribe: (principal, topic, filter) => topicAllows(state, needs, "subscribe", principal.did, topic, filter),
  };
}

/** Takes a token apart; why it cannot be is told as a refusal. */
function decoded<Decoded>(decode: () => Decoded, refuse: (problem: string, cause?: unknown) => HansaError): Decoded {
  try {
    return decode();
  } catch (error) {
    throw refuse(error instanceof HansaError ? error.message : "malformed", error);
  }
}
