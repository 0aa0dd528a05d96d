/** The wallet's side of OpenID4VCI 1.0: an offer with a pre-authorized code becomes credentials of the wallet. */
import type { JwtSigner } from "@openid4vc/oauth2";
import type { Openid4vciClient } from "@openid4vc/openid4vci";
import type { Algorithm } from "#crypto";
import { algOf, algorithmOfAlg } from "../jose/algorithms.ts";
import { jwkOfKey } from "../jose/jwk.ts";
import type { StoredCredential } from "../wallet/stored-credential.ts";
import type { ReceiveOptions, Wallet } from "../wallet/wallet.ts";
import type { WalletKey } from "../wallet/wallet-keys.ts";
import { makeCallbacks } from "./callbacks.ts";
import { openidError } from "./errors.ts";
import { guardFetch, requireAddress } from "./guard-fetch.ts";
import { peerError } from "./peer-error.ts";

/** An offer, before anything is asked of its issuer but what it offers. */
export interface OpenedOffer {
  /** Identifier of the credential issuer: its address. */
  readonly issuer: string;
  readonly credentials: readonly OfferedCredential[];
  /** What the transaction code looks like, which the issuer tells by another way; `undefined` where none is wanted. */
  readonly txCode:
    | { readonly numeric: boolean; readonly length: number | undefined; readonly description: string | undefined }
    | undefined;
}

export interface OfferedCredential {
  /** Name of the issuer's credential configuration. */
  readonly configuration: string;
  readonly format: string;
  /** `vct`, or types. */
  readonly types: readonly string[];
}

export interface AcceptOptions extends ReceiveOptions {
  /** All that is sent and asked goes through it; `guardFetch` is put around it. */
  readonly fetch: typeof fetch;
  readonly txCode?: string | undefined;
  /** Key or DID of the wallet that the credentials are issued to; the first that will do where left out, and a fresh P-256 key where there is none. */
  readonly key?: string | undefined;
  /** Milliseconds since 1970. */
  readonly now?: number | undefined;
}

/** Keys that a wallet can make, most widely known first. */
const MADE: readonly Algorithm[] = ["P-256", "Ed25519", "secp256k1"];
const LONGEST = 64 * 1024;
const PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code";

/**
 * Reads an offer, and asks its issuer what it offers. The code in it is not used.
 *
 * @throws HansaError `openid.request`, `openid.address`, `openid.peer`, `openid.unsupported`
 */
export async function openOffer(uri: string, options: Pick<AcceptOptions, "fetch">): Promise<OpenedOffer> {
  const { offer, grant, configurations } = await resolveOffer(uri, await clientOf(options.fetch, []));
  const txCode = grant.tx_code;
  return {
    issuer: offer.credential_issuer,
    credentials: configurations.map(describe),
    txCode:
      txCode === undefined
        ? undefined
        : { numeric: txCode.input_mode !== "text", length: txCode.length, description: txCode.description },
  };
}

/**
 * Accepts an offer: takes its code for a token, proves a key, and receives what is issued to it, verified as any other credential is.
 *
 * @throws HansaError `openid.*`, `wallet.*`, `credentials.*`
 * @example
 * ```ts
 * const [credential] = await acceptOffer(wallet, "openid-credential-offer://?credential_offer_uri=…", { fetch, keys, status, txCode });
 * ```
 */
export async function acceptOffer(
  wallet: Wallet,
  uri: string,
  { fetch, txCode, key: wanted, now = Date.now(), ...receive }: AcceptOptions,
): Promise<StoredCredential[]> {
  const own = await wallet.keys();
  const { offer, grant, metadata, configurations } = await resolveOffer(uri, await clientOf(fetch, own));
  if (grant.tx_code !== undefined && (txCode === undefined || txCode === ""))
    throw openidError("openid.tx-code", "the offer wants a transaction code");
  // Keys are chosen first: once the code is used, it is gone.
  const chosen = new Map<string, WalletKey>();
  for (const configuration of configurations)
    chosen.set(configuration.id, await chooseKey(wallet, configuration, wanted));
  const client = await clientOf(fetch, [...chosen.values()]);
  const token = await client
    .retrievePreAuthorizedCodeAccessTokenFromOffer({
      credentialOffer: offer,
      issuerMetadata: metadata,
      ...(txCode === undefined ? {} : { txCode }),
    })
    .catch((error: unknown) => {
      throw peerError(error, "the offer's code");
    });
  const texts: string[] = [];
  for (const configuration of configurations) {
    const key = chosen.get(configuration.id) as WalletKey;
    texts.push(...(await retrieve(client, metadata, configuration, key, token.accessTokenResponse.access_token, now)));
  }
  const received: StoredCredential[] = [];
  for (const text of texts) received.push(await wallet.receive(text, receive));
  return received;
}

type Metadata = Awaited<ReturnType<Openid4vciClient["resolveIssuerMetadata"]>>;

/** A configuration of an issuer, as far as it is known here. */
interface Configuration {
  readonly id: string;
  readonly supported: Metadata["credentialIssuer"]["credential_configurations_supported"][string];
}

async function clientOf(fetch: AcceptOptions["fetch"], signers: readonly WalletKey[]): Promise<Openid4vciClient> {
  const { Openid4vciClient } = await import("@openid4vc/openid4vci");
  return new Openid4vciClient({ callbacks: await makeCallbacks({ fetch: guardFetch(fetch), signers }) });
}

async function resolveOffer(uri: string, client: Openid4vciClient) {
  if (uri.length > LONGEST) throw openidError("openid.request", `an offer has at most ${LONGEST} characters`);
  const offer = await client.resolveCredentialOffer(uri.trim()).catch((error: unknown) => {
    const { code, message } = peerError(error, "the offer");
    throw openidError(code === "openid.peer" ? "openid.request" : (code as "openid.request"), message, {}, error);
  });
  requireAddress(offer.credential_issuer);
  const grant = offer.grants?.[PRE_AUTHORIZED];
  if (grant === undefined)
    throw openidError("openid.unsupported", "the offer has no pre-authorized code, and no other way is known here");
  const metadata = await client.resolveIssuerMetadata(offer.credential_issuer).catch((error: unknown) => {
    throw peerError(error, "the issuer's metadata");
  });
  const supported = metadata.credentialIssuer.credential_configurations_supported;
  const configurations = offer.credential_configuration_ids.map((id): Configuration => {
    const known = Object.hasOwn(supported, id) ? supported[id] : undefined;
    if (known === undefined) throw openidError("openid.peer", "the offer names what its issuer does not have");
    return { id, supported: known };
  });
  return { offer, grant, metadata, configurations };
}

function describe({ id, supported }: Configuration): OfferedCredential {
  const {
    format,
    vct,
    credential_definition: definition,
  } = supported as {
    format: string;
    vct?: unknown;
    credential_definition?: { type?: readonly unknown[] };
  };
  const types = typeof vct === "string" ? [vct] : (definition?.type ?? []).map(String);
  return { configuration: id, format, types };
}

async function chooseKey(wallet: Wallet, { supported }: Configuration, wanted: string | undefined): Promise<WalletKey> {
  const algorithms = supported.proof_types_supported?.["jwt"]?.proof_signing_alg_values_supported;
  if (algorithms === undefined)
    throw openidError("openid.unsupported", "the issuer takes no proof of a key that is known here");
  const fits = ({ algorithm }: Pick<WalletKey, "algorithm">) =>
    algorithms.some((alg) => algorithmOfAlg(alg) === algorithm);
  const keys = await wallet.keys();
  const named = keys.filter(({ id, controller }) => wanted === undefined || id === wanted || controller === wanted);
  const key = named.find(fits);
  if (key !== undefined) return key;
  if (wanted !== undefined)
    throw openidError("openid.unsupported", "the wallet has no such key, or the issuer takes none of its kind");
  const made = MADE.find((algorithm) => fits({ algorithm }));
  if (made === undefined) throw openidError("openid.unsupported", "the issuer takes no key that a wallet makes");
  return wallet.createKey(made);
}

async function retrieve(
  client: Openid4vciClient,
  issuerMetadata: Metadata,
  { id, supported }: Configuration,
  key: WalletKey,
  accessToken: string,
  now: number,
): Promise<string[]> {
  try {
    const nonce =
      issuerMetadata.credentialIssuer.nonce_endpoint === undefined
        ? undefined
        : (await client.requestNonce({ issuerMetadata })).c_nonce;
    const { jwt } = await client.createCredentialRequestJwtProof({
      issuerMetadata,
      credentialConfigurationId: id,
      issuedAt: new Date(now),
      signer: signerOf(key, supported),
      ...(nonce === undefined ? {} : { nonce }),
    });
    const { credentialResponse } = await client.retrieveCredentials({
      issuerMetadata,
      credentialConfigurationId: id,
      accessToken,
      proofs: { jwt: [jwt] },
    });
    const credentials = credentialResponse.credentials ?? [];
    if (credentials.length === 0)
      throw openidError("openid.unsupported", "the issuer issues later, and nothing is fetched later here");
    return credentials.map((one) => {
      const credential = typeof one === "object" && one !== null && "credential" in one ? one.credential : one;
      return typeof credential === "string" ? credential : JSON.stringify(credential);
    });
  } catch (error) {
    throw peerError(error, "the credential");
  }
}

/** By its DID where the issuer takes that: a credential of the data model then names the holder as he names himself. */
function signerOf(key: WalletKey, supported: Configuration["supported"]): JwtSigner {
  const alg = algNameFor(key, supported);
  const methods = supported.cryptographic_binding_methods_supported ?? [];
  const method = key.controller.split(":").slice(0, 2).join(":");
  if (methods.includes(method) || methods.includes("did")) return { method: "did", didUrl: key.id, alg };
  return { method: "jwk", publicJwk: jwkOfKey(key) as never, alg };
}

/** The name that the issuer has for the algorithm: Ed25519 has two (RFC 9864). */
function algNameFor({ algorithm }: WalletKey, supported: Configuration["supported"]): string {
  const named = supported.proof_types_supported?.["jwt"]?.proof_signing_alg_values_supported ?? [];
  const usual = algOf(algorithm);
  return named.includes(usual) ? usual : (named.find((alg) => algorithmOfAlg(alg) === algorithm) ?? usual);
}
