import { Agent, request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeBase64Url, HansaError } from "#base";
import { createSigner, encodeMultikey, randomBytes, sha256 } from "#crypto";
import {
  fingerprintOf,
  operation,
  prepareClaims,
  REQUEST_SCHEME,
  REQUEST_TYPE,
  ROUTES,
  type RouteName,
  routeUrl,
  signCertificate,
  signCompact,
  signConnectionToken,
  signRequestToken,
  signTransaction,
} from "#protocol";
import {
  createClient,
  createParty,
  followEvents,
  getBlocks,
  getGroup,
  getRecord,
  getStatus,
  groupIdOfClient,
  type Party,
  query,
} from "#sdk";
import { startTestNode, type TestNode } from "./node.suite.ts";

let at: TestNode;
let began: number;
beforeAll(async () => {
  began = Date.now();
  at = await startTestNode({ parameters: { reads: "parties" } });
});
afterAll(() => at.close());

const seconds = () => Math.floor(Date.now() / 1000);
const READERS = (Object.keys(ROUTES) as RouteName[]).filter((name) => ROUTES[name].access === "reader");

/** A target of each kind of read, once of what is there and once of what is not. */
function targets(name: RouteName): readonly [string, string] {
  const of = (parameters: Record<string, string>, search: Record<string, string> = {}) =>
    routeUrl("", name, { group: at.groupId, ...parameters }, search);
  switch (name) {
    case "transaction":
      return [of({ id: "0".repeat(40) }), of({ id: "not an id" })];
    case "block":
      return [of({ height: "0" }), of({ height: "77" })];
    case "query":
      return [of({ query: "members.get" }, { member: at.acme.did }), of({ query: "members.unheard" })];
    case "record":
      return [of({}, { key: `member/${at.acme.did}` }), of({}, { key: "member/nobody" })];
    case "trail":
      return [of({}, { about: at.acme.did }), of({}, { about: "nothing", proof: "1" })];
    case "checkpoint":
      return [of({}, { topic: "acme" }), of({}, { topic: "borea" })];
    case "commands":
      return [of({}, { linkage: "lk_1" }), of({}, { nonsense: "1" })];
    default:
      return [of({}), of({}, { from: "5" })];
  }
}

async function ask(target: string, authorization?: string, init: RequestInit = {}) {
  const headers = authorization === undefined ? {} : { authorization };
  const response = await fetch(at.node.url + target, { ...init, headers: { ...headers, ...init.headers } });
  return { status: response.status, text: await response.text() };
}

function signed(party: Party, target: string, more: { group?: string; method?: string; now?: number } = {}): string {
  const request = { method: more.method ?? "GET", target };
  const now = more.now ?? Date.now();
  return `${REQUEST_SCHEME} ${signRequestToken(party.did, more.group ?? at.groupId, request, party.kid, party.signer, now)}`;
}

async function codeOf(action: Promise<unknown>): Promise<string> {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof HansaError ? error.code : "accepted";
}

async function newIdentity(signer = createSigner("Ed25519")): Promise<Party> {
  const party = createParty("hanse", signer);
  const publicKey = encodeMultikey({ algorithm: signer.algorithm, bytes: signer.publicKey });
  await at.send([operation("identity.create", { publicKey })], [at.acme, party]);
  return party;
}

/** Blocks as a target: small, and there. */
const blocks = () => routeUrl("", "blocks", { group: at.groupId }, { limit: 1 });

describe("a group for its parties", () => {
  it.each(READERS)(
    "answers %s to a stranger with one and the same refusal, whether the thing exists or not",
    async (name) => {
      const [there, absent] = targets(name);
      const stranger = at.stranger();
      const refusals = new Set<string>();
      for (const target of [there, absent]) {
        const bare = await ask(target);
        expect(bare.status).toBe(401);
        refusals.add(bare.text);
      }
      expect(refusals.size).toBe(1);
      const [first, second] = [await ask(there, signed(stranger, there)), await ask(absent, signed(stranger, absent))];
      expect(first.status).toBe(401);
      expect(first.text).toBe(second.text);
    },
  );

  it.each(READERS)("answers %s to its parties as an open group does", async (name) => {
    const [there, absent] = targets(name);
    for (const target of [there, absent])
      expect((await ask(target, signed(at.borea, target))).status, target).not.toBe(401);
  });

  it("does not tell a stranger whether a DID or key that he names is in it", async () => {
    const stranger = at.stranger();
    const claims = (iss: string) => ({
      iss,
      aud: at.groupId,
      htm: "GET",
      htu: blocks(),
      iat: seconds(),
      exp: seconds() + 30,
      jti: encodeBase64Url(randomBytes(16)),
    });
    const forged = signCompact(claims(at.borea.did), REQUEST_TYPE, at.borea.kid, stranger.signer);
    const unheard = signCompact(claims(stranger.did), REQUEST_TYPE, stranger.kid, stranger.signer);
    const [a, b] = [
      await ask(blocks(), `${REQUEST_SCHEME} ${forged}`),
      await ask(blocks(), `${REQUEST_SCHEME} ${unheard}`),
    ];
    expect(a.status).toBe(401);
    expect(a.text).toBe(b.text);
    const operations = [operation("topics.close", { topic: "acme" })];
    const send = (did: string, kid: string) => {
      const text = signTransaction(prepareClaims(did, at.groupId, operations, Date.now(), 60), [
        { kid, signer: stranger.signer },
      ]);
      const headers = { "content-type": "application/jwt" };
      return ask(routeUrl("", "submit", { group: at.groupId }), undefined, { method: "POST", body: text, headers });
    };
    const [known, unknown] = [await send(at.borea.did, at.borea.kid), await send(stranger.did, stranger.kid)];
    expect(known.status).toBe(401);
    expect(known.text).toBe(unknown.text);
  });

  it("shows strangers its id and name in the status, and its parties everything", async () => {
    for (const signer of [undefined, at.stranger()])
      expect((await getStatus(at.as(signer))).groups).toEqual([{ id: at.groupId, name: "main", reads: "parties" }]);
    const { groups } = await getStatus(at.as(at.borea));
    expect(groups[0]).toMatchObject({ id: at.groupId, name: "main", engine: "solo", records: expect.any(Number) });
  });

  it("is found by name and read by a client that signs every read by itself", async () => {
    const client = createClient({ url: at.node.url, group: "main", signer: at.borea });
    expect(await groupIdOfClient(client)).toBe(at.groupId);
    expect((await getGroup(client)).id).toBe(at.groupId);
    expect(await query(client, "members.get", { member: at.acme.did })).toMatchObject({ status: "active" });
    const odd = await codeOf(getRecord(client, { key: "it's (odd) & ünusual" }));
    expect(odd).toBe("accepted");
  });

  it("asks a client without a signer for one only once it was refused, and then once", async () => {
    let asked = 0;
    const reader = async () => {
      asked++;
      return at.borea;
    };
    const client = at.as(undefined, { reader });
    await getStatus(client);
    expect(asked).toBe(0);
    await getBlocks(client, {});
    await getBlocks(client, {});
    expect(asked).toBe(1);
    expect(await codeOf(getBlocks(at.as(undefined), {}))).toBe("http.unauthenticated");
  });

  it("takes a connection token as well", async () => {
    const token = signConnectionToken(at.borea.did, at.groupId, at.borea.kid, at.borea.signer, Date.now(), 60);
    expect((await ask(blocks(), `Bearer ${token}`)).status).toBe(200);
    expect((await ask(blocks(), `Bearer ${token}x`)).status).toBe(401);
    expect((await ask(blocks(), `Basic ${token}`)).status).toBe(401);
  });
});

describe("a request token", () => {
  it("works once", async () => {
    const authorization = signed(at.borea, blocks());
    expect((await ask(blocks(), authorization)).status).toBe(200);
    const again = await ask(blocks(), authorization);
    expect(again.status).toBe(401);
    expect(again.text).toContain("used before");
  });

  it("is for one method, path and query, body, group and minute", async () => {
    const refused = async (authorization: string, why: string, target = blocks()) => {
      const { status, text } = await ask(target, authorization);
      expect(status, why).toBe(401);
      expect(text).toContain(why);
    };
    await refused(signed(at.borea, blocks()), "another request", `${blocks()}&from=1`);
    await refused(signed(at.borea, blocks(), { method: "POST" }), "another request");
    await refused(signed(at.borea, blocks(), { group: `${at.groupId}x` }), "another group");
    await refused(signed(at.borea, blocks(), { now: began - 1000 }), "before this node started");
    await refused(signed(at.borea, blocks(), { now: Date.now() + 120_000 }), "not yet valid");
    const claims = { iss: at.borea.did, aud: at.groupId, htm: "GET", htu: blocks() };
    const times = { iat: seconds(), exp: seconds() + 61, jti: encodeBase64Url(randomBytes(16)) };
    const sign = (payload: object, typ = REQUEST_TYPE, kid = at.borea.kid) =>
      `${REQUEST_SCHEME} ${signCompact(payload, typ, kid, at.borea.signer)}`;
    await refused(sign({ ...claims, ...times }), "more than 60 s");
    await refused(sign({ ...claims, ...times, exp: seconds() }), "expired");
    const fine = { ...claims, ...times, exp: seconds() + 30 };
    await refused(sign({ ...fine, bsh: encodeBase64Url(sha256(new Uint8Array(3))) }), "another request");
    await refused(sign({ ...fine, jti: "short" }), "jti");
    await refused(sign({ ...fine, more: 1 }), "hansa-request+jwt");
    await refused(sign(fine, "hansa-connect+jwt"), "request token");
    await refused(sign(fine, REQUEST_TYPE, at.acme.kid), "not a key of");
    expect((await ask(blocks(), sign(fine))).status).toBe(200);
  });
});

describe("who lost his right", () => {
  it("reads nothing from the next block on: a suspended member, and the devices that it operates", async () => {
    const root = createSigner("P-256");
    const device = createParty("hanse", createSigner("P-256"));
    const publicKey = (signer: typeof root) => encodeMultikey({ algorithm: signer.algorithm, bytes: signer.publicKey });
    const certificate = signCertificate(
      {
        iss: at.borea.did,
        sub: device.did,
        key: publicKey(device.signer),
        model: "borea/T1",
        serial: encodeBase64Url(sha256(randomBytes(16))),
        iat: seconds() - 60,
        exp: seconds() + 86_400,
      },
      `${at.borea.did}#${fingerprintOf({ algorithm: root.algorithm, bytes: root.publicKey })}`,
      root,
    );
    const digest = encodeBase64Url(sha256(randomBytes(16)));
    const subject = await newIdentity();
    await at.send(
      [
        operation("devices.addRoot", { root: publicKey(root), name: "root" }),
        operation("devices.defineModel", { model: "borea/T1", name: "T1", description: digest }),
        operation("identity.create", { publicKey: publicKey(device.signer) }),
        operation("devices.enrol", { device: device.did, certificate, owner: subject.did }),
      ],
      [at.borea],
    );
    for (const party of [at.borea, device, subject]) expect(await codeOf(getBlocks(at.as(party), {}))).toBe("accepted");
    await at.vote({ kind: "suspend", member: at.borea.did });
    for (const party of [at.borea, device])
      expect(await codeOf(getBlocks(at.as(party), {}))).toBe("http.unauthenticated");
    expect(await codeOf(getBlocks(at.as(subject), {}))).toBe("accepted");
    await at.vote({ kind: "reinstate", member: at.borea.did });
    for (const party of [at.borea, device]) expect(await codeOf(getBlocks(at.as(party), {}))).toBe("accepted");
  });

  it("reads nothing from the next block on: a key that was rotated away, and an identity that was deactivated", async () => {
    const first = await newIdentity();
    const signer = createSigner("Ed25519");
    const key = { algorithm: signer.algorithm, bytes: signer.publicKey };
    const old = first.kid.split("#")[1] as string;
    const rotate = { did: first.did, key: old, publicKey: encodeMultikey(key) };
    await at.send([operation("identity.rotateKey", rotate)], [first]);
    expect(await codeOf(getBlocks(at.as(first), {}))).toBe("http.unauthenticated");
    const second = createParty("hanse", signer, first.did);
    expect(await codeOf(getBlocks(at.as(second), {}))).toBe("accepted");
    await at.send([operation("identity.deactivate", { did: first.did })], [second]);
    expect(await codeOf(getBlocks(at.as(second), {}))).toBe("http.unauthenticated");
  });

  it("leaves nothing at its connection, however often live events are refused there", async () => {
    const party = await newIdentity();
    await at.send([operation("topics.open", { topic: "acme/silent", publish: [], subscribe: [] })]);
    const token = signConnectionToken(party.did, at.groupId, party.kid, party.signer, Date.now(), 60);
    const url = routeUrl(at.node.url, "liveEvents", { group: at.groupId }, { topic: "acme/silent" });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const used = new Set<unknown>();
    const refused = () =>
      new Promise<number | undefined>((resolve, reject) => {
        const asked = request(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
          used.add(asked.socket);
          response.resume().once("end", () => resolve(response.statusCode));
        });
        asked.once("error", reject).end();
      });
    const warnings: string[] = [];
    const warned = ({ name }: Error) => void (name === "MaxListenersExceededWarning" && warnings.push(name));
    process.on("warning", warned);
    try {
      // Node warns of more listeners than ten at one socket.
      for (let i = 0; i < 15; i++) expect(await refused()).toBe(403);
      expect(used.size).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      expect(warnings).toEqual([]);
    } finally {
      process.off("warning", warned);
      agent.destroy();
    }
  });

  it("is cut off from live events by the block that takes the right, others stay", async () => {
    const rule = (party: Party) => ({ who: { did: party.did } });
    const [leaving, staying] = [await newIdentity(), await newIdentity()];
    const topic = "acme/live";
    await at.send([
      operation("topics.open", { topic, publish: [rule(at.acme)], subscribe: [rule(leaving), rule(staying)] }),
    ]);
    const live = async (party: Party) => {
      const token = signConnectionToken(party.did, at.groupId, party.kid, party.signer, Date.now(), 600);
      const url = routeUrl(at.node.url, "liveEvents", { group: at.groupId }, { topic });
      const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
      expect(response.status).toBe(200);
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      await reader.read();
      return reader;
    };
    const [cut, kept] = [await live(leaving), await live(staying)];
    const end = cut.read().then(
      ({ done }) => (done ? "ended" : "data"),
      () => "cut",
    );
    await at.send([operation("identity.deactivate", { did: leaving.did })], [leaving]);
    expect(await end).toBe("cut");
    const heard = kept.read();
    const token = signConnectionToken(at.acme.did, at.groupId, at.acme.kid, at.acme.signer, Date.now(), 60);
    const url = routeUrl("", "publish", { group: at.groupId }, { topic, path: "x" });
    const headers = { "content-type": "application/json" };
    expect((await ask(url, `Bearer ${token}`, { method: "POST", body: "1", headers })).status).toBe(200);
    expect(new TextDecoder().decode((await heard).value)).toContain("data:");
    await kept.cancel();
    const again = followEvents(at.as(leaving), { topic })[Symbol.asyncIterator]().next();
    expect(await codeOf(again)).toBe("events.unauthenticated");
  });
});

describe("a group for anyone", () => {
  it("is read without a signature, and becomes closed by vote from the next block on", async () => {
    const open = await startTestNode();
    try {
      expect(await codeOf(getBlocks(open.as(undefined), {}))).toBe("accepted");
      expect(await codeOf(getBlocks(open.as(open.stranger()), {}))).toBe("accepted");
      const { parameters } = await getGroup(open.as(undefined));
      await open.vote({ kind: "parameters", parameters: { ...parameters, reads: "parties" } });
      expect(await codeOf(getBlocks(open.as(undefined), {}))).toBe("http.unauthenticated");
      expect(await codeOf(getBlocks(open.as(open.stranger()), {}))).toBe("http.unauthenticated");
      expect(await codeOf(getBlocks(open.as(open.borea), {}))).toBe("accepted");
    } finally {
      await open.close();
    }
  });
});

describe("metrics", () => {
  it("are for anybody on loopback alone; elsewhere for the member that runs the node", async () => {
    expect((await ask("/metrics")).status).toBe(200);
    const everywhere = await startTestNode({ config: { http: { host: "0.0.0.0", port: 0 } } });
    try {
      const url = `${everywhere.node.url.replace("0.0.0.0", "127.0.0.1")}/metrics`;
      const status = async (party?: Party) => {
        const headers: Record<string, string> =
          party === undefined
            ? {}
            : {
                authorization: `Bearer ${signConnectionToken(party.did, everywhere.groupId, party.kid, party.signer, Date.now(), 60)}`,
              };
        return (await fetch(url, { headers })).status;
      };
      expect([await status(), await status(everywhere.borea), await status(everywhere.acme)]).toEqual([401, 403, 200]);
      expect((await fetch(url.replace("metrics", "health"))).status).toBe(200);
    } finally {
      await everywhere.close();
    }
  });
});
