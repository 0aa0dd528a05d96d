import { canonicalJson, type Json, type JsonObject } from "#base";
import { parseDateTimeStamp } from "../date-time-stamp.ts";
import { entriesOf, isObject, isUrl } from "../document-parts.ts";
import { credentialError } from "../errors.ts";
import type { Cryptosuite, DataIntegrityProof } from "./cryptosuite.ts";
import { cryptosuiteOf } from "./registry.ts";

/** Proofs of one document. */
export const MAX_PROOFS = 16;

/** A proof, its suite, its times, and the proofs that it covers. */
export interface ReadProof {
  readonly proof: DataIntegrityProof;
  readonly suite: Cryptosuite;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly created: number | undefined;
  readonly expires: number | undefined;
  readonly domains: readonly string[] | undefined;
  readonly previous: readonly DataIntegrityProof[];
}

export const refuseProof = (problem: string, message: string) =>
  credentialError("credentials.proof", message, { problem });

/**
 * The proofs of a document: their form, that each is there once, and which covers which.
 *
 * @throws HansaError `credentials.proof`
 */
export function readProofs(document: JsonObject): readonly ReadProof[] {
  if (!("proof" in document)) throw refuseProof("proof", "there is no proof");
  const entries = document["proof"];
  if (!isObject(entries) && !Array.isArray(entries)) throw refuseProof("proof", "the proof is no object");
  if (Array.isArray(entries) && (entries.length === 0 || entries.length > MAX_PROOFS))
    throw refuseProof("proof", `there have to be 1 to ${MAX_PROOFS} proofs`);
  const proofs = entriesOf(entries as Json, "/proof").map(requireProof);
  if (proofs.length > 1) requireOnce(proofs);
  const byId = new Map(proofs.flatMap((proof) => (proof.id === undefined ? [] : [[proof.id, proof] as const])));
  requireNoCircle(proofs, byId);
  return proofs.map((proof) => ({
    proof,
    suite: cryptosuiteOf(proof.cryptosuite),
    created: readTime(proof, "created"),
    expires: readTime(proof, "expires"),
    domains: readDomains(proof.domain),
    previous: previousOf(proof).map((id) => byId.get(id) as DataIntegrityProof),
  }));
}

/** VC Data Integrity §2.1 */
function requireProof(entry: Json): DataIntegrityProof {
  if (!isObject(entry)) throw refuseProof("proof", "a proof is no object");
  const { type, cryptosuite, verificationMethod, proofPurpose, proofValue, id, challenge, nonce } = entry;
  if (type !== "DataIntegrityProof") throw refuseProof("type", "the proof is no DataIntegrityProof");
  if (typeof cryptosuite !== "string") throw refuseProof("cryptosuite", "the proof names no cryptosuite");
  if (!isUrl(verificationMethod)) throw refuseProof("verificationMethod", "the proof's verificationMethod is no URL");
  if (typeof proofPurpose !== "string" || proofPurpose === "")
    throw refuseProof("proofPurpose", "the proof has no purpose");
  if (typeof proofValue !== "string" || proofValue.length < 2)
    throw refuseProof("proofValue", "the proof has no value");
  if (id !== undefined && !isUrl(id)) throw refuseProof("id", "the proof's id is no URL");
  for (const [name, value] of [
    ["challenge", challenge],
    ["nonce", nonce],
  ] as const)
    if (value !== undefined && typeof value !== "string") throw refuseProof(name, `the proof's ${name} is no text`);
  for (const name of Object.keys(entry))
    if (!MEMBERS.has(name)) throw refuseProof(name.slice(0, 40), "the proof has a member that is not known here");
  return entry as unknown as DataIntegrityProof;
}

/** Whatever stands beside these, no context of the data model defines. */
const MEMBERS: ReadonlySet<string> = new Set([
  "@context",
  "id",
  "type",
  "cryptosuite",
  "verificationMethod",
  "proofPurpose",
  "proofValue",
  "created",
  "expires",
  "domain",
  "challenge",
  "nonce",
  "previousProof",
]);

function requireOnce(proofs: readonly DataIntegrityProof[]): void {
  const ids = proofs.flatMap(({ id }) => (id === undefined ? [] : [id]));
  if (new Set(ids).size !== ids.length) throw refuseProof("id", "two proofs have one id");
  // The same signature twice would look like two people's word.
  const texts = proofs.map(({ id: _, ...rest }) => canonicalJson(rest));
  if (new Set(texts).size !== texts.length) throw refuseProof("proof", "a proof is there twice");
}

function previousOf({ previousProof }: DataIntegrityProof): readonly string[] {
  if (previousProof === undefined) return [];
  const ids = typeof previousProof === "string" ? [previousProof] : previousProof;
  if (!Array.isArray(ids) || ids.length === 0 || !ids.every((id) => typeof id === "string"))
    throw refuseProof("previousProof", "previousProof names no proofs");
  if (new Set(ids).size !== ids.length) throw refuseProof("previousProof", "previousProof names a proof twice");
  return ids as readonly string[];
}

/** §2.1.2: whoever is named is there; and nobody covers, by whatever way round, what covers him. */
function requireNoCircle(proofs: readonly DataIntegrityProof[], byId: ReadonlyMap<string, DataIntegrityProof>): void {
  const done = new Set<DataIntegrityProof>();
  const follow = (proof: DataIntegrityProof, above: ReadonlySet<DataIntegrityProof>): void => {
    if (done.has(proof)) return;
    if (above.has(proof)) throw refuseProof("previousProof", "proofs cover each other in a circle");
    for (const id of previousOf(proof)) {
      const previous = byId.get(id);
      if (previous === undefined) throw refuseProof("previousProof", "previousProof names a proof that is not there");
      follow(previous, new Set([...above, proof]));
    }
    done.add(proof);
  };
  for (const proof of proofs) follow(proof, new Set());
}

function readTime(proof: DataIntegrityProof, name: "created" | "expires"): number | undefined {
  const text: unknown = proof[name];
  if (text === undefined) return undefined;
  const time = typeof text === "string" ? parseDateTimeStamp(text) : undefined;
  if (time === undefined) throw refuseProof(name, `the proof's ${name} is no dateTimeStamp with a time zone`);
  return time;
}

function readDomains(domain: unknown): readonly string[] | undefined {
  if (domain === undefined) return undefined;
  const domains: readonly unknown[] = Array.isArray(domain) ? domain : [domain];
  if (domains.length === 0 || domains.length > 16 || !domains.every((one) => typeof one === "string"))
    throw refuseProof("domain", "the proof's domain is neither a text nor some");
  return domains as readonly string[];
}
