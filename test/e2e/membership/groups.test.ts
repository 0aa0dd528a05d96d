/** Several groups over the same members and nodes: who is outside of one gets nothing of it, by whatever way he comes. */
import { readFileSync } from "node:fs";
import { connect as connectPlain } from "node:net";
import { join } from "node:path";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { decodeUtf8, encodeBase64Url, encodeUtf8, systemClock } from "#base";
import { createSigner, randomBytes } from "#crypto";
import { type ConsensusStatus, type PeerGate, startPeerGate } from "#engines";
import { TlsAuthority } from "#node";
import { cometAddress, type Operation, operation, signConnectionToken, signTransaction } from "#protocol";
import {
  type Client,
  getBlock,
  getBlocks,
  getCheckpoint,
  getProof,
  getRecord,
  getStatus,
  getTrail,
  listRuns,
  publishEvent,
  query,
  readEvents,
  sendOperations,
  submitTransaction,
  transactionStatus,
} from "#sdk";
import { freePorts } from "../../../src/cli/devnet/free-ports.ts";
import { answerTo, closed, stranger } from "../../../src/engines/cometbft/gate/gate.suite.ts";
import { encodeHeader, GATE_PROTOCOL } from "../../../src/engines/cometbft/gate/header.ts";
import {
  type CertificateContent,
  CLIENT_AUTH,
  certificatePem,
  encodeCertificate,
  privateKeyPem,
  SERVER_AUTH,
} from "../../../src/engines/cometbft/gate/node-certificate.ts";
import { pem, readNodeFile } from "../../../src/node/tls/tls-files.ts";
import { codeOf, runHansa } from "../member.suite.ts";
import { ENGINE, WITHOUT_ENGINE } from "../network/engine.suite.ts";
import { ALLIANCE, changeConfig, eventually, Members, SECONDS } from "./members.suite.ts";

const LONG = 180 * SECONDS;
const DAY = 86_400 * SECONDS;
/** Members of the second group; delphi founds the first alone with them. */
const INSIDE = ["acme", "borea", "castor"] as const;
const TOPIC = "acme/secret";

let members: Members;
/** Id of the second group. */
let inner: string;
/** Where its members' nodes reach each other. */
const addresses = new Map<string, string>();
/** A transaction of the second group, its block, and its record. */
let known: { readonly id: string; readonly height: number; readonly key: string };

describe.skipIf(ENGINE === undefined)(`groups${WITHOUT_ENGINE}`, () => {
  beforeAll(async () => {
    members = await Members.found({ parameters: { reads: "parties" } });
    inner = await foundInner();
    for (const name of members.names)
      changeConfig(members.home(name), (config) => {
        // Each group has a broker of its own: the system finds ports for them.
        config["mqtt"] = { host: "127.0.0.1", port: 0 };
        // In whatever order a home has its groups.
        if (name === "borea" || name === "castor") (config["groups"] as unknown[]).reverse();
      });
    await secure("delphi");
    for (const name of members.names) await members.openKeys(name);
    await members.up();
    const acme = insider("acme");
    const open = operation("topics.open", {
      topic: TOPIC,
      publish: [{ who: { did: acme.signer?.did ?? "" } }],
      subscribe: [{ who: { role: "platform" } }],
    });
    const { id, height } = await sendOperations(acme, [open]);
    await publishEvent(acme, { topic: TOPIC, path: "today", data: { n: 1 } });
    known = { id, height, key: `topic/${TOPIC}` };
    for (const name of INSIDE)
      await eventually(
        `${name} at height ${height}`,
        async () =>
          (await innerOf(insider(name)))?.height !== undefined &&
          ((await innerOf(insider(name)))?.height ?? 0) >= height,
      );
  }, LONG);
  afterAll(() => members?.remove(), LONG);

  it("4: are ledgers of their own, each with its engine, keys and history", { timeout: LONG }, async () => {
    for (const name of INSIDE) {
      const { groups } = await getStatus(insider(name));
      expect(groups.map(({ id }) => id).sort()).toEqual([members.groupId, inner].sort());
      const consensus = async () =>
        ((await innerOf(insider(name))) as unknown as { readonly consensus: ConsensusStatus }).consensus;
      expect((await consensus()).node).not.toBe(members.home(name).node);
      await eventually(
        `${name}'s peers of the second group`,
        async () => (await consensus()).peers.length === INSIDE.length - 1,
      );
      expect(await codeOf(getRecord(insider(name), { key: known.key, verified: true }))).toBe("accepted");
    }
    expect(await query(insider("borea"), "members.list", {})).toMatchObject({ items: { length: INSIDE.length } });
    expect((await getStatus(members.as("delphi"))).groups.map(({ id }) => id)).toEqual([members.groupId]);
  });

  it("4: tell nobody outside of a block, transaction, record, event or proof, member elsewhere or not", {
    timeout: LONG,
  }, async () => {
    const questions: Readonly<Record<string, (client: Client) => Promise<unknown>>> = {
      blocks: (client) => getBlocks(client, {}),
      block: (client) => getBlock(client, known.height),
      "a block that is not there": (client) => getBlock(client, 1_000_000),
      transaction: (client) => transactionStatus(client, known.id),
      record: (client) => getRecord(client, { key: known.key }),
      "a record that is not there": (client) => getRecord(client, { key: "topic/nowhere" }),
      proof: (client) => getProof(client, { key: known.key }),
      "a proof of absence": (client) => getProof(client, { key: "topic/nowhere" }),
      query: (client) => query(client, "topics.get", { topic: TOPIC }),
      members: (client) => query(client, "members.list", {}),
      trail: (client) => getTrail(client, { about: known.key }),
      checkpoint: (client) => getCheckpoint(client, TOPIC),
      runs: (client) => listRuns(client, { linkage: "lk_2xGabcdefghijkmnopqrstuvwx" }),
      events: (client) => readEvents(client, { topic: TOPIC, from: 0 }),
    };
    const told: string[] = [];
    for (const at of INSIDE)
      for (const who of ["delphi", "nobody"])
        for (const [what, ask] of Object.entries(questions)) {
          const code = await codeOf(ask(outsider(who, at)));
          if (!/^(http|events)\.unauthenticated$/.test(code)) told.push(`${who} at ${at}: ${what}: ${code}`);
        }
    expect(told).toEqual([]);
    // Nor with a token that is good, for the other group.
    const { did, kid, signer } = members.party("delphi");
    const token = signConnectionToken(did, members.groupId, kid, signer, Date.now(), 600);
    const { url } = members.home("acme");
    for (const path of ["blocks", `records?key=${known.key}`, `events?topic=${TOPIC}`, `events/live?topic=${TOPIC}`]) {
      const { status } = await fetch(`${url}/groups/${inner}/${path}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(`${path} ${status}`).toBe(`${path} 401`);
    }
    const seen = await innerOf(outsider("delphi", "acme"));
    expect(Object.keys(seen ?? {}).sort()).toEqual(["id", "name", "reads"]);
    // Whoever is inside gets all of it, the same way.
    for (const [what, ask] of Object.entries(questions))
      if (!what.includes("not there") && what !== "runs")
        expect(`${what} ${await codeOf(ask(insider("castor", "acme")))}`).toBe(`${what} accepted`);
  });

  it("4: let no node of another group through the gate, not even a member's own", { timeout: LONG }, async () => {
    const question = encodeUtf8('{"kind":"path"}');
    const node = nodeIn("acme", "inner");
    // Castor's node of this group is answered: so what follows is not refused for want of a gate.
    const own = await gateOf("castor", "inner", inner);
    expect(decodeUtf8(await own.request(node, question))).toBe('{"answer":[]}');
    for (const [name, group, id, reason] of [
      ["delphi", "main", inner, "not-admitted"],
      ["castor", "main", inner, "not-admitted"],
      ["castor", "inner", members.groupId, "wrong-group"],
    ] as const) {
      const gate = await gateOf(name, group, id);
      const refusal = await gate.request(node, question).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: "engine.peer-refused", payload: { by: "them", reason } });
      // A light client's way ends at the same door.
      const light = await fetch(`${gate.lightUrl(node)}/block?height=1`).then(
        ({ status }) => status,
        () => 0,
      );
      expect(light).not.toBe(200);
    }
  });

  it("1: refuse peers without a certificate, or with a wrong one, at the public port of a real node", {
    timeout: LONG,
  }, async () => {
    const port = members.home("acme").ports.peers;
    const seed = randomBytes(32);
    const hello = encodeHeader({ group: members.groupId, purpose: "p2p" });
    const answer = (content: Partial<CertificateContent>) =>
      answerTo(stranger(port, { ...papers(seed, content) }), hello);
    expect(await answer({})).toEqual({ refused: "not-admitted" });
    expect(await answer({ notBefore: Date.now() - 3 * DAY, notAfter: Date.now() - 2 * DAY })).toEqual({
      refused: "certificate-expired",
    });
    expect(await answer({ notBefore: Date.now() + DAY, notAfter: Date.now() + 2 * DAY })).toEqual({
      refused: "certificate-early",
    });
    expect(await answer({ usages: [SERVER_AUTH] })).toEqual({ refused: "certificate-usage" });
    // Of a node that is let in, made by a key that is not its.
    expect(await answer({ node: members.home("borea").node })).toEqual({ refused: "certificate-name" });
    expect(await answerTo(stranger(port, {}), hello)).toEqual({ refused: "certificate-missing" });
    expect(await answerTo(stranger(port, { ...papers(seed, {}), maxVersion: "TLSv1.2" }), hello)).toBeUndefined();
    expect(await answerTo(stranger(port, { ...papers(seed, {}), ALPNProtocols: ["h2"] }), hello)).toBeUndefined();
    // Whoever speaks no TLS hears nothing of what is behind it.
    const plain = connectPlain(port, "127.0.0.1").on("error", () => {});
    onTestFinished(() => void plain.destroy());
    let heard = "";
    plain.on("data", (data) => {
      heard += data.toString("latin1");
    });
    plain.end("GET /status HTTP/1.1\r\nhost: x\r\n\r\n");
    await closed(plain);
    expect(heard).not.toContain("HTTP");
    // The key of a node that is let in opens the door.
    const admitted = members.keys("borea").dataKey("node/main");
    expect(
      await answerTo(
        stranger(port, papers(admitted, { node: members.home("borea").node })),
        encodeHeader({ group: members.groupId, purpose: "message" }),
      ),
    ).toEqual({ accepted: true });
  });

  it("1: refuse clients without a certificate of the member's authority where the node wants one", {
    timeout: LONG,
  }, async () => {
    const home = members.home("delphi");
    const authority = new TlsAuthority(home.folder, members.keys("delphi"), Date.now);
    const past = new TlsAuthority(home.folder, members.keys("delphi"), () => Date.now() - 3 * DAY);
    const did = members.party("delphi").did;
    const ask = { name: "client", did, admin: false };
    const good = await authority.issue({ ...ask, days: 1 });
    const shown = ({ certificate, key }: { readonly certificate: string; readonly key: string }) => ({
      cert: certificate,
      key,
    });
    // It serves before its CometBFT has caught up, and says so until then.
    await eventually("delphi's node in health", async () => (await bytesGot(shown(good))).includes("200 OK"));
    expect(await bytesGot({ ...shown(good), maxVersion: "TLSv1.2" })).toContain("200 OK");
    expect(await bytesGot({}), "no certificate").toBe("");
    expect(await bytesGot(shown(await past.issue({ ...ask, days: 1 }))), "expired").toBe("");
    // An authority of another member, with the same names.
    await members.done("castor", "cert", "init");
    const castor = await members.openKeys("castor");
    const other = await new TlsAuthority(members.home("castor").folder, castor, Date.now).issue({
      ...ask,
      days: 1,
    });
    expect(await bytesGot(shown(other)), "another authority").toBe("");
    const { chain, pkcs8 } = readNodeFile(join(home.folder, "tls", "node.pem"), members.keys("delphi"));
    const server = { cert: chain.map((der) => pem(der, "CERTIFICATE")).join(""), key: pem(pkcs8, "PRIVATE KEY") };
    expect(await bytesGot(server), "a server's certificate").toBe("");
    expect(
      await bytesGot({ ...shown(good), minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }),
      "TLS 1.1",
    ).toBe("");
    expect((await members.look("delphi"))[0]).toMatchObject({ state: "running" });
  });

  it("14: take no transaction twice, nor one of another group, nor one that has expired, also after a restart", {
    timeout: LONG,
  }, async () => {
    const castor = insider("castor");
    const jti = encodeBase64Url(randomBytes(16));
    // The id follows from the end as well: both have the same one.
    const exp = inSeconds(60);
    const text = sign("castor", inner, jti, serviceOf("castor"), exp);
    const changed = sign("castor", inner, jti, serviceOf("castor"), exp);
    const first = await submitTransaction(castor, text);
    const late = sign("castor", inner, encodeBase64Url(randomBytes(16)), serviceOf("castor"), inSeconds(-1));
    const main = sign("castor", members.groupId, encodeBase64Url(randomBytes(16)), serviceOf("castor"));
    const refused = async () => {
      for (const at of INSIDE) {
        const client = insider("castor", at);
        expect(await submitTransaction(client, text)).toEqual(first);
        expect(await codeOf(submitTransaction(client, changed))).toBe("transaction.replayed");
        expect(await codeOf(submitTransaction(client, late))).toBe("transaction.expired");
        expect(await codeOf(submitTransaction(client, main))).toBe("transaction.audience");
        expect(await codeOf(submitTransaction(members.as("castor", { at }), text))).toBe("transaction.audience");
      }
    };
    await eventually("the transaction at every node", async () => {
      const heights = await Promise.all(INSIDE.map(async (at) => (await innerOf(insider("castor", at)))?.height ?? 0));
      return heights.every((height) => height >= first.height);
    });
    await refused();
    expect(await codeOf(submitTransaction(members.as("castor"), main))).toBe("accepted");
    await members.stop("borea");
    await members.up("borea");
    await refused();
  });
});

/** Whoever is in the second group, at its own node or another's. */
function insider(name: string, at: string = name): Client {
  return members.as(name, { at, group: inner });
}

function outsider(name: string, at: string): Client {
  return members.as(name, { at, group: inner });
}

async function innerOf(client: Client) {
  return (await getStatus(client)).groups.find(({ id }) => id === inner);
}

/** Founds the second group as the guide says: asked for, put together, signed and joined, each member in its own home. */
async function foundInner(): Promise<string> {
  const { folder } = members.made;
  const ports = await freePorts(INSIDE.length);
  const joinings = await Promise.all(
    INSIDE.map(async (name, i) => {
      const out = join(folder, `${name}.inner.jws`);
      const address = `127.0.0.1:${ports[i]}`;
      addresses.set(name, address);
      const who = ["--alliance", ALLIANCE, "--name", name, "--roles", "platform", "--address", address];
      await members.done(name, "group", "request", "--group", "inner", ...who, "--out", out);
      return out;
    }),
  );
  const founding = join(folder, "inner.json");
  const run = async (...argv: readonly string[]) => {
    const { code, stderr, stdout } = await runHansa([...argv, "--json"], {}, folder);
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as { readonly group: string };
  };
  await run("group", "create", ...joinings, "--reads", "parties", "--out", founding);
  const copies = await Promise.all(
    INSIDE.map(async (name) => {
      const copy = join(folder, `${name}.signed.json`);
      await members.done(name, "group", "sign", founding, "--out", copy);
      return copy;
    }),
  );
  const signed = join(folder, "inner.signed.json");
  await run("group", "combine", ...copies, "--out", signed);
  const joined = await Promise.all(INSIDE.map((name) => members.done(name, "group", "join", signed)));
  return joined[0]?.["groupId"] as string;
}

/** Switches mutual TLS on, and gives the member itself a certificate. */
async function secure(name: string): Promise<void> {
  const home = members.home(name);
  await members.done(name, "cert", "init");
  const out = join(home.folder, "client");
  await members.done(name, "cert", "issue", "own", "--did", members.party(name).did, "--admin", "--out", out);
  changeConfig(home, (config) => {
    config["tls"] = { mode: "mutual" };
  });
  const file = (part: string) => readFileSync(join(out, part), "utf8");
  const tls = { ca: file("ca.pem"), cert: file("cert.pem"), key: file("key.pem") };
  members.setReach(name, { url: home.url.replace("http:", "https:"), tls });
}

/** The id of a member's node in one of its groups. */
function nodeIn(name: string, group: string): string {
  const signer = createSigner("Ed25519", members.keys(name).dataKey(`node/${group}`));
  return cometAddress({ algorithm: "Ed25519", bytes: signer.publicKey });
}

/** A gate of the test's own with a member's node key, which knows acme's node of the second group. */
async function gateOf(name: string, group: string, groupId: string): Promise<PeerGate> {
  const node = nodeIn("acme", "inner");
  const gate = await startPeerGate({
    host: "127.0.0.1",
    port: 0,
    nodeSeed: members.keys(name).dataKey(`node/${group}`),
    groupId,
    p2pPort: () => 1,
    peers: () => [{ node, address: addresses.get("acme") as string }],
    admits: () => true,
    clock: systemClock,
    log: () => {},
  });
  onTestFinished(() => gate.close());
  return gate;
}

/** Key and certificate of a node, PEM: a good one, but for what is said otherwise. */
function papers(seed: Uint8Array, content: Partial<CertificateContent>) {
  const signer = createSigner("Ed25519", seed);
  const der = encodeCertificate({
    signer,
    node: cometAddress({ algorithm: "Ed25519", bytes: signer.publicKey }),
    notBefore: Date.now() - 60 * SECONDS,
    notAfter: Date.now() + DAY,
    usages: [CLIENT_AUTH, SERVER_AUTH],
    ...content,
  });
  return { key: privateKeyPem(seed), cert: certificatePem(der), ALPNProtocols: [GATE_PROTOCOL] };
}

/** What a raw connection gets of delphi's node before it ends; the request is sent as soon as the client believes to be connected. */
function bytesGot(options: ConnectionOptions): Promise<string> {
  const { folder, ports } = members.home("delphi");
  return new Promise((resolve) => {
    const ca = readFileSync(join(folder, "tls", "ca.pem"), "utf8");
    const socket = connectTls({ host: "127.0.0.1", port: ports.http, ca, ...options });
    let got = "";
    socket.on("secureConnect", () => socket.write("GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
    socket.on("data", (data: Buffer) => {
      got += data.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(got));
  });
}

function serviceOf(name: string): Operation {
  const endpoint = `https://home.example/${encodeBase64Url(randomBytes(6))}`;
  return operation("identity.setService", {
    did: members.party(name).did,
    service: { id: "home", type: "Web", endpoint },
  });
}

function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

function sign(name: string, aud: string, jti: string, op: Operation, exp = inSeconds(60)): string {
  const { did, kid, signer } = members.party(name);
  return signTransaction({ iss: did, aud, jti, exp, ops: [op] }, [{ kid, signer }]);
}
