import { describe, expect, it } from "vitest";
import type { JsonObject } from "#base";
import { signCompactJws } from "../jose/compact-jws.ts";
import { codeOf, createParty, NOW, SECONDS } from "../jose/parties.suite.ts";
import { digestText } from "./disclosure.ts";
import { issueSdJwt } from "./issue-sd-jwt.ts";
import {
  AUDIENCE,
  accept,
  bind,
  claims,
  demand,
  disclose,
  forge,
  holder,
  issue,
  issuer,
  verify,
} from "./meter.suite.ts";
import { presentSdJwt } from "./present-sd-jwt.ts";

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
    expect(await codeOf(() => verify(proof({ typ: "kb+jwt" }, { sd_hash, nbf: SECONDS + 1 })))).toBe(
      "credentials.not-yet",
    );
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
