import { decodeBase64Url } from "#base";
import { decodeMultikey, type PublicKey, verifySignature } from "#crypto";
import { cometAddress, type NodeRecord, nodeProofInput } from "#protocol";
import { type Context, forbidden, type Handlers } from "../../kernel/module.ts";
import { refuse } from "./errors.ts";
import type { NodesNeeds } from "./needs.ts";
import { nodeKey, nodeOfVoter, ownKey, putNode, readNode, readOwn } from "./records.ts";
import { READY_BLOCKS, requireNode, validatorsOf } from "./validators.ts";

/** How many nodes of a member are on the ledger at once. */
const MOST_NODES = 8;

export function nodeHandlers(needs: NodesNeeds): Handlers<"nodes"> {
  const validators = validatorsOf(needs);

  function requireMember(context: Context): string {
    if (!needs.isActiveMember(context.state, context.issuer)) throw forbidden("an active member of the group");
    return context.issuer;
  }

  function requireOwn(context: Context, id: string): NodeRecord {
    const member = requireMember(context);
    const node = requireNode(context.state, id);
    if (node.member !== member) throw forbidden("the member whose node it is");
    return node;
  }

  /** A node that was never here, or the same one back: same member, same keys. */
  function requireNew(context: Context, member: string, id: string, voter: string, args: Keys): NodeRecord | undefined {
    const { state } = context;
    const known = readNode(state, id);
    if (
      known?.status === "retired" &&
      known.member === member &&
      known.nodeKey === args.node &&
      known.key === args.key &&
      nodeOfVoter(state, voter) === id
    )
      return known;
    // No key serves twice, neither for two nodes nor for both purposes: what is signed for one could count for the other.
    const taken = [known?.node, nodeOfVoter(state, voter), nodeOfVoter(state, id), readNode(state, voter)?.node];
    if (taken.some((other) => other !== undefined))
      throw refuse("nodes.exists", `the node ${id}, or a key of it, is on the ledger already`, { node: id });
    return undefined;
  }

  return {
    "nodes.register"(context, args) {
      const member = requireMember(context);
      const key = requireKey(args.key);
      const id = cometAddress(requireKey(args.node));
      const voter = cometAddress(key);
      if (id === voter) throw refuse("nodes.bad-key", "a node votes with another key than the one it has among peers");
      const before = requireNew(context, member, id, voter, args);
      if (readOwn(context.state, member).length >= MOST_NODES)
        throw refuse("nodes.too-many", `${member} has ${MOST_NODES} nodes already`, { limit: MOST_NODES });
      const proof = decodeBase64Url(args.proof);
      if (proof === undefined || !verifySignature(key, nodeProofInput(context.group, member, args.node), proof))
        throw refuse("nodes.bad-proof", "the voting key did not sign for this node of this member", { node: id });
      const node: NodeRecord = {
        node: id,
        member,
        nodeKey: args.node,
        key: args.key,
        address: args.address,
        endpoint: args.endpoint ?? null,
        power: 0,
        ready: null,
        status: "registered",
        // Going and coming back makes nobody forget.
        misbehaviour: before?.misbehaviour ?? [],
        since: context.time,
      };
      putNode(context.state, node, voter);
      context.emit("nodes.registered", aboutOf(node), { address: node.address, endpoint: node.endpoint });
    },

    "nodes.update"(context, args) {
      const before = requireOwn(context, args.node);
      const endpoint = args.endpoint === undefined ? before.endpoint : args.endpoint;
      const node = { ...before, address: args.address ?? before.address, endpoint };
      if (node.address === before.address && node.endpoint === before.endpoint)
        throw refuse("nodes.unchanged", `the node ${node.node} is reached there already`, { node: node.node });
      context.state.put(nodeKey(node.node), node);
      context.emit("nodes.updated", aboutOf(node), { address: node.address, endpoint: node.endpoint });
    },

    "nodes.ready"(context, { node: id, height }) {
      const node = requireOwn(context, id);
      if (height > context.height || context.height - height > READY_BLOCKS)
        throw refuse("nodes.height", `height ${height} is not among the last ${READY_BLOCKS} blocks`, {
          height,
          block: context.height,
        });
      context.state.put(nodeKey(id), { ...node, ready: height });
      context.emit("nodes.ready", aboutOf(node), { height });
    },

    "nodes.retire"(context, { node: id }) {
      const { member } = requireOwn(context, id);
      const change = { kind: "retire" as const, node: id };
      validators.check(context, change);
      validators.apply(context, change);
      const node = requireNode(context.state, id);
      context.state.put(nodeKey(id), { ...node, ready: null, status: "retired" });
      context.state.put(ownKey(member), { nodes: readOwn(context.state, member).filter((other) => other !== id) });
      context.emit("nodes.retired", aboutOf(node));
    },
  };
}

interface Keys {
  readonly node: string;
  readonly key: string;
}

function requireKey(multikey: string): PublicKey {
  const key = decodeMultikey(multikey);
  if (key?.algorithm !== "Ed25519")
    throw refuse("nodes.bad-key", "the Multikey is not an Ed25519 key", { key: multikey });
  return key;
}

function aboutOf(node: NodeRecord): readonly string[] {
  return [nodeKey(node.node), node.member];
}
