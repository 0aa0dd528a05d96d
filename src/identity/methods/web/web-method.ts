import { isHansaError, type Json, type JsonLimits, parseJson } from "#base";
import type { DidDocument } from "#protocol";
import { resolutionError } from "../../errors.ts";
import type { ParsedDid } from "../../resolution/did-url.ts";
import type { DidMethod, Resolved } from "../../resolution/method.ts";
import { fetchDocument } from "./fetch-document.ts";
import { webAddressOf } from "./web-address.ts";

export interface WebMethodOptions {
  /** Names of hosts that may lie in private networks, or on this machine; none where left out. */
  readonly privateHosts?: readonly string[] | undefined;
  /** Milliseconds for everything together. */
  readonly timeout?: number;
  /** Authorities to believe beside the usual ones, PEM. */
  readonly ca?: string;
}

/** Size of a document, bytes. */
const MAX_BYTES = 64 * 1024;
/** Documents that are fetched at once; beyond, whoever asks is refused, and not kept waiting. */
const AT_ONCE = 32;
const JSON_LIMITS: JsonLimits = { depth: 16, integers: false };

/** `did:web`: the document lies with the host that the DID names. Nothing is kept: each question is a fetch, equal ones at a time share it. */
export class WebMethod implements DidMethod {
  readonly name = "web";
  readonly options = [] as const;
  readonly #fetch: (did: ParsedDid) => Promise<Uint8Array>;
  readonly #underWay = new Map<string, Promise<Resolved>>();

  constructor({ privateHosts = [], timeout = 5000, ca }: WebMethodOptions = {}) {
    const hosts = new Set(privateHosts.map((host) => host.toLowerCase()));
    const limits = { privateHosts: hosts, timeout, maxBytes: MAX_BYTES, ca };
    this.#fetch = (did) => fetchDocument(webAddressOf(did), limits);
  }

  /** @throws HansaError `resolution.did`, `resolution.not-found`, `resolution.unreachable`, `resolution.document` */
  resolve(did: ParsedDid): Promise<Resolved> {
    const running = this.#underWay.get(did.did);
    if (running !== undefined) return running;
    if (this.#underWay.size >= AT_ONCE)
      throw resolutionError("resolution.unreachable", "too many did:web are being resolved", { limit: AT_ONCE });
    const fetched = this.#resolve(did).finally(() => this.#underWay.delete(did.did));
    this.#underWay.set(did.did, fetched);
    return fetched;
  }

  async #resolve(did: ParsedDid): Promise<Resolved> {
    return { document: readDocument(did.did, await this.#fetch(did)), metadata: {} };
  }
}

function readDocument(did: string, bytes: Uint8Array): DidDocument {
  const refuse = (problem: string, cause?: unknown) =>
    resolutionError("resolution.document", `the document of ${did} ${problem}`, { did }, cause);
  let value: Json;
  try {
    value = parseJson(bytes, JSON_LIMITS);
  } catch (error) {
    throw refuse(isHansaError(error) ? `is not plain JSON: ${error.message}` : "is not JSON", error);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refuse("is no JSON object");
  // A host speaks for its own DID alone.
  if ((value as DidDocument).id !== did) throw refuse("has another id");
  return value as DidDocument;
}
