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

export function readNode(state: Reader, node: string): NodeRecord | undefined {
  return state.get<NodeRecord>(nodeKey(node));
}

export function readValidators(state: Reader): ValidatorsRecord {
  return state.get<ValidatorsRecord>(VALIDATORS_KEY) ?? { validators: [] };
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
