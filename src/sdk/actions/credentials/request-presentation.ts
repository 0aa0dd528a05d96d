import type { PresentRequest } from "#protocol";
import type { Client } from "../../client.ts";
import type { CallOptions } from "../../request.ts";
import { callVcApi, type VcDocument } from "../../vc-api.ts";

/** Whom a presentation is for. */
export type RequestPresentationOptions = NonNullable<PresentRequest["options"]>;

/**
 * Has a node sign a presentation with the key of its holder (VC API).
 *
 * @throws HansaError `vc-api.*`, `credentials.*`, `http.forbidden`
 * @example
 * ```ts
 * const shown = await requestPresentation(client, presentation, { challenge, domain: "shop.example" });
 * ```
 */
export async function requestPresentation(
  client: Client,
  presentation: VcDocument,
  wanted: RequestPresentationOptions = {},
  options: CallOptions = {},
): Promise<VcDocument> {
  const body = { presentation, options: wanted };
  const answer = await callVcApi<{ verifiablePresentation: VcDocument }>(client, "createPresentation", body, options);
  return answer.verifiablePresentation;
}
