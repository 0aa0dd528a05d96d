import { compactDecrypt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeBase64Url, decodeUtf8, encodeUtf8 } from "#base";
import { openKeyFile } from "#crypto/node";
import { Ledger } from "#ledger";
import { homeAt, readGenesis } from "#node";
import {
  datasetDigest,
  decodeAccessReceipt,
  decodeDatasetStatement,
  encodeAccessReceiptProof,
  type ReleaseAnswer,
  type ReleasedData,
  TERM_FIELDS,
  type TermsDocument,
  termDigest,
} from "#protocol";
import {
  countersignReceipt,
  eraseDataset,
  getAccessReceipt,
  listAccessReceipts,
  listDatasets,
  openRelease,
  putDataset,
  query,
  requestRelease,
  sendRelease,
  signRelease,
  verifyAccessReceipt,
} from "#sdk";
import { GroupStore, KeyValueStore, openDatabase } from "#storage";
import { createIdentity } from "./devices.suite.ts";
import { asked, give } from "./exchange.suite.ts";
import { Alliance, codeOf, GROUP, PASSPHRASE, until } from "./member.suite.ts";

let alliance: Alliance;

beforeAll(async () => {
  alliance = await Alliance.create();
  await alliance.up({ HANSA_LOG_LEVEL: "warn" });
  for (const name of ["alice", "bob"]) await createIdentity(alliance, name);
});
afterAll(() => alliance.remove());

function keep(dataset: string, text: string, by: string) {
  const owner = alliance.party(by).did;
  return putDataset(alliance.as("acme"), { owner, dataset, mediaType: "text/plain", content: encodeUtf8(text) });
}

const used = async (grant: string) => (await query(alliance.as("acme"), "grants.get", { grant })).used;

/** Everything that the home of a node that is down holds: of the ledger every block and record, of the exchange every entry, as text. */
async function everythingIn(folder: string): Promise<{ ledger: string; exchange: string }> {
  const files = homeAt(folder).group(GROUP);
  const keys = await openKeyFile(homeAt(folder).keyFile, PASSPHRASE);
  const key = keys.dataKey(`data/${GROUP}`);
  const databases = [files.ledger, files.events].map((file) => openDatabase({ file, key }));
  try {
    const [blocks, events] = databases as [ReturnType<typeof openDatabase>, ReturnType<typeof openDatabase>];
    const ledger = new Ledger(readGenesis(files.genesis), new GroupStore(blocks));
    const parts: string[] = [];
    for (let height = 0; height <= ledger.height; height++) {
      const block = ledger.block(height);
      for (const bytes of block?.transactions ?? []) {
        const [, payload = ""] = (decodeUtf8(bytes) ?? "").split(".");
        parts.push(decodeUtf8(decodeBase64Url(payload) ?? new Uint8Array()) ?? "");
      }
      parts.push(JSON.stringify(block?.receipts ?? []));
    }
    for (const record of ledger.state.keys("")) parts.push(record, JSON.stringify(ledger.record(record)));
    const store = new KeyValueStore(events, `exchange/${alliance.party("acme").did}`);
    const entries = store.list("").map(({ key: name, value }) => {
      const text = decodeUtf8(value) ?? "";
      // What is signed stands in base64url: what it says counts too.
      const inner = text.replace(
        /[A-Za-z0-9_-]{60,}/g,
        (part) => decodeUtf8(decodeBase64Url(part) ?? new Uint8Array()) ?? part,
      );
      return `${decodeURIComponent(name)}\n${text}\n${inner}`;
    });
    return { ledger: parts.join("\n"), exchange: entries.join("\n") };
  } finally {
    for (const database of databases) database.close();
    key.fill(0);
    keys.close();
  }
}

/**
 * What somebody makes sure of who knows content and terms by heart and has everything that is left: each word of it may be the salt, and there may
 * be none.
 */
function confirmed(left: string, content: string, { terms }: TermsDocument): string[] {
  const words = new Set(left.match(/(?<![\w-])[\w-]{22,86}(?![\w-])/g) ?? []);
  const found = new Set<string>();
  for (const salt of ["", ...words]) {
    if (words.has(datasetDigest(salt, encodeUtf8(content)) ?? "")) found.add("content");
    for (const field of TERM_FIELDS) if (words.has(termDigest(salt, field, terms[field]))) found.add(field);
  }
  return [...found].sort();
}

describe("erasure", () => {
  it("leaves nothing of an owner's data, on the ledger or at the provider, and nothing by which a guess is confirmed", async () => {
    const words = "the flat is empty in July";
    await keep("homes/alice-7", words, "alice");
    const terms = await give(
      alliance,
      { kind: "dataset", dataset: "homes/alice-7" },
      {
        terms: { controller: { name: "Borea Billing", contact: "alice@borea.example" } },
      },
    );
    const borea = alliance.as("borea");
    const release = await requestRelease(borea, asked(alliance, terms));
    const opened = await openRelease(borea, release);
    const { plaintext } = await compactDecrypt(release.answer.sealed, release.key.privateKey);
    const data = JSON.parse(decodeUtf8(plaintext) as string) as ReleasedData;
    const statement = decodeDatasetStatement(data.dataset?.statement as string).statement;
    await countersignReceipt(borea, opened.receipt);
    const { jti } = opened.claims;
    const client = alliance.as("alice");
    await until(async () => (await codeOf(getAccessReceipt(client, { receipt: jti }))) === "accepted");

    const traces = {
      "the content": words,
      "the content, encoded": data.dataset?.content as string,
      "the dataset's name": "homes/alice-7",
      "the dataset's salt": data.dataset?.salt as string,
      "the dataset's digest": statement.digest,
      "the salt of the resource": data.salt,
      "the sealed answer": release.answer.sealed,
      "the request": release.request,
      "the contact": "alice@borea.example",
      ...Object.fromEntries(Object.entries(terms.salts).map(([field, salt]) => [`the salt of ${field}`, salt])),
    };
    const found = (text: string) =>
      Object.entries(traces)
        .filter(([, trace]) => text.includes(trace))
        .map(([name]) => name);

    await alliance.end();
    const before = await everythingIn(alliance.folder);
    expect(found(before.ledger)).toEqual([]);
    expect(found(before.exchange)).toEqual([
      "the content",
      "the dataset's name",
      "the dataset's salt",
      "the dataset's digest",
      "the salt of the resource",
      "the sealed answer",
    ]);
    expect(before.exchange).toContain(alliance.party("alice").did);
    // The ledger alone says nothing; with what the parties keep, all of it.
    expect(confirmed(before.ledger, words, terms)).toEqual([]);
    expect(confirmed(before.exchange, words, terms)).toEqual(["content", "resource"]);
    expect(confirmed(before.ledger + JSON.stringify(terms), words, terms)).toEqual(TERM_FIELDS);

    await alliance.up({ HANSA_LOG_LEVEL: "warn" });
    expect(await codeOf(eraseDataset(alliance.as("bob"), { dataset: "homes/alice-7" }))).toBe("exchange.no-data");
    await eraseDataset(alliance.as("alice"), { dataset: "homes/alice-7" });
    const { items } = await listDatasets(alliance.as("acme"));
    expect(items.filter(({ owner }) => owner === alliance.party("alice").did)).toEqual([]);
    expect(await codeOf(requestRelease(alliance.as("borea"), asked(alliance, terms)))).toBe("exchange.no-data");
    expect(await codeOf(sendRelease(alliance.as("borea"), release.request))).toBe("exchange.nonce");
    expect(await codeOf(eraseDataset(alliance.as("alice"), { dataset: "homes/alice-7" }))).toBe("exchange.no-data");
    // The receipt stands, and says nothing any more of what it was about.
    const file = await getAccessReceipt(alliance.as("acme"), { receipt: jti });
    const verified = verifyAccessReceipt(encodeAccessReceiptProof(file), { trust: alliance.groupId });
    expect(verified).toMatchObject({ provider: "verified", recipient: "verified" });
    expect(verified.resource).toBeUndefined();

    await alliance.end();
    const after = await everythingIn(alliance.folder);
    expect(found(after.ledger)).toEqual([]);
    expect(found(after.exchange)).toEqual([]);
    expect(after.exchange).not.toContain(alliance.party("alice").did);
    expect(confirmed(`${after.ledger}\n${after.exchange}`, words, terms)).toEqual([]);
    expect(after.exchange).toContain(jti);
    await alliance.up({ HANSA_LOG_LEVEL: "warn" });
  });
});

describe("a crash", () => {
  it("between count and answer counts nothing twice and loses no answer", async () => {
    const COUNT = 24;
    await keep("crash/one", "still here", "bob");
    const terms = await give(alliance, { kind: "dataset", dataset: "crash/one" }, { owner: "bob", count: COUNT });
    const args = { ...asked(alliance, terms), action: "read" as const };
    for (const answersBefore of [1, 5]) {
      const borea = alliance.as("borea");
      const signed = await Promise.all(Array.from({ length: 12 }, () => signRelease(borea, args)));
      const heard = new Map<string, ReleaseAnswer>();
      const sending = signed.map(({ request }) =>
        sendRelease(borea, request).then(
          (answer) => heard.set(request, answer),
          () => undefined,
        ),
      );
      await until(() => heard.size >= answersBefore);
      await alliance.end("SIGKILL");
      await Promise.all(sending);
      await alliance.up({ HANSA_LOG_LEVEL: "warn" });
      const again = alliance.as("borea");
      for (const { request } of signed) {
        const first = heard.get(request);
        if (first !== undefined) expect(await sendRelease(again, request)).toEqual(first);
        else {
          // It was counted, and then it has its answer; or it was not, and its nonce went with the process.
          const code = await codeOf(sendRelease(again, request));
          expect(["accepted", "exchange.nonce", "exchange.grant", "exchange.spent"]).toContain(code);
        }
      }
      const answered: string[] = [];
      for (const { request } of signed)
        await sendRelease(again, request).then(
          ({ receipt }) => answered.push(decodeAccessReceipt(receipt).receipt.jti),
          () => undefined,
        );
      const { items } = await listAccessReceipts(again, { grant: terms.grant, limit: 1000 });
      const listed = new Set(items.map(({ jti }) => jti));
      expect(answered.filter((jti) => !listed.has(jti))).toEqual([]);
      expect(new Set(answered).size).toBe(answered.length);
      expect(items.length).toBeLessThanOrEqual(COUNT);
    }
    // What is left may be used, and not one more; and the ledger gets to know of every single one.
    const { items } = await listAccessReceipts(alliance.as("borea"), { grant: terms.grant, limit: 1000 });
    for (let left = COUNT - items.length; left > 0; left--)
      await requestRelease(alliance.as("borea"), asked(alliance, terms));
    expect(await codeOf(requestRelease(alliance.as("borea"), asked(alliance, terms)))).toBe("exchange.spent");
    await until(async () => (await used(terms.grant)) === COUNT);
  });
});
