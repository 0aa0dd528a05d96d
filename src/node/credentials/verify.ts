/** Verification for others: credentials and presentations of every kind that the node knows. */
import { type Clock, isHansaError, type Json, type JsonObject, parseJson } from "#base";
import {
  type Asker,
  type ContextSource,
  CREDENTIALS_V2,
  checkPresentation,
  credentialError,
  type DidResolver,
  isEnvelope,
  type KeyFinder,
  makeKeyFinder,
  type ProofPurpose,
  type Schemas,
  type StatusSource,
  type VerifiedCredential,
  type VerifyOptions as VerifyDemands,
  verifyContained,
  verifyCredential,
  verifyEnveloped,
  verifyJwtCredential,
  verifyJwtPresentation,
  verifyPresentation,
} from "#identity";
import type { VerifyOptions } from "#protocol";
import type { GroupService } from "../group-service.ts";
import { vcApiError } from "./errors.ts";
import { recognitionIn } from "./recognition.ts";

export interface VerifierOptions {
  readonly resolver: DidResolver;
  readonly groups: readonly GroupService[];
  readonly status: StatusSource;
  /** Where schemas and related resources come from; without it they are left unchecked. */
  readonly fetched?: FetchedResources | undefined;
  /** Where contexts come from: those that come with Hansa, where left out. */
  readonly contexts?: ContextSource | undefined;
  readonly clock: Clock;
}

export interface FetchedResources {
  readonly fetch: (url: string) => Promise<Uint8Array>;
  /** Holds credentials against the schemas. */
  readonly judge: Schemas["judge"];
}

/** What held: what was shown, and what nobody could look at. */
export interface Verified {
  readonly document: Json;
  readonly checks: readonly string[];
  /** Members of the credentials that nothing was at hand to check by. */
  readonly unchecked: readonly string[];
}

const PURPOSES: readonly string[] = ["assertionMethod", "authentication"] satisfies ProofPurpose[];
/** Longest secured text. */
const LONGEST = 1 << 19;

export class Verifier {
  readonly #options: VerifierOptions;

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /**
   * Verifies a credential: with a proof in it, enveloped, or as text (JWT, SD-JWT).
   *
   * @throws HansaError `credentials.*`, `vc-api.request`, `http.unknown-group`
   */
  async credential(credential: unknown, options: VerifyOptions, asker: Asker): Promise<Verified> {
    const demands = this.#demandsOf(options, asker);
    const { unchecked } =
      typeof credential === "string" || isEnvelope(credential as Json)
        ? await this.#verifySecured(credential as string | JsonObject, demands)
        : await this.#verifyEmbedded(credential, options, demands);
    return { document: credential as Json, checks: checksOf(demands), unchecked };
  }

  async #verifyEmbedded(credential: unknown, options: VerifyOptions, demands: VerifyDemands) {
    const verified = await verifyCredential(credential, demands);
    // Of credentials challenge and domain are not the rule, but whoever asks for them means them.
    for (const proof of proofsOf(verified.credential)) requireAnswer(proof, options);
    return verified;
  }

  /** What is secured from outside: the envelope, the `data:` URL in it, or the text in that. */
  async #verifySecured(secured: string | JsonObject, demands: VerifyDemands): Promise<VerifiedCredential> {
    if (typeof secured !== "string" || secured.startsWith("data:")) return verifyEnveloped(secured, demands);
    if (secured.length > LONGEST)
      throw credentialError("credentials.document", `a secured credential has at most ${LONGEST} characters`);
    return secured.includes("~")
      ? verifyEnveloped(`data:application/dc+sd-jwt,${secured}`, demands)
      : verifyJwtCredential(secured, demands);
  }

  /**
   * Verifies a presentation and every credential in it.
   *
   * @throws HansaError as for `credential`
   */
  async presentation(presentation: unknown, options: VerifyOptions, asker: Asker): Promise<Verified> {
    const demands = this.#demandsOf(options, asker);
    const { challenge, domain } = options;
    const enveloped = (url: string) => this.#verifySecured(url, withoutPurpose(demands));
    const token = tokenOf(presentation);
    const checks = [...checksOf(demands), ...(challenge === undefined ? [] : ["challenge"])];
    if (token === undefined) {
      const { credentials } = await verifyPresentation(presentation, { ...demands, challenge, domain, enveloped });
      return { document: presentation as Json, checks, unchecked: allUnchecked(credentials) };
    }
    if (challenge === undefined || domain === undefined)
      throw vcApiError("vc-api.request", "a presentation in a JWT is verified for a challenge and a domain", {
        path: "/options",
        problem: "challenge and domain",
      });
    const { credentials } = await verifyJwtPresentation(token, { ...demands, challenge, domain, enveloped });
    return { document: presentation as Json, checks, unchecked: allUnchecked(credentials) };
  }

  /** Credentials in a presentation that nobody signed: they hold or not, and nothing says who shows them. */
  async unsigned(presentation: unknown, options: VerifyOptions, asker: Asker): Promise<Verified> {
    if (options.challenge !== undefined || options.domain !== undefined)
      throw credentialError("credentials.challenge", "a presentation without a proof answers no challenge");
    const demands = this.#demandsOf(options, asker);
    const checked = checkPresentation(presentation);
    if ("proof" in checked.document)
      throw vcApiError("vc-api.request", "what has a proof is a verifiablePresentation", {
        path: "/presentation",
        problem: "proof",
      });
    const credentials = await verifyContained(checked, {
      ...demands,
      enveloped: (url) => this.#verifySecured(url, demands),
    });
    return { document: presentation as Json, checks: checksOf(demands), unchecked: allUnchecked(credentials) };
  }

  #demandsOf(options: VerifyOptions, asker: Asker): VerifyDemands {
    const { resolver, groups, status, contexts, clock, fetched } = this.#options;
    const { expectedProofPurpose: purpose, recognised, recognisedAt, checkStatus } = options;
    if (purpose !== undefined && !PURPOSES.includes(purpose))
      throw credentialError("credentials.proof", "no proof is made for this purpose here", { problem: "proofPurpose" });
    const keys: KeyFinder = makeKeyFinder(resolver, asker);
    const now = clock.now();
    return {
      keys,
      now,
      status,
      contexts,
      ...(fetched === undefined ? {} : resourcesFrom(fetched, { keys, now, contexts, checkStatus: false })),
      ...(checkStatus === undefined ? {} : { checkStatus }),
      ...(purpose === undefined ? {} : { purpose: purpose as ProofPurpose }),
      ...(recognised === true
        ? { recognised: recognitionIn(groups, options.group, asker.mayRead), recognisedAt: recognisedAt ?? "now" }
        : {}),
    };
  }
}

/** Schemas and related resources, by their URLs. A schema that is a claim of a credential counts if that credential does. */
function resourcesFrom({ fetch, judge }: FetchedResources, demands: VerifyDemands) {
  const resources = async (url: string) => {
    try {
      return await fetch(url);
    } catch (error) {
      if (isHansaError(error)) return undefined;
      throw error;
    }
  };
  const source: Schemas["source"] = async (url, type) => {
    const bytes = await resources(url);
    if (bytes === undefined || type !== "JsonSchemaCredential") return bytes;
    await verifyCredential(parseJson(bytes, { depth: 64, integers: false }), demands);
    return bytes;
  };
  return { resources, schemas: { source, judge } };
}

/** The JWT of a presentation that is enveloped, or text; `undefined` of one that has its proof in it. */
function tokenOf(presentation: unknown): string | undefined {
  if (typeof presentation === "string") return presentation.replace(/^data:application\/vp\+jwt,/, "");
  if (typeof presentation !== "object" || presentation === null) return undefined;
  const { type, id, "@context": context } = presentation as JsonObject;
  if (!(Array.isArray(type) ? type : [type]).includes("EnvelopedVerifiablePresentation")) return undefined;
  const refuse = (path: string, problem: string) =>
    credentialError("credentials.document", `the enveloped presentation is malformed: ${path} ${problem}`, {
      path,
      problem,
    });
  if (Array.isArray(type) && type.length !== 1) throw refuse("/type", "is more than an envelope's");
  // VC Data Model 2.0 §4.13.3, as of enveloped credentials.
  if ((Array.isArray(context) ? context[0] : context) !== CREDENTIALS_V2)
    throw refuse("/@context", "is not an envelope's");
  const token = typeof id === "string" ? /^data:application\/vp\+jwt,(.+)$/s.exec(id)?.[1] : undefined;
  if (token === undefined) throw refuse("/id", "is no data: URL of application/vp+jwt");
  return token;
}

/** Credentials of a presentation are asserted, whatever the presentation's own proof is for. */
function withoutPurpose({ purpose: _, ...rest }: VerifyDemands): VerifyDemands {
  return rest;
}

function proofsOf({ proof }: JsonObject): readonly JsonObject[] {
  return (Array.isArray(proof) ? proof : [proof]) as JsonObject[];
}

function requireAnswer(proof: JsonObject, { challenge, domain }: VerifyOptions): void {
  if (challenge !== undefined && proof["challenge"] !== challenge)
    throw credentialError("credentials.challenge", "the proof answers another challenge, or none");
  const domains = Array.isArray(proof["domain"]) ? proof["domain"] : [proof["domain"]];
  if (domain !== undefined && (domains.length !== 1 || domains[0] !== domain))
    throw credentialError("credentials.domain", "the proof is made for another domain, or for none");
}

function checksOf({ checkStatus, recognised }: VerifyDemands): string[] {
  return [
    "model",
    "proof",
    "validity",
    ...(checkStatus === false ? [] : ["status"]),
    ...(recognised === undefined ? [] : ["issuer"]),
  ];
}

function allUnchecked(credentials: readonly VerifiedCredential[]): string[] {
  return [...new Set(credentials.flatMap(({ unchecked }) => unchecked))];
}
