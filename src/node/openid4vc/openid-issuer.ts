/** OpenID4VCI 1.0 at a node: offers with pre-authorized codes, tokens, nonces, and credentials for proven keys. */
import { Oauth2AuthorizationServer, preAuthorizedCodeGrantIdentifier } from "@openid4vc/oauth2";
import { Openid4vciIssuer } from "@openid4vc/openid4vci";
import type { Clock, Json, JsonObject } from "#base";
import {
  type KeyFinder,
  type OpenidCallbacks,
  openidError,
  type ProvenKey,
  sentenceOf,
  verifyKeyProof,
} from "#identity";
import { type CredentialOffer, type OfferRequest, type OfferState, OPENID_LIMITS } from "#protocol";
import type { CredentialService } from "../credentials/credential-service.ts";
import { type Configuration, checkClaims, describeConfiguration, issueConfigured } from "./configurations.ts";
import { DPOP_ALGS, DpopProofs } from "./dpop.ts";
import { ProofNonces } from "./nonces.ts";
import { type Grant, type Offer, Offers, txCodeShape } from "./offers.ts";

export interface OpenidIssuerOptions {
  readonly configurations: ReadonlyMap<string, Configuration>;
  readonly credentials: CredentialService;
  readonly callbacks: OpenidCallbacks;
  readonly clock: Clock;
  /** Identifier of the credential issuer: where others reach the node. */
  readonly url: () => string;
  /** Name as wallets show it. */
  readonly name: string | undefined;
}

/** A credential request as it arrived. */
export interface CredentialCall {
  readonly authorization: string | undefined;
  readonly dpop: string | undefined;
  readonly body: JsonObject;
  /** Keys of DIDs, as the caller may see them. */
  readonly keys: KeyFinder;
}

const CREDENTIAL_PATH = "/openid4vci/credential";
const TOKEN_PATH = "/openid4vci/token";

export class OpenidIssuer {
  readonly #options: OpenidIssuerOptions;
  readonly #offers: Offers;
  readonly #nonces: ProofNonces;
  readonly #dpop: DpopProofs;
  readonly #library: Openid4vciIssuer;
  readonly #server: Oauth2AuthorizationServer;

  constructor(options: OpenidIssuerOptions) {
    const { callbacks } = options;
    this.#options = options;
    this.#library = new Openid4vciIssuer({ callbacks });
    this.#server = new Oauth2AuthorizationServer({ callbacks });
    this.#offers = new Offers(options.clock);
    this.#nonces = new ProofNonces(options.clock);
    this.#dpop = new DpopProofs(options.clock, callbacks);
  }

  /** Metadata of the credential issuer (§12.2). */
  metadata() {
    const { name, configurations, url } = this.#options;
    const issuer = url();
    return this.#library.createCredentialIssuerMetadata({
      credential_issuer: issuer,
      credential_endpoint: issuer + CREDENTIAL_PATH,
      nonce_endpoint: `${issuer}/openid4vci/nonce`,
      batch_credential_issuance: { batch_size: OPENID_LIMITS.batch },
      ...(name === undefined ? {} : { display: [{ name }] }),
      credential_configurations_supported: Object.fromEntries(
        [...configurations].map(([id, configuration]) => [id, describeConfiguration(configuration)]),
      ) as never,
    });
  }

  /** Metadata of the node as authorization server (RFC 8414). */
  serverMetadata(): JsonObject {
    const issuer = this.#options.url();
    return {
      issuer,
      token_endpoint: issuer + TOKEN_PATH,
      response_types_supported: [],
      grant_types_supported: [preAuthorizedCodeGrantIdentifier],
      token_endpoint_auth_methods_supported: ["none"],
      "pre-authorized_grant_anonymous_access_supported": true,
      dpop_signing_alg_values_supported: DPOP_ALGS,
    };
  }

  /** @throws HansaError `openid.configuration`, `openid.claims`, `openid.busy`, `credentials.*` */
  offer(request: OfferRequest): CredentialOffer {
    const { clock, configurations, url } = this.#options;
    const configuration = configurations.get(request.configuration);
    if (configuration === undefined)
      throw openidError("openid.configuration", "there is no such credential configuration", {
        has: [...configurations.keys()],
      });
    checkClaims(configuration, request.claims as JsonObject, clock.now(), this.#options.credentials.contexts);
    const { offer, txCode } = this.#offers.create(request);
    const address = `${url()}/openid4vci/offers/${offer.id}`;
    return {
      id: offer.id,
      uri: `openid-credential-offer://?${new URLSearchParams({ credential_offer_uri: address }).toString()}`,
      credentialOffer: this.#objectOf(offer),
      ...(txCode === undefined ? {} : { txCode }),
      credentialId: offer.credentialId,
      expires: Math.floor(offer.until / 1000),
    };
  }

  /** The offer for whoever has its address. @throws HansaError `openid.unknown` */
  offerObject(id: string): JsonObject {
    return this.#objectOf(this.#offers.open(id));
  }

  /** @throws HansaError `openid.unknown` */
  offerState(id: string): OfferState {
    return this.#offers.stateOf(id);
  }

  /** §4.1.1 */
  #objectOf({ configuration, code, txCode }: Offer): JsonObject {
    return {
      credential_issuer: this.#options.url(),
      credential_configuration_ids: [configuration],
      grants: {
        [preAuthorizedCodeGrantIdentifier]: {
          "pre-authorized_code": code,
          ...(txCode === undefined ? {} : { tx_code: txCodeShape(txCode) }),
        },
      },
    };
  }

  /**
   * The token endpoint (§6).
   *
   * @throws HansaError `openid.request`, `openid.grant-type`, `openid.grant`, `openid.dpop`
   */
  async token(form: Readonly<Record<string, string>>, dpop: string | undefined): Promise<JsonObject> {
    const url = this.#options.url() + TOKEN_PATH;
    const { code, txCode } = this.#parseTokenRequest(form, url);
    const proof = dpop === undefined ? undefined : await this.#dpop.verify({ proof: dpop, url });
    proof?.use();
    const { token } = this.#offers.redeem(code, txCode, proof?.jkt);
    return {
      access_token: token,
      token_type: proof === undefined ? "Bearer" : "DPoP",
      expires_in: OPENID_LIMITS.tokenSeconds,
    };
  }

  #parseTokenRequest(form: Readonly<Record<string, string>>, url: string) {
    if (form["grant_type"] === undefined) throw openidError("openid.request", "grant_type is missing");
    if (form["grant_type"] !== preAuthorizedCodeGrantIdentifier)
      throw openidError("openid.grant-type", "no tokens are given for this grant_type");
    try {
      const { grant } = this.#server.parseAccessTokenRequest({
        accessTokenRequest: form,
        request: { method: "POST", url, headers: new Headers() },
      });
      if (grant.grantType !== preAuthorizedCodeGrantIdentifier) throw new Error("it has another grant");
      return { code: grant.preAuthorizedCode, txCode: grant.txCode };
    } catch (error) {
      throw openidError("openid.request", `the token request is malformed: ${sentenceOf(error)}`, {}, error);
    }
  }

  /** The nonce endpoint (§7). */
  nonce(): JsonObject {
    return { c_nonce: this.#nonces.create() };
  }

  /**
   * The credential endpoint (§8).
   *
   * @throws HansaError `openid.token`, `openid.dpop`, `openid.credential-request`, `openid.configuration`, `openid.proof`, `openid.nonce`, `openid.busy`,
   * `credentials.*`, `vc-api.*`
   */
  async credential({ authorization, dpop, body, keys }: CredentialCall): Promise<JsonObject> {
    const grant = await this.#authorize(authorization, dpop);
    const { configuration, proofs } = this.#parseCredentialRequest(body, grant);
    if (grant.busy) throw openidError("openid.token", "the token is in use by another request");
    grant.busy = true;
    try {
      const proven = await this.#verifyProofs(proofs, keys);
      const now = Math.floor(this.#options.clock.now() / 1000) * 1000;
      const { credentialId } = grant.offer;
      // Whoever presents the code a second time meanwhile takes the token away.
      const claims = this.#grantOf(tokenOf(authorization)).offer.claims as JsonObject;
      const credentials: Json[] = [];
      for (const key of proven) {
        const how = { claims, key, credentialId, now };
        credentials.push({ credential: await issueConfigured(configuration, how, this.#options.credentials) });
      }
      this.#offers.finish(grant);
      return { credentials };
    } finally {
      grant.busy = false;
    }
  }

  async #authorize(authorization: string | undefined, dpop: string | undefined): Promise<Grant> {
    const token = tokenOf(authorization);
    const grant = this.#grantOf(token);
    const scheme = authorization?.slice(0, authorization.indexOf(" ")).toLowerCase();
    if (scheme !== (grant.jkt === undefined ? "bearer" : "dpop"))
      throw openidError("openid.token", "the token is of another type than the request says");
    if (grant.jkt === undefined) return grant;
    if (dpop === undefined) throw openidError("openid.dpop", "the token wants a DPoP proof");
    const url = this.#options.url() + CREDENTIAL_PATH;
    const proof = await this.#dpop.verify({ proof: dpop, url, accessToken: token });
    if (proof.jkt !== grant.jkt) throw openidError("openid.token", "the token is bound to another key");
    proof.use();
    return grant;
  }

  #grantOf(token: string): Grant {
    return this.#offers.grantOf(token);
  }

  #parseCredentialRequest(body: JsonObject, grant: Grant) {
    const { configurations } = this.#options;
    const { credential_configuration_id: id, credential_identifier: identifier } = body;
    if (identifier !== undefined || typeof id !== "string")
      throw openidError("openid.credential-request", "credential_configuration_id says what is wanted");
    const configuration = id === grant.offer.configuration ? configurations.get(id) : undefined;
    if (configuration === undefined)
      throw openidError("openid.configuration", "the token is for another credential configuration");
    if (body["credential_response_encryption"] !== undefined)
      throw openidError("openid.credential-request", "answers are not encrypted here");
    const { proofs } = parse(() =>
      this.#library.parseCredentialRequest({
        credentialRequest: body,
        issuerMetadata: {
          credentialIssuer: this.metadata(),
          knownCredentialConfigurations: { [id]: describeConfiguration(configuration) },
        } as never,
      }),
    );
    if (proofs === undefined) throw openidError("openid.proof", "the request has no proofs");
    const { jwt } = proofs;
    if (jwt === undefined || jwt.length > OPENID_LIMITS.batch)
      throw openidError("openid.proof", `proofs.jwt holds 1 to ${OPENID_LIMITS.batch} proofs`);
    return { configuration, proofs: jwt };
  }

  async #verifyProofs(proofs: readonly string[], keys: KeyFinder): Promise<readonly ProvenKey[]> {
    const { clock, url } = this.#options;
    const proven: ProvenKey[] = [];
    const nonces = new Set<string>();
    for (const jwt of proofs) {
      const { key, nonce } = await verifyKeyProof(jwt, { issuer: url(), keys, now: clock.now() });
      proven.push(key);
      nonces.add(nonce);
    }
    const [nonce, other] = nonces;
    // §8.2: all proofs of one request have one nonce.
    if (nonce === undefined || other !== undefined) throw openidError("openid.proof", "the proofs have several nonces");
    if (new Set(proven.map(({ publicKey }) => publicKey.join())).size < proven.length)
      throw openidError("openid.proof", "two proofs are of one key");
    this.#nonces.use(nonce);
    return proven;
  }
}

function tokenOf(authorization: string | undefined): string {
  const token = authorization?.slice(authorization.indexOf(" ") + 1).trim();
  if (token === undefined || token === "" || token.length > 512)
    throw openidError("openid.token", "there is no access token");
  return token;
}

function parse<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw openidError("openid.credential-request", sentenceOf(error), {}, error);
  }
}
