import { describe, expect, it } from "vitest";
import { createSigner } from "#crypto";
import { encodeProof, verifyProofFile } from "#sdk";
import { ACME, ENGINE_KEY, HANSEL, LINKAGE, makeTrail, STRANGER, TRAIL_GROUP, type TrailInput } from "./trail.suite.ts";

function refusalOf(input: TrailInput): unknown {
  try {
    verifyProofFile(makeTrail(input));
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("verifyProofFile", () => {
  it("says what was proved, who signed it, and what was commanded", () => {
    const proved = verifyProofFile(encodeProof(makeTrail()), { trust: TRAIL_GROUP });
    expect(proved).toMatchObject({ kind: "trail", about: LINKAGE, group: TRAIL_GROUP, height: 1 });
    expect(proved.entries[0]?.signers).toEqual([{ did: HANSEL.did, kid: HANSEL.kid, signature: "verified" }]);
    expect(proved.commands[0]).toMatchObject({
      command: { iss: ACME.did, sub: STRANGER.did, linkage: LINKAGE },
      receipt: { outcome: "done" },
      commandSignature: "verified",
      receiptSignature: "verified",
      entry: 0,
    });
    expect(proved.vouched).toEqual({ engine: "solo", key: ENGINE_KEY });
  });

  it("takes the parsed value as well as its text or bytes", () => {
    const trail = makeTrail();
    const text = encodeProof(trail);
    expect(verifyProofFile(trail)).toEqual(verifyProofFile(text));
    expect(verifyProofFile(new TextEncoder().encode(text))).toEqual(verifyProofFile(text));
  });

  it("says so where the file does not show a signer's key", () => {
    const proved = verifyProofFile(
      makeTrail({
        signers: [{ party: HANSEL }, { party: STRANGER }],
        command: { iss: STRANGER.did },
        commandBy: STRANGER,
      }),
    );
    expect(proved.entries[0]?.signers.map(({ signature }) => signature)).toEqual(["verified", "unknown-key"]);
    expect(proved.commands[0]?.commandSignature).toBe("unknown-key");
  });

  it("refuses a signature that its key did not make", () => {
    const foreign = createSigner("P-256");
    expect(refusalOf({ signers: [{ party: HANSEL, forgedBy: foreign }] })).toMatchObject({
      code: "proof.invalid",
      payload: { step: "signature" },
    });
    expect(refusalOf({ receiptBy: { ...HANSEL, signer: foreign } })).toMatchObject({ payload: { step: "command" } });
    expect(refusalOf({ commandBy: { ...ACME, signer: createSigner("Ed25519") } })).toMatchObject({
      payload: { step: "command" },
    });
  });

  it("refuses a command or receipt that somebody else signed in the issuer's name", () => {
    expect(refusalOf({ commandBy: HANSEL })).toMatchObject({ code: "proof.invalid", payload: { step: "command" } });
    expect(refusalOf({ receiptBy: ACME })).toMatchObject({ code: "proof.invalid", payload: { step: "command" } });
  });

  it.each([
    ["another id", { jti: "x".repeat(22) }],
    ["another linkage", { linkage: "lk_4QJmV3qfvL9SuYo34YihAf3sRCW3" }],
    ["another device", { device: ACME.did }],
    ["another command's digest", { command: "e".repeat(43) }],
  ])("refuses a receipt of %s", (_, receipt) => {
    expect(refusalOf({ receipt })).toMatchObject({ code: "proof.invalid", payload: { step: "command" } });
  });

  it("refuses a command of another group", () => {
    expect(refusalOf({ command: { aud: "hanse:side:2xGabcdefghijkmnopqrstuvwx" } })).toMatchObject({
      code: "proof.invalid",
    });
  });

  it("refuses another group than the trusted one", () => {
    expect(() => verifyProofFile(makeTrail(), { trust: "hanse:main:2xGabcdefghijkmnopqrstuvwx" })).toThrow(
      expect.objectContaining({ code: "proof.untrusted" }),
    );
  });

  it("fails with any byte of the file changed", () => {
    const bytes = new TextEncoder().encode(encodeProof(makeTrail()));
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] = (changed[at] as number) ^ 1;
      expect(() => verifyProofFile(changed, { trust: TRAIL_GROUP }), `byte ${at}`).toThrow();
    }
  });
});
