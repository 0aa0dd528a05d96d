/** What the libraries of OpenID4VC ask of whoever uses them: cryptography by our own suites, keys by our own finder. */
import type { CallbackContext, Jwk } from "@openid4vc/oauth2";
import type { JsonObject } from "#base";
import { randomBytes, sha256 } from "#crypto";
import { type CredentialKey, checkSignature } from "../credentials/credential-key.ts";
import type { CredentialSigner, KeyFinder } from "../credentials/keys.ts";
import { algorithmOfAlg } from "../jose/algorithms.ts";
import { decodeCompactJws, signCompactJws } from "../jose/compact-jws.ts";
import { jwkOfKey, keyOfJwk } from "../jose/jwk.ts";
import { openidError } from "./errors.ts";

export type OpenidCallbacks = Pick<
  CallbackContext,
  "hash" | "generateRandom" | "signJwt" | "verifyJwt" | "clientAuthentication" | "encryptJwe" | "decryptJwe" | "fetch"
>;

export interface CallbackParts {
  /** Finds keys of DIDs; without it, tokens with a key in their header alone are verified. */
  readonly keys?: KeyFinder;
  /** Keys that may be signed with. */
  readonly signers?: readonly CredentialSigner[];
  readonly fetch?: typeof fetch;
}

/**
 * Every token that is signed or verified with a key of the libraries' choice passes here. The libraries are loaded when they are first used:
 * most of what verifies credentials has nothing to do with them.
 */
export async function makeCallbacks({ keys, signers = [], fetch }: CallbackParts): Promise<OpenidCallbacks> {
  const { clientAuthenticationAnonymous, HashAlgorithm, setGlobalConfig } = await import("@openid4vc/oauth2");
  // They take https alone, or anything; which addresses may be without TLS is decided where they are used (guard-fetch.ts).
  setGlobalConfig({ allowInsecureUrls: true });
  return {
    ...(fetch === undefined ? {} : { fetch }),
    hash(data, algorithm) {
      if (algorithm !== HashAlgorithm.Sha256) throw openidError("openid.unsupported", `${algorithm} is not used here`);
      return sha256(data);
    },
    generateRandom: (length) => randomBytes(length),
    signJwt(wanted, { header, payload }) {
      const signer = signers.find((one) =>
        wanted.method === "did" ? one.id === wanted.didUrl : wanted.method === "jwk" && isKey(one, wanted.publicJwk),
      );
      if (signer === undefined) throw openidError("openid.unsupported", "there is no such key to sign with");
      const jwt = signCompactJws(header as JsonObject, payload as JsonObject, signer);
      return { jwt, signerJwk: jwkOfKey(signer) as Jwk };
    },
    async verifyJwt(signer, { compact }) {
      const key = await keyOf(signer, keys);
      const token = decodeCompactJws(compact, "any");
      if (algorithmOfAlg(token.alg) !== key.algorithm || !checkSignature(key, token.input, token.signature))
        return { verified: false };
      return { verified: true, signerJwk: jwkOfKey(key) as Jwk };
    },
    clientAuthentication: clientAuthenticationAnonymous(),
    encryptJwe: () => refuseJwe(),
    decryptJwe: () => refuseJwe(),
  };
}

async function keyOf(
  signer: { readonly method: string; readonly didUrl?: string; readonly publicJwk?: unknown },
  keys: KeyFinder | undefined,
): Promise<CredentialKey> {
  if (signer.method === "jwk") return keyOfJwk(signer.publicJwk as JsonObject);
  if (signer.method === "did" && keys !== undefined && signer.didUrl !== undefined)
    return keys(signer.didUrl, "authentication");
  throw openidError("openid.unsupported", "the token's key is named in a way that is not known here");
}

function isKey(signer: CredentialSigner, jwk: unknown): boolean {
  const { x, y } = jwk as { x?: unknown; y?: unknown };
  const own = jwkOfKey(signer);
  return own["x"] === x && own["y"] === y;
}

function refuseJwe(): never {
  throw openidError("openid.unsupported", "nothing is encrypted this way here");
}
