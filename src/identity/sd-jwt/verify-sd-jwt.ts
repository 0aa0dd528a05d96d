import type { Json, JsonObject } from "#base";
import { isObject } from "../credentials/document-parts.ts";
import { credentialError } from "../credentials/errors.ts";
import type { VerificationKey } from "../credentials/keys.ts";
import type { VerifyOptions } from "../credentials/verify-credential.ts";
import { verifySignedBy } from "../jose/compact-jws.ts";
import { checkTokenTime } from "../jose/token-time.ts";
import { requireDid } from "../jose/vc-claims.ts";
import type { ClaimPath } from "./claim-path.ts";
import { type KeyBinding, type KeyBindingDemand, verifyKeyBinding } from "./key-binding.ts";
import { revealClaims } from "./reveal-claims.ts";
import { decodeSdJwt, type SdJwtType } from "./sd-jwt-text.ts";
import { requireShown } from "./shown-claims.ts";

/** What a verifier goes by. `status` is asked with the claim of that name, `recognised` with `vct`; `issued` is `iat`. */
export interface VerifySdJwtOptions
  extends Pick<VerifyOptions, "keys" | "now" | "status" | "checkStatus" | "recognised" | "recognisedAt"> {
  /**
   * The proof that is demanded of the holder. Whether one is demanded is the verifier's to say, never the presentation's: without it, what
   * comes with a proof is refused as something that was made for another (RFC 9901 §7.2).
   */
  readonly keyBinding?: KeyBindingDemand | undefined;
  /** Values of `vct` that are taken; all where there are none. */
  readonly types?: readonly string[] | undefined;
}

/** An SD-JWT VC that held. */
export interface VerifiedSdJwt {
  /** What is shown, as if nothing had been hidden. */
  readonly claims: JsonObject;
  /** DID. */
  readonly issuer: string;
  /** `vct`. */
  readonly type: string;
  readonly key: VerificationKey;
  /** What the holder chose to show. */
  readonly disclosed: readonly ClaimPath[];
  /** Where one was demanded. */
  readonly keyBinding: KeyBinding | undefined;
}

/**
 * Verifies an SD-JWT VC, with the holder's proof where one is demanded.
 *
 * @throws HansaError `credentials.*`
 * @example
 * ```ts
 * const { claims } = await verifySdJwt(presented, { keys, now, keyBinding: { nonce, audience: "https://shop.example" } });
 * ```
 */
export async function verifySdJwt(text: string, options: VerifySdJwtOptions): Promise<VerifiedSdJwt> {
  const opened = await openSdJwt(text, options, (signed) => requireDid(signed["iss"], "iss"));
  const { claims, issuer } = opened;
  const { vct, status, iat } = claims;
  if (typeof vct !== "string" || vct === "")
    throw credentialError("credentials.document", "vct is missing or no text", { path: "/vct" });
  if (options.types !== undefined && !options.types.includes(vct))
    throw credentialError("credentials.document", "the credential is of another type than is wanted", { path: "/vct" });
  if (status !== undefined && options.checkStatus !== false) await checkStatus(status, claims, options);
  const { recognised, recognisedAt = "now", now } = options;
  const time = recognisedAt === "issued" && typeof iat === "number" ? iat * 1000 : now;
  if (recognised !== undefined && !(await recognised(issuer, [vct], time)))
    throw credentialError("credentials.issuer", "the issuer is not recognised for this type of credential", {
      issuer: issuer.slice(0, 200),
      types: [vct.slice(0, 200)],
    });
  return { ...opened, claims, issuer, type: vct };
}

/** SD-JWT of any payload: signature, disclosures, times, and the holder's proof. @throws HansaError `credentials.*` */
export async function openSdJwt(
  text: string,
  { keys, now, keyBinding: demand }: Pick<VerifySdJwtOptions, "keys" | "now" | "keyBinding">,
  issuerOf: (signed: JsonObject) => string,
): Promise<Omit<VerifiedSdJwt, "type"> & { readonly typ: SdJwtType }> {
  const { token, disclosures, keyBinding: proof, bound } = decodeSdJwt(text);
  if (demand === undefined && proof !== undefined)
    throw credentialError("credentials.holder", "there is a proof of the holder's key that nobody demanded");
  // From what the issuer signed: a claim of a disclosure names no issuer.
  const issuer = issuerOf(token.claims);
  const key = await verifySignedBy(token, issuer, "assertionMethod", keys);
  const { claims, revealed } = revealClaims(token.claims, disclosures);
  const disclosed = revealed.map(({ path }) => path);
  requireShown(disclosed, claims);
  // `iat` may come from a disclosure; `nbf` and `exp` do not.
  checkTokenTime(claims, now);
  const keyBinding =
    demand === undefined ? undefined : await verifyKeyBinding(proof, bound, token.claims["cnf"], demand, keys, now);
  return { claims, issuer, key, disclosed, keyBinding, typ: token.typ as SdJwtType };
}

async function checkStatus(status: Json, claims: JsonObject, options: VerifySdJwtOptions): Promise<void> {
  if (!isObject(status)) throw credentialError("credentials.status-unknown", "status is no object");
  if (options.status === undefined)
    throw credentialError("credentials.status-unknown", "there is nobody to ask for the credential's status");
  await options.status(status, claims);
}
