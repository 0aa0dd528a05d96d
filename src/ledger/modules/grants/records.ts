import { fingerprintOfDid, type GrantLapse, type GrantRecord, MOST_DELEGATIONS } from "#protocol";
import type { Reader, Writer } from "../../state/state.ts";
import type { GrantsNeeds } from "./needs.ts";

export const GRANT_PREFIX = "grant/";

/** What a DID can be to a grant; lists are kept for each. */
export type GrantRole = "owner" | "recipient" | "provider";
const ROLES: readonly GrantRole[] = ["owner", "recipient", "provider"];

export const grantKey = (grant: string) => GRANT_PREFIX + grant;

/** Under this a DID's grants are listed: what is asked for is found without walking everybody's. */
export const listPrefix = (role: GrantRole, did: string) => `grants/${role}/${fingerprintOfDid(did)}/`;

export const readGrant = (state: Reader, grant: string) => state.get<GrantRecord>(grantKey(grant));

/** The records of a grant that is new to the ledger. */
export function putNewGrant(state: Writer, grant: GrantRecord): void {
  state.put(grantKey(grant.grant), grant);
  for (const role of ROLES) state.put(listPrefix(role, grant[role]) + grant.grant, { grant: grant.grant });
}

/** A grant and the links above it, up to the owner's own; empty where there is no such grant. */
export function readChain(state: Reader, grant: string): readonly GrantRecord[] {
  const chain: GrantRecord[] = [];
  for (let next: string | null = grant; next !== null && chain.length <= MOST_DELEGATIONS; ) {
    const link: GrantRecord | undefined = readGrant(state, next);
    if (link === undefined) break;
    chain.push(link);
    next = link.parent;
  }
  return chain;
}

/** What is left on the tightest link of a chain; null: as many as wanted. */
export function remainingOf(chain: readonly GrantRecord[]): number | null {
  let least: number | null = null;
  for (const { count, used } of chain)
    if (count !== null && (least === null || count - used < least)) least = count - used;
  return least;
}

/** Whether a grant stands at a time, and if not, why and on which link. */
export type GrantStanding =
  | {
      readonly stands: true;
      /** The grant, then the links above it; the owner's own is the last. */
      readonly chain: readonly GrantRecord[];
      /** Releases that the ledger knows to be left on the whole chain; null: as many as wanted. */
      readonly remaining: number | null;
    }
  | {
      readonly stands: false;
      readonly why: GrantLapse;
      /** Id of the link that it fails on. */
      readonly grant: string;
      readonly chain: readonly GrantRecord[];
    };

function lapseOf(state: Reader, link: GrantRecord, time: number, needs: GrantsNeeds): GrantLapse | undefined {
  if (link.status === "revoked") return "revoked";
  for (const party of [link.owner, link.grantor, link.recipient])
    if (!needs.isInGoodStanding(state, party)) return "party";
  if (!needs.isActiveMember(state, link.provider)) return "provider";
  if (link.until * 1000 <= time) return "expired";
  if (link.count !== null && link.used >= link.count) return "spent";
  return link.from * 1000 > time ? "early" : undefined;
}

/** Holds a grant and every link above it against state and time: computed, never stored, so that a revocation is one write. */
export function standingOf(state: Reader, grant: string, time: number, needs: GrantsNeeds): GrantStanding {
  const chain = readChain(state, grant);
  let early: GrantRecord | undefined;
  for (const link of chain) {
    const why = lapseOf(state, link, time, needs);
    // What is over for good says more than what has not begun.
    if (why === "early") early ??= link;
    else if (why !== undefined) return { stands: false, why, grant: link.grant, chain };
  }
  if (early !== undefined) return { stands: false, why: "early", grant: early.grant, chain };
  const top = chain.at(-1);
  if (top === undefined || top.parent !== null)
    return { stands: false, why: "unknown", grant: top?.parent ?? grant, chain };
  return { stands: true, chain, remaining: remainingOf(chain) };
}
