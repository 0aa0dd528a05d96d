import { expect, it, onTestFinished } from "vitest";
import { encodeBase64Url, systemClock } from "#base";
import { createSigner, encodeMultikey, randomBytes } from "#crypto";
import { SoloEngine } from "#engines";
import { Ledger, MemoryStore } from "#ledger";
import { checkGenesis, DEFAULT_PARAMETERS, didOf, keyIdOf, operation } from "#protocol";
import { SignaturePool } from "./signature-pool.ts";
import { Submission } from "./submission.ts";

async function submissionOf(algorithm: "Ed25519" | "P-256") {
  const signer = createSigner(algorithm);
  const orderer = createSigner("Ed25519");
  const key = { algorithm, bytes: signer.publicKey };
  const did = didOf("hanse", key);
  const genesis = checkGenesis({
    version: 1,
    alliance: "hanse",
    group: "main",
    time: Date.now() - 1000,
    engine: { kind: "solo", key: encodeMultikey({ algorithm: "Ed25519", bytes: orderer.publicKey }) },
    members: [{ did, name: "acme", roles: ["platform"], publicKey: encodeMultikey(key) }],
    parameters: DEFAULT_PARAMETERS,
  });
  const ledger = new Ledger(genesis, new MemoryStore());
  const engine = new SoloEngine({ ledger, signer: orderer, clock: systemClock });
  await engine.start();
  onTestFinished(() => engine.stop());
  const submission = new Submission(ledger, engine, new SignaturePool(0), systemClock);
  const ops = [operation("topics.open", { topic: "acme/things", publish: [], subscribe: [] })];
  const send = (same?: { jti: string; exp: number }) =>
    submission.send(ops, did, { kid: keyIdOf(did, key), signer }, same);
  return { ledger, send };
}

// ECDSA gives another signature each time, so what is sent again are other bytes.
it.each(["Ed25519", "P-256"] as const)(
  "an operation of the node's own that is sent again as the same transaction is executed once, %s",
  async (algorithm) => {
    const { ledger, send } = await submissionOf(algorithm);
    const same = { jti: encodeBase64Url(randomBytes(16)), exp: Math.floor(Date.now() / 1000) + 60 };
    const first = await send(same);
    expect(first.code).toBe(0);
    expect(await send(same)).toEqual(first);
    expect(ledger.height).toBe(first.height);
    // Without it, it is another one.
    await expect(send()).rejects.toMatchObject({ code: "topics.exists", payload: { topic: "acme/things" } });
  },
);
