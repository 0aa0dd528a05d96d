import * as jose from "jose";
import { describe, expect, it } from "vitest";
import { encodeBase64Url, encodeUtf8, type JsonObject } from "#base";
import { createPresentation, makePresentation } from "../credentials/create-presentation.ts";
import { createCredentialSigner } from "../credentials/credential-key.ts";
import { issueCredential } from "../credentials/issue-credential.ts";
import type { CredentialSigner } from "../credentials/keys.ts";
import { verifyPresentation } from "../credentials/verify-presentation.ts";
import { issueSdJwt } from "../sd-jwt/issue-sd-jwt.ts";
import { issueSdJwtCredential } from "../sd-jwt/issue-sd-jwt-credential.ts";
import { presentSdJwt } from "../sd-jwt/present-sd-jwt.ts";
import { bitstringStatusEntry } from "../status/bitstring.ts";
import { algOf } from "./algorithms.ts";
import { signCompactJws } from "./compact-jws.ts";
import { envelopCredential, verifyEnveloped } from "./envelope.ts";
import { jwkOfKey, keyOfJwk } from "./jwk.ts";
import { issueJwtCredential, verifyJwtCredential } from "./jwt-credential.ts";
import { issueJwtPresentation, verifyJwtPresentation } from "./jwt-presentation.ts";
import { ALGORITHMS, codeOf, createParty, didKeys, keysOf, NOW, SECONDS } from "./parties.suite.ts";

const issuer = createParty("did:example:lab", "P-256");
const holder = createParty("did:example:owner");
const keys = keysOf([issuer, holder]);
const V2 = "https://www.w3.org/ns/credentials/v2";

const credential: JsonObject = {
  "@context": [V2],
  id: "urn:uuid:5b1a6d0e-8a0b-4c38-9d39-3a36f2b0d111",
  type: ["VerifiableCredential"],
  issuer: issuer.controller,
  validFrom: "2026-01-01T00:00:00Z",
  credentialSubject: { id: holder.controller, name: "Meter 7" },
};

const options = { keys, now: NOW };
const sign = (payload: JsonObject, header: JsonObject = {}, signer: CredentialSigner = issuer) =>
  signCompactJws({ kid: signer.id, typ: "vc+jwt", ...header }, payload, signer);
const verify = (text: string) => verifyJwtCredential(text, options);

/** Whether this runtime's Web Cryptography, which `jose` signs and verifies with, knows the curve: secp256k1 is in none. */
const OF_JOSE = ALGORITHMS.filter((algorithm) => algorithm !== "secp256k1");

describe("JWK", () => {
  it.each(ALGORITHMS)("tells the key of %s and no more, and is read back", (algorithm) => {
    const key = createParty("did:example:x", algorithm);
    const jwk = jwkOfKey(key);
    expect(Object.keys(jwk).sort()).toEqual(algorithm === "Ed25519" ? ["crv", "kty", "x"] : ["crv", "kty", "x", "y"]);
    expect(keyOfJwk(jwk)).toEqual({ algorithm, publicKey: key.publicKey });
  });

  it("is refused with a secret, off the curve, of another type, and in another spelling", async () => {
    const jwk = jwkOfKey(issuer);
    const other = jwkOfKey(createParty("did:example:x", "P-256"));
    for (const bad of [
      { ...jwk, d: "AA" },
      { ...jwk, y: other["y"] as string },
      { ...jwk, crv: "P-384" },
      { ...jwk, crv: "P-521" },
      { ...jwk, kty: "OKP" },
      { ...jwk, x: `${jwk["x"]}=` },
      { ...jwk, x: 7 },
      { kty: "OKP", crv: "Ed25519", x: encodeBase64Url(new Uint8Array(31)) },
      { kty: "oct", k: "AA" },
      null,
      [],
      "key",
    ])
      expect(await codeOf(() => keyOfJwk(bad))).toBe("credentials.key");
  });
});

describe("a credential in a JWT", () => {
  it.each(ALGORITHMS)("is issued and verified with %s", async (algorithm) => {
    const lab = createParty("did:example:other", algorithm);
    const token = issueJwtCredential({ ...credential, issuer: { id: lab.controller, name: "Lab" } }, lab);
    const verified = await verifyJwtCredential(token, { ...options, keys: keysOf([lab]) });
    expect(verified).toMatchObject({
      mediaType: "application/vc+jwt",
      issuer: lab.controller,
      types: ["VerifiableCredential"],
    });
    expect(verified.credential).toEqual({ ...credential, issuer: { id: lab.controller, name: "Lab" } });
  });

  it("is verified by jose, and what jose signs is verified here", async () => {
    for (const algorithm of OF_JOSE) {
      const lab = createParty(issuer.controller, algorithm);
      const alg = algOf(algorithm);
      const theirKey = await jose.importJWK(jwkOfKey(lab) as jose.JWK, alg);
      const { payload, protectedHeader } = await jose.jwtVerify(issueJwtCredential(credential, lab), theirKey, {
        typ: "vc+jwt",
        algorithms: [alg],
      });
      expect(payload).toEqual(credential);
      expect(protectedHeader).toEqual({ alg, kid: lab.id, typ: "vc+jwt", cty: "vc" });

      const pair = await jose.generateKeyPair(alg, { extractable: true });
      const key = keyOfJwk((await jose.exportJWK(pair.publicKey)) as JsonObject);
      const theirs = { ...key, id: issuer.id, controller: issuer.controller };
      const token = await new jose.SignJWT(credential as jose.JWTPayload)
        .setProtectedHeader({ alg, kid: issuer.id, typ: "vc+jwt", cty: "vc" })
        .setIssuer(issuer.controller)
        .setExpirationTime(SECONDS + 10)
        .sign(pair.privateKey);
      const verified = await verifyJwtCredential(token, { ...options, keys: async () => theirs });
      expect(verified.credential).toEqual(credential);
    }
  });

  it("is refused when its claims, header and document disagree", async () => {
    expect(await codeOf(() => verify(sign(credential)))).toBeUndefined();
    const cases: [JsonObject, JsonObject, string][] = [
      [{ iss: "did:example:other" }, {}, "credentials.document"],
      [{ jti: "urn:other" }, {}, "credentials.document"],
      [{ sub: "did:example:other" }, {}, "credentials.document"],
      [{ vc: {} }, {}, "credentials.proof"],
      [{ vp: {} }, {}, "credentials.document"],
      [{ issuer: "did:example:other" }, {}, "credentials.key"],
      [{ issuer: "https://labs.example" }, {}, "credentials.document"],
      [{ exp: SECONDS }, {}, "credentials.expired"],
      [{ nbf: SECONDS + 1 }, {}, "credentials.not-yet"],
      [{ colour: "green" }, {}, "credentials.term"],
      [{ "@context": [V2, "https://labs.example/context"] }, {}, "credentials.context"],
      [{ "@context": ["https://www.w3.org/2018/credentials/v1"] }, {}, "credentials.document"],
      [{ validUntil: "2026-06-01T12:00:00Z" }, {}, "credentials.expired"],
      [{ validFrom: "2026-06-01T12:00:01Z" }, {}, "credentials.not-yet"],
      [{ credentialStatus: { type: "BitstringStatusListEntry" } }, {}, "credentials.status-unknown"],
      [{ credentialSubject: [] }, {}, "credentials.document"],
      [{}, { typ: "JWT" }, "credentials.proof"],
      [{}, { typ: "vp+jwt" }, "credentials.proof"],
      [{}, { cty: "vp" }, "credentials.proof"],
      [{}, { iss: "did:example:other" }, "credentials.key"],
      [{}, { kid: "did:example:other#key-1" }, "credentials.key"],
      [{}, { kid: holder.id }, "credentials.key"],
      [{}, { kid: 7 }, "credentials.proof"],
      [{}, { crit: ["b64"], b64: false }, "credentials.proof"],
      [{}, { alg: "none" }, "credentials.proof"],
      [{}, { alg: "EdDSA" }, "credentials.signature"],
    ];
    for (const [claims, header, code] of cases)
      expect([claims, header, await codeOf(() => verify(sign({ ...credential, ...claims }, header)))]).toEqual([
        claims,
        header,
        code,
      ]);
    expect(await codeOf(() => issueJwtCredential(credential, holder))).toBe("credentials.key");
    expect(await codeOf(() => issueJwtCredential({ ...credential, vc: {} }, issuer))).toBe("credentials.term");
  });

  it("never takes a key out of the header", async () => {
    const thief = createParty(issuer.controller, "P-256");
    const forged = signCompactJws({ kid: issuer.id, typ: "vc+jwt", jwk: jwkOfKey(thief) }, credential, thief);
    expect(await codeOf(() => verify(forged))).toBe("credentials.signature");
    // The finder may find what is not the issuer's: whose key it is, is checked again.
    const found = { ...holder, id: issuer.id };
    expect(await codeOf(() => verifyJwtCredential(sign(credential), { ...options, keys: async () => found }))).toBe(
      "credentials.key",
    );
  });
});

describe("a credential of VC Data Model 1.1 in a JWT", () => {
  const vc: JsonObject = {
    "@context": ["https://www.w3.org/2018/credentials/v1"],
    type: ["VerifiableCredential"],
    credentialSubject: { name: "Meter 7" },
  };
  const claims = {
    iss: issuer.controller,
    sub: holder.controller,
    jti: "urn:uuid:1",
    nbf: SECONDS - 10,
    exp: SECONDS + 10,
  };
  const old = (more: JsonObject, header: JsonObject = { typ: "JWT" }) => sign({ ...claims, vc, ...more }, header);

  it("is put together from claims and vc", async () => {
    const verified = await verify(old({}));
    expect(verified).toMatchObject({ mediaType: "application/jwt", issuer: issuer.controller });
    expect(verified.credential).toEqual({
      ...vc,
      id: "urn:uuid:1",
      issuer: issuer.controller,
      issuanceDate: "2026-06-01T11:59:50Z",
      expirationDate: "2026-06-01T12:00:10Z",
      credentialSubject: { id: holder.controller, name: "Meter 7" },
    });
    const { typ: _, ...untyped } = { typ: "JWT", kid: issuer.id };
    const bare = signCompactJws(untyped, { ...claims, vc }, issuer);
    expect((await verify(bare)).credential).toEqual(verified.credential);
    const both = { ...vc, issuer: { id: issuer.controller }, issuanceDate: "2026-06-01T11:59:50.500Z" };
    expect((await verify(old({ vc: both }))).credential).toMatchObject(both);
  });

  it("is refused when claims and vc disagree, or out of its time", async () => {
    for (const [more, code] of [
      [{ vc: { ...vc, issuer: "did:example:other" } }, "credentials.document"],
      [{ vc: { ...vc, id: "urn:other" } }, "credentials.document"],
      [{ vc: { ...vc, issuanceDate: "2026-06-01T11:59:49Z" } }, "credentials.document"],
      [{ vc: { ...vc, expirationDate: "2027-06-01T11:59:49Z" } }, "credentials.document"],
      [{ vc: { ...vc, credentialSubject: { id: "did:example:other" } } }, "credentials.document"],
      [{ vc: [] }, "credentials.document"],
      [{ iss: 7 }, "credentials.document"],
      [{ exp: 1e15 }, "credentials.document"],
      [{ exp: SECONDS - 1 }, "credentials.expired"],
      [{ nbf: SECONDS + 1 }, "credentials.not-yet"],
    ] as [JsonObject, string][])
      expect([more, await codeOf(() => verify(old(more)))]).toEqual([more, code]);
  });
});

describe("an enveloped credential", () => {
  const jwt = issueJwtCredential(credential, issuer);
  const hidden = { disclose: [["credentialSubject", "name"]], decoys: 1 };
  const sdJwt = issueSdJwtCredential(credential, issuer, hidden);

  it("is opened, be it a JWT, an SD-JWT of the data model, or an SD-JWT VC", async () => {
    const opened = await verifyEnveloped(envelopCredential(jwt, "application/vc+jwt"), options);
    expect(opened).toMatchObject({ mediaType: "application/vc+jwt", issuer: issuer.controller });
    expect(opened.credential).toEqual(credential);
    expect((await verifyEnveloped(`data:application/vc+jwt,${jwt}`, options)).credential).toEqual(credential);

    const whole = await verifyEnveloped(envelopCredential(sdJwt, "application/vc+sd-jwt"), options);
    expect(whole.credential).toEqual(credential);
    const shown = await verifyEnveloped(`data:application/vc+sd-jwt,${presentSdJwt(sdJwt, { disclose: [] })}`, options);
    expect(shown.credential["credentialSubject"]).toEqual({ id: holder.controller });

    const vct = issueSdJwt({ vct: "urn:meter", serial: "7" }, issuer, { disclose: [["serial"]] });
    const plain = await verifyEnveloped(envelopCredential(vct, "application/dc+sd-jwt"), options);
    expect(plain).toMatchObject({ types: ["urn:meter"], credential: { vct: "urn:meter", serial: "7" } });
  });

  it("is refused when it is malformed, of another media type, or holds another thing than it says", async () => {
    const good = envelopCredential(jwt, "application/vc+jwt");
    for (const bad of [
      { ...good, "@context": "https://www.w3.org/2018/credentials/v1" },
      { ...good, type: "VerifiableCredential" },
      { ...good, type: ["EnvelopedVerifiableCredential", "VerifiableCredential"] },
      { ...good, id: 7 },
      { ...good, id: `https://labs.example/${jwt}` },
      { ...good, id: `data:application/jwt,${jwt}` },
      { ...good, id: `data:application/vc+jwt;base64,${encodeBase64Url(encodeUtf8(jwt))}` },
      { ...good, id: `data:application/vc+jwt;charset=utf-8,${jwt}` },
      { ...good, id: "data:application/vc+jwt" },
      `data:application/vc+jwt,${"a".repeat(1 << 24)}`,
    ] as JsonObject[])
      expect(await codeOf(() => verifyEnveloped(bad, options))).toBe("credentials.document");
    for (const [type, secured] of [
      ["application/vc+jwt", sdJwt],
      ["application/vc+sd-jwt", jwt],
      [
        "application/vc+sd-jwt",
        issueSdJwt({ vct: "urn:x", issuer: issuer.controller }, issuer, { disclose: [], typ: "vc+sd-jwt" }),
      ],
      ["application/vc+sd-jwt", issueSdJwt({ vct: "urn:x", issuer: issuer.controller }, issuer, { disclose: [] })],
      ["application/dc+sd-jwt", sdJwt],
      ["application/vc+sd-jwt", `${signCompactJws({ kid: issuer.id, typ: "dc+sd-jwt" }, credential, issuer)}~`],
      ["application/vc+jwt", sign({ iss: issuer.controller, vc: { type: ["VerifiableCredential"] } }, { typ: "JWT" })],
    ] as const)
      expect(await codeOf(() => verifyEnveloped(envelopCredential(secured, type), options))).toMatch(
        /^credentials\.(proof|document)$/,
      );
  });

  it("hides nothing by which its validity is told, and passes no check by that", async () => {
    const credentialStatus = bitstringStatusEntry({ index: 1, list: "https://labs.example/1", purpose: "revocation" });
    const whole = { ...credential, credentialStatus, validUntil: "2027-01-01T00:00:00Z" };
    for (const claim of [
      ["credentialStatus"],
      ["credentialStatus", "type"],
      ["validUntil"],
      ["type", 0],
      ["issuer"],
      ["@context", 0],
    ])
      expect(await codeOf(() => issueSdJwtCredential(whole, issuer, { disclose: [claim] }))).toBe(
        "credentials.disclosure",
      );
    const late = issueSdJwtCredential({ ...credential, validFrom: "2027-01-01T00:00:00Z" }, issuer, { disclose: [] });
    expect(await codeOf(() => verifyEnveloped(`data:application/vc+sd-jwt,${late}`, options))).toBe(
      "credentials.not-yet",
    );
  });
});

describe("a presentation in a JWT", () => {
  const self = createCredentialSigner("Ed25519");
  const envelope = envelopCredential(issueJwtCredential(credential, issuer), "application/vc+jwt");
  const made = { domain: "https://grid.example", challenge: "n-1", issuedAt: SECONDS, expires: SECONDS + 60 };
  const demand = { keys: keysOf([issuer, holder, self]), now: NOW, domain: made.domain, challenge: made.challenge };
  const issueEmbedded = () =>
    issueCredential({ ...credential, issuer: self.controller }, self, { suite: "eddsa-jcs-2022", created: NOW });
  const present = async () => issueJwtPresentation(makePresentation([envelope, await issueEmbedded()]), holder, made);
  const verifyWith = (text: string, more: object = {}) => verifyJwtPresentation(text, { ...demand, ...more });

  it("holds with all that is in it, for one audience, nonce and time", async () => {
    const token = await present();
    const verified = await verifyWith(token);
    expect(verified.presenter).toBe(holder.controller);
    expect(verified.credentials.map(({ issuer: by }) => by)).toEqual([issuer.controller, self.controller]);
    expect(verified.presentation).toEqual({
      holder: holder.controller,
      ...makePresentation([envelope, await issueEmbedded()]),
    });
    expect(await codeOf(() => verifyWith(token, { challenge: "n-2" }))).toBe("credentials.challenge");
    expect(await codeOf(() => verifyWith(token, { domain: "https://evil.example" }))).toBe("credentials.domain");
    expect(await codeOf(() => verifyWith(token, { domain: ["https://evil.example"] }))).toBe("credentials.domain");
    expect(await codeOf(() => verifyWith(token, { domain: ["x509:grid", made.domain] }))).toBeUndefined();
    expect(await codeOf(() => verifyWith(token, { now: NOW + 60_000 }))).toBe("credentials.expired");
    expect(await codeOf(() => verifyWith(token, { keys: keysOf([issuer, holder], ["assertionMethod"]) }))).toBe(
      "credentials.key",
    );
    const { payload } = await jose.jwtVerify(token, await jose.importJWK(jwkOfKey(holder) as jose.JWK, "EdDSA"), {
      audience: made.domain,
      typ: "vp+jwt",
      currentDate: new Date(NOW),
    });
    expect(payload["nonce"]).toBe(made.challenge);
  });

  it("is refused where a credential in it is, or where the holder is another", async () => {
    const containing = (verifiableCredential: unknown) => {
      const document = { ...makePresentation([]), holder: holder.controller, verifiableCredential } as JsonObject;
      const claims = { ...document, aud: made.domain, nonce: made.challenge };
      return verifyWith(signCompactJws({ kid: holder.id, typ: "vp+jwt" }, claims, holder));
    };
    const foreign = issueJwtCredential({ ...credential, issuer: holder.controller }, holder);
    const forged = `${foreign.slice(0, foreign.lastIndexOf("."))}.AAAA`;
    expect(await codeOf(() => containing([envelope]))).toBeUndefined();
    expect(await codeOf(() => containing([envelopCredential(forged, "application/vc+jwt")]))).toBe(
      "credentials.signature",
    );
    const changed = { ...(await issueEmbedded()), id: "urn:other" };
    expect(await codeOf(() => containing([changed]))).toBe("credentials.signature");
    expect(await codeOf(() => containing([foreign]))).toBe("credentials.document");
    expect(await codeOf(() => containing([7]))).toBe("credentials.document");
    expect(await codeOf(() => containing(Array.from({ length: 101 }, () => envelope)))).toBe("credentials.document");
    expect(await codeOf(() => issueJwtPresentation(makePresentation([], issuer.controller), holder, made))).toBe(
      "credentials.holder",
    );
    const strange = { ...makePresentation([envelope], holder.controller), colour: "green" };
    expect(await codeOf(() => issueJwtPresentation(strange, holder, made))).toBe("credentials.term");
    const signed = { ...strange, aud: made.domain, nonce: made.challenge };
    expect(await codeOf(() => verifyWith(signCompactJws({ kid: holder.id, typ: "vp+jwt" }, signed, holder)))).toBe(
      "credentials.term",
    );
    const stolen = signCompactJws(
      { kid: issuer.id, typ: "vp+jwt" },
      { ...makePresentation([envelope], holder.controller), aud: made.domain, nonce: made.challenge },
      issuer,
    );
    expect(await codeOf(() => verifyWith(stolen))).toBe("credentials.key");
    expect(await codeOf(() => verifyWith(issueJwtCredential(credential, issuer)))).toBe("credentials.proof");
  });

  it("of VC Data Model 1.1 is verified, too", async () => {
    const vp = { "@context": ["https://www.w3.org/2018/credentials/v1"], type: ["VerifiablePresentation"] };
    const vc = { ...vp, type: ["VerifiableCredential"], credentialSubject: { id: holder.controller } };
    const inner = sign({ iss: issuer.controller, nbf: SECONDS - 1, vc }, { typ: "JWT" });
    const claims = { iss: holder.controller, aud: made.domain, nonce: made.challenge, exp: SECONDS + 1 };
    const signVp = (more: JsonObject) =>
      signCompactJws(
        { kid: holder.id, typ: "JWT" },
        { ...claims, vp: { ...vp, verifiableCredential: [inner] }, ...more },
        holder,
      );
    const verified = await verifyWith(signVp({}));
    expect(verified.presenter).toBe(holder.controller);
    expect(verified.credentials[0]).toMatchObject({ issuer: issuer.controller, mediaType: "application/jwt" });
    expect(await codeOf(() => verifyWith(signVp({ vp: [] })))).toBe("credentials.document");
    expect(await codeOf(() => verifyWith(signVp({ vp: { ...vp, holder: issuer.controller } })))).toBe(
      "credentials.document",
    );
    expect(await codeOf(() => verifyWith(signVp({ iss: issuer.controller })))).toBe("credentials.key");
    expect(await codeOf(() => verifyWith(signVp({ aud: [made.domain, "x"] })))).toBe("credentials.domain");
    expect(await codeOf(() => verifyWith(signVp({ vp: { ...vp, verifiableCredential: [`${inner}A`] } })))).toMatch(
      /^credentials\.(proof|signature)$/,
    );
  });
});

describe("a presentation with a Data Integrity proof", () => {
  it("holds with envelopes in it", async () => {
    const self = createCredentialSigner("Ed25519");
    const sdJwt = issueSdJwtCredential({ ...credential, issuer: self.controller }, self, {
      disclose: [["credentialSubject", "name"]],
    });
    const envelopes = [
      envelopCredential(issueJwtCredential({ ...credential, issuer: self.controller }, self), "application/vc+jwt"),
      envelopCredential(presentSdJwt(sdJwt, { disclose: [] }), "application/vc+sd-jwt"),
    ];
    const bound = { challenge: "c", domain: "https://grid.example" };
    const signed = await createPresentation(makePresentation(envelopes, self.controller), self, {
      suite: "eddsa-jcs-2022",
      created: NOW,
      ...bound,
    });
    const all = { keys: didKeys, now: NOW, ...bound };
    const verify = (document: JsonObject) =>
      verifyPresentation(document, { ...all, enveloped: (url) => verifyEnveloped(url, { keys: didKeys, now: NOW }) });
    expect(
      (await verify(signed)).credentials.map(({ credential: { credentialSubject } }) => credentialSubject),
    ).toEqual([credential["credentialSubject"], { id: holder.controller }]);
    const [first] = envelopes as [JsonObject];
    const forged = { ...first, id: `${String(first["id"]).slice(0, -6)}AAAAAA` };
    const other = await createPresentation(makePresentation([forged], self.controller), self, {
      suite: "eddsa-jcs-2022",
      created: NOW,
      ...bound,
    });
    expect(await codeOf(() => verify(other))).toMatch(/^credentials\.(proof|signature)$/);
  });
});
