/** Delegation only narrows, and a request asks for no more than the narrowest link allows. */
import { protocolError } from "./errors.ts";
import { type GrantAction, type GrantResource, type GrantTerms, openTerms, type TermField } from "./grant-terms.ts";

/** What a recipient asks for. */
export interface GrantWish {
  readonly resource: GrantResource;
  /** IRI of one purpose. */
  readonly purpose: string;
  readonly action: GrantAction;
  /** Where the recipient will have the data: ISO 3166. */
  readonly jurisdiction: string;
}

/** What of a grant's record narrowing is checked against. */
export interface GrantLink {
  readonly grant: string;
  readonly terms: readonly string[];
}

/**
 * Whether everything that `narrow` matches is matched by `wide` (MQTT 3.1.1 §4.7): `a/#` covers `a`, `a/b` and `a/+/c`.
 */
export function filterCovers(wide: string, narrow: string): boolean {
  const outer = wide.split("/");
  const inner = narrow.split("/");
  for (let i = 0; i < outer.length; i++) {
    if (outer[i] === "#") return true;
    if (i >= inner.length || inner[i] === "#") return false;
    if (outer[i] !== "+" && outer[i] !== inner[i]) return false;
  }
  return outer.length === inner.length;
}

/** Whether one resource is the other or a part of it. */
export function resourceCovers(wide: GrantResource, narrow: GrantResource): boolean {
  switch (wide.kind) {
    case "topic":
      return (
        narrow.kind === "topic" && narrow.topic === wide.topic && filterCovers(wide.path ?? "#", narrow.path ?? "#")
      );
    case "property":
      return narrow.kind === "property" && narrow.device === wide.device && narrow.property === wide.property;
    case "credential":
      return narrow.kind === "credential" && narrow.type === wide.type;
    case "dataset":
      return narrow.kind === "dataset" && narrow.dataset === wide.dataset;
  }
}

/** A country covers its subdivisions (ISO 3166-2 begins with the country's code), never the other way. */
function jurisdictionCovers(wide: readonly string[], one: string): boolean {
  return wide.includes(one) || wide.includes(one.slice(0, 2));
}

/**
 * The first field in which terms allow what those above do not; `undefined` where they keep within. Who answers for the data, what
 * service it is for and how it is called are said anew by each link and widen nothing.
 */
export function wideningOf(above: GrantTerms, below: GrantTerms): TermField | undefined {
  if (!resourceCovers(above.resource, below.resource)) return "resource";
  if (!below.purposes.every((purpose) => above.purposes.includes(purpose))) return "purposes";
  if (!below.actions.every((action) => above.actions.includes(action))) return "actions";
  if (!below.jurisdictions.every((one) => jurisdictionCovers(above.jurisdictions, one))) return "jurisdictions";
  return undefined;
}

/**
 * Opens the terms of a whole chain and holds each link's against the one above.
 *
 * @param chain - the grant's record and all above it: the grant first, the owner's own link last
 * @param documents - their terms documents, in the same order
 * @returns the grant's own terms: the narrowest of all
 * @throws HansaError `grant.terms-malformed`, `grant.terms-mismatch`, `grant.widened`
 * @example
 * ```ts
 * const { chain } = grantStands(state, grant, now);
 * requireWithinTerms(openChain(chain, documents), { resource, purpose, action: "read", jurisdiction: "DE" });
 * ```
 */
export function openChain(chain: readonly GrantLink[], documents: readonly unknown[]): GrantTerms {
  if (chain.length === 0 || documents.length !== chain.length)
    throw protocolError("grant.terms-malformed", `the chain has ${chain.length} links and needs the terms of each`, {
      problem: "one terms document for each link of the chain, the grant's own first",
    });
  const opened = chain.map((link, i) => openTerms(documents[i], link));
  for (let i = 1; i < opened.length; i++) {
    const field = wideningOf(opened[i] as GrantTerms, opened[i - 1] as GrantTerms);
    if (field !== undefined) {
      const { grant } = chain[i - 1] as GrantLink;
      throw protocolError("grant.widened", `grant ${grant} allows more ${field} than the one above it`, {
        grant,
        field,
      });
    }
  }
  return opened[0] as GrantTerms;
}

/** The first field in which a request goes beyond terms; `undefined` where they cover it. */
export function beyondTerms(terms: GrantTerms, wish: GrantWish): TermField | undefined {
  if (!resourceCovers(terms.resource, wish.resource)) return "resource";
  if (!terms.purposes.includes(wish.purpose)) return "purposes";
  if (!terms.actions.includes(wish.action)) return "actions";
  if (!jurisdictionCovers(terms.jurisdictions, wish.jurisdiction)) return "jurisdictions";
  return undefined;
}

/**
 * @throws HansaError `grant.beyond-terms`: what is asked for is not covered
 */
export function requireWithinTerms(terms: GrantTerms, wish: GrantWish): void {
  const field = beyondTerms(terms, wish);
  if (field !== undefined)
    throw protocolError("grant.beyond-terms", `the request goes beyond the ${field} of the terms`, { field });
}
