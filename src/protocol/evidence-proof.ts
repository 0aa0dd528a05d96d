/**
 * Evidence: hashes of any documents, salted, under one root that the ledger keeps. Each document has a proof file of its own, which says
 * nothing of the others; the root says nothing of any, since nobody guesses a document from a hash with 256 bits of chance in it.
 */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { canonicalJson, concatBytes, decodeBase64Url, encodeBase64Url, encodeUtf8, type HansaError } from "#base";
import { LogTree, leafHash, randomBytes } from "#crypto";
import { protocolError } from "./errors.ts";
import { checkInclusion } from "./inclusion.ts";
import { MOST_EVIDENCE } from "./operations/evidence.ts";
import { Closed, Digest } from "./operations/fields.ts";
import { decodeProof, type ProofTrust, type RecordProof, type VerifiedProof, verifyProof } from "./proof.ts";
import type { EvidenceDocumentRecord, EvidenceRecord, Revocation } from "./queries.ts";

const Count = Type.Integer({ minimum: 0, maximum: MOST_EVIDENCE });

/** Proof that a document was anchored. Whoever has it and the document can check both; who has one of them alone learns nothing. */
export const EvidenceProof = Closed({
  hansa: Type.Literal("evidence-proof/1"),
  document: Type.String({ ...Digest, description: "SHA-256 of the document" }),
  salt: Type.String({ ...Digest, description: "256 random bits, the document's own" }),
  root: Digest,
  path: Closed({ index: Count, size: Count, path: Type.Array(Digest, { maxItems: 20 }) }),
  /** Proof of the record `evidence/<root>`; absent as long as the root is on its way to the ledger. */
  ledger: Type.Optional(Type.Unknown()),
  /** Proof of the record `document/<root>/<index>`, or of its absence: whether this document alone was revoked. */
  revocation: Type.Optional(Type.Unknown()),
});

export type EvidenceProof = Omit<Static<typeof EvidenceProof>, "ledger" | "revocation"> & {
  readonly ledger?: RecordProof;
  readonly revocation?: RecordProof;
};

/** What a verified evidence proof says. */
export interface VerifiedEvidence extends Pick<VerifiedProof, "group" | "height" | "time" | "head" | "vouched"> {
  readonly kind: "evidence";
  readonly document: string;
  readonly root: string;
  readonly index: number;
  readonly evidence: EvidenceRecord;
  /** Whether all who were named have signed. */
  readonly complete: boolean;
  /** By whom it was revoked as of that height: the root, or this document. */
  readonly revoked: Revocation | null;
  /** Whether the file shows if this document alone was revoked; else it shows that of the root only. */
  readonly revocationShown: boolean;
}

/** Key of the record of a root. */
export function evidenceKey(root: string): string {
  return `evidence/${root}`;
}

/** Key of the record of one document below a root. */
export function evidenceDocumentKey(root: string, index: number): string {
  return `document/${root}/${index}`;
}

/** Told apart from leaves of all other logs; salt and digest have a fixed length, so that no two pairs give the same bytes. */
const LEAF = encodeUtf8("hansa evidence v1\0");

function leafOf(salt: Uint8Array, document: Uint8Array): Uint8Array {
  return leafHash(concatBytes(LEAF, salt, document));
}

/**
 * Salts digests of documents and makes their root and proofs. Nothing of it is random twice: the proofs are all that will ever show the
 * documents below the root, so they are kept before the root is sent.
 *
 * @param documents - SHA-256 of each, base64url; 1 to 1,048,576
 * @returns the root for `evidence.anchor`, and a proof for each document in the same order, still without the ledger's part
 * @throws HansaError `proof.malformed` where one is no digest, or where there are none or too many
 * @example
 * ```ts
 * const { root, size, proofs } = prepareEvidence(digests);
 * await anchorEvidence(client, { root, size });
 * ```
 */
export function prepareEvidence(documents: readonly string[]): {
  readonly root: string;
  readonly size: number;
  readonly proofs: readonly EvidenceProof[];
} {
  const size = documents.length;
  if (size === 0 || size > MOST_EVIDENCE)
    throw protocolError("proof.malformed", `evidence is of 1 to ${MOST_EVIDENCE} documents`, { size });
  const salts: Uint8Array[] = [];
  const leaves = documents.map((document, index) => {
    const digest = decodeBase64Url(document);
    if (digest?.length !== 32) throw protocolError("proof.malformed", "this is no SHA-256 in base64url", { index });
    const salt = randomBytes(32);
    salts.push(salt);
    return leafOf(salt, digest);
  });
  const nodes = new Map<string, Uint8Array>();
  const log = new LogTree((level, index) => (level === 0 ? leaves[index] : nodes.get(`${level}/${index}`)));
  for (const { level, index, hash } of log.append(leaves).nodes) nodes.set(`${level}/${index}`, hash);
  const root = encodeBase64Url(log.root());
  const proofs = documents.map((document, index): EvidenceProof => {
    const path = { index, size, path: log.inclusion(index, size).map(encodeBase64Url) };
    return { hansa: "evidence-proof/1", document, salt: encodeBase64Url(salts[index] as Uint8Array), root, path };
  });
  return { root, size, proofs };
}

function invalid(step: string, message: string): HansaError {
  return protocolError("proof.invalid", message, { step });
}

/** An evidence proof as it stands in a file: canonical JSON (RFC 8785), so that one proof has one text. */
export function encodeEvidenceProof(proof: EvidenceProof): string {
  return canonicalJson(proof);
}

/** Whether something is a proof file of evidence, by its first member. */
export function isEvidenceProof(file: unknown): file is EvidenceProof {
  return typeof file === "object" && file !== null && (file as { hansa?: unknown }).hansa === "evidence-proof/1";
}

/**
 * The part that needs no ledger: the document's salted hash lies below the root.
 *
 * @param file - the text or bytes of a proof file, in which any changed byte is found, or its value
 * @throws HansaError `proof.malformed`, `proof.invalid`
 */
export function checkEvidenceProof(file: unknown): EvidenceProof {
  const proof = typeof file === "string" || file instanceof Uint8Array ? (decodeProof(file) as unknown) : file;
  if (!Value.Check(EvidenceProof, proof)) {
    const first = Value.Errors(EvidenceProof, proof).First();
    throw protocolError("proof.malformed", `evidence proof: ${first?.path ?? ""} ${first?.message ?? "does not fit"}`, {
      path: first?.path ?? "",
    });
  }
  const [salt, document] = [decodeBase64Url(proof.salt), decodeBase64Url(proof.document)];
  if (salt === undefined || document === undefined)
    throw protocolError("proof.malformed", "evidence proof: salt or digest is no base64url");
  if (!checkInclusion(proof.root, leafOf(salt, document), proof.path))
    throw invalid("path", "the document's salted hash does not lie below the root");
  return proof as EvidenceProof;
}

/**
 * Checks an evidence proof through, with no network: the path from the document to the root, and the ledger's record of the root, as
 * `verifyProof` checks any record. That something was revoked is an answer here, and no error.
 *
 * @param file - the text or bytes of a proof file, in which any changed byte is found, or its value
 * @param options.document - SHA-256 of the document at hand, base64url
 * @param options.ledger - a record proof of `evidence/<root>` from elsewhere, in place of the file's own
 * @throws HansaError `proof.malformed`, `proof.invalid`, `proof.untrusted`
 * @example
 * ```ts
 * const { evidence, revoked } = verifyEvidence(await readFile("report.pdf.evidence.json"), { trust, document });
 * ```
 */
export function verifyEvidence(
  file: unknown,
  options: ProofTrust & { readonly document?: string | undefined; readonly ledger?: unknown } = {},
): VerifiedEvidence {
  const proof = checkEvidenceProof(file);
  const { root, document, path } = proof;
  if (options.document !== undefined && options.document !== document)
    throw invalid("document", "the proof is of another document");
  const ledger = options.ledger ?? proof.ledger;
  if (ledger === undefined)
    throw invalid("ledger", "the file has no proof of the ledger's record yet: `hansa evidence prove` adds it");
  const { value, ...verified } = verifyRecordOf(evidenceKey(root), ledger, options);
  const evidence = value as EvidenceRecord | null;
  if (evidence === null) throw invalid("ledger", "the root was not anchored");
  // A path alone does not fix the size of its tree (RFC 6962 §2.1.1): the anchored size does.
  if (evidence.size !== path.size) throw invalid("path", "the root was anchored for another number of documents");
  let own: Revocation | null = null;
  let asOf: typeof verified = verified;
  if (proof.revocation !== undefined) {
    const shown = verifyRecordOf(evidenceDocumentKey(root, path.index), proof.revocation, options);
    if (shown.group !== verified.group) throw invalid("revocation", "the parts are of different groups");
    own = (shown.value as EvidenceDocumentRecord | null)?.revoked ?? null;
    // What is said of both holds as of the older one.
    if (shown.height < verified.height) asOf = shown;
  }
  return {
    kind: "evidence",
    group: asOf.group,
    height: asOf.height,
    time: asOf.time,
    head: asOf.head,
    vouched: asOf.vouched,
    document,
    root,
    index: path.index,
    evidence,
    complete: evidence.signers.every(({ at }) => at !== null),
    revoked: own ?? evidence.revoked,
    revocationShown: proof.revocation !== undefined,
  };
}

function verifyRecordOf(key: string, file: unknown, options: ProofTrust) {
  const { kind, group, height, time, head, vouched, records } = verifyProof(file, options);
  const [record] = records;
  if (kind !== "record" || record?.key !== key) throw invalid("ledger", `the ledger's proof is not of ${key}`);
  return { group, height, time, head, vouched, value: record.value };
}
