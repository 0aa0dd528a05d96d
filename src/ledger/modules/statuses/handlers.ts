import type { StatusListRecord } from "#protocol";
import { forbidden, type Handlers } from "../../kernel/module.ts";
import { refuse } from "./errors.ts";
import type { StatusesNeeds } from "./needs.ts";
import { readStatusList, statusKey } from "./records.ts";

export function statusHandlers(needs: StatusesNeeds): Handlers<"statuses"> {
  return {
    "statuses.publish"({ state, issuer, time, emit }, args) {
      // Recognition is not asked for: who lost it must still be able to revoke what it issued.
      if (!needs.isActiveMember(state, issuer)) throw forbidden("an active member of the group");
      const { list, kind, purpose, bits, size, version, digest, uri = null } = args;
      const before = readStatusList(state, issuer, list);
      if (before !== undefined) {
        if (before.kind !== kind || before.purpose !== purpose || before.bits !== bits)
          throw refuse("statuses.differs", `${list} is a ${before.kind} list for ${before.purpose}`, {
            list,
            kind: before.kind,
            purpose: before.purpose,
            bits: before.bits,
          });
        // An entry that once stood in a list is asked for as long as its credential lives.
        if (version <= before.version || size < before.size)
          throw refuse("statuses.behind", `${list} is at version ${before.version} with ${before.size} entries`, {
            list,
            version: before.version,
            size: before.size,
          });
      }
      const next: StatusListRecord = { issuer, list, kind, purpose, bits, size, version, digest, uri, at: time };
      state.put(statusKey(issuer, list), next);
      emit("statuses.published", [statusKey(issuer, list), issuer], { list, purpose, version, digest });
    },
  };
}
