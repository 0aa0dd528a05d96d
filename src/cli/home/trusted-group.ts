import type { Shell } from "../shell.ts";
import { groupsOfHome } from "./facts.ts";

/**
 * Id of the group that answers are held against: `--group` where it is a whole id, else what the home knows of its own. A name that the
 * home does not know says nothing about a genesis.
 */
export function trustedGroup({ globals: { group }, home }: Shell): string | undefined {
  if (group !== undefined && group.split(":").length === 3) return group;
  const own = groupsOfHome(home).filter(
    ({ name, genesis }) => group === undefined || [name, genesis.group].includes(group),
  );
  return own.length === 1 ? own[0]?.id : undefined;
}
