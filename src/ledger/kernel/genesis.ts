import { decodeMultikey } from "#crypto";
import {
  cometAddress,
  fingerprintOf,
  type Genesis,
  type IdentityRecord,
  type MemberRecord,
  type NodeRecord,
  type ValidatorsRecord,
} from "#protocol";
import { identityKey } from "../modules/identity/records.ts";
import { memberKey, PARAMETERS_KEY, ROLL_KEY } from "../modules/members/records.ts";
import { nodeKey, ownKey, VALIDATORS_KEY, voterKey } from "../modules/nodes/records.ts";

/** The records with which a group begins. */
export function genesisRecords(genesis: Genesis): Map<string, object> {
  const records = new Map<string, object>();
  records.set(PARAMETERS_KEY, genesis.parameters);
  const members = [...genesis.members].sort((a, b) => (a.did < b.did ? -1 : 1));
  records.set(ROLL_KEY, { active: members.map((member) => member.did), next: 1 });
  for (const { did, name, roles, publicKey } of members) {
    const key = decodeMultikey(publicKey);
    if (key === undefined) throw new Error("genesis was not checked");
    const member: MemberRecord = {
      did,
      name,
      roles: [...new Set(roles)].sort(),
      status: "active",
      since: genesis.time,
    };
    const identity: IdentityRecord = {
      did,
      version: 1,
      deactivated: false,
      controllers: [],
      keys: [
        {
          id: fingerprintOf(key),
          publicKey,
          relationships: ["assertionMethod", "authentication", "capabilityDelegation", "capabilityInvocation"],
        },
      ],
      services: [],
      created: genesis.time,
      updated: genesis.time,
    };
    records.set(memberKey(did), member);
    records.set(identityKey(did), identity);
  }
  addNodes(records, genesis);
  return records;
}

/** The nodes that vote from the first block on. That each is its member's, the founders checked before they signed the genesis. */
function addNodes(records: Map<string, object>, { engine, time }: Genesis): void {
  if (engine.kind !== "cometbft") return;
  const nodes = engine.validators
    .map(({ member, node, key, address, endpoint, power }): NodeRecord & { readonly voter: string } => ({
      node: addressOf(node),
      voter: addressOf(key),
      member,
      nodeKey: node,
      key,
      address,
      endpoint: endpoint ?? null,
      power,
      ready: 0,
      status: "registered",
      misbehaviour: [],
      since: time,
    }))
    .sort((a, b) => (a.node < b.node ? -1 : 1));
  const own = new Map<string, string[]>();
  for (const { voter, ...node } of nodes) {
    records.set(nodeKey(node.node), node);
    records.set(voterKey(voter), { node: node.node });
    own.set(node.member, [...(own.get(node.member) ?? []), node.node]);
  }
  for (const [member, ids] of own) records.set(ownKey(member), { nodes: ids });
  const validators = nodes.map(({ node, key, power }) => ({ node, key, power }));
  records.set(VALIDATORS_KEY, { validators } satisfies ValidatorsRecord);
}

function addressOf(multikey: string): string {
  const key = decodeMultikey(multikey);
  if (key === undefined) throw new Error("genesis was not checked");
  return cometAddress(key);
}
