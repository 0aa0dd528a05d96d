import type { Block, Misbehaviour, NodeRecord, ValidatorsRecord } from "#protocol";
import type { Reader, Writer } from "../../state/state.ts";

export const NODE_PREFIX = "node/";
/** Who votes, in order of node: one record, so that the set is read without walking the state. */
export const VALIDATORS_KEY = "nodes/validators";

/** How many faults of a node are remembered. */
const MOST_FAULTS = 16;

export function nodeKey(node: string): string {
  return NODE_PREFIX + node;
}

/** Which node votes with a key, by the key's address in consensus: no key votes for two. Kept when the node retires. */
export function voterKey(address: string): string {
  return `nodes/voter/${address}`;
}

/** A member's nodes that are not retired, ascending. */
export function ownKey(member: string): string {
  return `nodes/of/${member}`;
}

export function readNode(state: Reader, node: string): NodeRecord | undefined {
  return state.get<NodeRecord>(nodeKey(node));
}

/** The node whose voting key has this address in consensus (`cometAddress`), retired ones included. */
export function nodeOfVoter(state: Reader, address: string): string | undefined {
  return state.get<{ readonly node: string }>(voterKey(address))?.node;
}

/** Ids of a member's nodes that are not retired, ascending. */
export function readOwn(state: Reader, member: string): readonly string[] {
  return state.get<{ readonly nodes: readonly string[] }>(ownKey(member))?.nodes ?? [];
}

/** A member's nodes that are not retired, in order of node. */
export function nodesOfMember(state: Reader, member: string): NodeRecord[] {
  return readOwn(state, member).flatMap((node) => readNode(state, node) ?? []);
}

/** Who votes in consensus; nobody under an engine without a quorum. */
export function readValidators(state: Reader): ValidatorsRecord {
  return state.get<ValidatorsRecord>(VALIDATORS_KEY) ?? { validators: [] };
}

/** The records of a node that is new to the ledger, or back on it: itself, its voting key's, its member's list. */
export function putNode(state: Writer, node: NodeRecord, voter: string): void {
  const others = readOwn(state, node.member).filter((other) => other !== node.node);
  state.put(nodeKey(node.node), node);
  state.put(voterKey(voter), { node: node.node });
  state.put(ownKey(node.member), { nodes: [...others, node.node].sort() });
}

/** Keeps what consensus caught validators at with their nodes. What follows from it the members decide by vote. */
export function noteMisbehaviour(
  state: Writer,
  { height, time }: Pick<Block, "height" | "time">,
  misbehaviour: readonly Misbehaviour[],
): void {
  for (const { kind, validator, block } of misbehaviour) {
    const record = readNode(state, validator);
    if (record === undefined) continue;
    const faults = [...record.misbehaviour, { kind, block, height, at: time }].slice(-MOST_FAULTS);
    state.put(nodeKey(validator), { ...record, misbehaviour: faults });
  }
}
