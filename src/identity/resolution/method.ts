import type { DidDocument, DidDocumentMetadata } from "#protocol";
import type { ParsedDid } from "./did-url.ts";

/** Options of DID Resolution, and ours: `group` chooses a group of the alliance, `publicKeyFormat` is did:key's. */
export type MethodOption = "versionId" | "versionTime" | "group" | "publicKeyFormat";
export type MethodOptions = { readonly [Option in MethodOption]?: string };

/** Whoever asks. */
export interface Asker {
  /** Whether he may read a group; one that he may not is to look as if it knew nothing. */
  mayRead(group: string): boolean;
}

export interface Resolved {
  /** `null` where the DID was deactivated. */
  readonly document: DidDocument | null;
  /** The document as JSON, where it is at hand. */
  readonly text?: string;
  readonly metadata: DidDocumentMetadata;
}

/** One DID method: a folder of `methods/`, and a line where the resolver is made. */
export interface DidMethod {
  readonly name: string;
  /** Others are refused before it is asked. */
  readonly options: readonly MethodOption[];
  /** @throws HansaError `resolution.*` */
  resolve(did: ParsedDid, options: MethodOptions, asker: Asker): Resolved | Promise<Resolved>;
}
