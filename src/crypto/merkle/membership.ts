import { decodeBase64Url, equalBytes } from "#base";
import { hashPairs, sha256, sha256Into } from "#crypto/backend";

/** Longest key, in characters. */
export const MAX_KEY_LENGTH = 200;
/** Most slots of one tree. */
export const MAX_SLOTS = 2 ** 31;

/** One leaf of the tree with the way from it to the root. */
export interface LeafProof {
  readonly slot: number;
  readonly key: string;
  /** The key behind it in order; "" where it is the last. */
  readonly next: string;
  /** SHA-256 of the value, base64url; 32 zero bytes at slot 0. */
  readonly valueDigest: string;
  /** Siblings from the bottom up, base64url. */
  readonly path: readonly string[];
  /** Number of slots of the tree, slot 0 included. The root commits to it. */
  readonly slots: number;
}

/**
 * That a key is in the tree with a value, or that it is not: then the leaf is the neighbour below it, whose `next` lies
 * above it (or is "": nothing lies above).
 */
export type MembershipProof =
  | { readonly kind: "presence"; readonly leaf: LeafProof }
  | { readonly kind: "absence"; readonly key: string; readonly leaf: LeafProof };

/*
 * Why no leaf can pass for a node, nor a node for a leaf or a root. The three preimages differ in length: a node's is 64
 * bytes, a root's 41, and a leaf's at least 65, because it starts with 29 bytes of tag and carries 36 more besides its two
 * keys. One SHA-256 value with preimages of two lengths would be a collision. The tag, and not a first byte as in RFC 6962,
 * keeps nodes at exactly one 64-byte block pair, which is what the SIMD hasher takes. Besides, the root commits to the
 * number of slots and with it to the depth: a path that is too short or too long is refused before it is hashed. The empty
 * leaf, 32 zero bytes, is the hash of nothing known.
 */
const LEAF_TAG = "\x00hansa indexed merkle leaf v1";
const ROOT_TAG = 0x02;

const scratch = new Uint8Array(LEAF_TAG.length + 2 * (2 + MAX_KEY_LENGTH) + 32);
for (let i = 0; i < LEAF_TAG.length; i++) scratch[i] = LEAF_TAG.charCodeAt(i);

// A view of each length, made once: views are dearer than the copying that they save.
const preimages: Uint8Array[] = Array.from({ length: scratch.length + 1 }, (_, length) => scratch.subarray(0, length));

function putText(text: string, at: number): number {
  const length = text.length;
  scratch[at] = length >>> 8;
  scratch[at + 1] = length & 0xff;
  for (let i = 0; i < length; i++) scratch[at + 2 + i] = text.charCodeAt(i);
  return at + 2 + length;
}

/**
 * Hash of a leaf: SHA-256(tag ‖ u16 length of key ‖ key ‖ u16 length of next ‖ next ‖ value digest), big endian.
 *
 * @param key - ASCII, at most 200 characters; so is `next`
 * @param digest - 32 bytes
 */
export function hashLeaf(key: string, next: string, digest: Uint8Array): Uint8Array {
  const hash = new Uint8Array(32);
  hashLeafInto(hash, key, next, digest, 0);
  return hash;
}

/** `hashLeaf` into `hash`, with the digest that starts at `from` in `digests`. */
export function hashLeafInto(hash: Uint8Array, key: string, next: string, digests: Uint8Array, from: number): void {
  const at = putText(next, putText(key, LEAF_TAG.length));
  for (let i = 0; i < 32; i++) scratch[at + i] = digests[from + i] as number;
  sha256Into(hash, preimages[at + 32] as Uint8Array);
}

/** Root of a tree: SHA-256(0x02 ‖ u64 number of slots ‖ top node), big endian. */
export function hashRoot(slots: number, top: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(41);
  bytes[0] = ROOT_TAG;
  let rest = slots;
  for (let i = 8; i >= 1; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes.set(top, 9);
  return sha256(bytes);
}

/** Levels above the leaves of a tree with so many slots. */
export function depthOf(slots: number): number {
  return slots <= 1 ? 0 : 32 - Math.clz32(slots - 1);
}

/** Hashes of empty subtrees, by level. */
export const EMPTY: readonly Uint8Array[] = (() => {
  const hashes = [new Uint8Array(32)];
  for (let level = 0; level < 31; level++) {
    const below = hashes[level] as Uint8Array;
    const pair = new Uint8Array(64);
    pair.set(below);
    pair.set(below, 32);
    const hash = new Uint8Array(32);
    hashPairs(pair, hash, 1);
    hashes.push(hash);
  }
  return hashes;
})();

/** Whether a text can be a key: 1 to 200 printable ASCII characters. */
export function isTreeKey(key: unknown): key is string {
  if (typeof key !== "string" || key.length === 0 || key.length > MAX_KEY_LENGTH) return false;
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

function isNeighbour(key: unknown): key is string {
  return key === "" || isTreeKey(key);
}

function decodeHash(text: unknown): Uint8Array | undefined {
  return typeof text === "string" && text.length === 43 ? decodeBase64Url(text) : undefined;
}

function hasExactly(value: unknown, names: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const own = Object.keys(value);
  return own.length === names.length && names.every((name) => Object.hasOwn(value, name));
}

const LEAF_MEMBERS = ["slot", "key", "next", "valueDigest", "path", "slots"] as const;

/** The root that a leaf proof leads to, or `undefined` where its shape is wrong. */
function climb(leaf: Record<string, unknown>): Uint8Array | undefined {
  const { slot, key, next, valueDigest, path, slots } = leaf;
  if (!Number.isSafeInteger(slots) || !Number.isSafeInteger(slot)) return undefined;
  const count = slots as number;
  const index = slot as number;
  if (count < 1 || count > MAX_SLOTS || index < 0 || index >= count) return undefined;
  // Slot 0 is the sentinel, and the sentinel alone has the key "".
  if (!isNeighbour(key) || !isNeighbour(next) || (key === "") !== (index === 0)) return undefined;
  if (next !== "" && next <= key) return undefined;
  if (!Array.isArray(path) || path.length !== depthOf(count)) return undefined;
  const digest = decodeHash(valueDigest);
  if (digest === undefined) return undefined;
  let hash = hashLeaf(key, next, digest);
  let at = index;
  const pair = new Uint8Array(64);
  for (const text of path as unknown[]) {
    const sibling = decodeHash(text);
    if (sibling === undefined) return undefined;
    const right = at % 2;
    pair.set(hash, 32 * right);
    pair.set(sibling, 32 - 32 * right);
    hash = sha256(pair);
    at = Math.floor(at / 2);
  }
  return hashRoot(count, hash);
}

/**
 * Whether a proof holds under a root. Pure, for Node and browsers; anything at all may be handed in, nothing is thrown, and
 * members that do not belong there are refused. What it proves is the proof's own statement: the caller compares
 * `proof.leaf.key` and `valueDigest` (presence) or `proof.key` (absence) with what was asked.
 *
 * @param root - 32 bytes, from a source that is trusted
 * @example
 * ```ts
 * const proof = tree.prove("devices/7");
 * verifyMembership(tree.root(), proof) && proof.kind === "presence" && proof.leaf.key === "devices/7"; // true
 * ```
 */
export function verifyMembership(root: Uint8Array, proof: MembershipProof): boolean {
  // A hostile object can throw from a getter or a proxy; that too is only a proof that does not hold.
  try {
    const given: unknown = proof;
    if (!(root instanceof Uint8Array)) return false;
    const absence = hasExactly(given, ["kind", "key", "leaf"]) && given["kind"] === "absence";
    const presence = hasExactly(given, ["kind", "leaf"]) && given["kind"] === "presence";
    if (!absence && !presence) return false;
    // Copied once: a getter could answer differently at the second reading.
    const { leaf: given_leaf, key } = { ...(given as Record<string, unknown>) };
    if (!hasExactly(given_leaf, LEAF_MEMBERS)) return false;
    const leaf: Record<string, unknown> = { ...given_leaf };
    const reached = climb(leaf);
    if (reached === undefined || !equalBytes(reached, root)) return false;
    if (presence) return leaf["key"] !== "";
    if (!isTreeKey(key)) return false;
    const next = leaf["next"] as string;
    return (leaf["key"] as string) < key && (next === "" || key < next);
  } catch {
    return false;
  }
}
