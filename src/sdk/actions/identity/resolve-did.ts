import { type DidResolutionResult, RESOLUTION_TYPES } from "#protocol";
import type { Client } from "../../client.ts";
import { askResolver, type DidResolutionOptions } from "../../did-resolver.ts";
import type { CallOptions } from "../../request.ts";

/**
 * Resolves a DID of any method that the node knows (W3C DID Resolution). A DID that was deactivated is an answer, too: `didDocument` is
 * `null` then, and `didDocumentMetadata.deactivated` true.
 *
 * Of groups that keep reading to their parties the client's signer sees what it may; the answer is the node's word, a proof comes with
 * `getRecord(client, { key, verified: true })`.
 *
 * @throws HansaError `resolution.*`
 * @example
 * ```ts
 * const { didDocument, didDocumentMetadata } = await resolveDid(client, did);
 * const before = await resolveDid(client, did, { versionTime: "2026-01-31T12:00:00Z" });
 * ```
 */
export function resolveDid(
  client: Client,
  did: string,
  resolution: DidResolutionOptions = {},
  options: CallOptions = {},
): Promise<DidResolutionResult> {
  return askResolver<DidResolutionResult>(client, RESOLUTION_TYPES.result, did, resolution, options);
}
