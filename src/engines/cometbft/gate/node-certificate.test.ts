import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualClock } from "#base";
import { createSigner } from "#crypto";
import { cometAddress } from "#protocol";
import { BEGIN } from "../../../ledger/alliance.suite.ts";
import { checkCertificate } from "./check-certificate.ts";
import { DAY, nodeOf, papers, seedOf } from "./gate.suite.ts";
import { CLIENT_AUTH, NodeIdentity, SERVER_AUTH } from "./node-certificate.ts";

const HOUR = 3_600_000;
const check = (pem: string, now = BEGIN) => checkCertificate(new X509Certificate(pem), now, 2 * HOUR);

describe("a node's certificate", () => {
  it("proves the node id of whatever key it is made with, at whatever time", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.integer({ min: 0, max: Date.UTC(2120, 0) / 1000 }),
        fc.integer({ min: 0, max: 31 * 86_400 }),
        (seed, second, length) => {
          const signer = createSigner("Ed25519", seed);
          const node = cometAddress({ algorithm: "Ed25519", bytes: signer.publicKey });
          const [notBefore, notAfter] = [second * 1000, (second + length) * 1000];
          const { cert } = papers(1, { signer, node, notBefore, notAfter });
          const read = new X509Certificate(cert);
          expect([Date.parse(read.validFrom), Date.parse(read.validTo)]).toEqual([notBefore, notAfter]);
          expect(check(cert, notBefore)).toEqual({ node });
        },
      ),
      { numRuns: 50 },
    );
  });

  it("says what it is for and nothing else", () => {
    const read = new X509Certificate(papers(1).cert);
    expect(read.subject).toBe(`CN=${nodeOf(1)}`);
    expect(read.issuer).toBe(read.subject);
    expect(read.subjectAltName).toBe(`URI:hansa:node:${nodeOf(1)}`);
    expect(read.keyUsage).toEqual([CLIENT_AUTH, SERVER_AUTH]);
    expect(read.ca).toBe(false);
    expect(read.serialNumber).not.toBe(new X509Certificate(papers(1).cert).serialNumber);
  });

  it("holds as long as it says, and as far beyond as clocks may differ", () => {
    const { cert } = papers(1);
    expect(check(cert, BEGIN - 2 * HOUR)).toEqual({ node: nodeOf(1) });
    expect(check(cert, BEGIN - 2 * HOUR - 1)).toEqual({ refused: "certificate-early" });
    expect(check(cert, BEGIN + DAY + 2 * HOUR)).toEqual({ node: nodeOf(1) });
    expect(check(cert, BEGIN + DAY + 2 * HOUR + 1)).toEqual({ refused: "certificate-expired" });
  });

  it("proves nothing where its key, signature, lifetime, usage or name is not as it must be", () => {
    const of = (changes: Parameters<typeof papers>[1]) => check(papers(1, changes).cert);
    const other = createSigner("Ed25519", seedOf(2));
    const own = createSigner("Ed25519", seedOf(1));
    expect(of({ signer: { ...own, sign: (data) => other.sign(data) } })).toEqual({ refused: "certificate-signature" });
    expect(of({ notAfter: BEGIN + 32 * DAY })).toEqual({ refused: "certificate-lifetime" });
    expect(of({ usages: [CLIENT_AUTH] })).toEqual({ refused: "certificate-usage" });
    expect(of({ usages: [SERVER_AUTH] })).toEqual({ refused: "certificate-usage" });
    expect(of({ usages: ["1.3.6.1.5.5.7.3.4"] })).toEqual({ refused: "certificate-usage" });
    expect(of({ node: nodeOf(2) })).toEqual({ refused: "certificate-name" });
    expect(of({ node: `${nodeOf(1)}, URI:x` })).toEqual({ refused: "certificate-name" });
    expect(checkCertificate(undefined, BEGIN, 0)).toEqual({ refused: "certificate-missing" });
  });

  it("is made anew at half its life, and when the clock is set back", () => {
    const clock = new ManualClock(BEGIN);
    const identity = new NodeIdentity(seedOf(1), clock, DAY);
    const first = identity.context();
    clock.advance(DAY / 2 - 1);
    expect(identity.context()).toBe(first);
    clock.advance(1);
    const second = identity.context();
    expect(second).not.toBe(first);
    clock.advance(-1);
    expect(identity.context()).not.toBe(second);
  });
});
