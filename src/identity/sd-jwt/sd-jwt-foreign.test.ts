import { readFileSync } from "node:fs";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";
import { describe, expect, it } from "vitest";
import { decodeBase64Url, encodeBase64Url, encodeUtf8, type Json, type JsonObject } from "#base";
import { randomBytes, sha256 } from "#crypto";
import { checkSignature } from "../credentials/credential-key.ts";
import type { CredentialSigner } from "../credentials/keys.ts";
import { algOf } from "../jose/algorithms.ts";
import { decodeCompactJws, requireSignatureOf, signCompactJws } from "../jose/compact-jws.ts";
import { keyOfJwk } from "../jose/jwk.ts";
import { ALGORITHMS, codeOf, createParty, keysOf, NOW, SECONDS } from "../jose/parties.suite.ts";
import { decodeDisclosure, makeDisclosure } from "./disclosure.ts";
import { issueSdJwt } from "./issue-sd-jwt.ts";
import { verifyKeyBinding } from "./key-binding.ts";
import { AUDIENCE, bind, claims, demand, disclose, holder, issue, keys, VCT } from "./meter.suite.ts";
import { presentSdJwt, readSdJwt } from "./present-sd-jwt.ts";
import { revealClaims } from "./reveal-claims.ts";
import { verifySdJwt } from "./verify-sd-jwt.ts";

describe("RFC 9901", () => {
  const vector = JSON.parse(readFileSync(new URL("../../../vectors/sd-jwt.json", import.meta.url), "utf8")) as {
    issuerKey: JsonObject;
    issued: string;
    presented: string;
    nonce: string;
    audience: string;
    presentedAt: number;
    claims: JsonObject;
    disclosures: { text: string; digest: string; name?: string; value: Json }[];
    recursive: { payload: JsonObject; disclosures: string[]; claims: JsonObject };
  };
  const parts = (text: string) => {
    const [jwt, ...rest] = text.split("~") as [string, ...string[]];
    return { token: decodeCompactJws(jwt, ["example+sd-jwt"]), disclosures: rest.slice(0, -1).map(decodeDisclosure) };
  };

  it("has the digests of its disclosures (§4.2)", () => {
    for (const { text, digest, name, value } of vector.disclosures)
      expect(decodeDisclosure(text)).toEqual({ text, digest, name, value });
  });

  it("has its example issued and presented, with key binding, as §5 shows", async () => {
    const { token, disclosures } = parts(vector.presented);
    requireSignatureOf(token, keyOfJwk(vector.issuerKey));
    expect(revealClaims(token.claims, disclosures).claims).toEqual(vector.claims);
    const end = vector.presented.lastIndexOf("~") + 1;
    const proof = await verifyKeyBinding(
      vector.presented.slice(end),
      vector.presented.slice(0, end),
      token.claims["cnf"],
      { nonce: vector.nonce, audience: vector.audience },
      keys,
      vector.presentedAt * 1000,
    );
    expect(proof.issuedAt).toBe(vector.presentedAt);
    const all = parts(vector.issued);
    const { claims: whole, revealed } = revealClaims(all.token.claims, all.disclosures);
    expect(revealed).toHaveLength(10);
    expect(whole).toMatchObject({ email: "johndoe@example.com", nationalities: ["US", "DE"] });
  });

  it("has its recursive example revealed as §6.3 shows", () => {
    const { payload, disclosures, claims: expected } = vector.recursive;
    expect(revealClaims(payload, disclosures.map(decodeDisclosure)).claims).toEqual(expected);
    expect(revealClaims(payload, []).claims).not.toHaveProperty("address");
  });
});

describe("@sd-jwt/sd-jwt-vc", () => {
  const hasher = (data: string | ArrayBuffer) =>
    sha256(typeof data === "string" ? encodeUtf8(data) : new Uint8Array(data));
  const foreign = (signer: CredentialSigner, other: CredentialSigner) =>
    new SDJwtVcInstance({
      hasher,
      saltGenerator: (length: number) => encodeBase64Url(randomBytes(length)),
      signAlg: algOf(signer.algorithm),
      signer: (data: string) => encodeBase64Url(signer.sign(encodeUtf8(data))),
      verifier: (data: string, signature: string) =>
        checkSignature(signer, encodeUtf8(data), decodeBase64Url(signature) as Uint8Array),
      kbSignAlg: algOf(other.algorithm),
      kbSigner: (data: string) => encodeBase64Url(other.sign(encodeUtf8(data))),
      kbVerifier: (data: string, signature: string) =>
        checkSignature(other, encodeUtf8(data), decodeBase64Url(signature) as Uint8Array),
    });

  it("verifies what is issued and presented here", async () => {
    for (const algorithm of ALGORITHMS) {
      const lab = createParty("did:example:lab-3", algorithm);
      const sdJwt = issueSdJwt(claims, lab, { disclose, decoys: 2, holderKey: holder });
      const presented = presentSdJwt(sdJwt, { disclose: [["serial"], ["place", "street"]], keyBinding: bind() });
      const { payload, kb } = await foreign(lab, holder).verify(presented, {
        keyBindingNonce: demand.nonce,
        currentDate: SECONDS,
      });
      const ours = await verifySdJwt(presented, { keys: keysOf([lab]), now: NOW, keyBinding: demand });
      expect(payload).toEqual(ours.claims);
      expect(payload).toMatchObject({ serial: "7-4711", place: { street: "Kai 3", town: "Lübeck" } });
      expect(kb?.payload.aud).toBe(AUDIENCE);
    }
  });

  it("issues and presents what is verified here", async () => {
    for (const algorithm of ALGORITHMS) {
      const lab = createParty("did:example:lab-4", algorithm);
      const theirs = foreign(lab, holder);
      const cnf = { jwk: (readSdJwt(issue()).claims["cnf"] as JsonObject)["jwk"] };
      const sdJwt = await theirs.issue(
        { ...claims, iss: lab.controller, vct: VCT, cnf } as never,
        {
          _sd: ["serial", "class", "place"],
          place: { _sd: ["street"] },
          accuracy: { _sd: [0, 2] },
          _sd_decoy: 2,
        } as never,
        { header: { kid: lab.id } },
      );
      expect(readSdJwt(sdJwt).hidden).toHaveLength(6);
      const presented = await theirs.present(sdJwt, { class: true, place: { street: true } } as never, {
        kb: { payload: { iat: SECONDS, aud: AUDIENCE, nonce: demand.nonce } },
      });
      const verified = await verifySdJwt(presented, { keys: keysOf([lab]), now: NOW, keyBinding: demand });
      expect(verified.claims).toMatchObject({ class: "B", place: { street: "Kai 3" }, accuracy: [1] });
      expect(verified.claims).not.toHaveProperty("serial");
      const again = presentSdJwt(sdJwt, { disclose: [["accuracy", 2]], keyBinding: bind() });
      expect(
        (await verifySdJwt(again, { keys: keysOf([lab]), now: NOW, keyBinding: demand })).claims["accuracy"],
      ).toEqual([1, { range: [5, 60] }]);
    }
  });

  it("lets pass what is refused here, which is why it does not verify for us", async () => {
    const lab = createParty("did:example:lab-5");
    const sign = (payload: JsonObject, disclosures: string[]) =>
      [
        signCompactJws({ kid: lab.id, typ: "dc+sd-jwt" }, { iss: lab.controller, vct: VCT, ...payload }, lab),
        ...disclosures,
        "",
      ].join("~");
    const one = makeDisclosure("colour", "green");
    for (const text of [
      sign({}, [one.text]),
      sign({ _sd: [one.digest, one.digest] }, [one.text]),
      sign({ _sd: [one.digest], colour: "red" }, [one.text]),
    ]) {
      await expect(foreign(lab, holder).verify(text, { currentDate: SECONDS })).resolves.toBeDefined();
      expect(await codeOf(() => verifySdJwt(text, { keys: keysOf([lab]), now: NOW }))).toBe("credentials.disclosure");
    }
  });
});
