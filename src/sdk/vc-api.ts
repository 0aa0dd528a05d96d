import type { RouteName } from "#protocol";
import type { Client } from "./client.ts";
import { connectionTokenOf } from "./connection.ts";
import { type CallOptions, callJson, type RequestInput } from "./request.ts";

/** A credential or presentation, or a part of one. */
export type VcDocument = Readonly<Record<string, unknown>>;

/** Calls a route of the VC API: in the name of the client's signer, where it has one; what is open to anybody needs none. */
export async function callVcApi<Answer>(
  client: Client,
  name: RouteName,
  body: object | undefined,
  options: CallOptions & Pick<RequestInput, "parameters" | "query">,
): Promise<Answer> {
  const token = client.signer === undefined ? undefined : await connectionTokenOf(client, options.signal);
  return callJson<Answer>(client, name, {
    ...options,
    ...(body === undefined ? {} : { body: { type: "application/json", content: JSON.stringify(body) } }),
    ...(token === undefined ? {} : { token }),
  });
}
