import fc from "fast-check";
import { expect, it } from "vitest";
import { HansaError, type Json } from "#base";
import { finder, NOW } from "../wallet/wallet.suite.ts";
import { openOffer } from "./accept-offer.ts";
import { openRequest } from "./answer-request.ts";
import { verifyKeyProof } from "./key-proof.ts";
import { checkVpQuery, verifyVpToken } from "./verify-vp-token.ts";

const never = (() => expect.fail("it was sent")) as unknown as typeof fetch;
const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
/** Tokens of any shape, and such as are nearly right. */
const token = fc.oneof(
  fc.string(),
  fc
    .tuple(fc.jsonValue(), fc.jsonValue())
    .map(
      ([header, claims]) =>
        `${b64({ alg: "ES256", typ: "openid4vci-proof+jwt", ...(header as object) })}.${b64(claims)}.AA`,
    ),
);

async function refused(run: () => unknown): Promise<void> {
  const error = await Promise.resolve()
    .then(run)
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  if (error !== undefined) expect(error).toBeInstanceOf(HansaError);
}

it("refuses any proof, answer, query, request and offer that is none with a code", async () => {
  const query = (format: string): Json => ({
    credentials: [{ id: "a", format, meta: format === "dc+sd-jwt" ? { vct_values: ["x"] } : { type_values: [["x"]] } }],
  });
  const demand = { clientId: "v", nonce: "n", keys: finder, now: NOW };
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), token, fc.string(), async (value, jwt, text) => {
      await refused(() => verifyKeyProof(jwt, { issuer: "https://i.example", keys: finder, now: NOW }));
      await refused(() => checkVpQuery(value as Json));
      for (const format of ["dc+sd-jwt", "ldp_vc", "jwt_vc_json"])
        for (const shown of [value, { a: value }, { a: [value] }, { a: [jwt] }, { a: [`${jwt}~`] }])
          await refused(() => verifyVpToken(shown as Json, { ...demand, query: query(format) }));
      for (const uri of [text, `openid4vp://?client_id=x&request=${encodeURIComponent(jwt)}`])
        await refused(() => openRequest(uri, { fetch: never, keys: finder }));
      const given = encodeURIComponent(JSON.stringify(value));
      for (const uri of [text, `openid-credential-offer://?credential_offer=${given}`])
        await refused(() => openOffer(uri, { fetch: never }));
    }),
    { numRuns: 150 },
  );
});
