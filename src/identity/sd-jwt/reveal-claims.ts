import type { Json, JsonObject } from "#base";
import { isObject } from "../credentials/document-parts.ts";
import type { ClaimPath } from "./claim-path.ts";
import { type Disclosure, refuseDisclosure } from "./disclosure.ts";

/** A disclosure, and where in the claims it stands. */
export interface Revealed {
  readonly path: ClaimPath;
  readonly disclosure: Disclosure;
}

/** Limits of what a holder may make a verifier do. */
const LIMITS = { digests: 4096, depth: 64 };

/**
 * Puts the disclosures into a payload (RFC 9901 §7.1, step 3): each must fit exactly one digest, and no digest may stand in it twice.
 *
 * @returns the claims as if nothing had ever been hidden, but for what is not disclosed; `revealed` in the order of the claims
 * @throws HansaError `credentials.disclosure`
 */
export function revealClaims(
  payload: JsonObject,
  disclosures: readonly Disclosure[],
): { claims: JsonObject; revealed: readonly Revealed[] } {
  const { _sd_alg: hash, ...rest } = payload;
  if (hash !== undefined && hash !== "sha-256")
    throw refuseDisclosure("the digests are of a hash that is not known here");
  const byDigest = new Map<string, Disclosure>();
  for (const disclosure of disclosures) {
    if (byDigest.has(disclosure.digest)) throw refuseDisclosure("a disclosure is there twice");
    byDigest.set(disclosure.digest, disclosure);
  }
  const walk = new Walk(byDigest);
  const claims = walk.object(rest, [], true);
  if (walk.revealed.length !== byDigest.size) throw refuseDisclosure("a disclosure fits no digest");
  return { claims, revealed: walk.revealed };
}

class Walk {
  readonly revealed: Revealed[] = [];
  readonly #byDigest: ReadonlyMap<string, Disclosure>;
  readonly #seen = new Set<string>();

  constructor(byDigest: ReadonlyMap<string, Disclosure>) {
    this.#byDigest = byDigest;
  }

  #value(value: Json, path: ClaimPath): Json {
    if (typeof value !== "object" || value === null) return value;
    if (path.length > LIMITS.depth) throw refuseDisclosure(`claims are nested deeper than ${LIMITS.depth}`);
    return Array.isArray(value) ? this.#array(value, path) : this.object(value as JsonObject, path, false);
  }

  object(object: JsonObject, path: ClaimPath, top: boolean): JsonObject {
    if (Object.hasOwn(object, "...")) throw refuseDisclosure("a claim is named ...");
    const { _sd: digests, ...plain } = object;
    const claims: Record<string, Json> = {};
    for (const [name, value] of Object.entries(plain)) claims[name] = this.#value(value, [...path, name]);
    if (digests === undefined) return claims;
    if (!Array.isArray(digests)) throw refuseDisclosure("_sd is no array");
    for (const digest of digests as readonly Json[]) {
      const disclosure = this.#find(digest);
      if (disclosure === undefined) continue;
      const { name, value } = disclosure;
      if (name === undefined) throw refuseDisclosure("an element of an array is disclosed as a member of an object");
      if (Object.hasOwn(claims, name) || (top && name === "_sd_alg")) throw refuseDisclosure("a claim is there twice");
      const place = [...path, name];
      this.revealed.push({ path: place, disclosure });
      claims[name] = this.#value(value, place);
    }
    return claims;
  }

  #array(array: readonly Json[], path: ClaimPath): Json[] {
    const items: Json[] = [];
    for (const item of array) {
      const place = [...path, items.length];
      if (!isObject(item) || !Object.hasOwn(item, "...")) {
        items.push(this.#value(item, place));
        continue;
      }
      if (Object.keys(item).length !== 1) throw refuseDisclosure("an element that is hidden has other members");
      const disclosure = this.#find(item["..."]);
      if (disclosure === undefined) continue;
      if (disclosure.name !== undefined)
        throw refuseDisclosure("a member of an object is disclosed as an element of an array");
      this.revealed.push({ path: place, disclosure });
      items.push(this.#value(disclosure.value, place));
    }
    return items;
  }

  #find(digest: Json | undefined): Disclosure | undefined {
    if (typeof digest !== "string") throw refuseDisclosure("a digest is no text");
    if (this.#seen.has(digest)) throw refuseDisclosure("a digest is there twice");
    if (this.#seen.size >= LIMITS.digests) throw refuseDisclosure(`there are more than ${LIMITS.digests} digests`);
    this.#seen.add(digest);
    return this.#byDigest.get(digest);
  }
}
