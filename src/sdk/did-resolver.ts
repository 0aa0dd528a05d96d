import { isHansaError } from "#base";
import type { NodeStatus } from "./answers.ts";
import type { Client, Party } from "./client.ts";
import { type CallOptions, callJson, readerOf } from "./request.ts";

/** Options of DID Resolution, and Hansa's own. */
export interface DidResolutionOptions {
  /** `did:hansa`: number of the version. */
  readonly versionId?: string;
  /** `did:hansa`: the version of this moment, `2026-01-31T12:00:00Z`. */
  readonly versionTime?: string;
  /** `did:hansa`: id or name of the group, where the DID is in several. */
  readonly group?: string;
  /** `did:key`: `Multikey`, `JsonWebKey`, `JsonWebKey2020` or `Ed25519VerificationKey2020`. */
  readonly publicKeyFormat?: string;
}

/**
 * Asks the node's resolver. What is not found may be in a group for its parties: then whoever has a key asks again, once for each such group,
 * since a signature is for one group.
 */
export async function askResolver<Answer>(
  client: Client,
  accept: string,
  did: string,
  resolution: DidResolutionOptions,
  options: CallOptions,
): Promise<Answer> {
  const input = {
    ...options,
    parameters: { did },
    query: { ...resolution },
    headers: { accept },
    // That a DID was deactivated is what was asked for.
    answers: [410],
  };
  try {
    return await callJson<Answer>(client, "resolve", input);
  } catch (error) {
    if (!isHansaError(error, "resolution.not-found") || !did.startsWith("did:hansa:")) throw error;
    const { groups } = await callJson<NodeStatus>(client, "status", options);
    const hidden = groups.filter(({ reads, height }) => reads === "parties" && height === undefined);
    const party = hidden.length === 0 ? undefined : await signerOf(client);
    for (const { id } of party === undefined ? [] : hidden)
      try {
        return await callJson<Answer>(client, "resolve", { ...input, signedFor: { group: id, party: party as Party } });
      } catch (again) {
        if (!isHansaError(again, "resolution.not-found") && !isHansaError(again, "http.unauthenticated")) throw again;
      }
    throw error;
  }
}

async function signerOf(client: Client): Promise<Party | undefined> {
  return client.signer ?? (client.reader === undefined ? undefined : await readerOf(client, client.reader));
}
