/** One credential, shown to one verifier. */
import type { Json, JsonObject } from "#base";
import { CREDENTIALS_V1 } from "../credentials/contexts/bundled-contexts.ts";
import { createPresentation, makePresentation } from "../credentials/create-presentation.ts";
import { signCompactJws } from "../jose/compact-jws.ts";
import { envelopCredential } from "../jose/envelope.ts";
import { issueJwtPresentation } from "../jose/jwt-presentation.ts";
import { type ClaimPath, leadsSomewhere } from "../sd-jwt/claim-path.ts";
import { presentSdJwt } from "../sd-jwt/present-sd-jwt.ts";
import { exposureOf, formatClaim, leavesOf } from "./claims.ts";
import { deriveChosen } from "./derive-chosen.ts";
import { refuseUnwanted, walletError } from "./errors.ts";
import type { HeldCredential } from "./held-credential.ts";
import { suiteFor } from "./holder-key.ts";
import type { WalletKey } from "./wallet-keys.ts";

/** For whom a presentation is, and what it answers. Times in milliseconds since 1970. */
export interface Audience {
  readonly domain: string;
  readonly challenge: string;
  readonly now: number;
  readonly expires: number;
}

/** What is to leave, and what it tells. */
export interface MadePresentation {
  /** A presentation of Data Integrity as JSON, any other as its compact text. */
  readonly presentation: Json;
  /** All claims that it shows. */
  readonly shown: readonly ClaimPath[];
}

/**
 * Makes a presentation that shows the chosen claims, those that nobody can keep back, and no others.
 *
 * @param key - the holder's; `undefined` where none is wanted: the presentation can then be shown again by whoever gets it
 * @throws HansaError `wallet.claim`, `wallet.indivisible`, `wallet.no-key`, `credentials.*`
 */
export async function presentCredential(
  held: HeldCredential,
  key: WalletKey | undefined,
  chosen: readonly ClaimPath[] | "all",
  audience: Audience,
): Promise<MadePresentation> {
  switch (held.format) {
    case "dc+sd-jwt":
    case "vc+sd-jwt":
      return presentSelective(held, key, chosen, audience);
    case "jwt_vc_json":
      requireWhole(held, chosen);
      return { presentation: presentJwt(held, requireKey(held, key), audience), shown: leavesOf(held.claims) };
    case "ldp_vc": {
      if (held.hidden === undefined) requireWhole(held, chosen);
      else requireClaims(held, chosen);
      const document = held.hidden === undefined ? held.claims : await deriveChosen(held, chosen);
      const presentation = await presentDataIntegrity(document, held.id, requireKey(held, key), audience);
      return { presentation, shown: leavesOf(document) };
    }
  }
}

function presentSelective(
  held: HeldCredential,
  key: WalletKey | undefined,
  chosen: readonly ClaimPath[] | "all",
  { domain, challenge, now }: Audience,
): MadePresentation {
  const hidden = held.hidden ?? [];
  requireClaims(held, chosen);
  const binding = { audience: domain, nonce: challenge, issuedAt: Math.floor(now / 1000) };
  const keyBinding = key === undefined ? {} : { keyBinding: { ...binding, signer: key } };
  const { shown, unwanted } =
    chosen === "all" ? { shown: leavesOf(held.claims), unwanted: [] } : exposureOf(held.claims, hidden, chosen);
  refuseUnwanted(unwanted.map(formatClaim));
  return { presentation: presentSdJwt(held.text, { disclose: chosen, ...keyBinding }), shown };
}

function requireClaims(held: HeldCredential, chosen: readonly ClaimPath[] | "all"): void {
  const nowhere = chosen === "all" ? undefined : chosen.find((path) => !leadsSomewhere(held.claims, path));
  if (nowhere !== undefined)
    throw walletError("wallet.claim", `the credential has no claim ${formatClaim(nowhere).slice(0, 100)}`, {
      credential: held.id,
    });
}

/** Of formats that show all or nothing, whoever names claims does not mean all the others. */
function requireWhole(held: HeldCredential, chosen: readonly ClaimPath[] | "all"): void {
  if (chosen !== "all")
    throw walletError("wallet.indivisible", `the credential ${held.id} is shown whole or not at all`, {
      credential: held.id,
    });
}

function requireKey(held: HeldCredential, key: WalletKey | undefined): WalletKey {
  if (key === undefined)
    throw walletError("wallet.no-key", `the wallet has no key to present ${held.id} with`, { credential: held.id });
  return key;
}

function presentJwt(held: HeldCredential, key: WalletKey, { domain, challenge, now, expires }: Audience): string {
  const times = { issuedAt: Math.floor(now / 1000), expires: Math.floor(expires / 1000) };
  if (held.version === "2.0") {
    const presentation = makePresentation([envelopCredential(held.text, "application/vc+jwt")], key.controller);
    return issueJwtPresentation(presentation, key, { domain, challenge, ...times });
  }
  // An envelope of 2.0 holds no credential of 1.1, whose presentations are of 1.1, too (§6.3.1 there).
  const vp = {
    "@context": [CREDENTIALS_V1],
    type: ["VerifiablePresentation"],
    verifiableCredential: [held.text],
  };
  const claims = { iss: key.controller, aud: domain, nonce: challenge, iat: times.issuedAt, exp: times.expires, vp };
  return signCompactJws({ kid: key.id, typ: "JWT" }, claims, key);
}

async function presentDataIntegrity(
  document: JsonObject,
  credential: string,
  key: WalletKey,
  { domain, challenge, now, expires }: Audience,
): Promise<Json> {
  const suite = suiteFor(key.algorithm);
  if (suite === undefined)
    throw walletError("wallet.no-key", `a proof of Data Integrity is not made with a key of ${key.algorithm}`, {
      credential,
    });
  const presentation = makePresentation([document], key.controller);
  return createPresentation(presentation, key, { suite, created: now, expires, challenge, domain });
}
