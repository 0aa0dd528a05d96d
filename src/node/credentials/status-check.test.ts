import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isHansaError, type JsonObject, systemClock } from "#base";
import { randomBytes } from "#crypto";
import {
  createCredentialSigner,
  DidResolver,
  issueCredential,
  issueTokenStatusList,
  keyMethod,
  makeKeyFinder,
  StatusList,
  statusListCredential,
} from "#identity";
import { type Database, KeyValueStore, openDatabase } from "#storage";
import { type HttpsHost, startHttpsHost } from "../../identity/methods/web/https-host.suite.ts";
import type { GroupService } from "../group-service.ts";
import { nodeStatusSource, type StatusCheckOptions } from "./status-check.ts";
import { StatusLists } from "./status-lists.ts";

const issuer = createCredentialSigner("Ed25519");
const other = createCredentialSigner("Ed25519");
const keys = makeKeyFinder(new DidResolver([keyMethod]), { mayRead: () => false });
const INDEX = 94_567;

let folder: string;
let database: Database;
let host: HttpsHost;
const files = new Map<string, string>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hansa-lists-"));
  database = openDatabase({ file: join(folder, "lists.db"), key: randomBytes(32) });
  host = await startHttpsHost((request, response) => {
    const text = files.get(request.url ?? "");
    response.writeHead(text === undefined ? 404 : 200, { "content-type": "application/vc" });
    response.end(text);
  });
  const set = StatusList.create({ order: "left" });
  set.set(INDEX, 1);
  await publish("/set", set, issuer);
  await publish("/clear", StatusList.create({ order: "left" }), issuer);
  await publish("/other", StatusList.create({ order: "left" }), other);
  files.set("/junk", "{");
  files.set("/large", " ".repeat(5 << 20));
  const list = StatusList.create({ order: "right" });
  list.set(INDEX, 1);
  const seconds = Math.floor(Date.now() / 1000);
  files.set("/token", await issueTokenStatusList(list, { uri: urlOf("/token"), iat: seconds, ttl: 60 }, issuer));
});
afterAll(async () => {
  await host.close();
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

const urlOf = (path: string) => `https://localhost:${host.port}${path}`;

async function publish(path: string, list: StatusList, signer: typeof issuer): Promise<void> {
  const description = { issuer: signer.controller, purpose: "revocation", validFrom: "2026-01-01T00:00:00Z" } as const;
  const document = await statusListCredential(list, { id: urlOf(path), ...description });
  files.set(path, JSON.stringify(await issueCredential(document, signer, { suite: "eddsa-jcs-2022" })));
}

function source(more: Partial<StatusCheckOptions> = {}) {
  const lists = new StatusLists(new KeyValueStore(database, "lists"), systemClock, urlOf);
  const groups: GroupService[] = [];
  const how = { published: () => 0, fetches: true, privateHosts: ["localhost"], ca: host.ca, ...more };
  return nodeStatusSource({ lists, issuers: [], groups, keys, clock: systemClock, ...how });
}

const entryAt = (url: string, index = INDEX): JsonObject => ({
  type: "BitstringStatusListEntry",
  statusPurpose: "revocation",
  statusListIndex: String(index),
  statusListCredential: url,
});
const credential = { "@context": ["https://www.w3.org/ns/credentials/v2"], issuer: issuer.controller };

async function codeOf(ask: () => Promise<unknown>): Promise<string> {
  try {
    await ask();
    return "good";
  } catch (error) {
    if (isHansaError(error)) return error.code;
    throw error;
  }
}

describe("status lists of others", () => {
  it("are fetched over HTTPS, verified, and kept as long as they may be", async () => {
    const status = source();
    expect(await codeOf(() => status(entryAt(urlOf("/set")), credential))).toBe("credentials.status");
    expect(await codeOf(() => status(entryAt(urlOf("/set"), INDEX + 1), credential))).toBe("good");
    expect(await codeOf(() => status(entryAt(urlOf("/clear")), credential))).toBe("good");
    expect(host.asked.filter((path) => path === "/set").length).toBe(1);
    const token = { status_list: { idx: INDEX, uri: urlOf("/token") } };
    expect(await codeOf(() => status(token, { iss: issuer.controller }))).toBe("credentials.status");
  });

  it.each([
    ["another issuer's", () => urlOf("/other")],
    ["none", () => urlOf("/none")],
    ["no JSON", () => urlOf("/junk")],
    ["too large", () => urlOf("/large")],
    ["not on HTTPS", () => `http://localhost:${host.port}/clear`],
    ["behind a name and a password", () => `https://a:b@localhost:${host.port}/clear`],
    ["at an address without a name", () => `https://127.0.0.1:${host.port}/clear`],
    ["at an address in disguise", () => `https://0x7f.1:${host.port}/clear`],
    ["at an IPv6 address", () => `https://[::1]:${host.port}/clear`],
    ["at a port where nobody is", () => "https://localhost:1/clear"],
  ])("that are %s tell nothing, so that the credential does not pass", async (_, url) => {
    expect(await codeOf(() => source()(entryAt(url()), credential))).toBe("credentials.status-unknown");
  });

  it("are not fetched from private networks, or at all, unless the configuration says so", async () => {
    const asked = host.asked.length;
    for (const more of [{ privateHosts: [] }, { fetches: false }])
      expect(await codeOf(() => source(more)(entryAt(urlOf("/clear")), credential))).toBe("credentials.status-unknown");
    expect(host.asked.length).toBe(asked);
  });

  it("have to be what their issuer told the ledger", async () => {
    const digest = StatusList.create({ order: "left" }).root();
    const ledgerWith = (record: object) =>
      [
        {
          ledger: {
            state: { get: (key: string) => (key === `status/${issuer.controller}/clear` ? record : undefined) },
          },
        },
      ] as unknown as GroupService[];
    const record = { digest, version: 3, kind: "bitstring", purpose: "revocation", uri: urlOf("/clear") };
    const ask = (groups: GroupService[]) => codeOf(() => source({ groups })(entryAt(urlOf("/clear")), credential));
    expect(await ask(ledgerWith(record))).toBe("good");
    expect(await ask(ledgerWith({ ...record, digest: digest.replace(/^./, "A") }))).toBe("credentials.status-unknown");
    expect(await ask(ledgerWith({ ...record, digest: "x", uri: "https://elsewhere.example/clear" }))).toBe("good");
    // The same of a list that is a token: the ledger has but the bitstring's digest.
    const asToken = (of: string) => {
      const known = ledgerWith({ ...record, digest: of, uri: urlOf("/token") })[0] as GroupService;
      const { get } = known.ledger.state;
      const state = { get: (key: string) => get(key.replace(/token$/, "clear")) };
      const groups = [{ ledger: { state } }] as unknown as GroupService[];
      return codeOf(() =>
        source({ groups })({ status_list: { idx: INDEX + 1, uri: urlOf("/token") } }, { iss: issuer.controller }),
      );
    };
    const set = StatusList.create({ order: "left" });
    set.set(INDEX, 1);
    expect(await asToken(set.root())).toBe("good");
    expect(await asToken(digest)).toBe("credentials.status-unknown");
  });
});

describe("the node's own lists", () => {
  it("survive a restart with every place that was taken", () => {
    const open = () => new StatusLists(new KeyValueStore(database, "own"), systemClock, urlOf);
    const [place] = open().allocate("labels", ["revocation"], "urn:example:1");
    expect(place).toBeDefined();
    const again = open();
    expect(again.placesOf("labels", "urn:example:1")).toEqual([place]);
    expect(again.placesOf("others", "urn:example:1")).toEqual([]);
    if (place !== undefined) again.set(place, true);
    expect(
      open()
        .bits(place?.list ?? "")
        .get(place?.index ?? 0),
    ).toBe(1);
    expect(open().unanchored(10)).toMatchObject([{ id: place?.list, version: 2, taken: 1 }]);
    open().noteAnchored(place?.list ?? "", 2);
    expect(open().unanchored(10)).toEqual([]);
  });

  it("are left for a fresh one at half full, and give no place twice", () => {
    const lists = new StatusLists(new KeyValueStore(database, "full"), systemClock, urlOf);
    const store = new KeyValueStore(database, "full");
    const [first] = lists.allocate("labels", ["revocation"], undefined);
    const key = `list/${first?.list}`;
    const record = JSON.parse(new TextDecoder().decode(store.get(key))) as object;
    store.put(key, new TextEncoder().encode(JSON.stringify({ ...record, taken: 65_536 })));
    const [next] = lists.allocate("labels", ["revocation"], undefined);
    expect(next?.list).not.toBe(first?.list);
    const places = Array.from({ length: 2000 }, () => lists.allocate("labels", ["revocation"], undefined)[0]);
    expect(new Set(places.map((place) => `${place?.list} ${place?.index}`)).size).toBe(2000);
  });

  it("that came back from a backup take no more credentials, and go on behind what the ledger has", async () => {
    const lists = new StatusLists(new KeyValueStore(database, "restored"), systemClock, (list) => urlOf(`/${list}`));
    const [place] = lists.allocate("labels", ["revocation"], undefined);
    const list = place?.list ?? "";
    lists.retire();
    const [next] = lists.allocate("labels", ["revocation"], undefined);
    expect(next?.list).not.toBe(list);
    const labels = { name: "labels", did: "did:key", id: issuer.controller, signer: issuer } as const;
    const status = (version: number) =>
      nodeStatusSource({
        lists,
        issuers: [labels],
        groups: [],
        keys,
        clock: systemClock,
        published: () => version,
        fetches: false,
        privateHosts: [],
      });
    const entry = entryAt(place?.url ?? "", place?.index);
    expect(await codeOf(() => status(1)(entry, credential))).toBe("good");
    expect(await codeOf(() => status(7)(entry, credential))).toBe("credentials.status-unknown");
    const token = { status_list: { idx: place?.index ?? 0, uri: place?.url ?? "" } };
    const sdJwt = { iss: issuer.controller };
    expect(await codeOf(() => status(1)(token, sdJwt))).toBe("good");
    expect(await codeOf(() => status(7)(token, sdJwt))).toBe("credentials.status-unknown");
    lists.noteAnchored(list, 7);
    if (place !== undefined) expect(lists.set(place, true).version).toBe(8);
    expect(await codeOf(() => status(7)(entry, credential))).toBe("credentials.status");
    expect(await codeOf(() => status(7)(token, sdJwt))).toBe("credentials.status");
    expect(
      lists
        .unanchored(10)
        .map(({ version }) => version)
        .sort(),
    ).toEqual([1, 8]);
  });

  it("count how often one id was issued, and end that somewhere", () => {
    const lists = new StatusLists(new KeyValueStore(database, "many"), systemClock, urlOf);
    for (let i = 0; i < 64; i++) lists.allocate("labels", ["revocation"], "urn:example:same");
    expect(() => lists.allocate("labels", ["revocation"], "urn:example:same")).toThrow(/issued 64 times/);
  });
});
