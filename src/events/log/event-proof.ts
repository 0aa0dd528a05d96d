/** Proof that an event stands in a topic's log, checked with no network and no node. */
import { decodeBase64Url, encodeBase64Url } from "#base";
import { leafHash, type PublicKey, verifyInclusion } from "#crypto";
import { type HansaEvent, openCheckpoint } from "#protocol";

/** One event with the path to a signed checkpoint of its topic. */
export interface EventProof {
  readonly topic: string;
  readonly offset: number;
  /** Bytes of the entry as they were hashed, base64url: the event's JSON. */
  readonly entry: string;
  /** RFC 6962 audit path, base64url, from the bottom up. */
  readonly path: { readonly index: number; readonly size: number; readonly path: readonly string[] };
  /** Signed note (C2SP) of the checkpoint that the path leads to. */
  readonly checkpoint: string;
}

export function encodeEventProof(
  topic: string,
  body: Uint8Array,
  path: { index: number; size: number; path: readonly Uint8Array[] },
  checkpoint: string,
): EventProof {
  return {
    topic,
    offset: path.index,
    entry: encodeBase64Url(body),
    path: { index: path.index, size: path.size, path: path.path.map(encodeBase64Url) },
    checkpoint,
  };
}

/** Whose word on which log a proof must rest on. */
export interface EventProofTrust {
  /** Id of the group. */
  readonly group: string;
  /** Name of the key in the note. */
  readonly name: string;
  readonly key: PublicKey;
}

/**
 * The event of a proof, or `undefined` where anything about it does not hold: signature, origin, size, path or bytes.
 *
 * @example
 * ```ts
 * const event = verifyEventProof(proof, { group, name: memberDid, key });
 * ```
 */
export function verifyEventProof(proof: EventProof, trust: EventProofTrust): HansaEvent | undefined {
  try {
    const checkpoint = openCheckpoint(proof.checkpoint, trust.name, trust.key);
    const { index, size, path } = proof.path;
    const entry = decodeBase64Url(proof.entry);
    const hashes = path.map((hash) => decodeBase64Url(hash) ?? new Uint8Array());
    if (checkpoint?.origin !== `${trust.group}/${proof.topic}` || checkpoint.size !== size) return undefined;
    if (entry === undefined || index !== proof.offset) return undefined;
    if (!verifyInclusion(leafHash(entry), index, size, hashes, checkpoint.root)) return undefined;
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(entry)) as HansaEvent;
  } catch {
    // A proof is a stranger's text: whatever shape breaks this, it proves nothing.
    return undefined;
  }
}
