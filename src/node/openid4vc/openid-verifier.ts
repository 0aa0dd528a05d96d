/** OpenID4VP 1.0 at a node: signed requests, and what wallets answer, held against them. */
import { timingSafeEqual } from "node:crypto";
import { Openid4vpVerifier } from "@openid4vc/openid4vp";
import { compactDecrypt, exportJWK, generateKeyPair } from "jose";
import { type Clock, encodeBase64Url, HansaError, type Json, type JsonObject, parseJson } from "#base";
import { randomBytes } from "#crypto";
import {
  type Asker,
  algOf,
  type ContextSource,
  CRYPTOSUITES,
  type CredentialSigner,
  checkVpQuery,
  type DidResolver,
  JOSE_ALGS,
  makeKeyFinder,
  type OpenidCallbacks,
  openidError,
  type StatusSource,
  type VerifiedShown,
  type VP_FORMATS,
  verifyVpToken,
} from "#identity";
import {
  OPENID_LIMITS,
  type PresentationQuestion,
  type PresentationRequest,
  type PresentationResult,
  VC_API_LIMITS,
} from "#protocol";
import { recognitionIn } from "../credentials/recognition.ts";
import type { GroupService } from "../group-service.ts";

export interface OpenidVerifierOptions {
  readonly signer: CredentialSigner;
  /** Which sign with the signer. */
  readonly callbacks: OpenidCallbacks;
  readonly resolver: DidResolver;
  readonly groups: readonly GroupService[];
  readonly status: StatusSource;
  readonly contexts: ContextSource;
  readonly clock: Clock;
  /** Where others reach the node. */
  readonly url: () => string;
}

interface Sealing {
  readonly privateKey: Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];
  readonly jwk: JsonObject;
}

interface Waiting {
  readonly id: string;
  readonly question: PresentationQuestion;
  readonly asker: Asker;
  readonly nonce: string;
  readonly state: string;
  readonly seal: Sealing | undefined;
  /** Milliseconds. */
  readonly made: number;
  readonly until: number;
  result: Exclude<PresentationResult["state"], "expired"> | "verifying";
  credentials: Readonly<Record<string, readonly VerifiedShown[]>> | undefined;
  error: PresentationResult["error"];
}

/** §5.10: wallets are asked without having been asked about themselves before. */
const AUDIENCE = "https://self-issued.me/v2";
const ALGS = [...JOSE_ALGS];
const KEPT = OPENID_LIMITS.resultSeconds * 1000;

export class OpenidVerifier {
  /** The verifier's whole name: presentations are made for it. */
  readonly clientId: string;
  readonly #options: OpenidVerifierOptions;
  readonly #library: Openid4vpVerifier;
  readonly #requests = new Map<string, Waiting>();

  constructor(options: OpenidVerifierOptions) {
    this.#options = options;
    this.clientId = `decentralized_identifier:${options.signer.controller}`;
    this.#library = new Openid4vpVerifier({ callbacks: options.callbacks });
  }

  /** @throws HansaError `openid.query`, `openid.busy`, `http.unknown-group` */
  async ask(question: PresentationQuestion, asker: Asker): Promise<PresentationRequest> {
    const { clock, groups } = this.#options;
    checkVpQuery(question.query as Json);
    if (question.recognised === true) recognitionIn(groups, question.group, asker.mayRead);
    const seal = question.encrypted === true ? await makeSeal() : undefined;
    const now = clock.now();
    this.#forget(now);
    if (this.#requests.size >= OPENID_LIMITS.requests)
      throw openidError("openid.busy", "too many requests wait for their answers", { limit: OPENID_LIMITS.requests });
    const waiting: Waiting = {
      id: encodeBase64Url(randomBytes(16)),
      question,
      asker,
      nonce: encodeBase64Url(randomBytes(32)),
      state: encodeBase64Url(randomBytes(16)),
      seal,
      made: now,
      until: now + (question.seconds ?? OPENID_LIMITS.usualRequestSeconds) * 1000,
      result: "waiting",
      credentials: undefined,
      error: undefined,
    };
    const { authorizationRequest: uri } = await this.#sign(waiting);
    this.#requests.set(waiting.id, waiting);
    // What was shown goes in time, also where nobody asks again.
    clock.after(waiting.until + KEPT - now, () => this.#forget(clock.now()));
    const { id, until } = waiting;
    return { id, uri, requestUri: this.#address(id, "object"), clientId: this.clientId, expires: seconds(until) };
  }

  /** The signed request object (RFC 9101). @throws HansaError `openid.unknown`, `openid.answered` */
  async requestObject(id: string): Promise<string> {
    const { jar } = await this.#sign(this.#open(id));
    if (jar === undefined) throw openidError("openid.unknown", "there is no such request");
    return jar.authorizationRequestJwt;
  }

  #sign({ id, question, nonce, state, seal, made, until }: Waiting) {
    const { signer } = this.#options;
    return this.#library.createOpenId4vpAuthorizationRequest({
      authorizationRequestPayload: {
        response_type: "vp_token",
        client_id: this.clientId,
        response_mode: seal === undefined ? "direct_post" : "direct_post.jwt",
        response_uri: this.#address(id, "response"),
        nonce,
        state,
        dcql_query: question.query,
        client_metadata: {
          vp_formats_supported: {
            "dc+sd-jwt": { "sd-jwt_alg_values": ALGS, "kb-jwt_alg_values": ALGS },
            ldp_vc: { proof_type_values: ["DataIntegrityProof"], cryptosuite_values: [...CRYPTOSUITES] },
            jwt_vc_json: { alg_values: ALGS },
          } satisfies Record<(typeof VP_FORMATS)[number], object>,
          ...(seal === undefined
            ? {}
            : { jwks: { keys: [seal.jwk] }, encrypted_response_enc_values_supported: ["A256GCM", "A128GCM"] }),
        } as never,
      },
      jar: {
        requestUri: this.#address(id, "object"),
        jwtSigner: { method: "did", didUrl: signer.id, alg: algOf(signer.algorithm) },
        // Of the clock that is handed in, and not of the machine: the library lets these two stand.
        additionalJwtPayload: { aud: AUDIENCE, iat: seconds(made), exp: seconds(until) },
        expiresInSeconds: Math.ceil((until - made) / 1000),
      },
    });
  }

  /**
   * Takes an answer. The request is used up by whatever bears its state, before anything in it is verified: two answers cannot both hold, and
   * none can be tried again.
   *
   * @returns what the wallet is told
   * @throws HansaError `openid.unknown`, `openid.answered`, `openid.request`, `openid.unsatisfied`, `openid.too-much`, `credentials.*`
   */
  async respond(id: string, form: Readonly<Record<string, string>>): Promise<JsonObject> {
    const waiting = this.#open(id);
    const answer = await openAnswer(form, waiting);
    if (!isSame(answer["state"], waiting.state)) throw openidError("openid.request", "state is missing or another");
    // Again: unsealing took its time.
    this.#open(id);
    waiting.result = "verifying";
    if (answer["error"] !== undefined) {
      waiting.result = "declined";
      waiting.error = {
        code: String(answer["error"]).slice(0, 64),
        detail: String(answer["error_description"] ?? "").slice(0, 300),
      };
      return {};
    }
    try {
      waiting.credentials = await this.#verify(tokenOf(answer["vp_token"]), waiting);
      waiting.result = "answered";
      return {};
    } catch (error) {
      waiting.result = "refused";
      waiting.error =
        error instanceof HansaError
          ? { code: error.code, detail: error.message }
          : { code: "http.internal", detail: "the node failed" };
      throw error;
    }
  }

  #verify(token: Json, { question, nonce, asker }: Waiting) {
    const { resolver, clock, status, contexts, groups } = this.#options;
    const { query, recognised, group, checkStatus } = question;
    return verifyVpToken(token, {
      query: query as Json,
      clientId: this.clientId,
      nonce,
      keys: makeKeyFinder(resolver, asker),
      now: clock.now(),
      status,
      contexts,
      ...(checkStatus === undefined ? {} : { checkStatus }),
      ...(recognised === true ? { recognised: recognitionIn(groups, group, asker.mayRead) } : {}),
    });
  }

  /** @throws HansaError `openid.unknown` */
  result(id: string): PresentationResult {
    const waiting = this.#requests.get(id);
    if (waiting === undefined) throw openidError("openid.unknown", "there is no such request");
    const { result, until, credentials, error } = waiting;
    const isOver = result === "waiting" && until <= this.#options.clock.now();
    return {
      id,
      state: isOver ? "expired" : result === "verifying" ? "waiting" : result,
      expires: seconds(until),
      ...(credentials === undefined ? {} : { credentials }),
      ...(error === undefined ? {} : { error }),
    };
  }

  #open(id: string): Waiting {
    const waiting = this.#requests.get(id);
    if (waiting === undefined) throw openidError("openid.unknown", "there is no such request");
    if (waiting.result !== "waiting" || waiting.until <= this.#options.clock.now())
      throw openidError("openid.answered", "the request was answered, or ran out");
    return waiting;
  }

  #address(id: string, what: "object" | "response"): string {
    return `${this.#options.url()}/openid4vp/requests/${id}/${what}`;
  }

  #forget(now: number): void {
    for (const [id, { until }] of this.#requests) if (until + KEPT <= now) this.#requests.delete(id);
  }
}

async function makeSeal(): Promise<Sealing> {
  const { privateKey, publicKey } = await generateKeyPair("ECDH-ES", { crv: "P-256", extractable: true });
  const kid = encodeBase64Url(randomBytes(8));
  return { privateKey, jwk: { ...((await exportJWK(publicKey)) as JsonObject), kid, use: "enc", alg: "ECDH-ES" } };
}

/** §8.2, §8.3: the answer as a form, or sealed. */
async function openAnswer(
  form: Readonly<Record<string, string>>,
  { seal }: Waiting,
): Promise<Readonly<Record<string, Json | undefined>>> {
  if (seal === undefined) return form;
  const { response } = form;
  if (response === undefined) throw openidError("openid.request", "the request wants a sealed answer (response)");
  try {
    const { plaintext } = await compactDecrypt(response, seal.privateKey, {
      keyManagementAlgorithms: ["ECDH-ES"],
      contentEncryptionAlgorithms: ["A256GCM", "A128GCM"],
    });
    const value = parseJson(plaintext, { depth: VC_API_LIMITS.depth, integers: false });
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch (error) {
    throw openidError("openid.request", "the sealed answer cannot be opened", {}, error);
  }
  throw openidError("openid.request", "the sealed answer holds no object");
}

/** In a form `vp_token` is JSON in text. */
function tokenOf(value: Json | undefined): Json {
  if (value === undefined) throw openidError("openid.request", "vp_token is missing");
  if (typeof value !== "string") return value;
  try {
    return parseJson(value, { depth: VC_API_LIMITS.depth, integers: false });
  } catch (error) {
    throw openidError("openid.request", "vp_token is no JSON", {}, error);
  }
}

function isSame(given: Json | undefined, known: string): boolean {
  if (typeof given !== "string") return false;
  const [a, b] = [Buffer.from(given), Buffer.from(known)];
  return a.length === b.length && timingSafeEqual(a, b);
}

const seconds = (milliseconds: number) => Math.floor(milliseconds / 1000);
