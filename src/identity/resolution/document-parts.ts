import type { Json, JsonObject } from "#base";
import type { DidDocument } from "#protocol";
import { resolutionError } from "../errors.ts";

const RELATIONSHIPS = [
  "authentication",
  "assertionMethod",
  "keyAgreement",
  "capabilityInvocation",
  "capabilityDelegation",
];

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const objectsOf = (value: Json | undefined): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** Ids may be written relative to the document's (DID Core §3.2.2). */
function absoluteId(document: DidDocument, id: Json | undefined): string | undefined {
  if (typeof id !== "string") return undefined;
  return id.startsWith("#") ? document.id + id : id;
}

/**
 * What a fragment names in a DID document: a verification method, also one that stands within a relationship, or a service. With the
 * document's `@context`, so that it means the same by itself.
 */
export function findInDocument(document: DidDocument, fragment: string): JsonObject | undefined {
  const wanted = `${document.id}#${fragment}`;
  const candidates = ["verificationMethod", ...RELATIONSHIPS, "service"].flatMap((name) => objectsOf(document[name]));
  const found = candidates.find(({ id }) => absoluteId(document, id) === wanted);
  if (found === undefined) return undefined;
  const context = document["@context"];
  return context === undefined ? found : { "@context": context, ...found };
}

export interface ServiceChoice {
  readonly service: string | undefined;
  readonly serviceType: string | undefined;
  readonly relativeRef: string | undefined;
  /** Of the DID URL; the endpoint inherits it. */
  readonly fragment: string | undefined;
}

/**
 * The services that a DID URL selects, as DID Resolution §5.4.1 says: the document with those alone, and where they are.
 *
 * @returns `undefined` where none were asked for
 * @throws HansaError `resolution.not-found`, `resolution.did-url`
 */
export function selectServices(
  document: DidDocument,
  { service, serviceType, relativeRef, fragment }: ServiceChoice,
): { readonly document: DidDocument; readonly endpoints: readonly string[] } | undefined {
  if (service === undefined && serviceType === undefined) {
    if (relativeRef !== undefined)
      throw resolutionError("resolution.did-url", "relativeRef wants a service to be relative to", { part: "query" });
    return undefined;
  }
  // A name alone, a relative reference and a whole DID URL mean the same service.
  const wanted = service === undefined || /^(did:|#)/.test(service) ? service : `#${service}`;
  const selected = objectsOf(document["service"]).filter(
    ({ id, type }) =>
      (wanted === undefined || absoluteId(document, id) === absoluteId(document, wanted)) &&
      (serviceType === undefined || type === serviceType || (Array.isArray(type) && type.includes(serviceType))),
  );
  if (selected.length === 0)
    throw resolutionError("resolution.not-found", "the DID document has no such service", { did: document.id });
  const endpoints = selected
    .flatMap(({ serviceEndpoint }): readonly (Json | undefined)[] =>
      Array.isArray(serviceEndpoint) ? serviceEndpoint : [serviceEndpoint],
    )
    .filter((endpoint): endpoint is string => typeof endpoint === "string")
    .map((endpoint) => resolveEndpoint(endpoint, relativeRef, fragment));
  return { document: { ...document, service: selected }, endpoints };
}

// RFC 3986 §4.2, its characters alone.
const REFERENCE = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@/?#-]|%[0-9A-Fa-f]{2})*$/;

const URI = /^[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~!$&'()*+,;=:@/?#[\]-]|%[0-9A-Fa-f]{2})+$/;

/** An endpoint with a relative reference (RFC 3986 §5) and a fragment applied. */
function resolveEndpoint(endpoint: string, reference: string | undefined, fragment: string | undefined): string {
  if (!URL.canParse(endpoint)) throw misled("the service's endpoint is no URL");
  // What is no plain URI, a line break say, must not get into a header as it stands.
  let result = URI.test(endpoint) ? endpoint : new URL(endpoint).href;
  if (reference !== undefined) {
    if (!REFERENCE.test(reference) || !URL.canParse(reference, endpoint))
      throw misled("relativeRef is no relative reference");
    const resolved = new URL(reference, endpoint);
    const base = new URL(endpoint);
    // `//other.example/` and `https:…` are references as well: they would make of every service a way to anywhere.
    if (resolved.protocol !== base.protocol || resolved.host !== base.host || resolved.username !== base.username)
      throw misled("relativeRef leads out of the service");
    result = resolved.href;
  }
  if (fragment === undefined) return result;
  if (result.includes("#")) throw misled("both the service's endpoint and the DID URL have a fragment");
  return `${result}#${fragment}`;
}

function misled(message: string) {
  return resolutionError("resolution.did-url", message, { part: "query" });
}
