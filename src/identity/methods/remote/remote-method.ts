import type { DidResolutionResult } from "#protocol";
import { resolutionError } from "../../errors.ts";
import type { DidMethod } from "../../resolution/method.ts";

/**
 * A DID method that another resolver knows: a wallet asks a node for `did:hansa`. The answer is that resolver's word.
 *
 * @param ask - asks for a DID; what it throws goes through
 * @example
 * ```ts
 * const resolver = new DidResolver([keyMethod, remoteMethod("hansa", (did) => resolveDid(client, did))]);
 * ```
 */
export function remoteMethod(name: string, ask: (did: string) => Promise<DidResolutionResult>): DidMethod {
  return {
    name,
    options: [],
    async resolve({ did }) {
      const { didDocument: document, didDocumentMetadata: metadata } = await ask(did);
      if (document === null && metadata.deactivated !== true)
        throw resolutionError("resolution.not-found", "the resolver that was asked knows no such DID", { did });
      return { document, metadata };
    },
  };
}
