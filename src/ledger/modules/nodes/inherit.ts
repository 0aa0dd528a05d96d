import type { NodeRecord, ValidatorsRecord } from "#protocol";
import { ledgerError } from "../../kernel/errors.ts";
import { NODE_PREFIX, nodeKey, VALIDATORS_KEY } from "./records.ts";

const OWN_PREFIX = "nodes/of/";
const VOTER_PREFIX = "nodes/voter/";

/**
 * Lays the nodes of a new group over those of the one that it goes on from: all others retire, and none of them votes. What a node was caught
 * at stays with it, and a key that served one node serves no other.
 *
 * @throws HansaError `ledger.node-conflict`
 */
export function inheritNodes(state: Map<string, object>, fresh: Map<string, object>): void {
  const conflict = (node: string) =>
    ledgerError("ledger.node-conflict", `the node ${node}, or its voting key, was another one's in the group before`, {
      node,
    });
  for (const [key, value] of fresh) {
    if (key.startsWith(VOTER_PREFIX)) {
      const { node } = value as { readonly node: string };
      const before = state.get(key) as { readonly node: string } | undefined;
      if ((before !== undefined && before.node !== node) || state.has(nodeKey(key.slice(VOTER_PREFIX.length))))
        throw conflict(node);
    } else if (key.startsWith(NODE_PREFIX)) {
      const node = value as NodeRecord;
      const before = state.get(key) as NodeRecord | undefined;
      if (state.has(VOTER_PREFIX + node.node)) throw conflict(node.node);
      if (before === undefined) continue;
      if (before.member !== node.member || before.key !== node.key) throw conflict(node.node);
      fresh.set(key, { ...node, misbehaviour: before.misbehaviour });
    }
  }
  for (const [key, value] of state) {
    if (fresh.has(key)) continue;
    if (key.startsWith(NODE_PREFIX))
      state.set(key, { ...(value as NodeRecord), power: 0, ready: null, status: "retired" });
    else if (key.startsWith(OWN_PREFIX)) state.set(key, { nodes: [] });
    else if (key === VALIDATORS_KEY) state.set(key, { validators: [] } satisfies ValidatorsRecord);
  }
}
