import { decodeBase58, decodeBase64Url, equalBytes, type Json, type JsonObject } from "#base";
import { sha256, sha384, sha512 } from "#crypto";

/** Hashes, the stronger ones first: by their name in Subresource Integrity, and their code in multihash. */
const HASHES = [
  { name: "sha512", code: 0x13, length: 64, hash: sha512 },
  { name: "sha384", code: 0x20, length: 48, hash: sha384 },
  { name: "sha256", code: 0x12, length: 32, hash: sha256 },
] as const;

// Subresource Integrity §3.5: hashes apart by spaces, each perhaps with options, which have no meaning yet.
const SRI = /^(sha(?:256|384|512))-([A-Za-z0-9+/_-]+)={0,2}(?:\?[!-~]*)?$/;
const LONGEST = 1024;

interface Digest {
  readonly by: (typeof HASHES)[number];
  readonly digest: Uint8Array;
}

function readSri(value: Json | undefined): readonly Digest[] | undefined {
  if (typeof value !== "string" || value.length > LONGEST) return undefined;
  const digests = value.split(" ").map((text): Digest | undefined => {
    const [, name, base64 = ""] = SRI.exec(text) ?? [];
    const by = HASHES.find((one) => one.name === name);
    const digest = decodeBase64Url(base64.replaceAll("+", "-").replaceAll("/", "_"));
    return by === undefined || digest?.length !== by.length ? undefined : { by, digest };
  });
  return digests.every((one) => one !== undefined) ? digests : undefined;
}

function decodeMultibase(value: Json | undefined): Uint8Array | undefined {
  if (typeof value !== "string" || value.length > LONGEST) return undefined;
  const text = value.slice(1);
  return value.startsWith("u") ? decodeBase64Url(text) : value.startsWith("z") ? decodeBase58(text) : undefined;
}

/** A multihash in multibase, base58btc or base64url (Controlled Identifiers 1.0 §2.4 and §2.5). */
function readMultibase(value: Json | undefined): Digest | undefined {
  const bytes = decodeMultibase(value);
  if (bytes === undefined) return undefined;
  const by = HASHES.find(({ code, length }) => bytes[0] === code && bytes[1] === length && bytes.length === 2 + length);
  return by === undefined ? undefined : { by, digest: bytes.subarray(2) };
}

/**
 * Whether a text has the form of a digest. A letter more than the hash has is let through, and a multihash without its length: the standard's
 * own examples and tests have such. No resource ever has them.
 */
export function isDigestSri(value: Json): boolean {
  if (typeof value !== "string" || value.length > LONGEST) return false;
  return value.split(" ").every((text) => {
    const [, name, base64 = ""] = SRI.exec(text) ?? [];
    const by = HASHES.find((one) => one.name === name);
    const spare = by === undefined ? -1 : base64.length - Math.ceil((by.length * 4) / 3);
    return spare === 0 || spare === 1;
  });
}

export function isDigestMultibase(value: Json): boolean {
  const bytes = decodeMultibase(value);
  const by = HASHES.find(({ code }) => code === bytes?.[0]);
  if (bytes === undefined || by === undefined) return false;
  return bytes.length === 1 + by.length || (bytes.length === 2 + by.length && bytes[1] === by.length);
}

/** Whether the bytes of a resource have the digests that an entry gives, and it gives one (Data Model 2.0 §5.3). */
export function hasDigests({ digestSRI, digestMultibase }: JsonObject, bytes: Uint8Array): boolean {
  if (digestSRI === undefined && digestMultibase === undefined) return false;
  const fits = ({ by, digest }: Digest) => equalBytes(by.hash(bytes), digest);
  if (digestSRI !== undefined) {
    const digests = readSri(digestSRI) ?? [];
    // SRI §3.3.3: of several, those of the strongest hash count, and one has to fit.
    const strongest = HASHES.find((one) => digests.some(({ by }) => by === one));
    if (!digests.some((one) => one.by === strongest && fits(one))) return false;
  }
  if (digestMultibase === undefined) return true;
  const digest = readMultibase(digestMultibase);
  return digest !== undefined && fits(digest);
}
