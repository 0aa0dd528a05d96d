/** What strangers get at the public port. */
import { describe, expect, it } from "vitest";
import { createSigner } from "#crypto";
import { BEGIN } from "../../../ledger/alliance.suite.ts";
import {
  answerTo,
  closed,
  connected,
  DAY,
  GROUP,
  heard,
  isSecured,
  listening,
  nodeOf,
  papers,
  seedOf,
  stranger,
  Town,
} from "./gate.suite.ts";
import { encodeHeader, GATE_PROTOCOL, MAX_HEADER_BYTES } from "./header.ts";
import type { GateLimits } from "./limits.ts";
import { CLIENT_AUTH } from "./node-certificate.ts";

/** A self-signed pair of another kind of key, made for this test by `openssl req -x509`. */
const P256 = {
  key: pem(
    "PRIVATE KEY",
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgFDJ+RtA2048KNmHeJlRVasrXpUoRyzfQCu+siTaJB9WhRANCAATWN4w+FD8bae4SwJ/q4N0Xd8yhj39XyADKJp/JIjYDAttjNQaQ+hsSUXWhbwbEQrnKwZlZuq18s9o8NrVZhgCq",
  ),
  cert: pem(
    "CERTIFICATE",
    "MIIBczCCARmgAwIBAgIUJNFaF4yMSufWSHlaXaORCxNJDJUwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEcDI1NjAeFw0yNjExMjIyMTA5MDdaFw0yNjExMjMyMTA5MDdaMA8xDTALBgNVBAMMBHAyNTYwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATWN4w+FD8bae4SwJ/q4N0Xd8yhj39XyADKJp/JIjYDAttjNQaQ+hsSUXWhbwbEQrnKwZlZuq18s9o8NrVZhgCqo1MwUTAdBgNVHQ4EFgQUMcniJToFeUyJgQ+00IiRddsf3f8wHwYDVR0jBBgwFoAUMcniJToFeUyJgQ+00IiRddsf3f8wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiBYSVtgVzhorjtI98qCU6MFt2RGJAjG8RF1AdMp4bjxSgIhALd+YuHlfroGi5CF3vPPuQ+jVsqDNBWFR70cY+5av19U",
  ),
};

function pem(label: string, body: string): string {
  return `-----BEGIN ${label}-----\n${body.match(/.{1,64}/g)?.join("\n")}\n-----END ${label}-----\n`;
}

const header = (group = GROUP) => encodeHeader({ group, purpose: "p2p" });

/** A gate of node 1 that admits node 2, and counts who got through to CometBFT. */
async function guarded(limits: Partial<GateLimits> = {}) {
  const town = new Town();
  let reached = 0;
  const p2p = await listening((socket) => {
    reached++;
    socket.write("engine");
  });
  const { gate, lines } = await town.open(1, { p2pPort: () => p2p, limits });
  town.admit(2, "127.0.0.1:1");
  await gate.update();
  return { town, gate, lines, reached: () => reached };
}

/** What becomes of a peer with these papers, which says this first. */
async function fate(options: Parameters<typeof stranger>[1], first = header()) {
  const guard = await guarded();
  const answer = await answerTo(stranger(guard.gate.port, options), first);
  return { answer, refusals: guard.gate.status().refusals, reached: guard.reached(), lines: guard.lines };
}

describe("the public port", () => {
  it("lets an admitted node through to CometBFT", async () => {
    const { gate, reached } = await guarded();
    const socket = stranger(gate.port, papers(2));
    expect(await answerTo(socket)).toEqual({ accepted: true });
    expect(await heard(socket)).toBe("engine");
    expect(reached()).toBe(1);
    expect(gate.status()).toMatchObject({ peers: [{ node: nodeOf(2), in: { p2p: 1 } }], handshakes: 0, refusals: {} });
  });

  it("hangs up on who does not speak TLS", async () => {
    const { gate, lines, reached } = await guarded();
    const socket = await connected(gate.port);
    socket.write("GET / HTTP/1.1\r\nhost: gate\r\n\r\n");
    await closed(socket);
    await lines.until(/: handshake/);
    expect([gate.status().refusals, reached()]).toEqual([{ handshake: 1 }, 0]);
  });

  it("refuses TLS 1.2", async () => {
    const { gate, lines, reached } = await guarded();
    expect(await isSecured(stranger(gate.port, { ...papers(2), maxVersion: "TLSv1.2" }))).toBe(false);
    await lines.until(/: handshake/);
    expect([gate.status().refusals, reached()]).toEqual([{ handshake: 1 }, 0]);
  });

  it("refuses another protocol, and none", async () => {
    const { gate, lines } = await guarded();
    expect(await isSecured(stranger(gate.port, { ...papers(2), ALPNProtocols: ["h2"] }))).toBe(false);
    await lines.until(/: handshake/);
    const silent = stranger(gate.port, { ...papers(2), ALPNProtocols: undefined } as never);
    expect(await answerTo(silent)).toEqual({ refused: "protocol" });
    expect(gate.status().refusals).toEqual({ handshake: 1, protocol: 1 });
  });

  it("refuses who shows no certificate", async () => {
    expect(await fate({})).toMatchObject({ answer: { refused: "certificate-missing" }, reached: 0 });
  });

  it("refuses certificates that do not hold, and says why", async () => {
    const own = createSigner("Ed25519", seedOf(2));
    const other = createSigner("Ed25519", seedOf(3));
    const cases = [
      [{ notBefore: BEGIN - 2 * DAY, notAfter: BEGIN - DAY }, "certificate-expired"],
      [{ notBefore: BEGIN + DAY, notAfter: BEGIN + 2 * DAY }, "certificate-early"],
      [{ notAfter: BEGIN + 400 * DAY }, "certificate-lifetime"],
      [{ usages: [CLIENT_AUTH] }, "certificate-usage"],
      [{ node: nodeOf(3) }, "certificate-name"],
      [{ signer: { ...own, sign: other.sign } }, "certificate-signature"],
    ] as const;
    for (const [changes, refused] of cases)
      expect(await fate(papers(2, changes))).toMatchObject({
        answer: { refused },
        refusals: { [refused]: 1 },
        reached: 0,
      });
  });

  it("refuses a key that the ledger does not admit, its own included", async () => {
    for (const number of [1, 3])
      expect(await fate(papers(number))).toMatchObject({
        answer: { refused: "not-admitted" },
        refusals: { "not-admitted": 1 },
        reached: 0,
      });
  });

  it("refuses another group, version and purpose, and what is no header", async () => {
    const frame = (text: string) =>
      Buffer.concat([Buffer.from([text.length >> 8, text.length & 0xff]), Buffer.from(text)]);
    const said = (changes: object) => frame(JSON.stringify({ group: GROUP, purpose: "p2p", version: 1, ...changes }));
    const cases = [
      [header("alliance:other:2NEpo7TZRRrLZSi2U"), "wrong-group"],
      [said({ version: 2 }), "wrong-version"],
      [said({ purpose: "admin" }), "wrong-purpose"],
      // Not offered here.
      [said({ purpose: "light" }), "wrong-purpose"],
      [said({ purpose: "message" }), "wrong-purpose"],
      [frame("hello"), "header"],
      [Buffer.from([0, 0]), "header"],
      [Buffer.alloc(MAX_HEADER_BYTES + 3, 0xff), "header"],
      // Nothing may follow before the answer.
      [Buffer.concat([header(), Buffer.from("more")]), "header"],
    ] as const;
    for (const [first, refused] of cases)
      expect(await fate(papers(2), first)).toMatchObject({
        answer: { refused },
        refusals: { [refused]: 1 },
        reached: 0,
      });
  });

  it("refuses who hangs up amid its header", async () => {
    const { gate, lines } = await guarded();
    const socket = stranger(gate.port, papers(2));
    expect(await isSecured(socket)).toBe(true);
    socket.end(header().subarray(0, 7));
    await lines.until(/: header/);
    expect(gate.status().refusals).toEqual({ header: 1 });
  });

  it("waits for nobody longer than the deadline: not for TLS, not for a header", async () => {
    const { town, gate, lines, reached } = await guarded();
    const mute = await connected(gate.port);
    const headless = stranger(gate.port, papers(2));
    expect(await isSecured(headless)).toBe(true);
    headless.write(header().subarray(0, 7));
    const dripping = stranger(gate.port, papers(2));
    expect(await isSecured(dripping)).toBe(true);
    expect(gate.status().handshakes).toBe(3);
    town.clock.advance(9_999);
    dripping.write(header().subarray(0, 1));
    expect(gate.status().handshakes).toBe(3);
    town.clock.advance(1);
    await Promise.all([mute, headless, dripping].map(closed));
    await lines.until(/: deadline/);
    expect([gate.status().handshakes, reached()]).toEqual([0, 0]);
    expect(gate.status().refusals).toEqual({ deadline: 3 });
  });

  it("takes so many handshakes from one address at once, and goes on once they are over", async () => {
    const { town, gate, lines } = await guarded({ handshakesPerAddress: 2 });
    const mute = [await connected(gate.port), await connected(gate.port)];
    const third = await connected(gate.port);
    await closed(third);
    await lines.until(/: too-many/);
    expect(gate.status()).toMatchObject({ handshakes: 2, refusals: { "too-many": 1 } });
    town.clock.advance(10_000);
    await Promise.all(mute.map(closed));
    await lines.until(/: deadline/);
    expect(await answerTo(stranger(gate.port, papers(2)))).toEqual({ accepted: true });
  });

  it("keeps so many streams of one peer: a newer one takes the place of the oldest", async () => {
    const { gate } = await guarded({ streamsPerPeer: 2 });
    const come = async () => {
      const socket = stranger(gate.port, papers(2));
      expect(await answerTo(socket)).toEqual({ accepted: true });
      return socket;
    };
    const [first, second, third] = [await come(), await come(), await come()];
    await closed(first);
    expect([second.destroyed, third.destroyed]).toEqual([false, false]);
    expect(gate.status().peers).toMatchObject([{ in: { p2p: 2 } }]);
  });

  it("admits nobody while the ledger cannot be asked", async () => {
    const town = new Town();
    const { gate, lines } = await town.open(1, {
      admits: () => {
        throw new Error("the ledger is closed");
      },
    });
    const socket = stranger(gate.port, papers(2));
    await closed(socket);
    await lines.until(/the ledger is closed/);
    expect(gate.status().peers).toEqual([]);
  });

  it("says so when CometBFT is down", async () => {
    const town = new Town();
    const { gate } = await town.open(1, { p2pPort: () => 1 });
    town.admit(2, "127.0.0.1:1");
    expect(await answerTo(stranger(gate.port, papers(2)))).toEqual({ refused: "engine-down" });
  });

  it("refuses keys that are not Ed25519", async () => {
    expect(await fate(P256)).toMatchObject({
      answer: { refused: "certificate-key" },
      reached: 0,
    });
  });

  it("shows its own node's certificate", async () => {
    const { gate } = await guarded();
    const socket = stranger(gate.port, papers(2));
    expect(await isSecured(socket)).toBe(true);
    expect(socket.getProtocol()).toBe("TLSv1.3");
    expect(socket.alpnProtocol).toBe(GATE_PROTOCOL);
    expect(socket.getPeerX509Certificate()?.subjectAltName).toBe(`URI:hansa:node:${nodeOf(1)}`);
  });

  it("writes few lines however many it refuses", async () => {
    const town = new Town();
    const lines: string[] = [];
    const { gate } = await town.open(1, { log: (line) => lines.push(line) });
    for (let i = 0; i < 5; i++)
      expect(await answerTo(stranger(gate.port, papers(3)))).toEqual({ refused: "not-admitted" });
    expect(lines).toEqual([expect.stringMatching(/refused 127\.0\.0\.1, node [0-9a-f]{40}: not-admitted$/)]);
    town.clock.advance(10_000);
    await answerTo(stranger(gate.port, papers(3)));
    expect(lines[1]).toMatch(/: not-admitted \(and 4 before it\)$/);
  });
});
