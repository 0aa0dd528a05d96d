/** Issuing under one of the node's issuers. */
import type { Json, JsonObject } from "#base";
import {
  bitstringStatusEntry,
  type ContextSource,
  type CredentialAlgorithm,
  checkCredential,
  envelopCredential,
  idOf,
  issueCredential,
  issueJwtCredential,
  readBitstringEntry,
} from "#identity";
import type { CredentialFormat, IssueRequest, StatusPurpose } from "#protocol";
import { vcApiError } from "./errors.ts";
import type { Issuer } from "./issuing-keys.ts";
import { readMoment } from "./moment.ts";
import type { StatusLists } from "./status-lists.ts";

type IssueOptions = NonNullable<IssueRequest["options"]>;

/** What a key signs with where nobody says. secp256k1 has no cryptosuite of the W3C's, and JOSE's ES256K alone. */
const USUAL: Readonly<Record<CredentialAlgorithm, string | undefined>> = {
  Ed25519: "eddsa-rdfc-2022",
  "P-256": "ecdsa-rdfc-2019",
  "P-384": "ecdsa-rdfc-2019",
  secp256k1: undefined,
};
const SELECTIVE = "ecdsa-sd-2023";

/** What issuing needs beside the issuer. */
export interface IssuingMeans {
  readonly lists: StatusLists;
  readonly contexts: ContextSource;
  /** Milliseconds, in whole seconds. */
  readonly now: number;
}

/** The issuer whom a request means: the one that it names, the credential's, or the one that stands in for others. */
export function chooseIssuer(issuers: readonly Issuer[], { credential, options }: IssueRequest): Issuer | undefined {
  if (options?.issuer !== undefined) return issuers.find(({ name }) => name === options.issuer);
  const { issuer } = credential as JsonObject;
  const named = idOf(issuer);
  const own = issuers.filter(({ id }) => id === named);
  // One key may stand under several names, each with its own ways.
  const { cryptosuite, format } = options ?? {};
  const fitting = own.find((one) => fits(one.suite, cryptosuite) && fits(one.format, format));
  if (own.length > 0) return fitting ?? own[0];
  if (issuer === undefined && issuers.length === 1) return issuers[0];
  return issuers.find(({ substitute }) => substitute === true);
}

const fits = (mine: string | undefined, wanted: string | undefined) => wanted === undefined || mine === wanted;

/**
 * Issues a credential: its model is checked first, so that what is no credential takes no place in a status list, and the place is taken for good
 * before the credential exists.
 *
 * @throws HansaError `credentials.*`, `vc-api.*`
 */
export async function issueFor(
  issuer: Issuer,
  { credential, options = {} }: IssueRequest,
  means: IssuingMeans,
): Promise<JsonObject> {
  const document = withIssuer(credential as JsonObject, issuer);
  const { id } = checkCredential(document);
  if (options.verificationMethod !== undefined && options.verificationMethod !== issuer.signer.id)
    throw vcApiError("vc-api.suite", "the issuer has another verification method", { has: issuer.signer.id });
  checkEntries(document);
  const sign = signerOf(issuer, options, means);
  const purposes = purposesOf(document, issuer, options);
  const places = purposes.length === 0 ? [] : means.lists.allocate(issuer.name, purposes, options.credentialId ?? id);
  const entries = places.map(({ url, index, purpose }) => bitstringStatusEntry({ index, list: url, purpose }));
  return sign(withStatus(document, entries));
}

/** Chooses how it is signed before anything is done that cannot be undone. */
function signerOf(
  issuer: Issuer,
  options: IssueOptions,
  { contexts, now }: IssuingMeans,
): (document: JsonObject) => Promise<JsonObject> {
  const { signer } = issuer;
  const { cryptosuite, mandatoryPointers, format = usualFormat(issuer, options) } = options;
  if (format === "jwt") {
    if (cryptosuite !== undefined || mandatoryPointers !== undefined || options.type !== undefined)
      throw vcApiError("vc-api.suite", "a credential in a JWT has no cryptosuite", { format });
    return async (document) => envelopCredential(issueJwtCredential(document, signer), "application/vc+jwt");
  }
  const isSelective = mandatoryPointers !== undefined && cryptosuite === undefined && signer.algorithm === "P-256";
  const suite = cryptosuite ?? (isSelective ? SELECTIVE : suiteOf(issuer));
  if (suite === undefined)
    throw vcApiError("vc-api.suite", `keys of ${signer.algorithm} sign JWTs alone`, { algorithm: signer.algorithm });
  if (mandatoryPointers !== undefined && suite !== SELECTIVE)
    throw vcApiError("vc-api.suite", `mandatoryPointers go with ${SELECTIVE} alone`, { cryptosuite: suite });
  const { created, expires } = options;
  const wanted = {
    suite,
    contexts,
    created: created === undefined ? now : readMoment(created, "created"),
    ...(expires === undefined ? {} : { expires: readMoment(expires, "expires") }),
    ...(mandatoryPointers === undefined ? {} : { mandatoryPointers }),
  };
  return (document) => issueCredential(document, signer, wanted);
}

/** A cryptosuite that is asked for says it; else the configuration does, or the key, where there is but one way. */
function usualFormat(issuer: Issuer, { cryptosuite }: IssueOptions): CredentialFormat | undefined {
  if (cryptosuite !== undefined) return undefined;
  return issuer.format ?? (suiteOf(issuer) === undefined ? "jwt" : undefined);
}

type KeyWithSuite = Pick<Issuer, "signer"> & { readonly suite?: string | undefined };

/** The cryptosuite where a request names none. `undefined`: the key signs JWTs alone. */
export function suiteOf({ signer, suite }: KeyWithSuite): string | undefined {
  return suite ?? USUAL[signer.algorithm];
}

/** Whatever cryptosuite signs the issuer's status lists. `undefined`: they are JWTs. */
export function listSuiteOf({ signer, suite }: KeyWithSuite): string | undefined {
  return suiteOf({ signer, suite: suite === SELECTIVE ? undefined : suite });
}

/** Puts the issuer where none is named; where another well-formed one is, that is for the substitute alone. */
function withIssuer(credential: JsonObject, issuer: Issuer): JsonObject {
  const { issuer: named } = credential;
  if (named === undefined) return { ...credential, issuer: issuer.id };
  const id = idOf(named);
  if (id === issuer.id) return credential;
  if (issuer.substitute === true && id !== undefined && URL.canParse(id))
    return {
      ...credential,
      issuer: typeof named === "string" ? issuer.id : { ...(named as JsonObject), id: issuer.id },
    };
  // Of what is no issuer at all the data model says more exactly what is wrong.
  checkCredential(credential);
  throw vcApiError("vc-api.issuer", "the credential names another issuer than the one that is to issue it", {
    issuer: String(id).slice(0, 200),
    has: issuer.id,
  });
}

function purposesOf(document: JsonObject, issuer: Issuer, { credentialStatus }: IssueOptions): StatusPurpose[] {
  if (credentialStatus === undefined && "proof" in document) return [];
  if ("proof" in document)
    throw vcApiError("vc-api.request", "what has a proof already gets no place in a status list any more", {
      path: "/options/credentialStatus",
      problem: "proof",
    });
  return credentialStatus === undefined ? [...(issuer.status ?? [])] : [credentialStatus.statusPurpose ?? "revocation"];
}

/** An entry that no verifier could read is not signed. */
function checkEntries({ credentialStatus = [] }: JsonObject): void {
  for (const entry of Array.isArray(credentialStatus) ? credentialStatus : [credentialStatus])
    if ((entry as JsonObject)["type"] === "BitstringStatusListEntry") readBitstringEntry(entry as JsonObject);
}

function withStatus(document: JsonObject, entries: readonly JsonObject[]): JsonObject {
  if (entries.length === 0) return document;
  const { credentialStatus = [] } = document;
  const all = [...(Array.isArray(credentialStatus) ? credentialStatus : [credentialStatus]), ...entries] as Json[];
  return { ...document, credentialStatus: all.length === 1 ? (all[0] as Json) : all };
}
