import type { Json, JsonObject } from "#base";
import type { CredentialKey } from "../credentials/credential-key.ts";
import { credentialError } from "../credentials/errors.ts";
import type { CredentialSigner } from "../credentials/keys.ts";
import { signCompactJws } from "../jose/compact-jws.ts";
import { jwkOfKey } from "../jose/jwk.ts";
import { readNumericDate } from "../jose/token-time.ts";
import type { ClaimPath } from "./claim-path.ts";
import { concealClaims } from "./conceal-claims.ts";
import { encodeSdJwt, type SdJwtType } from "./sd-jwt-text.ts";
import { requireShown } from "./shown-claims.ts";

/** How an SD-JWT is made. */
export interface IssueSdJwtOptions {
  /** Claims that the holder may show or keep back. */
  readonly disclose: readonly ClaimPath[];
  /** Digests of nothing in each place that hides something, 0 to 64; 0 by default. They hide how many claims there are. */
  readonly decoys?: number;
  /** The holder's key: who presents has to have it (`cnf`). */
  readonly holderKey?: CredentialKey;
  /** `dc+sd-jwt` by default. */
  readonly typ?: SdJwtType;
}

/**
 * Issues an SD-JWT VC (RFC 9901, draft-ietf-oauth-sd-jwt-vc).
 *
 * @param claims - `vct` and what else is said, with `iat`, `nbf`, `exp` in seconds and `status` as they shall be; `iss` is the signer's
 * @returns the SD-JWT with all its disclosures, for the holder
 * @throws HansaError `credentials.document`, `credentials.disclosure`
 * @example
 * ```ts
 * const sdJwt = issueSdJwt({ vct: "https://labs.example/meter", iat, serial: "7", class: "B" }, signer, {
 *   disclose: [["serial"], ["class"]], decoys: 2, holderKey,
 * });
 * ```
 */
export function issueSdJwt(claims: JsonObject, signer: CredentialSigner, options: IssueSdJwtOptions): string {
  const { disclose, decoys = 0, holderKey, typ = "dc+sd-jwt" } = options;
  if (typeof claims["vct"] !== "string" || claims["vct"] === "") throw refuse("vct is missing or no text", "vct");
  for (const name of ["iat", "nbf", "exp"]) readNumericDate(claims, name);
  return signSdJwt(claims, signer, { disclose, decoys, holderKey, typ, issuer: "iss" });
}

/** What issuing has in common, whether the payload is SD-JWT VC's or VC Data Model's. @throws HansaError as `issueSdJwt` */
export function signSdJwt(
  claims: JsonObject,
  signer: CredentialSigner,
  options: {
    readonly disclose: readonly ClaimPath[];
    readonly decoys: number;
    readonly holderKey: CredentialKey | undefined;
    readonly typ: SdJwtType;
    /** Claim that names the issuer; `undefined` where the payload has its own. */
    readonly issuer: "iss" | undefined;
  },
): string {
  const { disclose, decoys, holderKey, typ, issuer } = options;
  const whole: Record<string, Json> = { ...claims };
  if (issuer !== undefined) {
    if (claims[issuer] !== undefined && claims[issuer] !== signer.controller)
      throw refuse("iss is another than the signer", "iss");
    whole[issuer] = signer.controller;
  }
  if (holderKey !== undefined) {
    if (claims["cnf"] !== undefined) throw refuse("cnf and holderKey exclude each other", "cnf");
    whole["cnf"] = { jwk: jwkOfKey(holderKey) };
  }
  requireShown(disclose, whole);
  const { payload, disclosures } = concealClaims(whole, disclose, decoys);
  const header = { kid: signer.id, typ, ...(issuer === undefined ? { cty: "vc" } : {}) };
  return encodeSdJwt(signCompactJws(header, payload, signer), disclosures);
}

function refuse(problem: string, name: string) {
  return credentialError("credentials.document", problem, { path: `/${name}`, problem });
}
