/** What a DID resolver answers over HTTP (W3C DID Resolution 1.0): the node makes it, the sdk reads it. */
import type { Json } from "#base";
import type { DidDocument } from "./did-document.ts";

/** Media types of an answer of the resolver. */
export const RESOLUTION_TYPES = {
  result: "application/did-resolution",
  dereferencing: "application/did-url-dereferencing",
  document: "application/did",
  documentJson: "application/did+json",
  documentJsonLd: "application/did+ld+json",
  /** How the Universal Resolver and its drivers name `result`. */
  legacyResult: 'application/ld+json;profile="https://w3id.org/did-resolution"',
  /** Where a selected service is: a redirection. */
  uriList: "text/uri-list",
} as const;

/** Longest DID URL that is taken, in characters. */
export const DID_URL_LIMIT = 1024;

/** About a DID document (DID Resolution §4.3). Times are UTC in whole seconds. */
export interface DidDocumentMetadata {
  readonly created?: string;
  /** Absent while nothing was changed. */
  readonly updated?: string;
  readonly deactivated?: boolean;
  readonly versionId?: string;
  /** Of a version that is not the newest: when the one behind it came, and which that is. */
  readonly nextUpdate?: string;
  readonly nextVersionId?: string;
  /** `did:hansa` alone: where the document was read, and as of the end of which block. */
  readonly method?: { readonly group: string; readonly height: number };
}

/** Why something was not resolved (RFC 9457). */
export interface ResolutionProblem {
  /** `https://www.w3.org/ns/did#NOT_FOUND`, … */
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly status: number;
  /** Hansa's own code, `resolution.not-found`, … */
  readonly code: string;
  readonly advice?: string;
}

/** `application/did-resolution` (DID Resolution §9). */
export interface DidResolutionResult {
  /** `null` where there is none, or none any more. */
  readonly didDocument: DidDocument | null;
  readonly didResolutionMetadata: { readonly contentType?: string; readonly error?: ResolutionProblem };
  readonly didDocumentMetadata: DidDocumentMetadata;
}

/** `application/did-url-dereferencing` (DID Resolution §10). */
export interface DidDereferencingResult {
  /** A DID document, or what the fragment names in it: a verification method or a service. */
  readonly content: { readonly [member: string]: Json } | null;
  readonly dereferencingMetadata: {
    readonly contentType?: string;
    readonly error?: ResolutionProblem;
    /** Where the services that the DID URL selects are, `relativeRef` and fragment applied. */
    readonly serviceEndpoints?: readonly string[];
  };
  readonly contentMetadata: DidDocumentMetadata;
}
