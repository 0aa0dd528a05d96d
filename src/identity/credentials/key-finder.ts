import { isHansaError, type Json, type JsonObject, Lru } from "#base";
import type { DidDocument } from "#protocol";
import type { ResolutionErrorCode } from "../errors.ts";
import { parseDidUrl } from "../resolution/did-url.ts";
import type { Asker } from "../resolution/method.ts";
import type { DidResolver } from "../resolution/resolver.ts";
import { type CredentialKey, decodeCredentialJwk, decodeCredentialKey } from "./credential-key.ts";
import { isObject } from "./document-parts.ts";
import { credentialError } from "./errors.ts";
import type { KeyFinder, ProofPurpose, VerificationKey } from "./keys.ts";

/** Keys of `did:key` that are kept for a resolver: such a document follows from its name and never changes. */
const KEPT = 8192;
const constants = new WeakMap<DidResolver, Lru<string, VerificationKey>>();

/** Keys that were read out of a document, with it. Who may not read it, is not given it. */
const keysIn = new WeakMap<DidDocument, Map<string, VerificationKey>>();

/** Refusals of the resolver that mean that there is no such key; after any other, asking again may help. */
const NO_KEY: ReadonlySet<ResolutionErrorCode> = new Set([
  "resolution.did",
  "resolution.did-url",
  "resolution.options",
  "resolution.not-found",
  "resolution.deactivated",
  "resolution.feature",
  "resolution.method",
  "resolution.document",
]);

/**
 * A finder of keys over a resolver. A document is asked for each time, so that a key that was rotated away is gone at once; what was read
 * out of one is kept with it, for a resolver that has a document at hand gives the same object as long as it holds. A finder is made for
 * each asker, and what was read serves them all.
 *
 * @param asker - for whom is asked; a group that he may not read looks as if it knew nothing
 * @example
 * ```ts
 * const keys = makeKeyFinder(new DidResolver([keyMethod, hansaMethod]), { mayRead: () => true });
 * const key = await keys("did:key:z6Mk…#z6Mk…", "assertionMethod");
 * ```
 */
export function makeKeyFinder(resolver: DidResolver, asker: Asker): KeyFinder {
  const constant = constants.get(resolver) ?? new Lru<string, VerificationKey>(KEPT);
  constants.set(resolver, constant);

  return async (verificationMethod, purpose) => {
    const name = `${purpose} ${verificationMethod}`;
    const kept = constant.get(name);
    if (kept !== undefined) return kept;
    const did = didOf(verificationMethod);
    const document = await resolve(resolver, did, asker);
    const keys = keysIn.get(document) ?? new Map<string, VerificationKey>();
    keysIn.set(document, keys);
    const known = keys.get(name);
    if (known !== undefined) return known;
    const key = readKey(document, did, verificationMethod, purpose);
    keys.set(name, key);
    if (did.startsWith("did:key:")) constant.set(name, key);
    return key;
  };
}

/** A path or parameters could lead to another version of the document, with a key that is no longer the controller's. */
function didOf(verificationMethod: string): string {
  try {
    const { did, path, parameters, fragment } = parseDidUrl(verificationMethod);
    if (
      fragment !== undefined &&
      fragment !== "" &&
      path === "" &&
      parameters.size === 0 &&
      !verificationMethod.includes("?")
    )
      return did;
  } catch (error) {
    if (!isHansaError(error)) throw error;
  }
  throw noKey("the verificationMethod is no DID URL of a key", verificationMethod);
}

async function resolve(resolver: DidResolver, did: string, asker: Asker): Promise<DidDocument> {
  let content: { readonly [member: string]: Json } | null;
  try {
    ({ content } = await resolver.dereference(did, {}, asker));
  } catch (error) {
    if (!isHansaError(error) || !error.code.startsWith("resolution.")) throw error;
    if (NO_KEY.has(error.code as ResolutionErrorCode)) throw noKey(error.message, did, error);
    throw credentialError(
      "credentials.unreachable",
      `the DID document cannot be had: ${error.message}`,
      { did },
      error,
    );
  }
  if (content === null) throw noKey("the DID was deactivated", did);
  return content as DidDocument;
}

/** Retrieval of a verification method, Controlled Identifiers 1.0 §3.3. */
function readKey(document: DidDocument, did: string, id: string, purpose: ProofPurpose): VerificationKey {
  if (document.id !== did) throw noKey("the DID document is of another DID", id);
  const related = objectsOrTexts(document[purpose]).some((entry) => absoluteId(entry, did) === id);
  if (!related) throw noKey(`the DID document does not name the key for ${purpose}`, id);
  const methods = [...objectsOrTexts(document["verificationMethod"]), ...objectsOrTexts(document[purpose])]
    .filter(isObject)
    .filter((method) => absoluteId(method, did) === id);
  const method = methods[0];
  if (method === undefined) throw noKey("the DID document has no such key", id);
  if (methods.length > 1) throw noKey("the DID document has two keys of this id", id);
  if (method["controller"] !== did) throw noKey("the key has another controller than the DID that it stands with", id);
  const key = keyOf(method);
  if (key === undefined) throw noKey("the key is of a type that is not known here, or malformed", id);
  return { id, controller: did, ...key };
}

function keyOf(method: JsonObject): CredentialKey | undefined {
  // Controlled Identifiers 1.0 §2.2: one representation of the key, not two that could differ.
  const { type, publicKeyMultibase, publicKeyJwk } = method;
  if (publicKeyMultibase !== undefined && publicKeyJwk !== undefined) return undefined;
  if (typeof publicKeyMultibase === "string") {
    const key = decodeCredentialKey(publicKeyMultibase);
    if (type === "Multikey") return key;
    return type === "Ed25519VerificationKey2020" && key?.algorithm === "Ed25519" ? key : undefined;
  }
  if (isObject(publicKeyJwk) && (type === "JsonWebKey" || type === "JsonWebKey2020"))
    return decodeCredentialJwk(publicKeyJwk);
  return undefined;
}

const objectsOrTexts = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

/** Ids may be written relative to the document's (DID Core §3.2.2). */
function absoluteId(entry: Json, did: string): string | undefined {
  const id = isObject(entry) ? entry["id"] : entry;
  if (typeof id !== "string") return undefined;
  return id.startsWith("#") ? did + id : id;
}

function noKey(problem: string, key: string, cause?: unknown) {
  return credentialError("credentials.key", problem, { key: key.slice(0, 200) }, cause);
}
