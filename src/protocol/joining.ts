/**
 * Joining file: a member's word that it will found a group, with the public half of everything that the group must know of it. A compact
 * JWS by the member's first key, which alone gives its DID. Voting key and node key sign, too, that they are this member's: nobody can
 * put another's key under its own name. Nothing in the file is secret.
 */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { canonicalJson, decodeBase64Url, encodeBase64Url } from "#base";
import { decodeMultikey, encodeMultikey, type PublicKey, type Signer, verifySignature } from "#crypto";
import { ALLIANCE_PATTERN, didOf, keyIdOf } from "./did.ts";
import { protocolError } from "./errors.ts";
import { nodeProofInput } from "./genesis.ts";
import { decodeToken, requireSignedBy, signCompact } from "./jws.ts";
import { Closed, Did, Label, List, Multikey, Role, Seconds } from "./operations/fields.ts";
import { NodeAddress, NodeEndpoint } from "./operations/nodes.ts";

export const JOINING_TYPE = "hansa-joining+jwt";
/** Longest life of a joining file, seconds: whoever founds a year later should ask anew. */
export const JOINING_SECONDS = 90 * 86_400;
/** Most characters of one. */
export const JOINING_LENGTH = 8192;

const Name = Type.String({ pattern: ALLIANCE_PATTERN, maxLength: 32 });
const Signature = Type.String({ pattern: "^[A-Za-z0-9_-]{86}$" });

export const Joining = Closed({
  hansa: Type.Literal("joining/1"),
  alliance: Name,
  group: Name,
  member: Closed({ did: Did, name: Label, roles: List(Role, 1, 4), publicKey: Multikey }),
  /** The node that votes from the first block on; left out by a member that founds without one. */
  node: Type.Optional(
    Closed({
      /** Ed25519 key of the node among its peers. */
      node: Multikey,
      /** Ed25519 key with which it votes. */
      key: Multikey,
      address: NodeAddress,
      endpoint: Type.Optional(NodeEndpoint),
      /** Signature of the voting key over `nodeProofInput("<alliance>:<group>", did, node)`, base64url. */
      proof: Signature,
      /** The same, of the node key. */
      nodeProof: Signature,
    }),
  ),
  iat: Seconds,
  exp: Seconds,
});
export type Joining = Static<typeof Joining>;

/** What a member asks with, keys apart. */
export interface JoiningRequest {
  readonly alliance: string;
  readonly group: string;
  readonly name: string;
  readonly roles: readonly Role[];
  /** `host:port` where other members' nodes reach this one, and where its API is. Left out: without a node. */
  readonly address?: string;
  readonly endpoint?: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** How long others may found with it, seconds. */
  readonly seconds: number;
}

/** The three keys of a member in a group. They sign here and nothing else leaves them. */
export interface JoiningKeys {
  /** First key of the member: its DID follows from it. */
  readonly member: Signer;
  readonly voting: Signer;
  readonly node: Signer;
}

function publicKeyOf({ algorithm, publicKey }: Signer): PublicKey {
  return { algorithm, bytes: publicKey };
}

/** What both proofs of a joining file are bound to: the group's id is not known before it is founded. */
function proofInputOf({ alliance, group, member }: Joining, node: string): Uint8Array {
  return nodeProofInput(`${alliance}:${group}`, member.did, node);
}

/**
 * Makes and signs a joining file.
 *
 * @throws HansaError `founding.malformed`, `founding.key`
 * @example
 * ```ts
 * const token = signJoining({ alliance: "hanse", group: "main", name: "Acme", roles: ["platform"], address: "ledger.acme.example:7422", now, seconds: 86_400 }, keys);
 * ```
 */
export function signJoining(request: JoiningRequest, keys: JoiningKeys): string {
  const { alliance, group, name, roles, address, endpoint, now, seconds } = request;
  const memberKey = publicKeyOf(keys.member);
  const did = didOf(alliance, memberKey);
  const node = encodeMultikey(publicKeyOf(keys.node));
  const input = nodeProofInput(`${alliance}:${group}`, did, node);
  const iat = Math.floor(now / 1000);
  const joining: Joining = {
    hansa: "joining/1",
    alliance,
    group,
    member: { did, name, roles: [...roles], publicKey: encodeMultikey(memberKey) },
    ...(address === undefined
      ? {}
      : {
          node: {
            node,
            key: encodeMultikey(publicKeyOf(keys.voting)),
            address,
            ...(endpoint === undefined ? {} : { endpoint }),
            proof: encodeBase64Url(keys.voting.sign(input)),
            nodeProof: encodeBase64Url(keys.node.sign(input)),
          },
        }),
    iat,
    exp: iat + seconds,
  };
  // Parsed back from its canonical form, so that the payload's members stand in canonical order.
  const token = signCompact(JSON.parse(canonicalJson(joining)), JOINING_TYPE, keyIdOf(did, memberKey), keys.member);
  decodeJoining(token);
  return token;
}

/**
 * Takes a joining file apart and checks every key and signature in it. Its times are the caller's to check: `isCurrent`.
 *
 * @throws HansaError `token.*`, `founding.malformed`, `founding.key`
 */
export function decodeJoining(token: string): Joining {
  const decoded = decodeToken(token.trim(), JOINING_TYPE, JOINING_LENGTH);
  const { claims } = decoded;
  if (!Value.Check(Joining, claims)) {
    const first = Value.Errors(Joining, claims).First();
    throw protocolError(
      "founding.malformed",
      `joining file: ${first?.path ?? ""} ${first?.message ?? "does not fit"}`,
      {
        path: first?.path ?? "",
      },
    );
  }
  const joining = claims as Joining;
  const { member, alliance, node, iat, exp } = joining;
  if (exp <= iat || exp - iat > JOINING_SECONDS)
    throw protocolError("founding.malformed", `joining file: it is valid for at most ${JOINING_SECONDS} seconds`, {
      path: "/exp",
    });
  const wrong = (what: string) =>
    protocolError("founding.key", `joining file of ${member.name}: ${what}`, { member: member.did });
  const memberKey = decodeMultikey(member.publicKey);
  if (memberKey === undefined || didOf(alliance, memberKey) !== member.did)
    throw wrong("its DID does not follow from its public key");
  if (decoded.header.kid !== keyIdOf(member.did, memberKey)) throw wrong("another key than the member's signed it");
  requireSignedBy(decoded, memberKey);
  if (node === undefined) return joining;
  if (new Set([member.publicKey, node.key, node.node]).size < 3) throw wrong("one key serves two purposes");
  const input = proofInputOf(joining, node.node);
  if (!isProof(node.key, input, node.proof)) throw wrong("the proof of the voting key does not hold");
  if (!isProof(node.node, input, node.nodeProof)) throw wrong("the proof of the node key does not hold");
  return joining;
}

function isProof(multikey: string, input: Uint8Array, text: string): boolean {
  const key = decodeMultikey(multikey);
  const signature = decodeBase64Url(text);
  if (key?.algorithm !== "Ed25519" || signature === undefined) return false;
  return verifySignature(key, input, signature);
}

/** Clocks of founders may differ by this much, milliseconds. */
const CLOCK_SKEW = 300_000;

/** Whether a joining file may be used at this time, milliseconds since 1970. */
export function isCurrent({ iat, exp }: Joining, time: number): boolean {
  return iat * 1000 <= time + CLOCK_SKEW && time <= exp * 1000;
}
