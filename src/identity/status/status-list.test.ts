import { readFileSync } from "node:fs";
import { deflateSync, gunzipSync, gzipSync, inflateSync } from "node:zlib";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64Url, encodeBase64Url, encodeUtf8, type JsonObject } from "#base";
import { sha256 } from "#crypto";
import { checkSignature } from "../credentials/credential-key.ts";
import { signCompactJws } from "../jose/compact-jws.ts";
import { codeOf, createParty, keysOf, NOW, SECONDS } from "../jose/parties.suite.ts";
import { issueSdJwt } from "../sd-jwt/issue-sd-jwt.ts";
import {
  bitstringStatusEntry,
  openBitstring,
  readBitstringEntry,
  readBitstringStatus,
  statusListCredential,
} from "./bitstring.ts";
import { decompress } from "./compress.ts";
import { type BitOrder, type EntryBits, LEAST_ENTRIES, StatusList } from "./status-list.ts";
import {
  decodeTokenList,
  encodeTokenList,
  issueTokenStatusList,
  tokenStatusReference,
  verifyTokenStatusList,
} from "./token-status.ts";

const vector = JSON.parse(readFileSync(new URL("../../../vectors/status-list.json", import.meta.url), "utf8")) as {
  bitstring: { encodedList: string; entries: number };
  token: { bits: EntryBits; lst: string; statuses: number[] }[];
};
const URL_OF_LIST = "https://labs.example/status/3";
const describeList = { id: URL_OF_LIST, issuer: "did:example:lab", validFrom: "2026-01-01T00:00:00Z" };

describe("StatusList", () => {
  it("keeps each entry apart from all others, in either order and every width", () => {
    const shapes: [BitOrder, EntryBits][] = [
      ...([1, 2, 3, 4, 5, 6, 7, 8] as const).map((bits): [BitOrder, EntryBits] => ["left", bits]),
      ...([1, 2, 4, 8] as const).map((bits): [BitOrder, EntryBits] => ["right", bits]),
    ];
    for (const [order, bits] of shapes)
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.nat({ max: 63 }), fc.nat({ max: 2 ** bits - 1 })), { maxLength: 80 }),
          (writes) => {
            const list = StatusList.create({ order, bits, entries: 64 });
            const model = new Array<number>(64).fill(0);
            for (const [index, value] of writes) {
              list.set(index, value);
              model[index] = value;
            }
            expect(model.map((_, i) => list.get(i))).toEqual(model);
            const copy = StatusList.of(list.bytes, { order, bits });
            expect(copy.root()).toBe(list.root());
            expect(model.map((_, i) => copy.get(i))).toEqual(model);
          },
        ),
        { numRuns: 40 },
      );
  });

  it("has the first entry at the left for bitstrings, and at the right for tokens", () => {
    const left = StatusList.create({ order: "left", entries: 16 });
    left.set(0, 1);
    left.set(9, 1);
    expect([...left.bytes]).toEqual([0b1000_0000, 0b0100_0000]);
    const right = StatusList.create({ order: "right", bits: 2, entries: 8 });
    right.set(0, 1);
    right.set(5, 3);
    expect([...right.bytes]).toEqual([0b0000_0001, 0b0000_1100]);
  });

  it("has a root that is SHA-256 of its bytes before compression, and is another one for each state", () => {
    const list = StatusList.create({ order: "left" });
    const empty = list.root();
    expect(empty).toBe(encodeBase64Url(sha256(new Uint8Array(LEAST_ENTRIES / 8))));
    list.set(131_071, 1);
    expect(list.root()).not.toBe(empty);
    list.set(131_071, 0);
    expect(list.root()).toBe(empty);
    list.bytes[0] = 1;
    expect(list.root()).toBe(empty);
  });

  it("refuses entries and values that it does not have", async () => {
    const list = StatusList.create({ order: "right", bits: 2, entries: 8 });
    for (const index of [-1, 8, 1.5, Number.NaN]) {
      expect(await codeOf(() => list.get(index))).toBe("credentials.document");
      expect(await codeOf(() => list.set(index, 1))).toBe("credentials.document");
    }
    for (const value of [-1, 4, 0.5]) expect(await codeOf(() => list.set(0, value))).toBe("credentials.document");
    expect(await codeOf(() => StatusList.create({ order: "left", entries: 7 }))).toBe("credentials.document");
    expect(await codeOf(() => StatusList.create({ order: "right", bits: 3, entries: 8 }))).toBe("credentials.document");
    expect(await codeOf(() => StatusList.create({ order: "left", entries: 2 ** 40 }))).toBe("credentials.document");
  });
});

describe("Bitstring Status List", () => {
  it("reads the standard's list of 131,072 entries, none of them set", async () => {
    const credential = await statusListCredential(StatusList.create({ order: "left" }), {
      ...describeList,
      purpose: "revocation",
    });
    const subject = { ...(credential["credentialSubject"] as JsonObject), encodedList: vector.bitstring.encodedList };
    const { list, ttl } = await openBitstring({ ...credential, credentialSubject: subject }, 1);
    expect(list.size).toBe(vector.bitstring.entries);
    expect(list.root()).toBe(StatusList.create({ order: "left" }).root());
    expect(ttl).toBe(300_000);
  });

  it("is multibase base64url of GZIP, which zlib reads", async () => {
    const list = StatusList.create({ order: "left" });
    list.set(94_567, 1);
    const { credentialSubject } = await statusListCredential(list, { ...describeList, purpose: "revocation" });
    const { encodedList } = credentialSubject as { encodedList: string };
    expect(encodedList.charAt(0)).toBe("u");
    const bytes = gunzipSync(decodeBase64Url(encodedList.slice(1)) as Uint8Array);
    expect(bytes.length).toBe(16_384);
    expect(((bytes[Math.floor(94_567 / 8)] as number) >> (7 - (94_567 % 8))) & 1).toBe(1);
  });

  it("says what the issuer says of a value of several bits", async () => {
    const messages = ["pending", "accepted", "rejected", "withdrawn"].map((message, i) => ({
      status: `0x${i}`,
      message,
    }));
    const entry = bitstringStatusEntry({
      index: 7,
      list: URL_OF_LIST,
      purpose: "message",
      messages,
      reference: "https://labs.example/m",
    });
    expect(entry).toMatchObject({ statusSize: 2, statusListIndex: "7", type: "BitstringStatusListEntry" });
    const list = StatusList.create({ order: "left", bits: 2 });
    list.set(7, 2);
    const opened = await openBitstring(
      await statusListCredential(list, { ...describeList, purpose: ["message", "refresh"] }),
      2,
    );
    expect(readBitstringStatus(readBitstringEntry(entry), opened)).toEqual({
      purpose: "message",
      value: 2,
      message: "rejected",
    });
  });

  it("refuses entries that are malformed", async () => {
    const good = bitstringStatusEntry({ index: 5, list: URL_OF_LIST, purpose: "revocation" });
    expect(readBitstringEntry(good)).toMatchObject({ index: 5, bits: 1 });
    const bad: JsonObject[] = [
      { type: "StatusList2021Entry" },
      { id: 7 },
      { id: URL_OF_LIST },
      { statusPurpose: "" },
      { statusPurpose: ["revocation"] },
      ...[5, "-1", "05", "1.0", "1e3", " 1", "", "0x1", "99999999999999999", null].map((statusListIndex) => ({
        statusListIndex,
      })),
      ...["labs.example", "", 7, null].map((statusListCredential) => ({ statusListCredential })),
      ...[0, -1, 1.5, "2", 9].map((statusSize) => ({ statusSize })),
      { statusSize: 2 },
      { statusPurpose: "message" },
      { statusSize: 2, statusMessage: [{ status: "0x0", message: "a" }] },
      {
        statusMessage: [
          { status: "0x0", message: "a" },
          { status: "0x0", message: "b" },
        ],
      },
      {
        statusMessage: [
          { status: "0x0", message: "a" },
          { status: "0x2", message: "b" },
        ],
      },
      {
        statusMessage: [
          { status: "0", message: "a" },
          { status: "0x1", message: "b" },
        ],
      },
    ];
    for (const change of bad)
      expect([change, await codeOf(() => readBitstringEntry({ ...good, ...change }))]).toEqual([
        change,
        "credentials.status-unknown",
      ]);
    expect(await codeOf(() => bitstringStatusEntry({ index: -1, list: URL_OF_LIST, purpose: "revocation" }))).toBe(
      "credentials.document",
    );
  });

  it("refuses lists that are short, malformed, of another purpose, or inflate beyond what is allowed", async () => {
    const credential = await statusListCredential(StatusList.create({ order: "left" }), {
      ...describeList,
      purpose: "revocation",
    });
    const subject = credential["credentialSubject"] as JsonObject;
    const withSubject = (change: JsonObject) =>
      openBitstring({ ...credential, credentialSubject: { ...subject, ...change } }, 1);
    const encode = (bytes: Uint8Array) => `u${encodeBase64Url(bytes)}`;
    for (const encodedList of [
      encode(gzipSync(new Uint8Array(16_383))),
      encode(gzipSync(new Uint8Array(0))),
      encode(gzipSync(new Uint8Array(5 << 20))),
      encode(deflateSync(new Uint8Array(16_384))),
      encode(gzipSync(new Uint8Array(16_384)).subarray(0, 20)),
      encodeBase64Url(gzipSync(new Uint8Array(16_384))),
      `z${encodeBase64Url(gzipSync(new Uint8Array(16_384)))}`,
      `${subject["encodedList"]}=`,
      "u",
      7,
    ])
      expect(await codeOf(() => withSubject({ encodedList }))).toBe("credentials.status-unknown");
    for (const change of [
      { type: "StatusList2021" },
      { statusPurpose: [] },
      { statusPurpose: 7 },
      { ttl: -1 },
      { ttl: "1" },
    ] as JsonObject[])
      expect(await codeOf(() => withSubject(change))).toBe("credentials.status-unknown");
    expect(await codeOf(() => openBitstring({ ...credential, type: ["VerifiableCredential"] }, 1))).toBe(
      "credentials.status-unknown",
    );
    expect(await codeOf(() => openBitstring({ ...credential, credentialSubject: [subject, subject] }, 1))).toBe(
      "credentials.status-unknown",
    );
    // Of two bits an entry, there are half as many.
    expect(await codeOf(() => openBitstring(credential, 2))).toBe("credentials.status-unknown");
    const opened = await openBitstring(credential, 1);
    const entry = (change: object) => ({
      purpose: "revocation",
      index: 0,
      list: URL_OF_LIST,
      bits: 1 as const,
      messages: [],
      ...change,
    });
    expect(await codeOf(() => readBitstringStatus(entry({ purpose: "suspension" }), opened))).toBe(
      "credentials.status-unknown",
    );
    expect(await codeOf(() => readBitstringStatus(entry({ index: 131_072 }), opened))).toBe(
      "credentials.status-unknown",
    );
    const short = StatusList.create({ order: "left", entries: 8 });
    expect(await codeOf(() => statusListCredential(short, { ...describeList, purpose: "revocation" }))).toBe(
      "credentials.document",
    );
  });

  it("stops to inflate at the limit: some kilobytes do not become gigabytes", async () => {
    const bomb = gzipSync(new Uint8Array(64 << 20));
    expect(bomb.length).toBeLessThan(100_000);
    expect(await decompress(bomb, "gzip", 1 << 20)).toBeUndefined();
    expect(await decompress(gzipSync(new Uint8Array(1 << 20)), "gzip", 1 << 20)).toHaveLength(1 << 20);
  });
});

describe("Token Status List", () => {
  const lab = createParty("did:example:lab", "P-256");
  const uri = "https://labs.example/statuslists/1";
  const verify = (text: string, more: object = {}) =>
    verifyTokenStatusList(text, { uri, keys: keysOf([lab]), now: NOW, ...more });

  it("reads the draft's lists (§4.1), and writes what zlib reads as their bytes", async () => {
    for (const { bits, lst, statuses } of vector.token) {
      const list = await decodeTokenList({ bits, lst });
      expect(statuses.map((_, i) => list.get(i))).toEqual(statuses);
      const { lst: ours } = (await encodeTokenList(list)) as { lst: string };
      expect(inflateSync(decodeBase64Url(ours) as Uint8Array)).toEqual(inflateSync(decodeBase64Url(lst) as Uint8Array));
    }
  });

  it("is read by @sd-jwt/sd-jwt-vc as it is read here", async () => {
    for (const bits of [1, 2, 4, 8] as const) {
      const list = StatusList.create({ order: "right", bits, entries: 64 });
      for (let i = 0; i < 64; i++) list.set(i, (i * 7) % 2 ** bits);
      const token = await issueTokenStatusList(list, { uri, iat: SECONDS, ttl: 60 }, lab);
      expect((await verify(token)).list.root()).toBe(list.root());
      const seen: number[] = [];
      const foreign = new SDJwtVcInstance({
        hasher: (data: string | ArrayBuffer) =>
          sha256(typeof data === "string" ? encodeUtf8(data) : new Uint8Array(data)),
        verifier: (data: string, signature: string) =>
          checkSignature(lab, encodeUtf8(data), decodeBase64Url(signature) as Uint8Array),
        statusListFetcher: async () => token,
        statusValidator: async (value: number) => void seen.push(value),
      });
      for (let index = 0; index < 64; index++) {
        const claims = { vct: "urn:x", status: tokenStatusReference({ index, uri }) };
        await foreign.verify(issueSdJwt(claims, lab, { disclose: [] }), { currentDate: SECONDS });
      }
      expect(seen).toEqual(seen.map((_, i) => list.get(i)));
      expect(seen).toHaveLength(64);
    }
  });

  it("is refused from another place, of another type or key, out of time, and malformed", async () => {
    const list = StatusList.create({ order: "right", entries: 64 });
    const token = await issueTokenStatusList(list, { uri, iat: SECONDS, exp: SECONDS + 60, ttl: 30 }, lab);
    expect(await verify(token)).toMatchObject({ issuer: "did:example:lab", ttl: 30, exp: SECONDS + 60 });
    expect(await codeOf(() => verify(token, { uri: `${uri}0` }))).toBe("credentials.status-unknown");
    expect(await codeOf(() => verify(token, { now: NOW + 60_000 }))).toBe("credentials.expired");
    expect(await codeOf(() => verify(token, { keys: keysOf([createParty("did:example:lab", "P-256")]) }))).toBe(
      "credentials.signature",
    );
    const good = { sub: uri, iat: SECONDS, status_list: await encodeTokenList(list) };
    const sign = (payload: JsonObject, header: JsonObject = {}) =>
      signCompactJws({ typ: "statuslist+jwt", kid: lab.id, ...header }, { ...good, ...payload }, lab);
    expect(await codeOf(() => verify(sign({})))).toBeUndefined();
    expect(await codeOf(() => verify(sign({}, { typ: "JWT" })))).toBe("credentials.proof");
    expect(await codeOf(() => verify(sign({}, { kid: "1" })))).toBe("credentials.status-unknown");
    expect(await codeOf(() => verify(sign({ iss: "did:example:other" })))).toBe("credentials.key");
    for (const status_list of [
      undefined,
      [],
      { bits: 3, lst: "eNrbuRgAAhcBXQ" },
      { bits: 1 },
      { bits: 1, lst: "eNrbuRgAAhcBXQ=" },
      { bits: 1, lst: "AAAA" },
      { bits: 1, lst: encodeBase64Url(gzipSync(new Uint8Array(8))) },
      { bits: 1, lst: encodeBase64Url(deflateSync(new Uint8Array(5 << 20))) },
      { bits: 1, lst: encodeBase64Url(deflateSync(new Uint8Array(0))) },
    ])
      expect(await codeOf(() => verify(sign({ status_list } as unknown as JsonObject)))).toBe(
        "credentials.status-unknown",
      );
    expect(await codeOf(() => encodeTokenList(StatusList.create({ order: "left", entries: 64 })))).toBe(
      "credentials.document",
    );
  });
});
