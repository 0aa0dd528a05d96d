import { decodeMultikey } from "#crypto";
import { fingerprintOf, type Genesis, type IdentityRecord, type MemberRecord } from "#protocol";
import { identityKey } from "../modules/identity/records.ts";
import { memberKey, PARAMETERS_KEY, ROLL_KEY } from "../modules/members/records.ts";

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
  return records;
}
