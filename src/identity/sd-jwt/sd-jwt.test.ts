import { describe, expect, it } from "vitest";
import { encodeBase64Url, encodeUtf8, type Json, type JsonObject } from "#base";
import { createCredentialSigner } from "../credentials/credential-key.ts";
import { ALGORITHMS, codeOf, createParty, didKeys, keysOf, NOW, SECONDS } from "../jose/parties.suite.ts";
import type { ClaimPath } from "./claim-path.ts";
import { makeDisclosure } from "./disclosure.ts";
import { issueSdJwt } from "./issue-sd-jwt.ts";
import {
  AUDIENCE,
  accept,
  bind,
  claims,
  demand,
  disclose,
  encodeJson,
  forge,
  holder,
  issue,
  issuer,
  keys,
  VCT,
  verify,
} from "./meter.suite.ts";
import { presentSdJwt, readSdJwt } from "./present-sd-jwt.ts";
import { verifySdJwt } from "./verify-sd-jwt.ts";

describe("SD-JWT VC", () => {
  it.each(ALGORITHMS)(
    "is issued, presented with chosen claims and verified with %s, issuer and holder",
    async (algorithm) => {
      const lab = createParty("did:example:other-lab", algorithm);
      const meter = createParty("did:example:meter-2", algorithm);
      const sdJwt = issueSdJwt(claims, lab, { disclose, decoys: 3, holderKey: meter });
      const presented = presentSdJwt(sdJwt, {
        disclose: [["class"], ["place", "geo"], ["accuracy", 0]],
        keyBinding: bind(demand.nonce, AUDIENCE, SECONDS, meter),
      });
      const verified = await verifySdJwt(presented, {
        keys: keysOf([lab]),
        now: NOW,
        keyBinding: demand,
        types: [VCT],
      });
      expect(verified.claims).toMatchObject({
        vct: VCT,
        iss: "did:example:other-lab",
        class: "B",
        place: { town: "Lübeck", geo: { lat: 53.87, lon: 10.69 } },
        accuracy: [0.5],
      });
      expect(verified.claims).not.toHaveProperty("serial");
      expect(verified.claims["place"]).not.toHaveProperty("street");
      expect(verified.disclosed).toHaveLength(4);
      expect(verified.keyBinding?.key.publicKey).toEqual(meter.publicKey);
      const readable = presented.split(/[.~]/).map((part) => Buffer.from(part, "base64url"));
      expect(Buffer.concat(readable).includes("7-4711")).toBe(false);
    },
  );

  it("is found to be of a did:key by its document, and of nobody else", async () => {
    const lab = createCredentialSigner("P-384");
    const sdJwt = issueSdJwt(claims, lab, { disclose });
    expect((await verifySdJwt(sdJwt, { keys: didKeys, now: NOW })).issuer).toBe(lab.controller);
    const thief = createCredentialSigner("P-384", { id: lab.id, controller: lab.controller });
    const forged = issueSdJwt(claims, thief, { disclose });
    expect(await codeOf(() => verifySdJwt(forged, { keys: didKeys, now: NOW }))).toBe("credentials.signature");
  });

  it("is taken of issuers that were recognised for its type, at the time that the verifier asks for", async () => {
    const asked: unknown[] = [];
    const recognised = (...question: unknown[]) => asked.push(question) < 3;
    const text = issueSdJwt(claims, issuer, { disclose });
    await verifySdJwt(text, { keys, now: NOW, recognised });
    await verifySdJwt(text, { keys, now: NOW, recognised, recognisedAt: "issued" });
    expect(await codeOf(() => verifySdJwt(text, { keys, now: NOW, recognised }))).toBe("credentials.issuer");
    expect(asked.slice(0, 2)).toEqual([
      [issuer.controller, [VCT], NOW],
      [issuer.controller, [VCT], NOW - 1_000_000],
    ]);
  });

  it("shows its holder all claims, and which of them may be kept back", () => {
    const { claims: seen, hidden } = readSdJwt(issue({ decoys: 2 }));
    const { cnf: _, iss, ...rest } = seen;
    expect(iss).toBe(issuer.controller);
    expect(rest).toEqual(claims);
    expect(hidden).toHaveLength(9);
    expect(hidden).toContainEqual(["accuracy", 2, "range", 1]);
  });

  it("shows a claim with all that is in it, and what it is in without the rest of that", async () => {
    const sdJwt = issue();
    const shown = async (paths: readonly ClaimPath[]) =>
      (await verify(presentSdJwt(sdJwt, { disclose: paths, keyBinding: bind() }))).claims;
    expect((await shown([["place"]]))["place"]).toEqual(claims["place"]);
    expect((await shown([["place", "street"]]))["place"]).toEqual({
      street: "Kai 3",
      town: "Lübeck",
      geo: { lon: 10.69 },
    });
    expect((await shown([["accuracy", 2, "range", 0]]))["accuracy"]).toEqual([{ range: [5] }]);
    expect((await shown([["accuracy", null]]))["accuracy"]).toEqual(claims["accuracy"]);
    expect(await shown([])).not.toHaveProperty("place");
    expect(await codeOf(() => presentSdJwt(sdJwt, { disclose: [["colour"]] }))).toBe("credentials.disclosure");
  });

  it("hides nothing by which its validity is told", async () => {
    for (const path of [["vct"], ["exp"], ["cnf", "jwk"], ["iss"]])
      expect(await codeOf(() => issue({ disclose: [path] }))).toBe("credentials.disclosure");
    // What another issuer hid: the holder must not bring it in by a disclosure.
    for (const [name, value] of [
      ["exp", SECONDS + 9999],
      ["cnf", { jwk: {} }],
      ["status", {}],
    ] as const) {
      const disclosure = makeDisclosure(name, value as Json);
      expect(await codeOf(() => accept(forge({ _sd: [disclosure.digest] }, [disclosure.text])))).toBe(
        "credentials.disclosure",
      );
    }
  });

  it("is refused before its time, after it, of another type, issuer or key, and when a status cannot be asked", async () => {
    const text = issue({ holderKey: holder });
    expect(await codeOf(() => accept(text))).toBeUndefined();
    expect(await codeOf(() => verifySdJwt(text, { keys, now: NOW + 1_000_000 }))).toBe("credentials.expired");
    expect(await codeOf(() => accept(forge({ nbf: SECONDS + 1 }, [])))).toBe("credentials.not-yet");
    expect(await codeOf(() => accept(forge({ iat: SECONDS + 120 }, [])))).toBe("credentials.not-yet");
    const late = makeDisclosure("iat", SECONDS + 120);
    expect(await codeOf(() => accept(forge({ _sd: [late.digest] }, [late.text])))).toBe("credentials.not-yet");
    expect(await codeOf(() => accept(forge({ exp: "soon" }, [])))).toBe("credentials.document");
    expect(await codeOf(() => verifySdJwt(text, { keys, now: NOW, types: ["urn:other"] }))).toBe(
      "credentials.document",
    );
    expect(await codeOf(() => accept(forge({ iss: "did:example:other" }, [])))).toBe("credentials.key");
    expect(await codeOf(() => accept(forge({ iss: "https://labs.example" }, [])))).toBe("credentials.document");
    expect(await codeOf(() => accept(forge({ vct: 7 }, [])))).toBe("credentials.document");
    expect(await codeOf(() => verifySdJwt(text, { keys: keysOf([issuer], ["authentication"]), now: NOW }))).toBe(
      "credentials.key",
    );
    const rotated = createParty(issuer.controller);
    expect(await codeOf(() => verifySdJwt(text, { keys: keysOf([rotated]), now: NOW }))).toBe("credentials.signature");
    const withStatus = forge({ status: { status_list: { idx: 1, uri: "https://labs.example/s" } } }, []);
    expect(await codeOf(() => accept(withStatus))).toBe("credentials.status-unknown");
    expect(await codeOf(() => verifySdJwt(withStatus, { keys, now: NOW, checkStatus: false }))).toBeUndefined();
  });

  it("is refused with an algorithm of no key, another typ, critical headers, or text that is not exact", async () => {
    const good = forge({}, []);
    const [header, payload, signature] = good.slice(0, -1).split(".") as [string, string, string];
    const withHeader = (value: JsonObject) => `${encodeJson(value)}.${payload}.${signature}~`;
    for (const alg of ["none", "None", "HS256", "RS256", "ES256", "ES512", ""])
      expect(await codeOf(() => accept(withHeader({ alg, kid: issuer.id, typ: "dc+sd-jwt" })))).toBe(
        alg === "ES256" ? "credentials.signature" : "credentials.proof",
      );
    expect(
      await codeOf(() => accept(`${encodeJson({ alg: "none", typ: "dc+sd-jwt", kid: issuer.id })}.${payload}.~`)),
    ).toBe("credentials.proof");
    for (const typ of ["JWT", "vc+jwt", "kb+jwt", "sd-jwt", 7])
      expect(await codeOf(() => accept(forge({}, [], { typ })))).toBe("credentials.proof");
    for (const typ of ["vc+sd-jwt", "application/dc+sd-jwt"])
      expect(await codeOf(() => accept(forge({}, [], { typ })))).toBeUndefined();
    expect(await codeOf(() => accept(forge({}, [], { crit: ["exp"] })))).toBe("credentials.proof");
    expect(await codeOf(() => accept(forge({}, [], { kid: "key-1" })))).toBe("credentials.key");
    expect(await codeOf(() => accept(forge({}, [], { kid: "#key-1" })))).toBeUndefined();
    for (const text of [
      `${header}=.${payload}.${signature}~`,
      `${header}.${payload}.${signature}`,
      `${header}.${payload}~`,
      `${header}.${payload}.${signature}~~`,
      `${header}.${payload}.${signature} ~`,
      "",
      "~",
    ])
      expect(await codeOf(() => accept(text))).toMatch(/^credentials\.(proof|disclosure)$/);
    const doubled = encodeBase64Url(encodeUtf8(`{"iss":"${issuer.controller}","iss":"did:example:evil","vct":"x"}`));
    expect(await codeOf(() => accept(`${header}.${doubled}.${signature}~`))).toBe("credentials.proof");
  });
});
