import { describe, expect, it } from "vitest";
import type { JsonObject } from "#base";
import { CREDENTIALS_V2 } from "./contexts/bundled-contexts.ts";
import { createPresentation, makePresentation } from "./create-presentation.ts";
import { codeOf, credentialOf, keys, NOW, signerOf } from "./credentials.suite.ts";
import { addProof } from "./data-integrity/add-proof.ts";
import { issueCredential } from "./issue-credential.ts";
import type { VerifiedCredential } from "./verify-credential.ts";
import { type VerifyPresentationOptions, verifyPresentation } from "./verify-presentation.ts";

const issuer = signerOf(31);
const holder = signerOf(32, "P-256");
const thief = signerOf(33, "P-256");
const [challenge, domain] = ["c-8a1f", "https://verifier.example"];
const suite = "ecdsa-jcs-2019";
const credential = await issueCredential(credentialOf(issuer.controller), issuer, {
  suite: "eddsa-jcs-2022",
  created: NOW,
});

const present = (unsigned: JsonObject = makePresentation([credential], holder.controller), signer = holder) =>
  createPresentation(unsigned, signer, { suite, created: NOW, expires: NOW + 60_000, challenge, domain });
const verify = (presentation: unknown, more: Partial<VerifyPresentationOptions> = {}) =>
  verifyPresentation(presentation, { keys, now: NOW, challenge, domain, ...more });
const codeFor = (presentation: unknown, more?: Partial<VerifyPresentationOptions>) =>
  codeOf(() => verify(presentation, more));

describe("a presentation", () => {
  it("that holds tells who presents what", async () => {
    const verified = await verify(await present());
    expect(verified.presenter).toBe(holder.controller);
    expect(verified.credentials.map(({ issuer: by }) => by)).toEqual([issuer.controller]);
  });

  it("may be without credentials, and without a holder's name", async () => {
    expect((await verify(await present(makePresentation([])))).presenter).toBe(holder.controller);
  });

  it("is for one challenge and one verifier", async () => {
    const signed = await present();
    expect(await codeFor(signed, { challenge: "another" })).toBe("credentials.challenge");
    expect(await codeFor(signed, { domain: "https://other.example" })).toBe("credentials.domain");
    expect(await codeFor(signed, { now: NOW + 60_000 })).toBe("credentials.expired");
  });

  it("cannot be bound anew by whoever caught it", async () => {
    const signed = await present();
    const proof = { ...(signed["proof"] as JsonObject), challenge: "another" };
    expect(await codeFor({ ...signed, proof }, { challenge: "another" })).toBe("credentials.signature");
  });

  it("is the holder's to sign", async () => {
    expect(await codeOf(() => present(undefined, thief))).toBe("credentials.holder");
    const forged = await addProof(makePresentation([credential], holder.controller), thief, {
      suite,
      purpose: "authentication",
      challenge,
      domain,
    });
    expect(await codeFor(forged)).toBe("credentials.key");
  });

  it("has to be authenticated, not asserted", async () => {
    const asserted = await addProof(makePresentation([credential], holder.controller), holder, {
      suite,
      purpose: "assertionMethod",
      challenge,
      domain,
    });
    expect(await codeFor(asserted)).toBe("credentials.proof");
  });

  it("without a proof, or with its credentials exchanged, is none", async () => {
    const { proof: _, ...stripped } = await present();
    expect(await codeFor(stripped)).toBe("credentials.proof");
    const signed = await present();
    const another = await issueCredential(credentialOf(issuer.controller, { id: "urn:x:other" }), issuer, {
      suite: "eddsa-jcs-2022",
    });
    expect(await codeFor({ ...signed, verifiableCredential: [another] })).toBe("credentials.signature");
    expect(await codeFor({ ...signed, verifiableCredential: [] })).toBe("credentials.signature");
  });

  it("of several signers has to name its holder", async () => {
    const two = await addProof(await present(makePresentation([credential])), thief, {
      suite,
      purpose: "authentication",
      challenge,
      domain,
    });
    expect(await codeFor(two)).toBe("credentials.holder");
  });
});

describe("the credentials of a presentation", () => {
  it("have to hold, each of them", async () => {
    const changed = { ...credential, id: "urn:x:changed" };
    expect(await codeFor(await present(makePresentation([credential, changed], holder.controller)))).toBe(
      "credentials.signature",
    );
    const expired = await issueCredential(
      credentialOf(issuer.controller, { validUntil: "2026-02-01T00:00:00Z" }),
      issuer,
      { suite: "eddsa-jcs-2022" },
    );
    expect(await codeFor(await present(makePresentation([expired])))).toBe("credentials.expired");
    expect(await codeFor(await present(), { recognised: () => false })).toBe("credentials.issuer");
  });

  it("without proofs are the holder's own word, and nobody else's", async () => {
    const own = credentialOf(holder.controller);
    const verified = await verify(await present(makePresentation([own], holder.controller)));
    expect(verified.credentials).toMatchObject([{ issuer: holder.controller, proofs: [] }]);
    const { proof: _, ...stripped } = credential;
    expect(await codeFor(await present(makePresentation([stripped], holder.controller)))).toBe("credentials.holder");
    expect(await codeFor(await present(makePresentation([own])))).toBe("credentials.holder");
    const late = credentialOf(holder.controller, { validUntil: "2026-02-01T00:00:00Z" });
    expect(await codeFor(await present(makePresentation([late], holder.controller)))).toBe("credentials.expired");
  });

  it("in envelopes are opened by whoever can", async () => {
    const envelope = {
      "@context": CREDENTIALS_V2,
      type: "EnvelopedVerifiableCredential",
      id: "data:application/vc+jwt,e30.e30.x",
    };
    const signed = await present(makePresentation([envelope], holder.controller));
    expect(await codeFor(signed)).toBe("credentials.proof");
    const opened: VerifiedCredential = {
      credential: {},
      id: undefined,
      issuer: "did:example:i",
      types: [],
      validFrom: undefined,
      validUntil: undefined,
      proofs: [],
      unchecked: [],
    };
    const verified = await verify(signed, {
      enveloped: async (url) => ({ ...opened, id: url }),
    });
    expect(verified.credentials.map(({ id }) => id)).toEqual([envelope.id]);
  });
});
