import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { canonicalJson, encodeBase58, encodeHex, encodeUtf8 } from "#base";
import { decodeMultikey, type PublicKey, sha256 } from "#crypto";
import { ALLIANCE_PATTERN, didOf } from "./did.ts";
import { protocolError } from "./errors.ts";
import { Closed, Did, Digest, Label, List, Multikey, Role } from "./operations/fields.ts";
import { Parameters } from "./operations/members.ts";
import { NodeAddress, NodeEndpoint, ValidatorPower } from "./operations/nodes.ts";

const Name = Type.String({ pattern: ALLIANCE_PATTERN, maxLength: 32 });

/** Nodes that vote from the first block on. */
const CometEngine = Closed({
  kind: Type.Literal("cometbft"),
  validators: List(
    Closed({
      member: Did,
      /** Ed25519 key of the node among its peers. */
      node: Multikey,
      /** Ed25519 key with which it votes. */
      key: Multikey,
      address: NodeAddress,
      endpoint: Type.Optional(NodeEndpoint),
      power: ValidatorPower,
    }),
    1,
    100,
  ),
});

/** The group that another one goes on from, as of one of its blocks: its records are the first of the new one. */
export const Predecessor = Closed({
  group: Type.String({ maxLength: 128, pattern: "^[a-z0-9-]{1,32}:[a-z0-9-]{1,32}:[1-9A-HJ-NP-Za-km-z]{20,32}$" }),
  height: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  /** Hash of the header of that height. */
  header: Digest,
  /** Root of the records as of its end. */
  state: Digest,
});
export type Predecessor = Static<typeof Predecessor>;

/** How a group begins. Its hash is part of the group's id: who has the id can check everything else. */
export const Genesis = Closed({
  version: Type.Literal(1),
  alliance: Name,
  group: Name,
  /** Milliseconds since 1970. */
  time: Type.Integer({ minimum: 0 }),
  engine: Type.Union([Closed({ kind: Type.Literal("solo"), key: Multikey }), CometEngine]),
  members: List(Closed({ did: Did, name: Label, roles: List(Role, 1, 4), publicKey: Multikey }), 1, 100),
  parameters: Parameters,
  /** Left out by a group that begins with nothing. */
  from: Type.Optional(Predecessor),
});

export type Genesis = Static<typeof Genesis>;

export const DEFAULT_PARAMETERS: Parameters = {
  windowSeconds: 120,
  proposalSeconds: 604_800,
  leastMembers: 1,
  challengeSeconds: 300,
  quorums: {
    admit: { numerator: 1, denominator: 2 },
    roles: { numerator: 2, denominator: 3 },
    suspend: { numerator: 2, denominator: 3 },
    reinstate: { numerator: 2, denominator: 3 },
    remove: { numerator: 2, denominator: 3 },
    parameters: { numerator: 2, denominator: 3 },
  },
};

/** `<alliance>:<group>:<hash of genesis>`: what transactions name as their audience, and the one thing a verifier must know. */
export function groupIdOf(genesis: Genesis): string {
  const hash = encodeBase58(sha256(encodeUtf8(canonicalJson(genesis))).subarray(0, 20));
  return `${genesis.alliance}:${genesis.group}:${hash}`;
}

/**
 * Holds a genesis against its schema and itself.
 *
 * @throws HansaError `proof.malformed` where it is not a genesis, a member's DID is not its key's, or its members could never decide
 * anything
 */
export function checkGenesis(value: unknown): Genesis {
  if (!Value.Check(Genesis, value)) {
    const first = Value.Errors(Genesis, value).First();
    throw protocolError("proof.malformed", `genesis: ${first?.path ?? ""} ${first?.message ?? "does not fit"}`, {
      path: first?.path ?? "",
    });
  }
  const seen = new Set<string>();
  for (const member of value.members) {
    const key = decodeMultikey(member.publicKey);
    if (key === undefined || didOf(value.alliance, key) !== member.did || seen.has(member.did))
      throw protocolError("proof.malformed", `genesis: the DID ${member.did} is not this key's, or stands twice`, {
        member: member.did,
      });
    seen.add(member.did);
  }
  const { leastMembers, quorums } = value.parameters;
  for (const [kind, { numerator, denominator }] of Object.entries(quorums))
    if (numerator > denominator)
      throw protocolError("proof.malformed", `genesis: the quorum for ${kind} exceeds all members`, { kind });
  if (leastMembers > value.members.length)
    throw protocolError("proof.malformed", "genesis: there are fewer members than `leastMembers`", { leastMembers });
  const { from } = value;
  if (from !== undefined && !from.group.startsWith(`${value.alliance}:`))
    throw protocolError("proof.malformed", "genesis: the group that it goes on from is of another alliance", {
      from: from.group,
    });
  checkEngine(value);
  return value;
}

function checkEngine({ engine, members }: Genesis): void {
  if (engine.kind === "solo") {
    if (decodeMultikey(engine.key) === undefined)
      throw protocolError("proof.malformed", "genesis: the engine's key is not a Multikey");
    return;
  }
  const keys = new Set<string>();
  for (const { member, node, key } of engine.validators) {
    if (!members.some(({ did }) => did === member))
      throw protocolError("proof.malformed", `genesis: a validator's member ${member} is not among the members`, {
        member,
      });
    for (const text of [node, key]) {
      if (decodeMultikey(text)?.algorithm !== "Ed25519" || keys.has(text))
        throw protocolError("proof.malformed", "genesis: a validator's key is not Ed25519, or stands twice", {
          member,
        });
      keys.add(text);
    }
  }
}

/** Id of a node by its key among peers (CometBFT `p2p.PubKeyToID`): also the address of a validator by its voting key. */
export function cometAddress(key: PublicKey): string {
  return encodeHex(sha256(key.bytes).subarray(0, 20));
}

/** Name of the CometBFT chain of a group: bound into every vote, so that no vote counts for another group. */
export function chainIdOf(groupId: string): string {
  return `hansa-${encodeHex(sha256(encodeUtf8(groupId)).subarray(0, 20))}`;
}

/** What the voting key of a node signs when a member registers it: that both belong together, in this group alone. */
export function nodeProofInput(groupOrAlliance: string, member: string, node: string): Uint8Array {
  return encodeUtf8(`hansa node proof v1\0${groupOrAlliance}\0${member}\0${node}`);
}
