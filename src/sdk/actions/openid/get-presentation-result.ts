import type { PresentationResult } from "#protocol";
import type { Client } from "../../client.ts";
import type { CallOptions } from "../../request.ts";
import { callVcApi } from "../../vc-api.ts";

/**
 * What came of a question for presentations, with the verified claims once it was answered.
 *
 * @param id - as `askPresentation` answered it
 * @throws HansaError `openid.unknown`, `openid.off`, `http.forbidden`
 * @example
 * ```ts
 * const { state, credentials } = await getPresentationResult(client, request.id);
 * ```
 */
export function getPresentationResult(
  client: Client,
  id: string,
  options: CallOptions = {},
): Promise<PresentationResult> {
  return callVcApi(client, "presentationResult", undefined, { ...options, parameters: { id } });
}
