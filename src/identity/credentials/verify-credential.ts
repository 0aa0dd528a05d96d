import type { Json, JsonObject } from "#base";
import { type VerifiedProof, verifyProofs } from "./data-integrity/verify-proof.ts";
import { isObject, refuseDocument } from "./document-parts.ts";
import { credentialError } from "./errors.ts";
import type { KeyFinder, ProofPurpose } from "./keys.ts";
import { type CheckedCredential, checkCredential } from "./model.ts";
import { hasDigests } from "./resource-digest.ts";
import { checkSchema, type Schemas } from "./schema-check.ts";
import { listOf } from "./terms/active-context.ts";
import type { ContextSource } from "./terms/process-context.ts";

/**
 * Says whether a credential still holds, by one of its `credentialStatus`.
 *
 * @throws HansaError `credentials.status`, `credentials.status-unknown`
 */
export type StatusSource = (entry: JsonObject, credential: JsonObject) => Promise<void>;

/** Whether an issuer is recognised for these types, `VerifiableCredential` left out, at a time in ms. */
export type Recognition = (issuer: string, types: readonly string[], time: number) => boolean | Promise<boolean>;

/** The bytes behind the URL of a `relatedResource`; `undefined` where they cannot be had. */
export type ResourceSource = (id: string) => Promise<Uint8Array | undefined>;

/** What a verifier goes by. */
export interface VerifyOptions {
  readonly keys: KeyFinder;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now: number;
  /** Without it, a credential with a status does not pass, unless `checkStatus` is false. */
  readonly status?: StatusSource | undefined;
  readonly checkStatus?: boolean | undefined;
  /** Any issuer is taken where it is left out. */
  readonly recognised?: Recognition | undefined;
  /** The time that `recognised` is asked for: now, where left out, or when the credential says that it was issued, which its issuer could say of any time. */
  readonly recognisedAt?: "now" | "issued" | undefined;
  /** Schemas are not looked at where it is left out; `unchecked` tells. */
  readonly schemas?: Schemas | undefined;
  /** As of `schemas`. */
  readonly resources?: ResourceSource | undefined;
  /** Where contexts come from: those that come with Hansa, where left out. */
  readonly contexts?: ContextSource | undefined;
  /** Of the proofs; `assertionMethod` where left out. */
  readonly purpose?: ProofPurpose | undefined;
}

/** A credential that holds. */
export interface VerifiedCredential {
  readonly credential: JsonObject;
  readonly id: string | undefined;
  readonly issuer: string;
  readonly types: readonly string[];
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly validFrom: number | undefined;
  readonly validUntil: number | undefined;
  /** Empty where it is secured elsehow: by an envelope, or by the presentation of its issuer. */
  readonly proofs: readonly VerifiedProof[];
  /** Members that nothing was at hand to check by, or that are of a type not known here. */
  readonly unchecked: readonly string[];
}

/**
 * Verifies a credential: document, proofs, dates, status, issuer, schemas, related resources, in this order; the first that fails is told.
 *
 * @throws HansaError `credentials.*`
 * @example
 * ```ts
 * const { issuer, types } = await verifyCredential(credential, { keys, now: Date.now() });
 * ```
 */
export async function verifyCredential(credential: unknown, options: VerifyOptions): Promise<VerifiedCredential> {
  return verifyChecked(checkCredential(credential), options);
}

/** `verifyCredential` of one whose document was checked already. */
export async function verifyChecked(checked: CheckedCredential, options: VerifyOptions): Promise<VerifiedCredential> {
  if (checked.enveloped) throw refuseDocument("/type", "is an envelope, which has no proof of its own");
  const { keys, now, contexts, purpose = "assertionMethod" } = options;
  const proofs = await verifyProofs(checked.document, { keys, now, purpose, controller: checked.issuer, contexts });
  return verifyClaims(checked, proofs, options);
}

/**
 * What remains to be verified of a credential that is secured, by whatever means: dates, status, issuer, schemas, related resources.
 *
 * @param proofs - that secure it, as far as they stand in it
 * @throws HansaError `credentials.*`
 */
export async function verifyClaims(
  checked: CheckedCredential,
  proofs: readonly VerifiedProof[],
  options: VerifyOptions,
): Promise<VerifiedCredential> {
  const { document: credential, id, issuer, types, validFrom, validUntil } = checked;
  checkDates(checked, options.now);
  await checkStatus(credential, options);
  await checkIssuer(checked, proofs, options);
  const unchecked: string[] = [];
  if ("credentialStatus" in credential && options.checkStatus === false) unchecked.push("credentialStatus");
  if (!(await checkSchemas(credential, options.schemas))) unchecked.push("credentialSchema");
  if (!(await checkResources(credential, options.resources))) unchecked.push("relatedResource");
  return { credential, id, issuer, types, validFrom, validUntil, proofs, unchecked };
}

function checkDates({ validFrom, validUntil }: CheckedCredential, now: number): void {
  if (validFrom !== undefined && now < validFrom)
    throw credentialError("credentials.not-yet", "the credential is not valid yet", { validFrom });
  // §4.9: `validUntil` is when it ceases to be valid.
  if (validUntil !== undefined && now >= validUntil)
    throw credentialError("credentials.expired", "the credential has expired", { validUntil });
}

const entriesOf = (value: Json | undefined): readonly JsonObject[] => listOf(value).filter(isObject);

async function checkStatus(credential: JsonObject, options: VerifyOptions): Promise<void> {
  if (options.checkStatus === false) return;
  for (const entry of entriesOf(credential["credentialStatus"])) {
    if (options.status === undefined)
      throw credentialError(
        "credentials.status-unknown",
        "the credential has a status, and nothing is at hand to tell it",
      );
    await options.status(entry, credential);
  }
}

async function checkIssuer(
  { issuer, types, validFrom }: CheckedCredential,
  proofs: readonly VerifiedProof[],
  { recognised, recognisedAt = "now", now }: VerifyOptions,
): Promise<void> {
  if (recognised === undefined) return;
  const created = proofs.find(({ controller }) => controller === issuer)?.created;
  const time = recognisedAt === "now" ? now : (created ?? validFrom ?? now);
  const named = types.filter((type) => type !== "VerifiableCredential");
  if (!(await recognised(issuer, named, time)))
    throw credentialError("credentials.issuer", "the issuer is not recognised for this type of credential", {
      issuer: issuer.slice(0, 200),
      types: named,
    });
}

async function checkSchemas(credential: JsonObject, schemas: Schemas | undefined): Promise<boolean> {
  const entries = entriesOf(credential["credentialSchema"]);
  if (schemas === undefined) return entries.length === 0;
  let all = true;
  for (const entry of entries) if (!(await checkSchema(credential, entry, schemas))) all = false;
  return all;
}

/** §5.3: a resource that is made use of has to have the digest. */
async function checkResources(credential: JsonObject, resources: ResourceSource | undefined): Promise<boolean> {
  const entries = entriesOf(credential["relatedResource"]);
  if (resources === undefined) return entries.length === 0;
  for (const entry of entries) {
    const bytes = await resources(entry["id"] as string);
    if (bytes === undefined || !hasDigests(entry, bytes))
      throw credentialError("credentials.digest", "a related resource has another digest, or cannot be had", {
        resource: String(entry["id"]).slice(0, 200),
      });
  }
  return true;
}
