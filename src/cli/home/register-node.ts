import { encodeBase64Url, isHansaError } from "#base";
import { encodeMultikey } from "#crypto";
import { cometAddress, type JoiningKeys, type NodeRecord, nodeProofInput, operation, type Page } from "#protocol";
import { type Client, createClient, createParty, query, sendOperations } from "#sdk";
import { publicKeyOf } from "./own-member.ts";

/** A node to make known on a group's ledger. */
export interface Registration {
  /** Of another member's node. */
  readonly url: string;
  readonly groupId: string;
  readonly alliance: string;
  readonly own: JoiningKeys;
  readonly address: string;
  readonly endpoint?: string | undefined;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export interface Registered {
  readonly node: string;
  /** What the ledger was told. */
  readonly did: "registered" | "updated" | "known already";
  /** The group's other nodes, as the ledger has them: whom to dial first. */
  readonly peers: readonly { readonly node: string; readonly address: string }[];
}

/**
 * Makes a node known on the ledger, or changes where it is reached, or finds both done: may be repeated.
 *
 * @throws HansaError `kernel.forbidden` where the member is not one of the group, `nodes.*`, `sdk.*`
 */
export async function registerNode(registration: Registration): Promise<Registered> {
  const { url, groupId, alliance, own, address, endpoint, now, signal } = registration;
  const party = createParty(alliance, own.member);
  const client = createClient({ url, group: groupId, signer: party, now });
  const multikey = encodeMultikey(publicKeyOf(own.node));
  const node = cometAddress(publicKeyOf(own.node));
  const how = { signal };
  const known = await nodeOf(client, node, signal);
  const where = { address, ...(endpoint === undefined ? {} : { endpoint }) };
  let did: Registered["did"] = "known already";
  if (known?.status !== "registered") {
    const proof = encodeBase64Url(own.voting.sign(nodeProofInput(groupId, party.did, multikey)));
    const key = encodeMultikey(publicKeyOf(own.voting));
    await sendOperations(client, [operation("nodes.register", { node: multikey, key, ...where, proof })], how);
    did = "registered";
  } else if (known.address !== address || (endpoint !== undefined && known.endpoint !== endpoint)) {
    await sendOperations(client, [operation("nodes.update", { node, ...where })], how);
    did = "updated";
  }
  return { node, did, peers: await peersOf(client, node, signal) };
}

async function peersOf(client: Client, own: string, signal: AbortSignal) {
  const { items } = (await query(client, "nodes.list", { limit: 1000 }, { signal })) as Page<NodeRecord>;
  return items
    .filter(({ node, status }) => status === "registered" && node !== own)
    .map(({ node, address }) => ({ node, address }));
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
