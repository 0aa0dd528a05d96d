import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "#base";
import {
  DidResolver,
  keyMethod,
  makeKeyFinder,
  openBitstring,
  readBitstringEntry,
  verifyCredential,
  verifyTokenStatusList,
} from "#identity";
import type { StatusListRecord } from "#protocol";
import { getRecord, query } from "#sdk";
import { CREDENTIALS, ISSUERS, plainCredential, startVcNode, type VcNode } from "./vc-api.suite.ts";

let at: VcNode;
beforeAll(async () => {
  at = await startVcNode({
    ...CREDENTIALS,
    issuers: [
      ...ISSUERS,
      { name: "lists", did: "did:key", key: "ed", access: "open", status: ["revocation", "suspension"] },
      { name: "tokens", did: "did:key", key: "k1", status: ["revocation"] },
    ],
  });
});
afterAll(() => at.close());

const keys = makeKeyFinder(new DidResolver([keyMethod]), { mayRead: () => false });
const ENTRY = "BitstringStatusListEntry";
let count = 0;
/** Indexes that credentials got here, in whichever list. */
const taken = new Set<number>();

async function issue(...request: Parameters<VcNode["issue"]>) {
  const answer = await at.issue(...request);
  for (const entry of entriesOf(answer.json.verifiableCredential ?? {})) taken.add(Number(entry?.["statusListIndex"]));
  return answer;
}

/** An index that no credential has: they are given by chance. */
function freeIndex(): number {
  let index = 0;
  while (taken.has(index)) index++;
  return index;
}

async function issued(options: object = {}, more: JsonObject = {}): Promise<JsonObject> {
  const id = `urn:example:${++count}`;
  const answer = await issue(plainCredential({ id, ...more }), { issuer: "lists", ...options }, at.mine());
  expect(answer.status, JSON.stringify(answer.json)).toBe(201);
  return answer.json.verifiableCredential;
}

function entriesOf(credential: JsonObject): (JsonObject | undefined)[] {
  const { credentialStatus } = credential;
  return (Array.isArray(credentialStatus) ? credentialStatus : [credentialStatus]) as (JsonObject | undefined)[];
}

const pathOf = (url: unknown) => new URL(String(url)).pathname;
const change = (credentialId: unknown, statusPurpose: string, status: boolean, headers = at.mine()) =>
  at.post("/credentials/status", { credentialId, credentialStatus: { type: ENTRY, statusPurpose }, status }, headers);

describe("a node's status lists", () => {
  it("give every credential a place of its own, by chance, in lists of the least size", async () => {
    const places = new Set<string>();
    const order: number[] = [];
    for (let i = 0; i < 12; i++) {
      const [revocation, suspension] = entriesOf(await issued());
      expect(revocation).toMatchObject({ type: ENTRY, statusPurpose: "revocation" });
      expect(suspension).toMatchObject({ type: ENTRY, statusPurpose: "suspension" });
      expect(revocation?.["statusListCredential"]).not.toBe(suspension?.["statusListCredential"]);
      places.add(String(revocation?.["id"]));
      order.push(Number(revocation?.["statusListIndex"]));
    }
    expect(places.size).toBe(12);
    expect(order).not.toEqual([...order].sort((a, b) => a - b));
    expect(order.every((index) => index >= 0 && index < 131_072)).toBe(true);
  });

  it("are published as credentials that hold, and as tokens, and say what became of a credential", async () => {
    const credential = await issued();
    const [revocation] = entriesOf(credential);
    expect((await at.verify(credential)).status).toBe(200);
    expect(await change(credential["id"], "revocation", true)).toMatchObject({
      status: 200,
      json: { status: true, statusPurpose: "revocation", statusListIndex: revocation?.["statusListIndex"] },
    });
    expect(await at.verify(credential)).toMatchObject({
      status: 422,
      json: { code: "credentials.status", verified: false },
    });
    expect((await at.verify(credential, { checkStatus: false })).json).toMatchObject({
      verified: true,
      warnings: [expect.stringContaining("credentialStatus")],
    });

    const path = pathOf(revocation?.["statusListCredential"]);
    const published = await at.get(path);
    expect(published.type).toBe("application/json");
    expect(published.json).toMatchObject({
      id: revocation?.["statusListCredential"],
      type: ["VerifiableCredential", "BitstringStatusListCredential"],
      issuer: credential["issuer"],
      credentialSubject: {
        type: "BitstringStatusList",
        statusPurpose: "revocation",
        encodedList: expect.stringMatching(/^u/),
      },
    });
    await verifyCredential(published.json, { keys, now: Date.now() });
    const entry = readBitstringEntry(revocation as JsonObject);
    const { list } = await openBitstring(published.json, entry.bits);
    expect([list.size, list.get(entry.index)]).toEqual([131_072, 1]);

    const token = await at.get(path, { accept: "application/statuslist+jwt" });
    expect(token.type).toBe("application/statuslist+jwt");
    const uri = String(revocation?.["statusListCredential"]);
    const verified = await verifyTokenStatusList(token.json, { uri, keys, now: Date.now() });
    expect([verified.list.get(entry.index), verified.list.get(freeIndex())]).toEqual([1, 0]);
    expect((await at.get(path, { accept: "application/vc" })).type).toBe("application/vc");
  });

  it("lift a suspension, and never a revocation", async () => {
    const credential = await issued();
    expect((await change(credential["id"], "suspension", true)).status).toBe(200);
    expect(await at.verify(credential)).toMatchObject({ json: { code: "credentials.status", purpose: "suspension" } });
    expect((await change(credential["id"], "suspension", false)).status).toBe(200);
    expect((await at.verify(credential)).status).toBe(200);
    expect((await change(credential["id"], "revocation", true)).status).toBe(200);
    expect((await change(credential["id"], "revocation", true)).json).toMatchObject({ status: true });
    expect(await change(credential["id"], "revocation", false)).toMatchObject({
      status: 409,
      json: { code: "vc-api.irrevocable" },
    });
  });

  it("are found by list and index where a credential has no id, and by the id that its issuing named", async () => {
    const answer = await issue(plainCredential(), { issuer: "lists" });
    const [entry] = entriesOf(answer.json.verifiableCredential);
    const { statusListCredential, statusListIndex } = entry as JsonObject;
    const found = await at.post("/credentials/status", {
      credentialStatus: { type: ENTRY, statusListCredential, statusListIndex },
      status: true,
    });
    expect(found).toMatchObject({ status: 200, json: { statusListIndex } });
    expect((await at.verify(answer.json.verifiableCredential)).json.code).toBe("credentials.status");

    const named = await issue(plainCredential(), { issuer: "lists", credentialId: "urn:example:named" });
    expect(named.json.verifiableCredential).not.toHaveProperty("id");
    expect((await change("urn:example:named", "revocation", true)).status).toBe(200);
    expect((await at.verify(named.json.verifiableCredential)).json.code).toBe("credentials.status");
  });

  it("are changed by the member alone where the issuer is the member's alone", async () => {
    const own = await issued({ issuer: "acme" });
    const stranger = await change(own["id"], "revocation", true, {} as never);
    expect(stranger).toMatchObject({ status: 401, json: { code: "http.unauthenticated" } });
    expect((await at.verify(own)).status).toBe(200);
    expect((await change(own["id"], "revocation", true)).status).toBe(200);
    expect((await at.verify(own)).json.code).toBe("credentials.status");
  });

  it("have no other entries: unknown credentials, lists, indexes and halves of a request are refused", async () => {
    const [entry] = entriesOf(await issued());
    const { statusListCredential, statusListIndex } = entry as JsonObject;
    const free = String(freeIndex());
    const cases: readonly [object, number, string][] = [
      [{ credentialId: "urn:example:none" }, 404, "vc-api.not-found"],
      [{ credentialStatus: { type: ENTRY, statusListCredential, statusListIndex: free } }, 404, "vc-api.not-found"],
      [
        { credentialStatus: { type: ENTRY, statusListCredential, statusListIndex: "9999999" } },
        404,
        "vc-api.not-found",
      ],
      [
        { credentialStatus: { type: ENTRY, statusListCredential: `${statusListCredential}x`, statusListIndex } },
        404,
        "vc-api.not-found",
      ],
      [{ credentialStatus: { type: ENTRY, statusListCredential } }, 400, "vc-api.request"],
      [{ credentialStatus: { type: ENTRY } }, 400, "vc-api.request"],
      [{}, 400, "vc-api.request"],
      [{ credentialId: 4 }, 400, "vc-api.request"],
    ];
    for (const [body, status, code] of cases)
      expect(
        await at.post("/credentials/status", { ...body, status: true }, at.mine()),
        JSON.stringify(body),
      ).toMatchObject({
        status,
        json: { code },
      });
    for (const path of ["/status-lists/none", "/status-lists/%00", `/status-lists/${"a".repeat(2000)}`])
      expect((await at.get(path)).status, path).toBe(404);
  });

  it("count for their own issuer's credentials alone", async () => {
    const [entry] = entriesOf(await issued());
    const foreign = await at.issue(plainCredential({ credentialStatus: entry as JsonObject }), { issuer: "p256" });
    expect(foreign.status).toBe(201);
    expect(await at.verify(foreign.json.verifiableCredential)).toMatchObject({
      status: 422,
      json: { code: "credentials.status-unknown" },
    });
    const elsewhere = { ...entry, id: undefined, statusListCredential: "https://lists.example/1" } as never;
    const other = await at.issue(plainCredential({ credentialStatus: elsewhere }), { issuer: "p256" });
    expect(await at.verify(other.json.verifiableCredential)).toMatchObject({
      json: { code: "credentials.status-unknown" },
    });
  });

  it("are not asked for an entry that nobody could read", async () => {
    for (const wrong of [
      { statusListIndex: true },
      { statusListIndex: "-1" },
      { statusListCredential: "x" },
      { statusPurpose: 4 },
    ]) {
      const entry = {
        type: ENTRY,
        statusPurpose: "revocation",
        statusListIndex: "4",
        statusListCredential: "https://a.example/1",
      };
      const answer = await at.issue(plainCredential({ credentialStatus: { ...entry, ...wrong } as never }), {
        issuer: "p256",
      });
      expect([400, 422], JSON.stringify(answer.json)).toContain(answer.status);
    }
  });

  it("of an issuer whose key has no cryptosuite are envelopes", async () => {
    const envelope = await issued({ issuer: "tokens" });
    expect((await at.verify(envelope)).status).toBe(200);
    expect((await change(`urn:example:${count}`, "revocation", true)).status).toBe(200);
    expect((await at.verify(envelope)).json.code).toBe("credentials.status");
  });

  it("are told to the ledger by version and digest, many changes as one", async () => {
    const credentials = [await issued(), await issued(), await issued()];
    const [entry] = entriesOf(credentials[0] as JsonObject);
    const list = pathOf(entry?.["statusListCredential"]).split("/").at(-1) as string;
    let version = 0;
    for (const { id } of credentials) version = (await change(id, "revocation", true)).json.version;
    const client = at.client();
    const published = async () =>
      (await query(client, "statuses.list", { issuer: at.acme.did })).items.find((one) => one.list === list);
    await expect.poll(async () => (await published())?.version ?? 0, { timeout: 20_000 }).toBe(version);
    const { list: bits } = await openBitstring((await at.get(`/status-lists/${list}`)).json, 1);
    expect(await published()).toMatchObject({
      kind: "bitstring",
      purpose: "revocation",
      size: 131_072,
      digest: bits.root(),
      uri: String(entry?.["statusListCredential"]),
    } satisfies Partial<StatusListRecord>);
    const record = await getRecord(client, { key: `status/${at.acme.did}/${list}` });
    expect(record).toBeDefined();
  });
});
