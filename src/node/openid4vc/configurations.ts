/** Credential configurations: what a node offers, how it describes it to wallets, and how it issues it. */
import type { Json, JsonObject } from "#base";
import {
  algOf,
  type ClaimPath,
  type ContextSource,
  CREDENTIALS_V2,
  checkCredential,
  checkTerms,
  formatDateTime,
  issueSdJwt,
  JOSE_ALGS,
  leadsSomewhere,
  openidError,
  type ProvenKey,
  tokenStatusReference,
} from "#identity";
import type { ConfigurationConfig } from "../config/openid-config.ts";
import type { CredentialService } from "../credentials/credential-service.ts";
import { suiteOf } from "../credentials/issue.ts";
import type { Issuer } from "../credentials/issuing-keys.ts";
import { nodeError } from "../errors.ts";

/** A configuration, and who issues it. */
export interface Configuration extends ConfigurationConfig {
  readonly by: Issuer;
}

/** Claims that the issuer says himself, or that belong to how an SD-JWT is made. */
const RESERVED: ReadonlySet<string> = new Set([
  "iss",
  "vct",
  "cnf",
  "iat",
  "nbf",
  "exp",
  "status",
  "_sd",
  "_sd_alg",
  "...",
]);

/**
 * The configurations of `config.json`, each with its issuer.
 *
 * @throws HansaError `node.config`
 */
export function openConfigurations(
  configs: readonly ConfigurationConfig[],
  service: CredentialService,
): ReadonlyMap<string, Configuration> {
  const opened = new Map<string, Configuration>();
  for (const [at, config] of configs.entries()) {
    const path = `/identity/credentials/openid/configurations/${at}`;
    const refuse = (problem: string) => nodeError("node.config", `config: ${problem}`, { path });
    const by = service.findIssuer({ credential: {}, options: { issuer: config.issuer } });
    if (by === undefined) throw refuse(`there is no issuer ${config.issuer}`);
    if (opened.has(config.name)) throw refuse(`two configurations are named ${config.name}`);
    const isSdJwt = config.format === "dc+sd-jwt";
    if (isSdJwt && (config.vct === undefined || config.types !== undefined || config.contexts !== undefined))
      throw refuse("dc+sd-jwt has a vct, and neither types nor contexts");
    if (!isSdJwt && (config.vct !== undefined || config.types === undefined || config.decoys !== undefined))
      throw refuse(`${config.format} has types, and neither vct nor decoys`);
    if (config.format === "ldp_vc" && suiteOf(by) === undefined)
      throw refuse(`the key of ${config.issuer} signs JWTs alone`);
    if (isSdJwt && (config.status ?? by.status ?? []).length > 1)
      throw refuse("an SD-JWT VC has a place in one status list");
    opened.set(config.name, { ...config, by });
  }
  return opened;
}

/** `credential_configurations_supported` (OpenID4VCI §12.2.4). */
export function describeConfiguration(configuration: Configuration): JsonObject {
  const { format, vct, claims, label, name, by } = configuration;
  return {
    format,
    ...(vct === undefined ? {} : { vct }),
    ...(format === "dc+sd-jwt" ? {} : { credential_definition: definitionOf(configuration) }),
    cryptographic_binding_methods_supported: ["jwk", "did:key", "did:hansa"],
    credential_signing_alg_values_supported: [
      format === "ldp_vc" ? (suiteOf(by) as string) : algOf(by.signer.algorithm),
    ],
    proof_types_supported: { jwt: { proof_signing_alg_values_supported: [...JOSE_ALGS] } },
    credential_metadata: {
      display: [{ name: label ?? name }],
      ...(claims === undefined
        ? {}
        : {
            claims: claims.map(({ path, mandatory, name: shown }) => ({
              path: [...(format === "dc+sd-jwt" ? [] : ["credentialSubject"]), ...path],
              ...(mandatory === true ? { mandatory } : {}),
              ...(shown === undefined ? {} : { display: [{ name: shown }] }),
            })),
          }),
    },
  };
}

/** `jwt_vc_json` names types alone (OpenID4VCI §A.1.1). */
function definitionOf({ format, contexts = [], types = [] }: Configuration): JsonObject {
  const type = ["VerifiableCredential", ...types];
  if (format !== "ldp_vc") return { type };
  // §A.1.2: addresses alone; a context that stands in the credential itself has none.
  return { "@context": [CREDENTIALS_V2, ...contexts.filter((context) => typeof context === "string")], type };
}

/**
 * Checks claims before they are offered: a wallet must not come for something that then cannot be issued.
 *
 * @throws HansaError `openid.claims`, `credentials.*`
 */
export function checkClaims(
  configuration: Configuration,
  claims: JsonObject,
  now: number,
  contexts: ContextSource,
): void {
  const { claims: known, format } = configuration;
  const refuse = (path: string, problem: string) =>
    openidError("openid.claims", `${path}: ${problem}`, { path: path.slice(0, 200), problem });
  for (const { path, mandatory } of known ?? [])
    if (mandatory === true && !leadsSomewhere(claims, path)) throw refuse(`/${path.join("/")}`, "is missing");
  for (const name of Object.keys(claims)) {
    if (known !== undefined && !known.some(({ path }) => path[0] === name))
      throw refuse(`/${name}`, "is no claim of this configuration");
    if (format === "dc+sd-jwt" ? RESERVED.has(name) : name === "id")
      throw refuse(`/${name}`, "is not for the offer to say");
  }
  if (format === "dc+sd-jwt") return;
  const document = documentOf(configuration, claims, "did:example:holder", now);
  checkCredential(document);
  checkTerms(document, contexts);
}

/**
 * Issues a credential to a key.
 *
 * @throws HansaError `credentials.*`, `vc-api.*`
 */
export async function issueConfigured(
  configuration: Configuration,
  { claims, key, credentialId, now }: { claims: JsonObject; key: ProvenKey; credentialId: string; now: number },
  service: CredentialService,
): Promise<Json> {
  const { format, by, status } = configuration;
  if (format === "dc+sd-jwt") return issueSelective(configuration, claims, key, credentialId, now, service);
  const document = documentOf(configuration, claims, key.did, now);
  const { verifiableCredential } = await service.issue(
    {
      credential: document,
      options: { issuer: by.name, credentialId, format: format === "jwt_vc_json" ? "jwt" : "data-integrity" },
    },
    { ...by, ...(status === undefined ? {} : { status }) },
  );
  if (format === "ldp_vc") return verifiableCredential;
  return String(verifiableCredential["id"]).replace(/^data:application\/vc\+jwt,/, "");
}

function issueSelective(
  configuration: Configuration,
  claims: JsonObject,
  holderKey: ProvenKey,
  credentialId: string,
  now: number,
  service: CredentialService,
): string {
  const { by, vct, seconds, decoys = 0, status = by.status ?? [] } = configuration;
  const iat = Math.floor(now / 1000);
  const paths: readonly ClaimPath[] =
    configuration.claims === undefined
      ? Object.keys(claims).map((name) => [name])
      : configuration.claims.filter(({ disclosable }) => disclosable !== false).map(({ path }) => path);
  const [place] = status.length === 0 ? [] : service.lists.allocate(by.name, status, credentialId);
  const whole: JsonObject = {
    ...claims,
    vct: vct as string,
    iat,
    ...(seconds === undefined ? {} : { exp: iat + seconds }),
    ...(place === undefined ? {} : { status: tokenStatusReference({ index: place.index, uri: place.url }) }),
  };
  return issueSdJwt(whole, by.signer, {
    disclose: paths.filter((path) => leadsSomewhere(claims, path)),
    decoys,
    holderKey: { algorithm: holderKey.algorithm, publicKey: holderKey.publicKey },
  });
}

function documentOf(
  { contexts = [], types = [], seconds, by }: Configuration,
  claims: JsonObject,
  subject: string,
  now: number,
): JsonObject {
  return {
    "@context": [CREDENTIALS_V2, ...(contexts as Json[])],
    type: ["VerifiableCredential", ...types],
    issuer: by.id,
    validFrom: formatDateTime(now),
    ...(seconds === undefined ? {} : { validUntil: formatDateTime(now + seconds * 1000) }),
    credentialSubject: { id: subject, ...claims },
  };
}
