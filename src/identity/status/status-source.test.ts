import { describe, expect, it } from "vitest";
import type { JsonObject } from "#base";
import { randomBytes } from "#crypto";
import { issueCredential } from "../credentials/issue-credential.ts";
import type { CredentialSigner } from "../credentials/keys.ts";
import { signCompactJws } from "../jose/compact-jws.ts";
import { envelopCredential } from "../jose/envelope.ts";
import { issueJwtCredential } from "../jose/jwt-credential.ts";
import { codeOf, createParty, keysOf, NOW, SECONDS } from "../jose/parties.suite.ts";
import { issueSdJwt } from "../sd-jwt/issue-sd-jwt.ts";
import { verifySdJwt } from "../sd-jwt/verify-sd-jwt.ts";
import { bitstringStatusEntry, type StatusPurpose, statusListCredential } from "./bitstring.ts";
import { LEAST_ENTRIES, MOST_BYTES, StatusList } from "./status-list.ts";
import { type StatusSourceOptions, statusSource } from "./status-source.ts";
import { issueTokenStatusList, tokenStatusReference } from "./token-status.ts";

const lab = createParty("did:example:lab");
const keys = keysOf([lab]);
const URL_OF_LIST = "https://labs.example/status/1";
const context = { "@context": ["https://www.w3.org/ns/credentials/v2"] };
const credential: JsonObject = { ...context, issuer: { id: lab.controller } };

/** An issuer's node: what it publishes, how often it was asked, and the time. */
function createWorld(more: Partial<StatusSourceOptions> = {}) {
  const world = { published: new Map<string, string | JsonObject>(), asked: 0, now: NOW };
  const status = statusSource({
    keys,
    now: () => world.now,
    fetchList: async (url) => {
      world.asked++;
      return world.published.get(url);
    },
    ...more,
  });
  return { world, status };
}

interface Published {
  readonly purpose?: StatusPurpose | readonly StatusPurpose[];
  readonly ttl?: number;
  readonly signer?: CredentialSigner;
  /** Members that stand in the credential instead. */
  readonly change?: JsonObject;
}

async function describeList(list: StatusList, { purpose = "revocation", ttl, signer = lab, change }: Published = {}) {
  const description = {
    id: URL_OF_LIST,
    issuer: signer.controller,
    purpose,
    validFrom: "2026-01-01T00:00:00Z",
    validUntil: "2027-01-01T00:00:00Z",
    ...(ttl === undefined ? {} : { ttl }),
  };
  return { ...(await statusListCredential(list, description)), ...change };
}

async function publish(list: StatusList, published: Published = {}): Promise<JsonObject> {
  const signer = published.signer ?? lab;
  return issueCredential(await describeList(list, published), signer, { suite: "eddsa-jcs-2022", created: NOW });
}

const entryOf = (index: number, purpose: StatusPurpose = "revocation") =>
  bitstringStatusEntry({ index, list: URL_OF_LIST, purpose });

describe("a status source", () => {
  it("tells revoked and suspended from good by Bitstring Status Lists, and refuses nobody for a refresh", async () => {
    const { world, status } = createWorld();
    const list = StatusList.create({ order: "left" });
    list.set(77, 1);
    world.published.set(URL_OF_LIST, await publish(list, { purpose: ["revocation", "suspension", "refresh"] }));
    for (const purpose of ["revocation", "suspension"] as const) {
      expect(await codeOf(() => status(entryOf(77, purpose), credential))).toBe("credentials.status");
      expect(await codeOf(() => status(entryOf(76, purpose), credential))).toBeUndefined();
    }
    expect(await codeOf(() => status(entryOf(77, "refresh"), credential))).toBeUndefined();
  });

  it("takes lists in JWTs and envelopes, as text or JSON", async () => {
    const { world, status } = createWorld();
    const list = StatusList.create({ order: "left" });
    list.set(1, 1);
    const jwt = issueJwtCredential(await describeList(list, { ttl: 0 }), lab);
    const forms = [
      jwt,
      `${jwt}\n`,
      envelopCredential(jwt, "application/vc+jwt"),
      JSON.stringify(await publish(list, { ttl: 0 })),
    ];
    for (const form of forms) {
      world.published.set(URL_OF_LIST, form);
      expect(await codeOf(() => status(entryOf(1), credential))).toBe("credentials.status");
      expect(await codeOf(() => status(entryOf(2), credential))).toBeUndefined();
    }
    expect(world.asked).toBe(8);
  });

  it("tells nothing good of a list that is missing, another's, unsigned, of another place or purpose, or no list", async () => {
    const list = StatusList.create({ order: "left" });
    const good = await publish(list);
    const thief = createParty("did:example:thief");
    const change = (members: JsonObject) => publish(list, { change: members });
    const bad: (string | JsonObject | undefined)[] = [
      undefined,
      "",
      "{",
      '{"id":1,"id":2}',
      "a.b.c",
      {},
      { ...good, validFrom: "2026-01-02T00:00:00Z" },
      await describeList(list),
      await change({ id: "https://labs.example/status/2" }),
      await change({ validUntil: "2026-06-01T12:00:00Z" }),
      await change({ type: ["VerifiableCredential"] }),
      await publish(list, { signer: thief }),
      await publish(list, { purpose: "suspension" }),
      issueJwtCredential(await describeList(list, { signer: thief }), thief),
      await issueTokenStatusList(StatusList.create({ order: "right" }), { uri: URL_OF_LIST, iat: SECONDS }, lab),
    ];
    for (const form of bad) {
      const { status } = createWorld({ fetchList: async () => form, keys: keysOf([lab, thief]) });
      expect([form, await codeOf(() => status(entryOf(0), credential))]).toEqual([form, "credentials.status-unknown"]);
    }
    const { status } = createWorld({ fetchList: () => Promise.reject(new Error("ECONNREFUSED")) });
    expect(await codeOf(() => status(entryOf(0), credential))).toBe("credentials.status-unknown");
    const { world, status: other } = createWorld();
    world.published.set(URL_OF_LIST, good);
    expect(await codeOf(() => other(entryOf(0), credential))).toBeUndefined();
    expect(await codeOf(() => other(entryOf(0), { ...context, issuer: thief.controller }))).toBe(
      "credentials.status-unknown",
    );
    expect(await codeOf(() => other(entryOf(0), {}))).toBe("credentials.status-unknown");
    expect(await codeOf(() => other(entryOf(LEAST_ENTRIES), credential))).toBe("credentials.status-unknown");
    expect(await codeOf(() => other({ type: "SomethingElse" }, credential))).toBe("credentials.status-unknown");
    expect(await codeOf(() => other({}, credential))).toBe("credentials.status-unknown");
  });

  it("takes the largest list there is, one that does not compress, in a JWT as well", async () => {
    const { world, status } = createWorld();
    const list = StatusList.of(randomBytes(MOST_BYTES), { order: "left", bits: 1 });
    const last = list.size - 1;
    list.set(last, 1);
    world.published.set(URL_OF_LIST, issueJwtCredential(await describeList(list), lab));
    expect(await codeOf(() => status(entryOf(last), credential))).toBe("credentials.status");
  });

  it("fetches a list once for its time, for all who ask at once, and again after it", async () => {
    const { world, status } = createWorld();
    const list = StatusList.create({ order: "left" });
    world.published.set(URL_OF_LIST, await publish(list, { ttl: 60_000 }));
    await Promise.all(Array.from({ length: 20 }, (_, i) => status(entryOf(i), credential)));
    expect(world.asked).toBe(1);
    list.set(3, 1);
    world.published.set(URL_OF_LIST, await publish(list, { ttl: 1e12 }));
    world.now += 59_999;
    expect(await codeOf(() => status(entryOf(3), credential))).toBeUndefined();
    world.now += 1;
    expect(await codeOf(() => status(entryOf(3), credential))).toBe("credentials.status");
    expect(world.asked).toBe(2);
    // However long it says: an hour is the longest.
    world.now += 3_600_000;
    expect(await codeOf(() => status(entryOf(3), credential))).toBe("credentials.status");
    expect(world.asked).toBe(3);
    // Past its own validity it is not kept, and no other is there.
    world.now = Date.parse("2027-01-01T00:00:00Z");
    world.published.delete(URL_OF_LIST);
    expect(await codeOf(() => status(entryOf(3), credential))).toBe("credentials.status-unknown");
  });

  it("keeps a list in a token no longer than the token is good for", async () => {
    const { world, status } = createWorld();
    const list = await describeList(StatusList.create({ order: "left" }));
    const token = signCompactJws({ kid: lab.id, typ: "vc+jwt" }, { ...list, exp: SECONDS + 30 }, lab);
    world.published.set(URL_OF_LIST, token);
    expect(await codeOf(() => status(entryOf(3), credential))).toBeUndefined();
    world.now += 29_000;
    expect(await codeOf(() => status(entryOf(3), credential))).toBeUndefined();
    expect(world.asked).toBe(1);
    world.now += 1_000;
    expect(await codeOf(() => status(entryOf(3), credential))).toBe("credentials.status-unknown");
  });

  it("keeps no more bytes of lists than it may", async () => {
    const { world, status } = createWorld({ capacity: 48_000 });
    const list = StatusList.create({ order: "left" });
    const urls = [1, 2, 3].map((i) => `https://labs.example/status/${i}`);
    for (const url of urls) world.published.set(url, await publish(list, { change: { id: url } }));
    const ask = (url: string) =>
      status(bitstringStatusEntry({ index: 0, list: url, purpose: "revocation" }), credential);
    for (const url of urls) await ask(url);
    expect(world.asked).toBe(3);
    await ask(urls[2] as string);
    await ask(urls[1] as string);
    expect(world.asked).toBe(3);
    await ask(urls[0] as string);
    expect(world.asked).toBe(4);
  });

  it("takes no other list than the one whose root is on the ledger, and no older one that it kept", async () => {
    const list = StatusList.create({ order: "left" });
    const onLedger = { digest: list.root(), kind: "bitstring", purpose: "revocation" } as const;
    let digest = onLedger.digest;
    const { world, status } = createWorld({ root: async () => ({ ...onLedger, digest }) });
    world.published.set(URL_OF_LIST, await publish(list, { ttl: 600_000 }));
    expect(await codeOf(() => status(entryOf(9), credential))).toBeUndefined();
    list.set(9, 1);
    digest = list.root();
    // The issuer's node shows this verifier an old list still.
    expect(await codeOf(() => status(entryOf(9), credential))).toBe("credentials.status-unknown");
    world.published.set(URL_OF_LIST, await publish(list, { ttl: 600_000 }));
    expect(await codeOf(() => status(entryOf(9), credential))).toBe("credentials.status");
    const asked = world.asked;
    expect(await codeOf(() => status(entryOf(9), credential))).toBe("credentials.status");
    expect(world.asked).toBe(asked);
  });
});

describe("a status source of Token Status Lists", () => {
  it("keeps few of the lists that have few bytes", async () => {
    const { world, status } = createWorld({ capacity: 48_000 });
    const list = StatusList.create({ order: "right", entries: 8 });
    const ask = async (i: number) => {
      const uri = `https://labs.example/small/${i}`;
      world.published.set(uri, await issueTokenStatusList(list, { uri, iat: SECONDS }, lab));
      await status(tokenStatusReference({ index: 0, uri }), { iss: lab.controller });
    };
    for (let i = 0; i < 40; i++) await ask(i);
    await ask(0);
    expect(world.asked).toBe(41);
  });

  it.each([
    ["revocation", 1],
    ["suspension", 2],
  ])("holds a list for %s against the digest that the ledger has of its other form", async (purpose, value) => {
    const bitstring = StatusList.create({ order: "left" });
    let digest = bitstring.root();
    const asked: string[] = [];
    const { world, status } = createWorld({
      root: async (...of) => {
        asked.push(of.join(" "));
        return { digest, kind: "bitstring", purpose };
      },
    });
    const ask = () => codeOf(() => status(tokenStatusReference({ index: 77, uri }), { iss: lab.controller }));
    const list = StatusList.create({ order: "right", bits: value === 1 ? 1 : 2 });
    world.published.set(uri, await sign(list));
    expect(await ask()).toBeUndefined();
    expect(asked).toEqual([`${uri} ${lab.controller}`]);
    bitstring.set(77, 1);
    digest = bitstring.root();
    // The issuer's node shows this verifier an old list still, and then one that says more than the ledger's.
    expect(await ask()).toBe("credentials.status-unknown");
    list.set(77, value);
    list.set(5, value);
    world.published.set(uri, await sign(list));
    expect(await ask()).toBe("credentials.status-unknown");
    list.set(5, 0);
    world.published.set(uri, await sign(list));
    expect(await ask()).toBe("credentials.status");
  });

  it("takes no list whose entries the ledger's form cannot have", async () => {
    const bitstring = StatusList.create({ order: "left" });
    const { world, status } = createWorld({
      root: async () => ({ digest: bitstring.root(), kind: "bitstring", purpose: "suspension" }),
    });
    const ask = () => codeOf(() => status(tokenStatusReference({ index: 77, uri }), { iss: lab.controller }));
    for (const [bits, value] of [
      [1, 1],
      [2, 1],
      [2, 3],
      [4, 2],
    ] as const) {
      const list = StatusList.create({ order: "right", bits });
      list.set(9, value);
      world.published.set(uri, await sign(list));
      expect(await ask()).toBe("credentials.status-unknown");
    }
  });

  const uri = "https://labs.example/statuslists/1";
  const sign = (list: StatusList, signer: CredentialSigner = lab, at = uri) =>
    issueTokenStatusList(list, { uri: at, iat: SECONDS, exp: SECONDS + 120, ttl: 60 }, signer);

  it("refuses an SD-JWT VC that was revoked, suspended, or put in a state of the issuer's own", async () => {
    const { world, status } = createWorld();
    const list = StatusList.create({ order: "right", bits: 4 });
    for (const value of [1, 2, 3, 12]) list.set(value, value);
    world.published.set(uri, await sign(list));
    const verify = (index: number) =>
      verifySdJwt(
        issueSdJwt({ vct: "urn:meter", status: tokenStatusReference({ index, uri }) }, lab, { disclose: [] }),
        { keys, now: world.now, status },
      );
    expect(await codeOf(() => verify(0))).toBeUndefined();
    for (const index of [1, 2, 3, 12]) expect(await codeOf(() => verify(index))).toBe("credentials.status");
    expect(await codeOf(() => verify(LEAST_ENTRIES))).toBe("credentials.status-unknown");
    expect(world.asked).toBe(1);
    world.now += 60_000;
    await verify(0);
    expect(world.asked).toBe(2);
    world.now += 60_000;
    expect(await codeOf(() => verify(0))).toBe("credentials.status-unknown");
  });

  it("tells nothing good of a list that is another's, of another place, no token, or of a malformed reference", async () => {
    const list = StatusList.create({ order: "right" });
    const thief = createParty("did:example:thief");
    const token = { iss: lab.controller, issuer: thief.controller };
    for (const form of [
      await sign(list, thief),
      await sign(list, lab, `${uri}0`),
      await publish(StatusList.create({ order: "left" })),
      "x",
    ]) {
      const { status } = createWorld({ fetchList: async () => form, keys: keysOf([lab, thief]) });
      expect(await codeOf(() => status(tokenStatusReference({ index: 0, uri }), token))).toBe(
        "credentials.status-unknown",
      );
    }
    const { world, status } = createWorld();
    world.published.set(uri, await sign(list));
    expect(await codeOf(() => status(tokenStatusReference({ index: 0, uri }), token))).toBeUndefined();
    for (const reference of [{ idx: -1, uri }, { idx: "0", uri }, { idx: 0 }, { idx: 0, uri: "labs" }, [], 7])
      expect(await codeOf(() => status({ status_list: reference }, token))).toBe("credentials.status-unknown");
  });
});
