import { type Clock, HansaError } from "#base";
import { type EventRights, eventError, type Principal } from "#events";
import {
  authenticationKey,
  isActiveMember,
  isAdmitted,
  isLiveIdentity,
  type Ledger,
  readDevice,
  readTopic,
  topicAllows,
  topicConcerns,
} from "#ledger";
import {
  CONNECTION_TOKEN_SECONDS,
  decodeConnectionToken,
  didOfKeyId,
  fingerprintOfDid,
  requireSignedBy,
} from "#protocol";

/** How far a device's clock may be ahead of ours, seconds. */
const SKEW = 60;

interface KnownPrincipal extends Principal {
  readonly kid: string;
}

/** Rights in topics, read off this node's replica at every step: what a block takes away is gone with it. */
export function ledgerRights(ledger: Ledger, clock: Clock): EventRights {
  const { state } = ledger;
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

  return {
    authenticate(text) {
      const refuse = (problem: string, cause?: unknown) =>
        eventError("events.unauthenticated", `connection token: ${problem}`, { problem }, cause);
      let decoded: ReturnType<typeof decodeConnectionToken>;
      try {
        decoded = decodeConnectionToken(text);
      } catch (error) {
        throw refuse(error instanceof HansaError ? error.message : "malformed", error);
      }
      const { token, claims } = decoded;
      const now = Math.floor(clock.now() / 1000);
      if (claims.aud !== ledger.group.id) throw refuse("it is for another group");
      if (didOfKeyId(token.header.kid) !== claims.iss) throw refuse("`kid` is not a key of `iss`");
      if (claims.iat > now + SKEW) throw refuse("it is not yet valid");
      if (claims.exp <= now) throw refuse("it has expired");
      if (claims.exp - claims.iat > CONNECTION_TOKEN_SECONDS)
        throw refuse(`it is valid for more than ${CONNECTION_TOKEN_SECONDS} s`);
      const key = authenticationKey(state, token.header.kid);
      if (key === undefined) throw refuse("its key is unknown");
      try {
        requireSignedBy(token, key);
      } catch (error) {
        throw refuse("the signature does not match", error);
      }
      const kind = stands(claims.iss);
      if (kind === undefined) throw refuse("its subject is not in good standing");
      const principal: KnownPrincipal = {
        did: claims.iss,
        fingerprint: fingerprintOfDid(claims.iss),
        kind,
        expires: claims.exp * 1000,
        kid: token.header.kid,
      };
      return principal;
    },

    stillValid(principal) {
      const { kid } = principal as KnownPrincipal;
      return authenticationKey(state, kid) !== undefined && stands(principal.did) === principal.kind;
    },

    resolve(name) {
      const levels = name.split("/");
      // Topics have at most four levels and never lie inside one another: at most one of these is open.
      for (let depth = Math.min(levels.length, 4); depth > 0; depth--) {
        const topic = levels.slice(0, depth).join("/");
        if (readTopic(state, topic) !== undefined) return { topic, path: levels.slice(depth).join("/") };
      }
      return undefined;
    },

    mayPublish: (principal, topic, path) => topicAllows(state, needs, "publish", principal.did, topic, path),
    maySubscribeAny: (principal, topic) => topicConcerns(state, needs, "subscribe", principal.did, topic),
    maySubscribe: (principal, topic, filter) => topicAllows(state, needs, "subscribe", principal.did, topic, filter),
  };
}
