import fc from "fast-check";
import { describe, it, onTestFinished } from "vitest";
import { isHansaError, type Json, type JsonObject } from "#base";
import { envelopCredential, isEnvelope, verifyEnveloped } from "../jose/envelope.ts";
import { issueJwtCredential, verifyJwtCredential } from "../jose/jwt-credential.ts";
import { issueJwtPresentation, verifyJwtPresentation } from "../jose/jwt-presentation.ts";
import { issueSdJwt } from "../sd-jwt/issue-sd-jwt.ts";
import { presentSdJwt, readSdJwt } from "../sd-jwt/present-sd-jwt.ts";
import { verifySdJwt } from "../sd-jwt/verify-sd-jwt.ts";
import { openBitstring, readBitstringEntry, statusListCredential } from "../status/bitstring.ts";
import { StatusList } from "../status/status-list.ts";
import { statusSource } from "../status/status-source.ts";
import { decodeTokenList, readTokenStatusReference } from "../status/token-status.ts";
import { createPresentation, makePresentation } from "./create-presentation.ts";
import { decodeCredentialJwk, decodeCredentialKey } from "./credential-key.ts";
import { credentialOf, keys, NOW, signerOf } from "./credentials.suite.ts";
import { addProof } from "./data-integrity/add-proof.ts";
import { deriveCredential } from "./data-integrity/ecdsa-sd-2023.ts";
import { issueCredential } from "./issue-credential.ts";
import { hasDigests } from "./resource-digest.ts";
import { checkSchema } from "./schema-check.ts";
import { SchemaJudge } from "./schema-judge.ts";
import { checkTerms } from "./terms/check-terms.ts";
import { verifyCredential } from "./verify-credential.ts";
import { verifyPresentation } from "./verify-presentation.ts";

const issuer = signerOf(1);
const ecdsa = signerOf(2, "P-256");
const CONTEXTS = [
  "https://www.w3.org/ns/credentials/v2",
  "https://www.w3.org/2018/credentials/v1",
  "https://www.w3.org/ns/credentials/examples/v2",
];

const word = fc.constantFrom(
  ..."@context @id @type @value @list @set @graph @included @reverse @nest @index @json @language @direction @none".split(
    " ",
  ),
  ..."__proto__ constructor toString prototype hasOwnProperty id type issuer proof holder credentialSubject".split(" "),
  ..."credentialStatus credentialSchema relatedResource verifiableCredential validFrom validUntil digestSRI".split(" "),
  ..."previousProof created expires domain challenge proofValue cryptosuite verificationMethod _sd _sd_alg ... cnf".split(
    " ",
  ),
  ..."$ref $dynamicRef $async $id $schema $defs # #/properties/id pattern allOf not".split(" "),
  "",
  ":",
  "a:b",
  "_:b0",
  "\ud800",
  "ex:",
);
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<Json>(null, true, false, 0, -0, -1, 1.5, Number.POSITIVE_INFINITY, 1e21, 1e-7, Number.NaN, [], {}),
    fc.oneof(fc.string(), word, fc.constantFrom(...CONTEXTS)),
    fc.array(tie("json"), { maxLength: 3 }),
    fc
      .array(fc.tuple(fc.oneof(word, fc.string()), tie("json")), { maxLength: 4 })
      .map((members) => Object.fromEntries(members)),
  ),
}));

/** Changes of a document: what stands at a place drawn, or beside it, becomes something else. */
const change = fc.record({ place: fc.nat(), name: fc.option(word, { nil: undefined }), value: json });
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function apply(document: Json, { place, name, value }: Change): Json {
  const copy = structuredClone(document) as Json;
  const places: (() => void)[] = [];
  const visit = (node: Json): void => {
    if (typeof node !== "object" || node === null) return;
    const members = node as Record<string, Json>;
    if (name !== undefined && !Array.isArray(node))
      places.push(() =>
        Object.defineProperty(node, name, { value, enumerable: true, configurable: true, writable: true }),
      );
    for (const key of Object.keys(members)) {
      places.push(() =>
        Object.defineProperty(node, key, { value, enumerable: true, configurable: true, writable: true }),
      );
      visit(members[key] as Json);
    }
  };
  visit(copy);
  places[place % Math.max(1, places.length)]?.();
  return copy;
}

/** Ends well or with a refusal; anything else would be a fault of this program, and a 5xx at a node. */
async function refuses(run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!isHansaError(error)) throw error;
  }
}

const options = { keys, now: NOW, challenge: "c", domain: "d" };
const changes = fc.array(change, { minLength: 1, maxLength: 2 });

describe("whatever it is given", () => {
  it.each(["eddsa-jcs-2022", "eddsa-rdfc-2022"])(
    "a credential or presentation of %s is verified or refused",
    async (suite) => {
      const member = {
        credentialStatus: { id: "urn:x:1", type: "T" },
        relatedResource: { id: "urn:r", digestSRI: "sha256-" },
      };
      const signed = await issueCredential(credentialOf(issuer.controller), issuer, {
        suite,
        created: NOW,
        id: "urn:p:1",
      });
      const chained = await addProof(signed, issuer, { suite, purpose: "assertionMethod", previousProof: "urn:p:1" });
      const made = makePresentation([signed, chained], issuer.controller);
      const presented = await createPresentation(made, issuer, { suite, challenge: "c", domain: "d", created: NOW });
      await fc.assert(
        fc.asyncProperty(
          changes,
          fc.constantFrom<JsonObject>(signed, chained, presented, { ...signed, ...member }),
          async (all, document) => {
            const value = all.reduce<Json>(apply, document);
            await refuses(() =>
              verifyCredential(value, { ...options, checkStatus: false, resources: async () => new Uint8Array() }),
            );
            await refuses(() => verifyPresentation(value, options));
            await refuses(() => checkTerms(value as JsonObject));
            await refuses(() => issueCredential(value as JsonObject, issuer, { suite }));
          },
        ),
        { numRuns: 120 },
      );
    },
    60_000,
  );

  it("a base proof is derived from or refused, and a derived one verified or refused", async () => {
    const signed = await issueCredential(credentialOf(ecdsa.controller), ecdsa, {
      suite: "ecdsa-sd-2023",
      created: NOW,
    });
    const shown = await deriveCredential(signed, { selectivePointers: ["/credentialSubject/serial"] });
    await fc.assert(
      fc.asyncProperty(changes, fc.string(), async (all, pointer) => {
        const value = all.reduce<Json>(apply, signed) as JsonObject;
        await refuses(() => deriveCredential(value, { selectivePointers: ["/credentialSubject/model"] }));
        await refuses(() => deriveCredential(signed, { selectivePointers: [pointer, `/${pointer}`] }));
        await refuses(() => verifyCredential(all.reduce<Json>(apply, shown), options));
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it("a token is verified or refused", async () => {
    const credential = credentialOf(issuer.controller);
    const claims = {
      vct: "urn:x",
      a: [1, { b: 2 }],
      iat: 1,
      status: { status_list: { idx: 1, uri: "https://a.example" } },
    };
    const sign = (value: JsonObject) => {
      const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
      return (header: object) => {
        const input = `${encode({ alg: "EdDSA", kid: issuer.id, ...header })}.${encode(value)}`;
        return `${input}.${Buffer.from(issuer.sign(Buffer.from(input))).toString("base64url")}`;
      };
    };
    const sdJwt = issueSdJwt(claims, issuer, { disclose: [["a"], ["a", 1], ["a", null]], holderKey: issuer });
    const inEnvelope = makePresentation([
      envelopCredential(issueJwtCredential(credential, issuer), "application/vc+jwt"),
    ]);
    issueJwtPresentation(inEnvelope, issuer, { domain: "d", challenge: "c", issuedAt: 1, expires: 2 });
    await fc.assert(
      fc.asyncProperty(changes, json, async (all, disclosed) => {
        const status = statusSource({
          keys,
          now: () => NOW,
          fetchList: async () => all.reduce<Json>(apply, credential) as JsonObject,
        });
        const any = { ...options, status };
        const value = (document: Json) => all.reduce<Json>(apply, document) as JsonObject;
        await refuses(() => verifyJwtCredential(sign(value(credential))({ typ: "vc+jwt" }), any));
        await refuses(() =>
          verifyJwtCredential(sign(value({ iss: issuer.controller, vc: credential, exp: 1 }))({}), any),
        );
        await refuses(() =>
          verifyJwtPresentation(
            sign(value({ ...inEnvelope, holder: issuer.controller, nonce: "c", aud: "d" }))({ typ: "vp+jwt" }),
            any,
          ),
        );
        const text = Buffer.from(JSON.stringify(disclosed)).toString("base64url");
        const payload = value({ ...claims, iss: issuer.controller, _sd: ["x"], l: [{ "...": "y" }] });
        await refuses(() => verifySdJwt(`${sign(payload)({ typ: "dc+sd-jwt" })}~`, any));
        await refuses(() => readSdJwt(`${sdJwt}${text}~`));
        await refuses(() => presentSdJwt(sdJwt, { disclose: [Object.keys(disclosed ?? {}), ["a", 1]] }));
        await refuses(() => issueSdJwt(payload, issuer, { disclose: [["a"]] }));
        const envelope = envelopCredential(
          `${sign(value(credential))({ typ: "vc+sd-jwt" })}~`,
          "application/vc+sd-jwt",
        );
        await refuses(() => verifyEnveloped(value(envelope), any));
        isEnvelope(disclosed);
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it("a status, a key, a digest or a schema is read or refused", async () => {
    const judge = new SchemaJudge();
    onTestFinished(() => judge.close());
    const list = StatusList.create({ order: "left" });
    const description = {
      id: "https://a.example/1",
      issuer: issuer.controller,
      purpose: "revocation",
      validFrom: "2026-01-01T00:00:00Z",
    } as const;
    const credential = await statusListCredential(list, description);
    const entry = {
      type: "BitstringStatusListEntry",
      statusPurpose: "message",
      statusListIndex: "1",
      statusListCredential: "https://a.example/1",
      statusSize: 1,
      statusMessage: [
        { status: "0x0", message: "a" },
        { status: "0x1", message: "b" },
      ],
    };
    const schema = { type: "object", properties: { id: { type: "string", pattern: "a" } }, required: ["id"] };
    await fc.assert(
      fc.asyncProperty(changes, json, async (all, value) => {
        const changed = (document: Json) => all.reduce<Json>(apply, document) as JsonObject;
        await refuses(() => readBitstringEntry(changed(entry)));
        await refuses(() => openBitstring(changed(credential), 1));
        await refuses(() => decodeTokenList(value));
        await refuses(() => readTokenStatusReference(changed({ status_list: { idx: 1, uri: "https://a.example" } })));
        await refuses(() => decodeCredentialJwk(changed({ kty: "EC", crv: "P-256", x: "AA", y: "AA" })));
        if (typeof value === "string") await refuses(() => decodeCredentialKey(value));
        await refuses(() =>
          hasDigests(changed({ digestSRI: "sha256-AAAA", digestMultibase: "uEiA" }), new Uint8Array()),
        );
        for (const type of ["JsonSchema", "JsonSchemaCredential"])
          await refuses(() =>
            checkSchema(credential, { id: "urn:s", type }, { source: async () => changed(schema), judge }),
          );
      }),
      { numRuns: 100 },
    );
  }, 60_000);
});
