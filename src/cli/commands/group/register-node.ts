import { encodeBase64Url, isHansaError } from "#base";
import { encodeMultikey } from "#crypto";
import { cometAddress, type JoiningKeys, type NodeRecord, nodeProofInput, operation } from "#protocol";
import { type Client, createClient, createParty, query, sendOperations } from "#sdk";
import { publicKeyOf } from "../../home/own-member.ts";
import type { Shell } from "../../shell.ts";

/** A node to make known on a group's ledger. */
export interface Registration {
  /** Of another member's node. */
  readonly url: string;
  readonly groupId: string;
  readonly alliance: string;
  readonly own: JoiningKeys;
  readonly address: string;
  readonly endpoint?: string | undefined;
}

export interface Registered {
  readonly node: string;
  /** What the ledger was told. */
  readonly did: "registered" | "updated" | "known already";
}

/**
 * Makes a node known on the ledger, or changes where it is reached, or finds both done: may be repeated.
 *
 * @throws HansaError `kernel.forbidden` where the member is not one of the group, `nodes.*`, `sdk.*`
 */
export async function registerNode(shell: Shell, registration: Registration): Promise<Registered> {
  const { url, groupId, alliance, own, address, endpoint } = registration;
  const party = createParty(alliance, own.member);
  const client = createClient({ url, group: groupId, signer: party, now: () => shell.io.now() });
  const multikey = encodeMultikey(publicKeyOf(own.node));
  const node = cometAddress(publicKeyOf(own.node));
  const how = { signal: shell.io.signal };
  const known = await nodeOf(client, node, shell.io.signal);
  if (known?.status === "registered") {
    const moved = known.address !== address || (endpoint !== undefined && known.endpoint !== endpoint);
    if (!moved) return { node, did: "known already" };
    await sendOperations(
      client,
      [operation("nodes.update", { node, address, ...(endpoint === undefined ? {} : { endpoint }) })],
      how,
    );
    return { node, did: "updated" };
  }
  const register = operation("nodes.register", {
    node: multikey,
    key: encodeMultikey(publicKeyOf(own.voting)),
    address,
    ...(endpoint === undefined ? {} : { endpoint }),
    proof: encodeBase64Url(own.voting.sign(nodeProofInput(groupId, party.did, multikey))),
  });
  await sendOperations(client, [register], how);
  return { node, did: "registered" };
}

/** A node as the ledger has it; `undefined` where it has none. */
export async function nodeOf(client: Client, node: string, signal: AbortSignal): Promise<NodeRecord | undefined> {
  try {
    return (await query(client, "nodes.get", { node }, { signal })) as NodeRecord;
  } catch (error) {
    if (isHansaError(error, "query.not-found")) return undefined;
    throw error;
  }
}
