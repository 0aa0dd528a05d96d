import { readFileSync } from "node:fs";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64Url, decodeUtf8, encodeBase64Url, encodeUtf8, type Json, type JsonObject } from "#base";
import { randomBytes, sha256 } from "#crypto";
import { checkSignature, createCredentialSigner } from "../credentials/credential-key.ts";
import type { CredentialSigner } from "../credentials/keys.ts";
import { algOf } from "../jose/algorithms.ts";
import { decodeCompactJws, requireSignatureOf, signCompactJws } from "../jose/compact-jws.ts";
import { keyOfJwk } from "../jose/jwk.ts";
import { ALGORITHMS, codeOf, createParty, didKeys, keysOf, NOW, SECONDS } from "../jose/parties.suite.ts";
import type { ClaimPath } from "./claim-path.ts";
import { decodeDisclosure, digestText, makeDisclosure } from "./disclosure.ts";
import { issueSdJwt } from "./issue-sd-jwt.ts";
import { verifyKeyBinding } from "./key-binding.ts";
import { presentSdJwt, readSdJwt } from "./present-sd-jwt.ts";
import { revealClaims } from "./reveal-claims.ts";
import { verifySdJwt } from "./verify-sd-jwt.ts";

const issuer = createParty("did:example:lab");
const holder = createParty("did:example:meter", "P-256");
const keys = keysOf([issuer, holder]);
const AUDIENCE = "https://grid.example";
const VCT = "https://labs.example/meter-certificate";
const demand = { nonce: "n-0S6_WzA2Mj", audience: AUDIENCE };

const claims: JsonObject = {
  vct: VCT,
  iat: SECONDS - 1000,
  exp: SECONDS + 1000,
  serial: "7-4711",
  class: "B",
  place: { street: "Kai 3", town: "Lübeck", geo: { lat: 53.87, lon: 10.69 } },
  accuracy: [0.5, 1, { range: [5, 60] }],
};
const disclose: ClaimPath[] = [
  ["serial"],
  ["class"],
  ["place"],
  ["place", "street"],
  ["place", "geo", "lat"],
  ["accuracy", null],
  ["accuracy", 2, "range", 1],
];

const issue = (more: Partial<Parameters<typeof issueSdJwt>[2]> = {}, signer: CredentialSigner = issuer) =>
  issueSdJwt(claims, signer, { disclose, holderKey: holder, ...more });
const bind = (nonce = demand.nonce, audience = AUDIENCE, issuedAt = SECONDS, signer = holder) => ({
  signer,
  nonce,
  audience,
  issuedAt,
});
const verify = (text: string, more: object = {}) => verifySdJwt(text, { keys, now: NOW, keyBinding: demand, ...more });

/** An SD-JWT with a payload of our making, whatever it is. */
const forge = (payload: JsonObject, disclosures: readonly string[], header: JsonObject = {}) =>
  [
    signCompactJws(
      { kid: issuer.id, typ: "dc+sd-jwt", ...header },
      { iss: issuer.controller, vct: VCT, ...payload },
      issuer,
    ),
    ...disclosures,
    "",
  ].join("~");
const accept = (text: string) => verifySdJwt(text, { keys, now: NOW });
const encodeJson = (value: Json) => encodeBase64Url(encodeUtf8(JSON.stringify(value)));

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
      expect(presented).not.toContain(encodeBase64Url(encodeUtf8("4711")));
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

describe("disclosures", () => {
  const one = makeDisclosure("colour", "green");

  it("are refused where they are malformed, doubled, of no digest, or of what no claim may be", async () => {
    const encode = (value: Json) => encodeJson(value);
    const fitting = (text: string) => forge({ _sd: [digestText(text)] }, [text]);
    expect(await codeOf(() => accept(fitting(one.text)))).toBeUndefined();
    const bad: string[] = [
      encode({}),
      encode("salt"),
      encode([]),
      encode(["salt"]),
      encode(["salt", "name", 1, 2]),
      encode([7, "name", 1]),
      encode(["salt", 7, 1]),
      encode(["salt", "_sd", ["x"]]),
      encode(["salt", "...", "x"]),
      encode(["salt", "__proto__", { admin: true }]),
      encode(["salt", "constructor", 1]),
      encode(["salt", "colour", { __proto: 1, _sd: "x" }]),
      encode(["salt", "colour", { _sd: [7] }]),
      encode(["salt", "colour", { "...": "x" }]),
      encode(["salt", "colour", [{ "...": "x", more: 1 }]]),
      encode(["salt", "colour", [{ "...": 7 }]]),
      encode(["salt", "element, not member"]),
      encode(["salt", "vct", "urn:other"]),
      encode(["salt", "_sd_alg", "sha-512"]),
      encodeBase64Url(encodeUtf8('["salt","colour",{"a":1,"a":2}]')),
      encodeBase64Url(encodeUtf8('["salt","colour",')),
      `${one.text}=`,
      one.text.replace(/.$/, (last) => (last === "A" ? "B" : "A")),
      "!",
    ];
    for (const text of bad)
      expect([text, await codeOf(() => accept(fitting(text)))]).toEqual([text, "credentials.disclosure"]);
    expect(await codeOf(() => accept(forge({ _sd: [one.digest] }, [one.text, one.text])))).toBe(
      "credentials.disclosure",
    );
    expect(await codeOf(() => accept(forge({ _sd: [one.digest, one.digest] }, [one.text])))).toBe(
      "credentials.disclosure",
    );
    expect(await codeOf(() => accept(forge({ _sd: [one.digest], list: [{ "...": one.digest }] }, [])))).toBe(
      "credentials.disclosure",
    );
    expect(await codeOf(() => accept(forge({ _sd: [digestText("decoy")] }, [one.text])))).toBe(
      "credentials.disclosure",
    );
    expect(await codeOf(() => accept(forge({ _sd: [one.digest], colour: "red" }, [one.text])))).toBe(
      "credentials.disclosure",
    );
    expect(await codeOf(() => accept(forge({ list: [{ "...": one.digest }] }, [one.text])))).toBe(
      "credentials.disclosure",
    );
    expect(await codeOf(() => accept(forge({ _sd: one.digest }, [one.text])))).toBe("credentials.disclosure");
    expect(await codeOf(() => accept(forge({ _sd: [one.digest], _sd_alg: "md5" }, [one.text])))).toBe(
      "credentials.disclosure",
    );
    const inner = makeDisclosure("inner", 1);
    const outer = makeDisclosure("outer", { _sd: [inner.digest] });
    expect(await codeOf(() => accept(forge({ _sd: [outer.digest] }, [outer.text, inner.text])))).toBeUndefined();
    // Its digest stands in a disclosure that is kept back.
    expect(await codeOf(() => accept(forge({ _sd: [outer.digest] }, [inner.text])))).toBe("credentials.disclosure");
  });

  it("never let a claim be named like a digest, at any depth", async () => {
    for (const bad of [
      { a: { _sd: [] } },
      { a: [{ "...": "x" }] },
      { _sd_alg: "sha-256" },
      { _sd: [] },
    ] as JsonObject[])
      expect(await codeOf(() => issueSdJwt({ vct: VCT, ...bad }, issuer, { disclose: [] }))).toBe(
        "credentials.disclosure",
      );
    const polluted = JSON.parse(`{"vct":"${VCT}","__proto__":{"admin":true}}`) as JsonObject;
    expect(await codeOf(() => issueSdJwt(polluted, issuer, { disclose: [] }))).toBe("credentials.disclosure");
  });

  it("have salts of at least 128 bits that never come again, so that no claim is guessed from its digest", () => {
    const salts = new Set<string>();
    for (let i = 0; i < 500; i++) {
      const { text, digest } = makeDisclosure("class", "B");
      const [salt] = JSON.parse(decodeUtf8(decodeBase64Url(text) as Uint8Array) as string) as [string];
      expect((decodeBase64Url(salt) as Uint8Array).length).toBeGreaterThanOrEqual(16);
      salts.add(salt);
      // Who knows name and value, but not the salt, makes another digest.
      expect(digest).not.toBe(encodeBase64Url(sha256(encodeUtf8(encodeJson(["", "class", "B"])))));
    }
    expect(salts.size).toBe(500);
  });

  it("are not told from decoys, nor is it told how many there are", () => {
    const payloadOf = (text: string) => decodeCompactJws(text.split("~")[0] as string, ["dc+sd-jwt"]).claims;
    const places = new Map<number, number>();
    for (let i = 0; i < 120; i++) {
      const text = issueSdJwt({ vct: VCT, a: 1, list: ["x"] }, issuer, { disclose: [["a"], ["list", 0]], decoys: 4 });
      const { _sd: digests, list } = payloadOf(text) as { _sd: string[]; list: { "...": string }[] };
      const real = text.split("~").slice(1, -1).map(digestText);
      expect(digests).toHaveLength(5);
      expect([...digests].sort()).toEqual(digests);
      for (const digest of [...digests, ...list.map((item) => item["..."])]) {
        expect(digest).toMatch(/^[A-Za-z0-9_-]{43}$/);
        expect(decodeBase64Url(digest)).toHaveLength(32);
      }
      const at = list.findIndex((item) => real.includes(item["..."]));
      expect(list).toHaveLength(5);
      places.set(at, (places.get(at) ?? 0) + 1);
    }
    // The one real element of the list stands in each of five places with the same chance: none of them is left out in 120 draws.
    expect([...places.keys()].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it("bring back the claims whatever is hidden, and show what was chosen and no more", async () => {
    const name = fc.stringMatching(/^[a-z]{1,6}$/);
    const { any } = fc.letrec<{ any: Json }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        fc.oneof(fc.string({ unit: "grapheme" }), fc.integer(), fc.boolean(), fc.constant(null)),
        fc.array(tie("any"), { maxLength: 4 }),
        fc.dictionary(name, tie("any"), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    const coins = fc.array(fc.boolean(), { minLength: 61, maxLength: 61 });
    await fc.assert(
      fc.asyncProperty(any, coins, coins, fc.nat({ max: 5 }), async (data, hideCoins, showCoins, decoys) => {
        const body: JsonObject = { data, vct: VCT };
        const all = pathsOf(data, ["data"]);
        const hidden = all.filter((_, i) => hideCoins[i % hideCoins.length]);
        const text = issueSdJwt(body, issuer, { disclose: hidden, decoys });
        expect((await accept(text)).claims).toEqual({ ...body, iss: issuer.controller });

        // Each leaf is marked, and must be seen just where nothing that it is in was kept back.
        const marked: JsonObject = { data: markLeaves(data, ["data"]), vct: VCT };
        const wanted = all.filter((_, i) => showCoins[i % showCoins.length] && i % 3 === 0);
        const issued = issueSdJwt(marked, issuer, { disclose: hidden, decoys });
        const shown = JSON.stringify((await accept(presentSdJwt(issued, { disclose: wanted }))).claims);
        const isPrefix = (a: ClaimPath, b: ClaimPath) => a.every((step, i) => step === b[i]);
        for (const leaf of all.filter((path) => typeof at(data, path.slice(1)) !== "object")) {
          const kept = hidden.some(
            (path) => isPrefix(path, leaf) && !wanted.some((want) => isPrefix(want, path) || isPrefix(path, want)),
          );
          expect(shown.includes(JSON.stringify(markOf(leaf)))).toBe(!kept);
        }
      }),
      { numRuns: 150 },
    );
  });
});

/** All parts of a value, by path. */
function pathsOf(value: Json, path: (string | number)[]): ClaimPath[] {
  if (typeof value !== "object" || value === null) return [path];
  const steps: (string | number)[] = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [path, ...steps.flatMap((step) => pathsOf(at(value, [step]) as Json, [...path, step]))];
}

function at(value: Json, path: ClaimPath): Json | undefined {
  return path.reduce<Json | undefined>((part, step) => (part as JsonObject)[step as string], value);
}

const markOf = (path: ClaimPath) => `leaf at ${path.join(".")}`;

function markLeaves(value: Json, path: (string | number)[]): Json {
  if (value === null) return null;
  if (Array.isArray(value)) return value.map((item: Json, i) => markLeaves(item, [...path, i]));
  if (typeof value !== "object") return markOf(path);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, markLeaves(part, [...path, name])]));
}

describe("key binding", () => {
  const sdJwt = issue();
  const presented = presentSdJwt(sdJwt, { disclose: [["class"]], keyBinding: bind() });
  const stripped = presented.slice(0, presented.lastIndexOf("~") + 1);

  it("is required where it is demanded, and refused where it is not", async () => {
    expect((await verify(presented)).keyBinding?.issuedAt).toBe(SECONDS);
    expect(await codeOf(() => verify(stripped))).toBe("credentials.holder");
    expect(await codeOf(() => accept(presented))).toBe("credentials.holder");
    expect(await codeOf(() => presentSdJwt(presented, { disclose: "all" }))).toBe("credentials.disclosure");
  });

  it("holds for one nonce, one audience, some minutes, and the claims that were shown", async () => {
    expect(await codeOf(() => verify(presented, { keyBinding: { ...demand, nonce: "other" } }))).toBe(
      "credentials.challenge",
    );
    expect(await codeOf(() => verify(presented, { keyBinding: { ...demand, audience: "https://evil.example" } }))).toBe(
      "credentials.domain",
    );
    expect(await codeOf(() => verify(presented, { now: NOW + 301_000 }))).toBe("credentials.expired");
    expect(await codeOf(() => verify(presented, { now: NOW - 61_000 }))).toBe("credentials.not-yet");
    const more = presentSdJwt(sdJwt, { disclose: [["class"], ["serial"]] });
    const proof = presented.slice(presented.lastIndexOf("~") + 1);
    expect(await codeOf(() => verify(more + proof))).toBe("credentials.holder");
    const other = issue();
    expect(await codeOf(() => verify(presentSdJwt(other, { disclose: [["class"]] }) + proof))).toBe(
      "credentials.holder",
    );
  });

  it("is made with the holder's key and no other, and is nothing but a key-binding JWT", async () => {
    const thief = createParty("did:example:thief");
    expect(
      await codeOf(() => presentSdJwt(sdJwt, { disclose: [], keyBinding: bind("n", AUDIENCE, SECONDS, thief) })),
    ).toBe("credentials.holder");
    const proof = (header: JsonObject, payload: JsonObject, signer = holder) =>
      stripped + signCompactJws(header, { iat: SECONDS, nonce: demand.nonce, aud: AUDIENCE, ...payload }, signer);
    const sd_hash = digestText(stripped);
    expect(await codeOf(() => verify(proof({ typ: "kb+jwt" }, { sd_hash })))).toBeUndefined();
    expect(await codeOf(() => verify(proof({ typ: "kb+jwt" }, { sd_hash }, thief)))).toBe("credentials.signature");
    expect(await codeOf(() => verify(proof({ typ: "JWT" }, { sd_hash })))).toBe("credentials.proof");
    expect(await codeOf(() => verify(proof({}, { sd_hash })))).toBe("credentials.proof");
    expect(await codeOf(() => verify(proof({ typ: "kb+jwt" }, {})))).toBe("credentials.holder");
    expect(await codeOf(() => verify(proof({ typ: "kb+jwt" }, { _sd_hash: sd_hash })))).toBe("credentials.holder");
    expect(await codeOf(() => verify(proof({ typ: "kb+jwt" }, { sd_hash, aud: [AUDIENCE] })))).toBe(
      "credentials.domain",
    );
    expect(await codeOf(() => verify(proof({ typ: "kb+jwt" }, { sd_hash, exp: SECONDS })))).toBe("credentials.expired");
    // The issuer's own token in its place.
    expect(await codeOf(() => verify(stripped + sdJwt.slice(0, sdJwt.indexOf("~"))))).toBe("credentials.proof");
  });

  it("cannot be had of a credential that is bound to no key, and takes a key that a DID names", async () => {
    const free = issueSdJwt(claims, issuer, { disclose });
    expect(await codeOf(() => presentSdJwt(free, { disclose: [], keyBinding: bind() }))).toBe("credentials.holder");
    const proof = { iat: SECONDS, nonce: demand.nonce, aud: AUDIENCE, sd_hash: digestText(free) };
    expect(await codeOf(() => verify(free + signCompactJws({ typ: "kb+jwt" }, proof, holder)))).toBe(
      "credentials.holder",
    );
    const named = issueSdJwt({ ...claims, cnf: { kid: holder.id } }, issuer, { disclose });
    const shown = presentSdJwt(named, { disclose: [], keyBinding: bind() });
    expect((await verify(shown)).keyBinding?.key.publicKey).toEqual(holder.publicKey);
    const strange = forge({ cnf: { x5t: "abc" } }, []);
    expect(await codeOf(() => verify(`${strange}e30.e30.AA`))).toBe("credentials.holder");
  });
});

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
