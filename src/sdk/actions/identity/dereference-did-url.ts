import { type DidDereferencingResult, RESOLUTION_TYPES } from "#protocol";
import type { Client } from "../../client.ts";
import { askResolver, type DidResolutionOptions } from "../../did-resolver.ts";
import type { CallOptions } from "../../request.ts";

/**
 * Dereferences a DID URL (W3C DID Resolution): a key or service by its fragment, or where the services are that `service`, `serviceType`
 * and `relativeRef` select.
 *
 * @throws HansaError `resolution.*`
 * @example
 * ```ts
 * const { content } = await dereferenceDidUrl(client, `${did}#${key}`);
 * const { dereferencingMetadata } = await dereferenceDidUrl(client, `${did}?service=files&relativeRef=%2Fmanual.pdf`);
 * console.log(dereferencingMetadata.serviceEndpoints);
 * ```
 */
export function dereferenceDidUrl(
  client: Client,
  url: string,
  resolution: DidResolutionOptions = {},
  options: CallOptions = {},
): Promise<DidDereferencingResult> {
  return askResolver<DidDereferencingResult>(client, RESOLUTION_TYPES.dereferencing, url, resolution, options);
}
