import { readdirSync, readFileSync, statSync } from "node:fs";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { connect as connectTls, createServer, type TLSSocket } from "node:tls";
import mqtt, { type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HansaError, ManualClock, systemClock } from "#base";
import { createSigner, encodeMultikey } from "#crypto";
import { type KeyFile, openKeyFile } from "#crypto/node";
import { operation, signCaBinding, signConnectionToken } from "#protocol";
import { backupGroup, createParty, getBlocks, getStatus, type Party, tlsFetch } from "#sdk";
import { startTestNode } from "../http/node.suite.ts";
import { createLog, homeAt, TlsAuthority } from "../index.ts";
import type { ClientFiles } from "./authority.ts";
import { checkBindings } from "./check-binding.ts";
import { replaceFile } from "./register.ts";
import { ServerTls } from "./server-tls.ts";
import { pem, readNodeFile } from "./tls-files.ts";

const HOSTS = ["localhost", "127.0.0.1"];
const PASSPHRASE = "a passphrase of several words";
const DAY = 86_400_000;

async function startSecured(mode: "server" | "mutual", reads: "anyone" | "parties" = "parties") {
  let keys: KeyFile | undefined;
  const at = await startTestNode({
    parameters: { reads },
    more: { tls: { mode } },
    prepare: async (folder, member) => {
      keys = await openKeyFile(homeAt(folder).keyFile, PASSPHRASE);
      await new TlsAuthority(folder, keys, Date.now).setUp(member, HOSTS);
    },
  });
  const opened = keys as KeyFile;
  return {
    ...at,
    keys: opened,
    authority: new TlsAuthority(at.folder, opened, Date.now),
    async close() {
      await at.close();
      opened.close();
    },
  };
}

let at: Awaited<ReturnType<typeof startSecured>>;
beforeAll(async () => {
  at = await startSecured("mutual");
});
afterAll(() => at.close());

interface Shown {
  readonly cert: string;
  readonly key: string;
}
const issue = (party: Party, admin = false, authority = at.authority) =>
  authority.issue({ name: "client", did: party.did, admin, days: 30 });
const shown = ({ certificate, key }: ClientFiles): Shown => ({ cert: certificate, key });
const ca = () => readFileSync(join(at.folder, "tls", "ca.pem"), "utf8");
const fetchWith = (files?: Shown, trusted = ca()) => tlsFetch({ ca: trusted, ...files });
const statusUrl = () => `${at.node.url}/status`;

async function codeOf(action: Promise<unknown>): Promise<string> {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error === undefined
    ? "accepted"
    : error instanceof HansaError
      ? error.code
      : (error as Error).constructor.name;
}

/** What a raw connection gets of the node before it ends; the request is sent as soon as the client believes to be connected. */
function bytesGot(files: Partial<Shown> & { maxVersion?: "TLSv1.1" | "TLSv1.2" }, url = at.node.url): Promise<string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = connectTls({ host: hostname, port: Number(port), ca: ca(), ...files });
    let got = "";
    socket.on("secureConnect", () => socket.write("GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
    socket.on("data", (data: Buffer) => {
      got += data.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(got));
  });
}

/** A connection that is kept, one request at a time. */
function keepAlive(files: Shown, trusted = ca()) {
  const agent = new Agent({ ca: trusted, ...files, keepAlive: true, maxSockets: 1 });
  const sockets = new Set<TLSSocket>();
  return {
    sockets,
    get: (path: string) =>
      new Promise<number>((resolve, reject) => {
        const sent = request(`${at.node.url}${path}`, { agent }, (response) => {
          response.resume();
          response.on("end", () => resolve(response.statusCode ?? 0));
        });
        sent.on("socket", (socket) => sockets.add(socket as TLSSocket));
        sent.on("error", reject);
        sent.end();
      }),
    closed: () =>
      Promise.all(
        [...sockets].map(
          (socket) => new Promise((resolve) => (socket.closed ? resolve(true) : socket.once("close", resolve))),
        ),
      ),
    end: () => agent.destroy(),
  };
}

function tokenOf(party: Party): string {
  return signConnectionToken(party.did, at.groupId, party.kid, party.signer, Date.now(), 600);
}

function connectMqtt(party: Party, files?: Shown): Promise<MqttClient> {
  const client = mqtt.connect(at.node.mqttUrl, {
    protocolVersion: 4,
    reconnectPeriod: 0,
    ca: ca(),
    ...files,
    username: party.did,
    password: tokenOf(party),
  });
  return new Promise((resolve, reject) => {
    client.once("connect", () => resolve(client));
    client.on("error", reject);
    client.once("close", () => reject(new Error("closed")));
  });
}

async function newIdentity(admin = at.acme, files?: Shown): Promise<Party> {
  const party = createParty("hanse", createSigner("Ed25519"));
  const publicKey = encodeMultikey({ algorithm: "Ed25519", bytes: party.signer.publicKey });
  await at.send([operation("identity.create", { publicKey })], [admin], {
    fetch: fetchWith(files ?? (await acmeFiles())),
  });
  return party;
}

let acmeShown: Shown | undefined;
async function acmeFiles(): Promise<Shown> {
  acmeShown ??= shown(await issue(at.acme, true));
  return acmeShown;
}

describe("a node with mutual TLS", () => {
  it("serves a party that shows a certificate of the member's authority, without a token", async () => {
    const client = at.as(undefined, { fetch: fetchWith(shown(await issue(at.borea))) });
    expect(at.node.url).toMatch(/^https:/);
    expect(await codeOf(getBlocks(client, {}))).toBe("accepted");
    expect((await getStatus(client)).groups[0]).toMatchObject({ height: expect.any(Number) });
  });

  it("sends nothing to a client without a certificate", async () => {
    expect(await bytesGot({})).toBe("");
    expect(await codeOf(fetchWith()(statusUrl()))).toBe("TypeError");
  });

  it("sends nothing to a certificate of another authority, even one that bears the same names", async () => {
    const other = await startSecured("mutual");
    try {
      const files = shown(await issue(at.borea, true, other.authority));
      expect(await bytesGot(files)).toBe("");
    } finally {
      await other.close();
    }
  });

  it("sends nothing to a certificate that has expired or is not yet valid", async () => {
    for (const offset of [-3 * DAY, 3 * DAY]) {
      const past = new TlsAuthority(at.folder, at.keys, () => Date.now() + offset);
      const files = await past.issue({ name: "late", did: at.borea.did, admin: false, days: 1 });
      expect(await bytesGot(shown(files)), String(offset)).toBe("");
    }
  });

  it("sends nothing to a server's certificate", async () => {
    const { chain, pkcs8 } = readNodeFile(join(at.folder, "tls", "node.pem"), at.keys);
    const cert = chain.map((der) => pem(der, "CERTIFICATE")).join("");
    expect(await bytesGot({ cert, key: pem(pkcs8, "PRIVATE KEY") })).toBe("");
  });

  it("sends nothing to a certificate whose DID is a party of no group here", async () => {
    expect(await bytesGot(shown(await issue(at.stranger())))).toBe("");
  });

  it("speaks TLS 1.2 and 1.3, and nothing older", async () => {
    const files = shown(await issue(at.borea));
    expect(await bytesGot(files)).toContain("200 OK");
    expect(await bytesGot({ ...files, maxVersion: "TLSv1.2" })).toContain("200 OK");
    expect(
      await bytesGot({
        ...files,
        maxVersion: "TLSv1.1",
        ...({ minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" } as object),
      }),
    ).toBe("");
  });

  it("refuses a token of another DID than the certificate's", async () => {
    const fetch = fetchWith(shown(await issue(at.borea)));
    expect(await codeOf(getBlocks(at.as(at.acme, { fetch }), {}))).toBe("http.forbidden");
    expect(await codeOf(getBlocks(at.as(at.borea, { fetch }), {}))).toBe("accepted");
    await expect(connectMqtt(at.acme, shown(await issue(at.borea)))).rejects.toThrow();
  });

  it("lets administrators and its own member administer, and nobody else", async () => {
    const metrics = async (files: ClientFiles) => (await fetchWith(shown(files))(`${at.node.url}/metrics`)).status;
    expect(await metrics(await issue(at.borea))).toBe(403);
    expect(await metrics(await issue(at.borea, true))).toBe(200);
    expect(await metrics(await issue(at.acme))).toBe(200);
    const backup = async (files: ClientFiles, party: Party) =>
      codeOf(backupGroup(at.as(party, { fetch: fetchWith(shown(files)) })));
    expect(await backup(await issue(at.borea), at.borea)).toBe("http.forbidden");
    expect(await backup(await issue(at.borea, true), at.borea)).toBe("accepted");
    expect(await backup(await issue(at.acme), at.acme)).toBe("accepted");
  });

  it("takes MQTT connections over TLS from who shows a certificate and a token of one DID", async () => {
    expect(at.node.mqttUrl).toMatch(/^mqtts:/);
    const client = await connectMqtt(at.borea, shown(await issue(at.borea)));
    expect(client.connected).toBe(true);
    await client.endAsync(true);
    await expect(connectMqtt(at.borea)).rejects.toThrow();
    const late = new TlsAuthority(at.folder, at.keys, () => Date.now() - 3 * DAY);
    const expired = await late.issue({ name: "late", did: at.borea.did, admin: false, days: 1 });
    await expect(connectMqtt(at.borea, shown(expired))).rejects.toThrow();
  });
});

describe("live connections", () => {
  it("end when their certificate is revoked, and only those; none comes in its place", async () => {
    const [revoked, other] = [await issue(at.borea), await issue(at.borea)];
    const [live, kept] = [keepAlive(shown(revoked)), keepAlive(shown(other))];
    const session = await connectMqtt(at.borea, shown(revoked));
    const ended = new Promise<void>((resolve) => session.once("close", () => resolve()));
    expect([await live.get("/status"), await kept.get("/status")]).toEqual([200, 200]);
    await at.authority.revoke(revoked.serial);
    await live.closed();
    await ended;
    expect(await bytesGot(shown(revoked))).toBe("");
    expect(await kept.get("/status")).toBe(200);
    expect(kept.sockets.size).toBe(1);
    live.end();
    kept.end();
  });

  it("end with the block that suspends their member, over HTTP and MQTT, idle or not", async () => {
    const files = shown(await issue(at.borea));
    const live = keepAlive(files);
    expect(await live.get("/status")).toBe(200);
    const session = await connectMqtt(at.borea, files);
    const ended = new Promise<void>((resolve) => session.once("close", () => resolve()));
    const fetch = fetchWith(await acmeFiles());
    await at.vote({ kind: "suspend", member: at.borea.did }, { fetch });
    await Promise.all([live.closed(), ended]);
    expect(await bytesGot(files)).toBe("");
    await expect(connectMqtt(at.borea, files)).rejects.toThrow();
    await at.vote({ kind: "reinstate", member: at.borea.did }, { fetch });
    expect(await bytesGot(files)).toContain("200 OK");
    live.end();
  });

  it("end with the block that takes a key or the identity, once the transaction that did it has its receipt", async () => {
    const party = await newIdentity();
    const files = shown(await issue(party));
    const next = createSigner("Ed25519");
    const publicKey = encodeMultikey({ algorithm: "Ed25519", bytes: next.publicKey });
    const live = keepAlive(files);
    expect(await live.get("/status")).toBe(200);
    const fetch = fetchWith(files);
    const key = party.kid.slice(party.kid.indexOf("#") + 1);
    const rotated = await at.send([operation("identity.rotateKey", { did: party.did, key, publicKey })], [party], {
      fetch,
    });
    expect(rotated.code).toBe(0);
    await live.closed();
    const renewed = createParty("hanse", next, party.did);
    const gone = await at.send([operation("identity.deactivate", { did: party.did })], [renewed], { fetch });
    expect(gone.code).toBe(0);
    expect(await bytesGot(files)).toBe("");
    live.end();
  });
});

/** Serial number of the certificate that the node shows to new connections. */
function serialShown(files: Shown, trusted = ca()): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(at.node.url);
    const socket = connectTls({ host: hostname, port: Number(port), ca: trusted, ...files }, () => {
      const { serialNumber } = socket.getPeerX509Certificate() ?? { serialNumber: "" };
      socket.destroy();
      resolve(serialNumber.toLowerCase());
    });
    socket.on("error", reject);
  });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}

describe("certificates that change while the node runs", () => {
  it("are taken up without a failed request: old connections go on, new ones see the new certificate", async () => {
    const files = shown(await issue(at.borea));
    const live = keepAlive(files);
    const statuses = new Set([await live.get("/status")]);
    const before = await serialShown(files);
    const register = await at.authority.rotate(at.acme);
    const after = register.certificates.at(-1)?.serial;
    expect(after).not.toBe(before);
    await until(async () => {
      statuses.add(await live.get("/status"));
      return (await serialShown(files)) === after;
    });
    statuses.add(await live.get("/status"));
    expect([...statuses]).toEqual([200]);
    expect(live.sockets.size).toBe(1);
    live.end();
  });

  it("may be of a new authority: both are trusted until the change is finished, then the new one alone", async () => {
    const trustedBefore = ca();
    const old = shown(await issue(at.borea));
    const live = keepAlive(old);
    expect(await live.get("/status")).toBe(200);
    const begun = await at.authority.beginRollover(at.acme);
    const serial = begun.certificates.at(-1)?.serial;
    // Who trusts the old authority alone believes the node with its new certificate.
    await until(async () => (await serialShown(old, trustedBefore)) === serial);
    expect(await live.get("/status")).toBe(200);
    const fresh = shown(await issue(at.borea));
    expect(await bytesGot(fresh)).toContain("200 OK");
    expect(await codeOf(at.authority.beginRollover(at.acme))).toBe("tls.rollover");
    await at.authority.finishRollover(at.acme);
    await live.closed();
    expect(await bytesGot(old)).toBe("");
    expect(await bytesGot(fresh)).toContain("200 OK");
    await until(() =>
      serialShown(fresh, trustedBefore).then(
        () => false,
        () => true,
      ),
    );
    expect(await codeOf(at.authority.finishRollover(at.acme))).toBe("tls.rollover");
    acmeShown = undefined;
    live.end();
  });

  it("are left alone where the new files do not fit: the node goes on with what it has", async () => {
    const files = shown(await issue(at.borea));
    const options = { home: at.folder, mode: "mutual", keys: at.keys, clock: systemClock } as const;
    const tls = await ServerTls.open({ ...options, log: createLog("silent") });
    const path = join(at.folder, "tls", "crl.pem");
    const whole = readFileSync(path, "utf8");
    const before = tls.options().cert;
    let changes = 0;
    tls.onChange(() => changes++);
    for (const text of ["nonsense", "", whole.slice(0, 100)]) {
      replaceFile(path, text, 0o644);
      await tls.reload();
      await expect(ServerTls.open({ ...options, log: createLog("silent") })).rejects.toMatchObject({
        code: "tls.damaged",
      });
    }
    expect(tls.options().cert).toBe(before);
    expect(changes).toBe(0);
    expect(await bytesGot(files)).toContain("200 OK");
    replaceFile(path, whole, 0o644);
    await at.authority.rotate(at.acme);
    await tls.reload();
    expect(tls.options().cert).not.toBe(before);
    expect(changes).toBeGreaterThan(0);
    await tls.close();
  });

  it("end connections whose certificate runs out, within a minute", async () => {
    const clock = new ManualClock(Date.now());
    const tls = await ServerTls.open({
      home: at.folder,
      mode: "mutual",
      keys: at.keys,
      clock,
      log: createLog("silent"),
    });
    const server = createServer(tls.options());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const short = await at.authority.issue({ name: "short", did: at.borea.did, admin: false, days: 1 });
    const accepted = new Promise<TLSSocket>((resolve) => server.once("secureConnection", resolve));
    const { port } = server.address() as AddressInfo;
    const client = connectTls({ port, host: "127.0.0.1", ca: ca(), ...shown(short) });
    client.on("error", () => {});
    const socket = await accepted;
    expect(tls.peerOf(socket)).toMatchObject({ did: at.borea.did, serial: short.serial });
    const told: string[] = [];
    tls.onChange(() => {
      try {
        tls.peerOf(socket);
        told.push("valid");
      } catch (error) {
        told.push((error as { payload: { problem: string } }).payload.problem);
      }
    });
    clock.advance(60_000);
    clock.advance(DAY);
    expect([told[0], told.at(-1)]).toEqual(["valid", "it has expired"]);
    client.destroy();
    server.close();
    await tls.close();
  });

  it("keep the node's key sealed: no file of the authority holds it, or the authority's own, in the clear", async () => {
    const folder = join(at.folder, "tls");
    for (const name of readdirSync(folder)) {
      const text = readFileSync(join(folder, name), "utf8");
      expect(text, name).not.toContain("PRIVATE KEY");
      expect(statSync(join(folder, name)).mode & 0o022, name).toBe(0);
    }
    const other = await startSecured("server");
    try {
      expect(() => readNodeFile(join(folder, "node.pem"), other.keys)).toThrow(/does not open/);
    } finally {
      await other.close();
    }
  });
});

describe("a statement that binds an authority to a DID", () => {
  const never = async () => undefined;
  const bindings = () => readFileSync(join(at.folder, "tls", "ca.jwt"), "utf8");
  const problemOf = (action: Promise<unknown>) =>
    action.then(
      () => "accepted",
      (error: HansaError) => (error.payload as { problem?: string }).problem,
    );

  it("holds by the DID itself, or by the key that the ledger has", async () => {
    const [byDid] = await checkBindings(ca(), bindings(), never, Date.now());
    expect(byDid).toMatchObject({ did: at.acme.did, by: "did" });
    const key = { algorithm: at.acme.signer.algorithm, bytes: at.acme.signer.publicKey };
    const [byLedger] = await checkBindings(ca(), bindings(), async () => key, Date.now());
    expect(byLedger).toMatchObject({ did: at.acme.did, by: "ledger" });
  });

  it("does not hold for another authority, under a key that is gone, after its time, or signed by somebody else", async () => {
    expect(await problemOf(checkBindings(ca(), bindings(), async () => "gone", Date.now()))).toMatch(/ledger/);
    expect(await problemOf(checkBindings(ca(), bindings(), never, Date.now() + 4000 * DAY))).toMatch(/not valid now/);
    expect(await problemOf(checkBindings(ca(), "", never, Date.now()))).toMatch(/no statement/);
    expect(await problemOf(checkBindings("", bindings(), never, Date.now()))).toMatch(/no authority/);
    expect(await problemOf(checkBindings(ca(), "x.y.z", never, Date.now()))).toMatch(/malformed/);
    const spki = (await checkBindings(ca(), bindings(), never, Date.now()))[0]?.spki ?? "";
    const seconds = Math.floor(Date.now() / 1000);
    const claims = { iss: at.acme.did, spki, iat: seconds, exp: seconds + 600 };
    const thief = at.stranger();
    const keyOf = ({ signer }: Party) => encodeMultikey({ algorithm: signer.algorithm, bytes: signer.publicKey });
    const forged = signCaBinding({ ...claims, key: keyOf(at.acme) }, at.acme.kid, thief.signer);
    expect(await problemOf(checkBindings(ca(), forged, never, Date.now()))).toMatch(/signature/);
    const kid = `${at.acme.did}#${thief.kid.split("#")[1]}`;
    const own = signCaBinding({ ...claims, key: keyOf(thief) }, kid, thief.signer);
    expect(await problemOf(checkBindings(ca(), own, never, Date.now()))).toMatch(/ledger/);
  });
});

describe("a node with TLS for itself alone", () => {
  it("wants no certificate of clients, and they check it against its authority", async () => {
    const server = await startSecured("server", "anyone");
    try {
      const trusted = readFileSync(join(server.folder, "tls", "ca.pem"), "utf8");
      const fetch = tlsFetch({ ca: trusted });
      expect(await codeOf(getBlocks(server.as(undefined, { fetch }), {}))).toBe("accepted");
      expect(await codeOf(getBlocks(server.as(undefined, { tls: { ca: trusted } }), {}))).toBe("accepted");
      expect(await codeOf(getBlocks(server.as(undefined, { tls: { ca: ca() } }), {}))).toBe("sdk.unreachable");
      expect(await codeOf(getBlocks(server.as(undefined), {}))).toBe("sdk.unreachable");
      expect((await fetch(`${server.node.url}/metrics`)).status).toBe(401);
      expect(await codeOf(backupGroup(server.as(server.acme, { fetch })))).toBe("accepted");
      expect(await codeOf(backupGroup(server.as(server.borea, { fetch })))).toBe("http.forbidden");
    } finally {
      await server.close();
    }
  });
});
