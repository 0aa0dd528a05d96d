import { concatBytes, decodeBase64Url, encodeBase64Url, encodeUtf8, type JsonObject } from "#base";
import { randomBytes, sha256, suiteOf } from "#crypto";
import { libraryOf } from "../contexts/context-library.ts";
import { credentialError } from "../errors.ts";
import type { VerificationKey } from "../keys.ts";
import type { Cryptosuite, DataIntegrityProof, SuiteSettings } from "./cryptosuite.ts";
import { canonizeDocument } from "./rdf/canonize.ts";
import { hashProofOptions } from "./rdf/proof-hash.ts";
import { canonicalLabels, groupStatements } from "./sd/groups.ts";
import {
  type DerivedProofValue,
  decodeBaseProof,
  decodeDerivedProof,
  encodeBaseProof,
  encodeDerivedProof,
} from "./sd/sd-proof-value.ts";
import { selectDocument } from "./sd/select.ts";
import { relabelStatements, sortStatements, splitStatements } from "./sd/statements.ts";

const p256 = suiteOf("P-256");
/** Multicodec of P-256, before the key in a proof. */
const PREFIX = Uint8Array.from(p256.multicodec);
/** Mandatory whatever the issuer asks for: a holder who could leave out the expiry or the status would show another credential. */
const DECISIVE = new Set([
  "issuer",
  "validFrom",
  "validUntil",
  "credentialStatus",
  "credentialSchema",
  "relatedResource",
  // Data Model 1.1
  "issuanceDate",
  "expirationDate",
]);
/** What may be left out where the issuer asks for nothing. */
const NO_CLAIMS = new Set(["@context", "id", "type", "credentialSubject", "proof"]);

/**
 * Selective disclosure (VC-DI-ECDSA §3.5). `sign` makes a base proof, for the holder's eyes alone; `deriveCredential` makes of it what
 * others see; `verify` takes derived proofs and no base proof.
 *
 * Mandatory, where `mandatoryPointers` is left out, is everything but the subject's claims; and what decides whether a credential holds
 * in any case.
 */
export const ecdsaSd2023: Cryptosuite = {
  name: "ecdsa-sd-2023",
  algorithms: ["P-256"],
  rdf: true,

  async sign(document, options, signer, settings) {
    const library = libraryOf(settings?.contexts);
    const mandatoryPointers = mandatoryOf(document, settings?.mandatoryPointers);
    const proofHash = await hashProofOptions(document, options, library);
    const hmacKey = randomBytes(32);
    const { statements, groups } = await groupStatements(document, hmacKey, [mandatoryPointers], library);
    const mandatory = groups[0]?.indexes ?? new Set();
    const secret = p256.generate();
    const publicKey = concatBytes(PREFIX, p256.publicKey(secret));
    const signStatement = p256.signer(secret);
    const signatures = statements.flatMap((statement, i) =>
      mandatory.has(i) ? [] : [signStatement(encodeUtf8(statement))],
    );
    const hash = hashStatements(statements.filter((_, i) => mandatory.has(i)));
    const baseSignature = signer.sign(concatBytes(proofHash, publicKey, hash));
    return encodeBaseProof({ baseSignature, publicKey, hmacKey, signatures, mandatoryPointers });
  },

  async verify(document, proof, key, settings) {
    const library = libraryOf(settings?.contexts);
    const value = decodeDerivedProof(proof.proofValue);
    const proofHash = await hashProofOptions(document, proof, library);
    const statements = labelAsSigned(await canonizeDocument(document, library), value.labels);
    const mandatory = new Set(value.mandatoryIndexes);
    if ((value.mandatoryIndexes.at(-1) ?? -1) >= statements.length) throw refuse("a mandatory statement is not there");
    return checkSignatures(value, proofHash, statements, mandatory, key);
  },
};

/** How a credential is to be shown. */
export interface DeriveOptions {
  /** JSON pointers (RFC 6901) to what is shown beside what is mandatory. */
  readonly selectivePointers: readonly string[];
  /** Of the base proof, where the credential has several. */
  readonly proofId?: string | undefined;
  readonly contexts?: SuiteSettings["contexts"];
}

/**
 * A credential that shows what the issuer made mandatory and the holder selected, and lets nobody find the rest.
 *
 * @param credential - with a base proof of `ecdsa-sd-2023`
 * @throws HansaError `credentials.proof` where it has no such proof, or several and none is named; `credentials.document` where a pointer
 * leads nowhere, or nothing would be shown
 * @example
 * ```ts
 * const shown = await deriveCredential(credential, { selectivePointers: ["/credentialSubject/degree"] });
 * ```
 */
export async function deriveCredential(credential: JsonObject, options: DeriveOptions): Promise<JsonObject> {
  const { proof: proofs, ...document } = credential;
  const proof = findBaseProof(proofs, options.proofId);
  const base = decodeBaseProof(proof.proofValue);
  const { mandatoryPointers } = base;
  const pointers = [...mandatoryPointers, ...options.selectivePointers];
  const lists = [mandatoryPointers, options.selectivePointers, pointers];
  const library = libraryOf(options.contexts);
  const { statements, groups, labels } = await groupStatements(document, base.hmacKey, lists, library);
  const [mandatory, selective, combined] = groups;
  const shown = selectDocument(document, pointers);
  if (mandatory === undefined || selective === undefined || combined === undefined || shown === undefined)
    throw credentialError("credentials.document", "nothing is selected", { problem: "pointer" });
  const signed = [...statements.keys()].filter((i) => !mandatory.indexes.has(i));
  if (signed.length !== base.signatures.length) throw refuse("the base proof does not fit the document");
  const verifierLabels = await canonicalLabels(combined.unlabelled);
  const value: DerivedProofValue = {
    baseSignature: base.baseSignature,
    publicKey: base.publicKey,
    signatures: base.signatures.filter((_, i) => selective.indexes.has(signed[i] as number)),
    labels: new Map([...verifierLabels].map(([own, label]) => [numberOf(label), bytesOf(labels.get(own) as string)])),
    mandatoryIndexes: [...combined.indexes].flatMap((place, i) => (mandatory.indexes.has(place) ? [i] : [])),
  };
  const { "@context": _, ...rest } = proof;
  return { ...shown, proof: { ...rest, proofValue: encodeDerivedProof(value) } as unknown as JsonObject };
}

/**
 * Whether a base proof is good: for a holder who receives a credential. Whoever shows it to others shows all of it, and lets them show
 * any part.
 *
 * @param document - without `proof`
 */
export async function verifyBaseProof(
  document: JsonObject,
  proof: DataIntegrityProof,
  key: VerificationKey,
  settings?: SuiteSettings,
): Promise<boolean> {
  const library = libraryOf(settings?.contexts);
  const base = decodeBaseProof(proof.proofValue);
  const proofHash = await hashProofOptions(document, proof, library);
  const { statements, groups } = await groupStatements(document, base.hmacKey, [base.mandatoryPointers], library);
  return checkSignatures(base, proofHash, statements, groups[0]?.indexes ?? new Set(), key);
}

const refuse = (message: string) => credentialError("credentials.proof", message, { problem: "proofValue" });

const hashStatements = (statements: readonly string[]): Uint8Array => sha256(encodeUtf8(statements.join("")));

function mandatoryOf(document: JsonObject, wanted: readonly string[] | undefined): readonly string[] {
  const names = Object.keys(document);
  if (wanted === undefined)
    return names
      .filter((name) => !NO_CLAIMS.has(name))
      .map((name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  return [...new Set([...wanted, ...names.filter((name) => DECISIVE.has(name)).map((name) => `/${name}`)])];
}

const numberOf = (canonicalLabel: string): number => Number(canonicalLabel.slice("c14n".length));
const bytesOf = (label: string): Uint8Array => decodeBase64Url(label.slice(1)) as Uint8Array;

/**
 * The statements under the labels that they were signed with. Each blank node has one, and no two the same: of one node, two could be
 * made otherwise, each with some of its claims.
 */
function labelAsSigned(text: string, labels: DerivedProofValue["labels"]): readonly string[] {
  const names = new Map([...labels].map(([number, label]) => [`c14n${number}`, `u${encodeBase64Url(label)}`]));
  if (new Set(names.values()).size !== names.size) throw refuse("two blank nodes have one label");
  return sortStatements(relabelStatements(splitStatements(text), (label) => names.get(label)));
}

function checkSignatures(
  value: Pick<DerivedProofValue, "baseSignature" | "publicKey" | "signatures">,
  proofHash: Uint8Array,
  statements: readonly string[],
  mandatory: ReadonlySet<number>,
  key: VerificationKey,
): boolean {
  const signed = statements.filter((_, i) => !mandatory.has(i));
  if (signed.length !== value.signatures.length) throw refuse("there is not one signature for each statement");
  const hash = hashStatements(statements.filter((_, i) => mandatory.has(i)));
  // The issuer's signature first: it is what lends the others their worth.
  if (!p256.verify(concatBytes(proofHash, value.publicKey, hash), value.baseSignature, key.publicKey)) return false;
  const statementKey = value.publicKey.slice(PREFIX.length);
  return value.signatures.every((signature, i) =>
    p256.verify(encodeUtf8(signed[i] as string), signature, statementKey),
  );
}

function findBaseProof(proofs: unknown, proofId: string | undefined): DataIntegrityProof {
  const list = (Array.isArray(proofs) ? proofs : [proofs]) as readonly (DataIntegrityProof | undefined | null)[];
  const found = list.filter(
    (proof): proof is DataIntegrityProof =>
      proof?.cryptosuite === "ecdsa-sd-2023" && (proofId === undefined || proof.id === proofId),
  );
  const [proof, more] = found;
  if (proof === undefined || more !== undefined || typeof proof.proofValue !== "string")
    throw credentialError("credentials.proof", "there is not one base proof of ecdsa-sd-2023 to derive from", {
      problem: "cryptosuite",
    });
  return proof;
}
