/** Issuers, holders and credentials of every format for the tests of the wallet. */
import type { JsonObject } from "#base";
import { createCredentialSigner } from "../credentials/credential-key.ts";
import { issueCredential } from "../credentials/issue-credential.ts";
import { makeKeyFinder } from "../credentials/key-finder.ts";
import type { CredentialSigner } from "../credentials/keys.ts";
import { issueJwtCredential } from "../jose/jwt-credential.ts";
import { keyMethod } from "../methods/key/key-method.ts";
import { DidResolver } from "../resolution/resolver.ts";
import type { ClaimPath } from "../sd-jwt/claim-path.ts";
import { issueSdJwt } from "../sd-jwt/issue-sd-jwt.ts";

/** 2026-01-01T00:00:00Z */
export const NOW = 1_767_225_600_000;
export const PASSPHRASE = "a passphrase of several words";
/** The least that is taken: the tests are about what is in the file. */
export const CHEAP = { passes: 2, memory: 19 * 2 ** 20 };
export const VERIFIER = { domain: "https://shop.example", challenge: "challenge-of-the-shop" };

export const issuer = createCredentialSigner("Ed25519", { secret: new Uint8Array(32).fill(1) });
export const finder = makeKeyFinder(new DidResolver([keyMethod]), { mayRead: () => false });

const CONTEXT = ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"];

/** A credential of VC Data Model 2.0 about somebody; about nobody where none is named. */
export function degreeOf(subject: string | undefined, more: JsonObject = {}): JsonObject {
  return {
    "@context": CONTEXT,
    type: ["VerifiableCredential", "ExampleDegreeCredential"],
    issuer: issuer.controller,
    validFrom: "2025-06-01T00:00:00Z",
    credentialSubject: { ...(subject === undefined ? {} : { id: subject }), degree: "Master of Meters" },
    ...more,
  };
}

export async function dataIntegrity(
  subject: string | undefined,
  more: JsonObject = {},
  suite: "eddsa-jcs-2022" | "eddsa-rdfc-2022" = "eddsa-jcs-2022",
): Promise<string> {
  const signed = await issueCredential(degreeOf(subject, more), issuer, {
    suite,
    created: NOW - 1000,
  });
  return JSON.stringify(signed);
}

export function jose(subject: string | undefined, more: JsonObject = {}): string {
  return issueJwtCredential(degreeOf(subject, more), issuer);
}

export const PERSON: JsonObject = {
  vct: "https://town.example/resident",
  name: "Alice Adler",
  born: "1990-02-03",
  address: { street: "Long Lane 7", city: "Lübeck", country: "DE" },
  nationalities: ["DE", "DK"],
};
export const PERSON_HIDDEN: readonly ClaimPath[] = [
  ["name"],
  ["born"],
  ["address"],
  ["address", "street"],
  ["address", "city"],
  ["nationalities", null],
];

export function sdJwt(
  holder: Pick<CredentialSigner, "algorithm" | "publicKey"> | undefined,
  claims: JsonObject = PERSON,
  disclose: readonly ClaimPath[] = PERSON_HIDDEN,
): string {
  return issueSdJwt({ iat: NOW / 1000 - 60, ...claims }, issuer, {
    disclose,
    decoys: 1,
    ...(holder === undefined ? {} : { holderKey: holder }),
  });
}
