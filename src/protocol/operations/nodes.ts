import { type Static, Type } from "@sinclair/typebox";
import { Closed, Multikey } from "./fields.ts";

/** CometBFT's id of a node: the first 20 bytes of SHA-256 over its Ed25519 node key, hexadecimal. */
export const NodeId = Type.String({ pattern: "^[0-9a-f]{40}$", description: "id of a node: 40 hexadecimal digits" });
/** Where other members' nodes reach it. */
export const NodeAddress = Type.String({
  pattern:
    "^([A-Za-z0-9.-]{1,253}|\\[[0-9a-fA-F:.]{2,45}\\]):(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})$",
  description: "host:port",
  examples: ["ledger.acme.example:7422"],
});
/** Where the node's HTTP API is for other members' nodes. */
export const NodeEndpoint = Type.String({
  pattern: "^https?://[^\\s/?#]{1,255}$",
  maxLength: 264,
  examples: ["https://ledger.acme.example:7420"],
});
export const ValidatorPower = Type.Integer({ minimum: 1, maximum: 1000, description: "voting power in consensus" });
/**
 * What founders' nodes have, and others where nobody says otherwise. With 1 each a single wrong clock could set the time of blocks: the median
 * of three votes of weight 1 rounds to the earliest. From 2 on it is an honest one's as long as less than a third is faulty.
 */
export const USUAL_POWER = 10;
const Signature = Type.String({ pattern: "^[A-Za-z0-9_-]{86}$" });

export const NODE_OPERATIONS = {
  "nodes.register": Closed(
    {
      node: Type.String({ ...Multikey, description: "Ed25519 key of the node among its peers, as Multikey" }),
      key: Type.String({ ...Multikey, description: "Ed25519 key with which the node votes in consensus, as Multikey" }),
      address: NodeAddress,
      endpoint: Type.Optional(NodeEndpoint),
      proof: Type.String({ ...Signature, description: "signature of `key` over `nodeProofInput`, base64url" }),
    },
    "Makes a node of one's own known: peers admit it from the next block on. It does not vote yet.",
  ),
  "nodes.update": Closed(
    {
      node: NodeId,
      address: Type.Optional(NodeAddress),
      endpoint: Type.Optional(Type.Union([NodeEndpoint, Type.Null({ description: "`null`: none any more" })])),
    },
    "Changes where one's own node is reached.",
  ),
  "nodes.ready": Closed(
    { node: NodeId, height: Type.Integer({ minimum: 0, description: "height that the node has executed" }) },
    "Says that one's own node has caught up and could vote; nodes say so themselves.",
  ),
  "nodes.retire": Closed({ node: NodeId }, "Takes one's own node out: of consensus, and of the peers."),
} as const;

export type NodeId = Static<typeof NodeId>;
