/** The modules and what they hand each other: all wiring of the state machine, in one place. */
import { decodeMultikey, type PublicKey } from "#crypto";
import { type Contract, didOfKeyId, type NodeRecord } from "#protocol";
import type { Module } from "../kernel/module.ts";
import type { Reader } from "../state/state.ts";
import { DEVICE_ERRORS } from "./devices/errors.ts";
import { deviceHandlers } from "./devices/handlers.ts";
import { DEVICE_OPERATIONS } from "./devices/operations.ts";
import { deviceQueries } from "./devices/queries.ts";
import { effectiveStatus, readDevice } from "./devices/records.ts";
import { EVIDENCE_ERRORS } from "./evidence/errors.ts";
import { evidenceHandlers } from "./evidence/handlers.ts";
import { EVIDENCE_OPERATIONS } from "./evidence/operations.ts";
import { evidenceQueries } from "./evidence/queries.ts";
import { GRANT_ERRORS } from "./grants/errors.ts";
import { grantHandlers } from "./grants/handlers.ts";
import { GRANT_OPERATIONS } from "./grants/operations.ts";
import { grantQueries } from "./grants/queries.ts";
import { type GrantStanding, standingOf } from "./grants/records.ts";
import { IDENTITY_ERRORS } from "./identity/errors.ts";
import { identityHandlers } from "./identity/handlers.ts";
import { IDENTITY_OPERATIONS } from "./identity/operations.ts";
import { identityQueries } from "./identity/queries.ts";
import { isLiveIdentity, readIdentity } from "./identity/records.ts";
import { ISSUER_ERRORS } from "./issuers/errors.ts";
import { issuerHandlers } from "./issuers/handlers.ts";
import { ISSUER_OPERATIONS } from "./issuers/operations.ts";
import { issuerQueries } from "./issuers/queries.ts";
import { recognitionOf } from "./issuers/recognition.ts";
import { LINKAGE_MODULE_ERRORS } from "./linkages/errors.ts";
import { linkageHandlers } from "./linkages/handlers.ts";
import { LINKAGE_OPERATIONS } from "./linkages/operations.ts";
import { linkageQueries } from "./linkages/queries.ts";
import { linkageHolds as partiesStand } from "./linkages/records.ts";
import { MEMBER_ERRORS } from "./members/errors.ts";
import { memberHandlers } from "./members/handlers.ts";
import { MEMBER_OPERATIONS } from "./members/operations.ts";
import { memberQueries } from "./members/queries.ts";
import { isActiveMember, readMember, readParameters } from "./members/records.ts";
import { NODE_ERRORS } from "./nodes/errors.ts";
import { nodeHandlers } from "./nodes/handlers.ts";
import { NODE_OPERATIONS } from "./nodes/operations.ts";
import { nodeQueries } from "./nodes/queries.ts";
import { readNode } from "./nodes/records.ts";
import { admittedNode as isLetIn, validatorsOf } from "./nodes/validators.ts";
import { STATUS_ERRORS } from "./statuses/errors.ts";
import { statusHandlers } from "./statuses/handlers.ts";
import { STATUS_OPERATIONS } from "./statuses/operations.ts";
import { statusQueries } from "./statuses/queries.ts";
import { TOPIC_ERRORS } from "./topics/errors.ts";
import { topicHandlers } from "./topics/handlers.ts";
import { TOPIC_OPERATIONS } from "./topics/operations.ts";
import { topicQueries } from "./topics/queries.ts";

/** A key with which a live DID authenticates: what signs transactions, attestations and connection tokens. */
export function authenticationKey(state: Reader, kid: string): PublicKey | undefined {
  const identity = readIdentity(state, didOfKeyId(kid));
  if (identity === undefined || identity.deactivated) return undefined;
  const fragment = kid.slice(kid.indexOf("#") + 1);
  const key = identity.keys.find((entry) => entry.id === fragment);
  return key?.relationships.includes("authentication") ? decodeMultikey(key.publicKey) : undefined;
}

/** Whether a device may act at `time` (milliseconds): admitted, not expired, its model certified and not recalled. */
export function isAdmitted(state: Reader, did: string, time: number): boolean {
  const device = readDevice(state, did);
  return device !== undefined && effectiveStatus(state, device, time, isActiveMember) === "admitted";
}

/**
 * Whether all who have a say over a contract's devices are still among its parties. Devices change owners while linkages run: from
 * the next block on nobody's device is read or moved by a contract that he never accepted.
 */
export function linkageHolds(state: Reader, contract: Contract): boolean {
  return partiesStand(state, contract, readDevice);
}

/** The node of an id as long as its peers let it in: registered, not retired, its member active. */
export function admittedNode(state: Reader, node: string): NodeRecord | undefined {
  return isLetIn(state, node, { isActiveMember });
}

/**
 * Whether a DID may read the group, once it has shown that it has one of the DID's keys. Where the parameters keep reading to `parties`
 * that is every live DID of this ledger, but no member that was suspended or removed, and no device that was quarantined or revoked, or
 * whose platform is no active member. Who sponsored a DID makes no difference: it is its subject's own.
 *
 * @example
 * ```ts
 * if (!mayRead(ledger.state, did)) throw forbidden();
 * ```
 */
export function mayRead(state: Reader, did: string): boolean {
  return readParameters(state).reads !== "parties" || isInGoodStanding(state, did);
}

/**
 * Whether a DID is live, no member that was suspended or removed, and no device that was quarantined or revoked or whose operator was: whose
 * grants count, and to whom data goes.
 */
function isInGoodStanding(state: Reader, did: string): boolean {
  if (!isLiveIdentity(state, did)) return false;
  if (readMember(state, did) !== undefined && !isActiveMember(state, did)) return false;
  const device = readDevice(state, did);
  if (device === undefined) return true;
  return (device.status === "enrolled" || device.status === "admitted") && isActiveMember(state, device.operator);
}

const grantNeeds = { isActiveMember, isInGoodStanding };

/**
 * Whether a grant stands: neither it nor any link above it is revoked, over, not begun or spent, all who stand in the chain are in good
 * standing, and the provider is an active member. What it is for is behind digests: whoever releases data opens the chain's terms, too.
 *
 * @param time - milliseconds since 1970
 * @returns the chain, the grant first and the owner's own link last; or why it does not stand, and on which link
 * @example
 * ```ts
 * const standing = grantStands(ledger.state, grant, clock.now());
 * if (!standing.stands) throw refuse(standing.why);
 * const terms = openChain(standing.chain, documents);
 * ```
 */
export function grantStands(state: Reader, grant: string, time: number): GrantStanding {
  return standingOf(state, grant, time, grantNeeds);
}

const linkageNeeds = { isActiveMember, isLiveIdentity, readDevice };

const deviceNeeds = {
  isActiveMember,
  isLiveIdentity,
  authenticationKey,
  challengeSeconds: (state: Reader) => readParameters(state).challengeSeconds,
};

export const MODULES: readonly Module[] = [
  {
    name: "members",
    operations: MEMBER_OPERATIONS,
    handlers: memberHandlers({
      isLiveIdentity,
      validators: validatorsOf({ isActiveMember }),
      issuers: recognitionOf({ isActiveMember }),
      memberOfNode: (state, node) => readNode(state, node)?.member,
    }),
    queries: memberQueries,
    errors: MEMBER_ERRORS,
  },
  {
    name: "identity",
    operations: IDENTITY_OPERATIONS,
    handlers: identityHandlers({ isActiveMember }),
    queries: identityQueries,
    errors: IDENTITY_ERRORS,
  },
  {
    name: "devices",
    operations: DEVICE_OPERATIONS,
    handlers: deviceHandlers(deviceNeeds),
    queries: deviceQueries(deviceNeeds),
    errors: DEVICE_ERRORS,
  },
  {
    name: "linkages",
    operations: LINKAGE_OPERATIONS,
    handlers: linkageHandlers(linkageNeeds),
    queries: linkageQueries(linkageNeeds),
    errors: LINKAGE_MODULE_ERRORS,
  },
  {
    name: "topics",
    operations: TOPIC_OPERATIONS,
    handlers: topicHandlers({ isActiveMember }),
    queries: topicQueries,
    errors: TOPIC_ERRORS,
  },
  {
    name: "nodes",
    operations: NODE_OPERATIONS,
    handlers: nodeHandlers({ isActiveMember }),
    queries: nodeQueries,
    errors: NODE_ERRORS,
  },
  {
    name: "issuers",
    operations: ISSUER_OPERATIONS,
    handlers: issuerHandlers({ isActiveMember }),
    queries: issuerQueries({ isActiveMember }),
    errors: ISSUER_ERRORS,
  },
  {
    name: "statuses",
    operations: STATUS_OPERATIONS,
    handlers: statusHandlers({ isActiveMember }),
    queries: statusQueries,
    errors: STATUS_ERRORS,
  },
  {
    name: "evidence",
    operations: EVIDENCE_OPERATIONS,
    handlers: evidenceHandlers({ isActiveMember, isLiveIdentity }),
    queries: evidenceQueries,
    errors: EVIDENCE_ERRORS,
  },
  {
    name: "grants",
    operations: GRANT_OPERATIONS,
    handlers: grantHandlers(grantNeeds),
    queries: grantQueries(grantNeeds),
    errors: GRANT_ERRORS,
  },
] as readonly Module[];
