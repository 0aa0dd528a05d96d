import { decodeBase58, decodeBase64Url, equalBytes, type Json, type JsonObject } from "#base";
import { sha256, sha384 } from "#crypto";

// Subresource Integrity §3.5: hashes apart by spaces, each perhaps with options, which have no meaning yet.
const SRI = /^sha(?:256|384|512)-[A-Za-z0-9+/_-]+={0,2}(?:\?[!-~]*)?$/;
const LONGEST = 1024;

export function isDigestSri(value: Json): boolean {
  return typeof value === "string" && value.length <= LONGEST && value.split(" ").every((hash) => SRI.test(hash));
}

/** A multihash in multibase, base58btc or base64url: SHA-256 is 0x12, SHA-384 is 0x20, each with its length. */
function readMultibase(value: Json | undefined): { readonly hash: number; readonly digest: Uint8Array } | undefined {
  if (typeof value !== "string" || value.length > LONGEST) return undefined;
  const text = value.slice(1);
  const bytes = value.startsWith("u") ? decodeBase64Url(text) : value.startsWith("z") ? decodeBase58(text) : undefined;
  if (bytes === undefined || bytes.length < 3 || bytes[1] !== bytes.length - 2) return undefined;
  return { hash: bytes[0] as number, digest: bytes.subarray(2) };
}

export function isDigestMultibase(value: Json): boolean {
  return readMultibase(value) !== undefined;
}

/**
 * Whether the bytes of a resource have the digests that an entry gives (Data Model 2.0 §5.3). Hashes that are not known here say nothing;
 * where none is known, the resource does not pass.
 */
export function hasDigests({ digestSRI, digestMultibase }: JsonObject, bytes: Uint8Array): boolean {
  let known = false;
  if (typeof digestSRI === "string") {
    const answers = digestSRI.split(" ").flatMap((hash) => {
      const answer = matchesSri(hash, bytes);
      return answer === undefined ? [] : [answer];
    });
    // SRI takes any of several.
    if (answers.length > 0) {
      if (!answers.includes(true)) return false;
      known = true;
    }
  }
  const multihash = readMultibase(digestMultibase);
  if (multihash !== undefined && (multihash.hash === 0x12 || multihash.hash === 0x20)) {
    const digest = multihash.hash === 0x12 ? sha256(bytes) : sha384(bytes);
    if (!equalBytes(digest, multihash.digest)) return false;
    known = true;
  }
  return known;
}

function matchesSri(text: string, bytes: Uint8Array): boolean | undefined {
  const [, name, base64] = /^(sha256|sha384)-([A-Za-z0-9+/_-]+)/.exec(text) ?? [];
  if (name === undefined || base64 === undefined) return undefined;
  const digest = decodeBase64Url(base64.replaceAll("+", "-").replaceAll("/", "_"));
  return digest !== undefined && equalBytes(digest, name === "sha256" ? sha256(bytes) : sha384(bytes));
}
