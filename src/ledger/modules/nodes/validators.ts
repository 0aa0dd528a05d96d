/** Changes of who votes, and when they are refused: consensus must find a quorum for the next block, and for those after it. */
import type { NodeRecord, ValidatorsRecord } from "#protocol";
import type { Context } from "../../kernel/module.ts";
import type { Reader } from "../../state/state.ts";
import { refuse } from "./errors.ts";
import type { NodesNeeds } from "./needs.ts";
import { nodeKey, nodesOfMember, readNode, readValidators, VALIDATORS_KEY } from "./records.ts";

/** As many as a genesis may name. */
const MOST_VALIDATORS = 100;
/** For how many blocks a node's word that it has caught up counts. */
export const READY_BLOCKS = 1000;
/** How old the last block may be, milliseconds: who was absent from it stands for who is absent now. */
const FRESH = 60_000;

/** What touches the validators: a vote about them, a member that goes, a node that its member takes out. */
export type ValidatorsChange =
  | { readonly kind: "addValidator"; readonly node: string; readonly power: number }
  | { readonly kind: "removeValidator"; readonly node: string }
  | { readonly kind: "retire"; readonly node: string }
  | { readonly kind: "suspend" | "remove"; readonly member: string };

type Validator = ValidatorsRecord["validators"][number];

/** What a change comes to. */
interface Plan {
  /** New powers by node; 0: it votes no more. */
  readonly powers: ReadonlyMap<string, number>;
  /** Nodes that peers refuse from the end of this block on. */
  readonly cut: readonly string[];
}

export interface Validators {
  /**
   * Whether a change makes sense and leaves a quorum that is there.
   *
   * @throws HansaError with one of `NODE_ERRORS`; `nodes.no-quorum` and `nodes.still-voting` say in their payload how much power is
   * live, of how much, and which validators are absent
   */
  check(context: Context, change: ValidatorsChange): void;
  /** Makes the change. Checks nothing: `check` comes first. */
  apply(context: Context, change: ValidatorsChange): void;
}

/** The node of an id, provided that it was not taken out. */
export function requireNode(state: Reader, id: string): NodeRecord {
  const node = readNode(state, id);
  if (node === undefined) throw refuse("nodes.unknown", `there is no node ${id}`, { node: id });
  if (node.status === "retired") throw refuse("nodes.retired", `the node ${id} was retired`, { node: id });
  return node;
}

/** The node of an id where its peers let it in: registered, not retired, its member active. */
export function admittedNode(state: Reader, id: string, { isActiveMember }: NodesNeeds): NodeRecord | undefined {
  const node = readNode(state, id);
  return node?.status === "registered" && isActiveMember(state, node.member) ? node : undefined;
}

export function validatorsOf(needs: NodesNeeds): Validators {
  function checkAdded(context: Context, id: string, power: number): void {
    const { state, height } = context;
    const { validators } = readValidators(state);
    if (validators.length === 0) throw refuse("nodes.no-consensus", "nobody votes under this group's engine");
    const node = requireNode(state, id);
    if (!needs.isActiveMember(state, node.member))
      throw refuse("nodes.member", `${node.member} is not an active member`, { member: node.member });
    if (node.power === power)
      throw refuse("nodes.unchanged", `the node ${id} votes with power ${power} already`, { node: id, power });
    // One that votes shows by its votes whether it has caught up.
    if (node.power > 0) return;
    if (node.ready === null || height - node.ready > READY_BLOCKS)
      throw refuse("nodes.not-ready", `the node ${id} has not said lately that it has caught up`, {
        node: id,
        ready: node.ready,
        height,
      });
    if (validators.length >= MOST_VALIDATORS)
      throw refuse("nodes.too-many-validators", `${MOST_VALIDATORS} nodes vote already`, { limit: MOST_VALIDATORS });
  }

  /** The new set must have a quorum among those of its validators that voted last. */
  function requireQuorum({ state, absent }: Context, powers: Plan["powers"]): void {
    const next = changedSet(state, powers);
    const missing = next.filter(({ node }) => absent.includes(node));
    const [total, gone] = [powerOf(next), powerOf(missing)];
    const live = total - gone;
    if (live * 3 <= total * 2)
      throw refuse(
        "nodes.no-quorum",
        `${live} of ${total} of the new voting power would be live, and it takes more than 2/3`,
        {
          live,
          total,
          absent: missing.map(({ node }) => node),
        },
      );
  }

  /**
   * A new set begins one block late: the next block is decided by those who stood at the end of the last. Whoever is cut off now cannot
   * take part in that, so the others must be enough.
   */
  function requireNextBlock({ state, before, absent }: Context, cut: Plan["cut"]): void {
    const deciding = readValidators(before).validators;
    if (!deciding.some(({ node }) => cut.includes(node))) return;
    const missing = deciding.filter(({ node }) => absent.includes(node));
    const able = deciding.filter(
      ({ node }) => !absent.includes(node) && !cut.includes(node) && admittedNode(state, node, needs) !== undefined,
    );
    const [live, total] = [powerOf(able), powerOf(deciding)];
    if (live * 3 <= total * 2)
      throw refuse(
        "nodes.still-voting",
        `without it ${live} of ${total} of the voting power would have to decide the next block`,
        {
          live,
          total,
          absent: missing.map(({ node }) => node),
        },
      );
  }

  return {
    check(context, change) {
      const { state } = context;
      if (change.kind === "addValidator") checkAdded(context, change.node, change.power);
      if (change.kind === "removeValidator" && requireNode(state, change.node).power === 0)
        throw refuse("nodes.not-validator", `the node ${change.node} does not vote`, { node: change.node });
      const { powers, cut } = planOf(state, change);
      const votes = readValidators(context.before).validators;
      if (powers.size === 0 && !votes.some(({ node }) => cut.includes(node))) return;
      if (context.time - context.lastTime > FRESH)
        throw refuse("nodes.stale", "the last block is too old to say which validators are there", {
          last: context.lastTime,
          time: context.time,
        });
      if (powers.size > 0) requireQuorum(context, powers);
      requireNextBlock(context, cut);
    },

    apply(context, change) {
      const { state } = context;
      const { powers } = planOf(state, change);
      if (powers.size === 0) return;
      const validators = changedSet(state, powers);
      state.put(VALIDATORS_KEY, { validators } satisfies ValidatorsRecord);
      const about: string[] = [];
      for (const [id, power] of powers) {
        const node = requireNode(state, id);
        // Who loses the vote may fall behind, or be cut off: its word of before says nothing of when it is to vote again.
        state.put(nodeKey(id), { ...node, power, ready: power === 0 ? null : node.ready });
        about.push(nodeKey(id), node.member);
      }
      context.emit("nodes.validatorsChanged", about, {
        changes: [...powers].map(([node, power]) => ({ node, power })),
        validators: validators.length,
        power: powerOf(validators),
      });
    },
  };
}

function planOf(state: Reader, change: ValidatorsChange): Plan {
  if (change.kind === "addValidator") return { powers: new Map([[change.node, change.power]]), cut: [] };
  if (change.kind === "removeValidator") return { powers: new Map([[change.node, 0]]), cut: [] };
  const nodes = "member" in change ? nodesOfMember(state, change.member) : [requireNode(state, change.node)];
  return {
    powers: new Map(nodes.filter(({ power }) => power > 0).map(({ node }) => [node, 0])),
    cut: nodes.map(({ node }) => node),
  };
}

/** The set with other powers, ascending by node. */
function changedSet(state: Reader, powers: Plan["powers"]): readonly Validator[] {
  const kept = readValidators(state).validators.filter(({ node }) => !powers.has(node));
  const changed = [...powers].flatMap(([node, power]): Validator[] =>
    power === 0 ? [] : [{ node, key: requireNode(state, node).key, power }],
  );
  return [...kept, ...changed].sort((a, b) => (a.node < b.node ? -1 : 1));
}

function powerOf(validators: readonly Validator[]): number {
  return validators.reduce((sum, { power }) => sum + power, 0);
}
