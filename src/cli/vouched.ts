import type { ProofTrust } from "#protocol";
import type { Vouched } from "#sdk";
import { groupsOfHome } from "./home/facts.ts";
import type { Shell } from "./shell.ts";

/** Whether there is a reason to believe that a proof's group is the right one. */
export function isTrusted(shell: Shell, { trust, trusted }: ProofTrust, group: string): boolean {
  // A home that belongs to the group knows its genesis, and that is reason enough.
  return trust !== undefined || trusted !== undefined || groupsOfHome(shell.home).some(({ id }) => id === group);
}

/** Whose word it is that the rest rests on; `given`: the verifier named validators that it trusts. */
export function describeVouched(vouched: Vouched, given: boolean): string {
  if (vouched.engine === "solo") return `engine solo with ${vouched.key}`;
  const { height, time, signed, total, changes, validators } = vouched;
  const first = given ? "the validators that were trusted" : "those of the genesis";
  const followed = `followed through ${changes} change${changes === 1 ? "" : "s"} of validators`;
  const who = `${signed} of ${total} voting power of ${validators.validators.length} validators`;
  return `engine cometbft at height ${height}, ${time}: ${who}, ${changes === 0 ? first : followed}`;
}

/** What to say where nothing on this side knows the group. */
export const COMPARE_GROUP =
  "Compare the group's id with the one that you know, or pass that one with --trust: anybody can found a group.";
