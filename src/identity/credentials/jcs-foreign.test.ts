import { DataIntegrityProof } from "@digitalbazaar/data-integrity";
import * as ecdsaJcs from "@digitalbazaar/ecdsa-jcs-2019-cryptosuite";
import * as ecdsaMultikey from "@digitalbazaar/ecdsa-multikey";
import * as ed25519Multikey from "@digitalbazaar/ed25519-multikey";
import * as eddsaJcs from "@digitalbazaar/eddsa-jcs-2022-cryptosuite";
import * as foreign from "@digitalbazaar/vc";
import { describe, expect, it } from "vitest";
import { concatBytes, encodeBase58, type JsonObject } from "#base";
import { bundledContext } from "./contexts/bundled-contexts.ts";
import { createPresentation, makePresentation } from "./create-presentation.ts";
import { createCredentialSigner, encodeCredentialKey } from "./credential-key.ts";
import { credentialOf, keys, NOW, resolver } from "./credentials.suite.ts";
import { issueCredential } from "./issue-credential.ts";
import { verifyCredential } from "./verify-credential.ts";
import { verifyPresentation } from "./verify-presentation.ts";

async function documentLoader(url: string): Promise<object> {
  const document =
    bundledContext(url) ?? (await resolver.dereference(url, {}, { mayRead: () => false })).content ?? undefined;
  return { contextUrl: null, documentUrl: url, document };
}

/** Multicodec of secret keys. */
const SECRET = { Ed25519: [0x80, 0x26], "P-256": [0x86, 0x26], "P-384": [0x87, 0x26] } as const;
const CASES = [
  ["eddsa-jcs-2022", "Ed25519", eddsaJcs, ed25519Multikey],
  ["ecdsa-jcs-2019", "P-256", ecdsaJcs, ecdsaMultikey],
  ["ecdsa-jcs-2019", "P-384", ecdsaJcs, ecdsaMultikey],
] as const;

describe.each(CASES)("%s with %s, against @digitalbazaar/vc", (suite, algorithm, cryptosuite, multikey) => {
  const secret = new Uint8Array(algorithm === "P-384" ? 48 : 32).fill(11);
  const signer = createCredentialSigner(algorithm, { secret });
  const verifier = new DataIntegrityProof({ cryptosuite: cryptosuite.createVerifyCryptosuite() });
  const options = { documentLoader, now: new Date(NOW) };

  async function foreignSuite(): Promise<object> {
    const tail = algorithm === "Ed25519" ? concatBytes(secret, signer.publicKey) : secret;
    const pair = await multikey.from({
      id: signer.id,
      controller: signer.controller,
      type: "Multikey",
      publicKeyMultibase: encodeCredentialKey(signer),
      secretKeyMultibase: `z${encodeBase58(concatBytes(Uint8Array.from(SECRET[algorithm]), tail))}`,
    });
    return new DataIntegrityProof({
      signer: pair.signer(),
      cryptosuite: cryptosuite.createSignCryptosuite(),
      date: options.now,
    });
  }

  it("issues what it verifies", async () => {
    const credential = await issueCredential(credentialOf(signer.controller), signer, { suite, created: NOW });
    const result = await foreign.verifyCredential({ ...options, credential, suite: verifier });
    expect(result.error).toBe(undefined);
    expect(result.verified).toBe(true);
  });

  it("verifies what it issues", async () => {
    const credential = credentialOf(signer.controller);
    const issued = await foreign.issue({ ...options, credential: { ...credential }, suite: await foreignSuite() });
    expect((await verifyCredential(issued, { keys, now: NOW })).issuer).toBe(signer.controller);
    const changed = { ...issued, validUntil: "2028-01-01T00:00:00Z" };
    await expect(verifyCredential(changed, { keys, now: NOW })).rejects.toMatchObject({
      code: "credentials.signature",
    });
  });

  it("presents what it verifies, and the other way", async () => {
    const credential = await issueCredential(credentialOf(signer.controller), signer, { suite, created: NOW });
    const [challenge, domain] = ["c-1", "https://verifier.example"];
    const unsigned = makePresentation([credential], signer.controller);
    const ours = await createPresentation(unsigned, signer, { suite, created: NOW, challenge, domain });
    const result = await foreign.verify({ ...options, presentation: ours, suite: verifier, challenge, domain });
    expect(result.error).toBe(undefined);
    expect(result.verified).toBe(true);
    const theirs = await foreign.signPresentation({
      ...options,
      presentation: structuredClone(unsigned) as JsonObject,
      suite: await foreignSuite(),
      challenge,
      domain,
    });
    expect((await verifyPresentation(theirs, { keys, now: NOW, challenge, domain })).credentials).toHaveLength(1);
  });
});
