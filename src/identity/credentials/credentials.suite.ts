import { HansaError, type JsonObject } from "#base";
import { keyMethod } from "../methods/key/key-method.ts";
import { DidResolver } from "../resolution/resolver.ts";
import { CREDENTIALS_V2 } from "./contexts/bundled-contexts.ts";
import { createCredentialSigner } from "./credential-key.ts";
import { makeKeyFinder } from "./key-finder.ts";
import type { CredentialAlgorithm, CredentialSigner } from "./keys.ts";

/** 2026-06-01T12:00:00Z: now, for credentials. */
export const NOW = Date.UTC(2026, 5, 1, 12);

export const resolver = new DidResolver([keyMethod]);
export const keys = makeKeyFinder(resolver, { mayRead: () => false });

/** The signer of a number: the same each time. */
export function signerOf(number: number, algorithm: CredentialAlgorithm = "Ed25519"): CredentialSigner {
  return createCredentialSigner(algorithm, { secret: new Uint8Array(algorithm === "P-384" ? 48 : 32).fill(number) });
}

/** A credential with five claims. */
export function credentialOf(issuer: string, members: JsonObject = {}): JsonObject {
  return {
    "@context": [CREDENTIALS_V2, "https://www.w3.org/ns/credentials/examples/v2"],
    id: "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    type: ["VerifiableCredential", "MeterCredential"],
    issuer,
    validFrom: "2026-01-01T00:00:00Z",
    validUntil: "2027-01-01T00:00:00Z",
    credentialSubject: {
      id: "did:example:meter-17",
      serial: "M-0017-2026",
      model: "Hanse 3",
      accuracy: "class B",
      verified: true,
      maximum: 60,
    },
    ...members,
  };
}

/** The code that is thrown; `undefined` where nothing is. */
export async function codeOf(run: () => unknown): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    if (error instanceof HansaError) return error.code;
    throw error;
  }
}
