import { encodeBase64Url, encodeUtf8, type Json, type JsonObject } from "#base";
import type { CredentialSigner } from "../credentials/keys.ts";
import { signCompactJws } from "../jose/compact-jws.ts";
import { createParty, keysOf, NOW, SECONDS } from "../jose/parties.suite.ts";
import type { ClaimPath } from "./claim-path.ts";
import { issueSdJwt } from "./issue-sd-jwt.ts";
import { verifySdJwt } from "./verify-sd-jwt.ts";

export const issuer = createParty("did:example:lab");
export const holder = createParty("did:example:meter", "P-256");
export const keys = keysOf([issuer, holder]);
export const AUDIENCE = "https://grid.example";
export const VCT = "https://labs.example/meter-certificate";
export const demand = { nonce: "n-0S6_WzA2Mj", audience: AUDIENCE };

export const claims: JsonObject = {
  vct: VCT,
  iat: SECONDS - 1000,
  exp: SECONDS + 1000,
  serial: "7-4711",
  class: "B",
  place: { street: "Kai 3", town: "Lübeck", geo: { lat: 53.87, lon: 10.69 } },
  accuracy: [0.5, 1, { range: [5, 60] }],
};
export const disclose: ClaimPath[] = [
  ["serial"],
  ["class"],
  ["place"],
  ["place", "street"],
  ["place", "geo", "lat"],
  ["accuracy", null],
  ["accuracy", 2, "range", 1],
];

export const issue = (more: Partial<Parameters<typeof issueSdJwt>[2]> = {}, signer: CredentialSigner = issuer) =>
  issueSdJwt(claims, signer, { disclose, holderKey: holder, ...more });
export const bind = (nonce = demand.nonce, audience = AUDIENCE, issuedAt = SECONDS, signer = holder) => ({
  signer,
  nonce,
  audience,
  issuedAt,
});
export const verify = (text: string, more: object = {}) =>
  verifySdJwt(text, { keys, now: NOW, keyBinding: demand, ...more });

/** An SD-JWT with a payload of our making, whatever it is. */
export const forge = (payload: JsonObject, disclosures: readonly string[], header: JsonObject = {}) =>
  [
    signCompactJws(
      { kid: issuer.id, typ: "dc+sd-jwt", ...header },
      { iss: issuer.controller, vct: VCT, ...payload },
      issuer,
    ),
    ...disclosures,
    "",
  ].join("~");
export const accept = (text: string) => verifySdJwt(text, { keys, now: NOW });
export const encodeJson = (value: Json) => encodeBase64Url(encodeUtf8(JSON.stringify(value)));
