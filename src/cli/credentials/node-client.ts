import type { Client } from "#sdk";
import type { Shell } from "../shell.ts";

/** Signs where the home has keys; what is open to anybody needs none. */
export async function clientFor(shell: Shell): Promise<Client> {
  return shell.hasKeys ? shell.signingClient() : shell.client;
}
