import { compactDecrypt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeUtf8, encodeBase64Url, encodeUtf8, type HansaError } from "#base";
import { sha256 } from "#crypto";
import {
  countersignAccessReceipt,
  createGrantId,
  type DatasetDraft,
  decodeAccessReceipt,
  decodeReleaseRequest,
  digestTerms,
  encodeAccessReceiptProof,
  type GrantTerms,
  makeTerms,
  operation,
  type ReleasedData,
  type ReleaseRequest,
  signAccessReceipt,
  signReleaseRequest,
  type TermsDocument,
} from "#protocol";
import {
  countersignReceipt,
  createSealingKey,
  getAccessReceipt,
  listAccessReceipts,
  listDatasets,
  openRelease,
  putDataset,
  query,
  type ReleaseArgs,
  requestRelease,
  sendRelease,
  signRelease,
  verifyAccessReceipt,
} from "#sdk";
import { sealerTo } from "../../src/exchange/seal.ts";
import { createIdentity } from "./devices.suite.ts";
import { asked, BILLING, give, MARKETING, revoke, seconds } from "./exchange.suite.ts";
import { Alliance, codeOf, otherThan, until } from "./member.suite.ts";

let alliance: Alliance;

beforeAll(async () => {
  alliance = await Alliance.create();
  await alliance.up({ HANSA_LOG_LEVEL: "warn" });
  for (const name of ["alice", "bob"]) await createIdentity(alliance, name);
});
afterAll(() => alliance.remove());

async function keep(dataset: string, text = "230 kWh", more: Partial<DatasetDraft> & { by?: string } = {}) {
  const { by = "alice", ...draft } = more;
  const content = encodeUtf8(text);
  const owner = alliance.party(by).did;
  await putDataset(alliance.as("acme"), { owner, dataset, mediaType: "text/plain", ...draft, content });
}

/** A dataset of its own with a grant for it. */
async function kept(dataset: string, options: Parameters<typeof give>[2] = {}): Promise<TermsDocument> {
  await keep(dataset);
  return give(alliance, { kind: "dataset", dataset }, options);
}

/** The file of a receipt, once its batch is anchored. */
async function proofOf(jti: string) {
  const client = alliance.as("acme");
  await until(async () => (await codeOf(getAccessReceipt(client, { receipt: jti }))) !== "exchange.not-anchored");
  return getAccessReceipt(client, { receipt: jti });
}

/** A request with something in it changed, and signed anew by whoever. */
async function forged(args: ReleaseArgs, change: Partial<ReleaseRequest>, by = "borea", of = "borea"): Promise<string> {
  const { request } = await signRelease(alliance.as(of), { ...args, action: "read" });
  const { kid, signer } = alliance.party(by);
  return signReleaseRequest({ ...decodeReleaseRequest(request).request, ...change }, kid, signer);
}

const ask = (args: ReleaseArgs, by = "borea") => requestRelease(alliance.as(by), args);
const send = (request: string) => sendRelease(alliance.as("borea"), request);

describe("a dataset", () => {
  it("is released to the recipient alone, and both sides' receipt is verified offline once it is anchored", async () => {
    const terms = await kept("meters/july", { count: 2 });
    const borea = alliance.as("borea");
    const release = await requestRelease(borea, asked(alliance, terms));
    const parts = JSON.stringify(release.answer).split(/[^\w-]+/);
    const readable = Buffer.concat(parts.map((part) => Buffer.from(part, "base64url")));
    for (const text of ["230 kWh", encodeBase64Url(encodeUtf8("230 kWh"))]) expect(readable.includes(text)).toBe(false);
    const opened = await openRelease(borea, release);
    expect(decodeUtf8(opened.dataset?.content as Uint8Array)).toBe("230 kWh");
    const signed = await countersignReceipt(borea, opened.receipt);
    const file = await proofOf(decodeAccessReceipt(signed).receipt.jti);
    const verified = verifyAccessReceipt(encodeAccessReceiptProof(file), { trust: alliance.groupId });
    expect(verified).toMatchObject({
      provider: "verified",
      recipient: "verified",
      receipt: { purpose: BILLING, sub: alliance.party("borea").did },
      resource: { kind: "dataset", dataset: "meters/july" },
      grants: [{ grant: terms.grant, used: 1, owner: alliance.party("alice").did }],
    });
  });

  it("is sealed to a P-256 key just as well", async () => {
    const terms = await kept("meters/p256");
    const release = await ask({ ...asked(alliance, terms), curve: "P-256" });
    const { dataset } = await openRelease(alliance.as("borea"), release);
    expect(dataset?.mediaType).toBe("text/plain");
  });

  it("opens with no other key, and nothing of it can be changed unseen", async () => {
    const terms = await kept("meters/sealed");
    const release = await ask(asked(alliance, terms));
    const borea = alliance.as("borea");
    const foreign = { ...release, key: await createSealingKey() };
    expect(await codeOf(openRelease(borea, foreign))).toBe("sdk.release");
    const other = await ask(asked(alliance, terms));
    for (const answer of [
      { ...release.answer, sealed: other.answer.sealed },
      { ...release.answer, receipt: other.answer.receipt },
      { ...release.answer, sealed: release.answer.sealed.replace(/.(?=.$)/, (text) => (text === "A" ? "B" : "A")) },
    ])
      expect(await codeOf(openRelease(borea, { ...release, answer }))).toBe("sdk.release");
  });

  it("is not opened where the provider signs for one and seals another", async () => {
    const release = await ask(asked(alliance, await kept("meters/wanted")));
    const other = await ask(asked(alliance, await kept("meters/unwanted")));
    const [data, foreign] = await Promise.all(
      [release, other].map(async ({ answer, key }) => {
        const { plaintext } = await compactDecrypt(answer.sealed, key.privateKey);
        return JSON.parse(decodeUtf8(plaintext) as string) as ReleasedData;
      }),
    );
    const { receipt: claims } = decodeAccessReceipt(release.answer.receipt);
    const { kid, signer } = alliance.party("acme");
    const openAs = (said: ReleasedData | undefined) => {
      const plaintext = encodeUtf8(JSON.stringify(said));
      const content = encodeBase64Url(sha256(plaintext));
      const receipt = signAccessReceipt({ ...claims, content }, kid, signer);
      const answer = { receipt, sealed: sealerTo(release.key.publicKey).seal(plaintext) };
      return codeOf(openRelease(alliance.as("borea"), { ...release, answer }));
    };
    expect(await openAs(data)).toBe("accepted");
    expect(await openAs({ ...data, dataset: foreign?.dataset } as ReleasedData)).toBe("sdk.release");
    const unsigned = { ...data, dataset: { ...data?.dataset, statement: "no token" } };
    expect(await openAs(unsigned as ReleasedData)).toBe("sdk.release");
    const { dataset: _, ...nothing } = data as ReleasedData;
    expect(await openAs(nothing)).toBe("sdk.release");
    expect(await openAs({ ...nothing, topics: [] })).toBe("sdk.release");
  });

  it("that is a credential is released by its type, to whom the owner let it out", async () => {
    await keep("vc-1", '{"type":["VerifiableCredential"]}', {
      mediaType: "application/vc",
      credential: "MeterCertificate",
    });
    const terms = await give(alliance, { kind: "credential", type: "MeterCertificate" });
    const opened = await openRelease(alliance.as("borea"), await ask(asked(alliance, terms)));
    expect(opened.dataset).toMatchObject({ dataset: "vc-1", mediaType: "application/vc" });
    const bobs = await give(alliance, { kind: "credential", type: "MeterCertificate" }, { owner: "bob" });
    expect(await codeOf(ask(asked(alliance, bobs)))).toBe("exchange.no-data");
  });

  it("is listed without content, and not replaced by another owner's", async () => {
    await keep("listed/one", "secret words");
    const { items } = await listDatasets(alliance.as("acme"), { limit: 1000 });
    expect(items.map(({ dataset }) => dataset)).toContain("listed/one");
    expect(JSON.stringify(items)).not.toContain("secret");
    expect(await codeOf(keep("listed/one", "other words", { by: "bob" }))).toBe("exchange.dataset-exists");
    expect(await codeOf(listDatasets(alliance.as("borea")))).toBe("http.forbidden");
  });
});

describe("a grant lets out no more than it says", () => {
  it("nothing once its count is used, also where its receipts are anchored meanwhile", async () => {
    const terms = await kept("count/one", { count: 1 });
    const release = await ask(asked(alliance, terms));
    expect(await codeOf(ask(asked(alliance, terms)))).toBe("exchange.spent");
    await proofOf(decodeAccessReceipt(release.answer.receipt).receipt.jti);
    expect(await codeOf(ask(asked(alliance, terms)))).toBe("exchange.spent");
    // The answer to the request that was counted may be fetched again all the same.
    expect(await send(release.request)).toEqual(release.answer);
  });

  it("exactly one where many race for the last of the count", async () => {
    const terms = await kept("count/race", { count: 3 });
    await ask(asked(alliance, terms));
    await ask(asked(alliance, terms));
    const args = { ...asked(alliance, terms), action: "read" as const };
    const signed = await Promise.all(Array.from({ length: 12 }, () => signRelease(alliance.as("borea"), args)));
    const codes = await Promise.all(signed.map(({ request }) => codeOf(send(request))));
    expect(codes.filter((code) => code === "accepted")).toHaveLength(1);
    expect(codes.filter((code) => code === "exchange.spent")).toHaveLength(11);
  });

  it("once for one request, however often it is sent, and however many times at once", async () => {
    const terms = await kept("count/same", { count: 2 });
    const { request } = await signRelease(alliance.as("borea"), { ...asked(alliance, terms), action: "read" });
    const answers = await Promise.all([send(request), send(request), send(request)]);
    answers.push(await send(request));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    const { items } = await listAccessReceipts(alliance.as("alice"), { grant: terms.grant });
    expect(items).toHaveLength(1);
  });

  it("nothing from the block on that revokes it, not even what was released before", async () => {
    const terms = await kept("revoked/one");
    const release = await ask(asked(alliance, terms));
    await revoke(alliance, terms);
    expect(await codeOf(ask(asked(alliance, terms)))).toBe("exchange.grant");
    expect(await codeOf(send(release.request))).toBe("exchange.grant");
  });

  it("nothing before its time", async () => {
    const terms = await kept("early/one", { from: seconds() + 1000 });
    const error = (await ask(asked(alliance, terms)).catch((thrown: unknown) => thrown)) as HansaError;
    expect(error).toMatchObject({ code: "exchange.grant", payload: { lapse: "early" } });
  });

  const beyond: readonly [string, Partial<ReleaseRequest>, string][] = [
    ["another purpose", { purpose: MARKETING }, "purposes"],
    ["another jurisdiction", { jurisdiction: "FR" }, "jurisdictions"],
    ["a narrower wish than its country's", { jurisdiction: "DE-BY" }, ""],
  ];
  for (const [what, change, field] of beyond)
    it(`${field === "" ? "what is asked for" : "nothing"} for ${what}`, async () => {
      const terms = await kept(`beyond/${field || "none"}`);
      const error = await send(await forged(asked(alliance, terms), change)).catch((thrown: unknown) => thrown);
      if (field === "") expect(error).toHaveProperty("sealed");
      else expect(error).toMatchObject({ code: "grant.beyond-terms", payload: { field } });
    });

  it("nothing of another resource, even with a nonce for that one", async () => {
    const terms = await kept("resource/mine");
    await keep("resource/other");
    const args = { ...asked(alliance, terms), resource: { kind: "dataset", dataset: "resource/other" } as const };
    expect(await codeOf(ask(args))).toBe("grant.beyond-terms");
  });

  it("nothing that is not its owner's", async () => {
    await keep("bobs/own", "bob's", { by: "bob" });
    const terms = await give(alliance, { kind: "dataset", dataset: "bobs/own" });
    expect(await codeOf(ask(asked(alliance, terms)))).toBe("exchange.not-owner");
  });

  it("nothing to anybody but its recipient, with a key of its own", async () => {
    const terms = await kept("keys/one");
    const args = asked(alliance, terms);
    expect(await codeOf(ask(args, "castor"))).toBe("exchange.not-recipient");
    expect(await codeOf(send(await forged(args, {}, "castor")))).toBe("exchange.signature");
    const asBorea = { iss: alliance.party("borea").did };
    expect(await codeOf(send(await forged(args, asBorea, "castor", "castor")))).toBe("exchange.signature");
    expect(await codeOf(ask(args, "nobody"))).toBe("exchange.signature");
  });

  it("nothing with terms that the ledger does not know", async () => {
    const terms = await kept("terms/one");
    const purposes = [BILLING, MARKETING];
    const widened = { ...terms, terms: { ...terms.terms, purposes } };
    expect(await codeOf(ask(asked(alliance, widened)))).toBe("grant.terms-mismatch");
    const salted = { ...terms, salts: { ...terms.salts, purposes: "A".repeat(43) } };
    expect(await codeOf(ask(asked(alliance, salted)))).toBe("grant.terms-mismatch");
  });
});

describe("what is handed on", () => {
  async function handOn(above: TermsDocument, change: Partial<GrantTerms> = {}, count?: number) {
    const below = makeTerms(createGrantId(), { ...above.terms, ...change });
    await alliance.send("borea", [
      operation("grants.delegate", {
        parent: above.grant,
        grant: below.grant,
        recipient: alliance.party("castor").did,
        terms: digestTerms(below),
        from: seconds() - 60,
        until: seconds() + 600,
        delegable: 0,
        ...(count === undefined ? {} : { count }),
      }),
    ]);
    return below;
  }

  it("is released to the last recipient, with the terms of every link, and counts on every link", async () => {
    const above = await kept("chain/one", { delegable: 1, count: 2 });
    const below = await handOn(above, {}, 2);
    const release = await ask(asked(alliance, below, above), "castor");
    const opened = await openRelease(alliance.as("castor"), release);
    expect(opened.claims.grants).toEqual([below.grant, above.grant]);
    expect(await codeOf(ask(asked(alliance, below), "castor"))).toBe("grant.terms-malformed");
    await ask(asked(alliance, above));
    expect(await codeOf(ask(asked(alliance, above)))).toBe("exchange.spent");
    expect(await codeOf(ask(asked(alliance, below, above), "castor"))).toBe("exchange.spent");
    await until(async () => (await query(alliance.as("acme"), "grants.get", { grant: above.grant })).used === 2);
    expect(await query(alliance.as("acme"), "grants.get", { grant: below.grant })).toMatchObject({ used: 1 });
  });

  it("is refused where a link says more than the one above it", async () => {
    const above = await kept("chain/wide", { delegable: 1 });
    for (const change of [
      { purposes: [BILLING, MARKETING] },
      { jurisdictions: ["FR"] },
    ] satisfies Partial<GrantTerms>[]) {
      const below = await handOn(above, change);
      expect(await codeOf(ask(asked(alliance, below, above), "castor"))).toBe("grant.widened");
    }
  });

  it("ends with the link above it", async () => {
    const above = await kept("chain/end", { delegable: 1 });
    const below = await handOn(above);
    await ask(asked(alliance, below, above), "castor");
    await revoke(alliance, above);
    expect(await codeOf(ask(asked(alliance, below, above), "castor"))).toBe("exchange.grant");
  });

  it("ends with the link above it, though its own count is used by then", async () => {
    const above = await kept("chain/spent", { delegable: 1 });
    const below = await handOn(above, {}, 1);
    const { request, answer } = await ask(asked(alliance, below, above), "castor");
    await proofOf(decodeAccessReceipt(answer.receipt).receipt.jti);
    expect(await send(request)).toEqual(answer);
    await revoke(alliance, above);
    expect(await codeOf(send(request))).toBe("exchange.grant");
  });
});

describe("a nonce", () => {
  it("is good for one request", async () => {
    const terms = await kept("nonce/one");
    const { request } = await ask(asked(alliance, terms));
    const { nonce } = decodeReleaseRequest(request).request;
    expect(await codeOf(send(await forged(asked(alliance, terms), { nonce })))).toBe("exchange.nonce");
  });

  it("is good for its resource, its recipient and its provider alone", async () => {
    const terms = await kept("nonce/two");
    const other = await kept("nonce/three");
    const request = await forged(asked(alliance, other), {});
    const { nonce } = decodeReleaseRequest(request).request;
    expect(await codeOf(send(await forged(asked(alliance, terms), { nonce })))).toBe("exchange.nonce");
    const given = await forged(asked(alliance, terms), {}, "castor", "castor");
    const foreign = decodeReleaseRequest(given).request.nonce;
    expect(await codeOf(send(await forged(asked(alliance, terms), { nonce: foreign })))).toBe("exchange.nonce");
    const elsewhere = await forged({ ...asked(alliance, terms), provider: alliance.party("borea").did }, {});
    const { nonce: theirs } = decodeReleaseRequest(elsewhere).request;
    expect(await codeOf(send(await forged(asked(alliance, terms), { nonce: theirs })))).toBe("exchange.nonce");
    expect(await codeOf(send(await forged(asked(alliance, terms), { nonce: "A".repeat(48) })))).toBe("exchange.nonce");
  });
});

describe("a request", () => {
  it("is for one provider and one group, for a short time", async () => {
    const terms = await kept("request/one");
    const args = asked(alliance, terms);
    const wrong: readonly [Partial<ReleaseRequest>, string][] = [
      [{ aud: alliance.party("borea").did }, "exchange.nonce"],
      [{ aud: alliance.party("alice").did }, "exchange.wrong-provider"],
      [{ group: "hanse:other:2xGabcdefghijkmnopqrstuvwx" }, "exchange.wrong-provider"],
      [{ iat: seconds() - 100, exp: seconds() - 1 }, "exchange.expired"],
      [{ iat: seconds() + 1000, exp: seconds() + 1100 }, "exchange.expired"],
      [{ exp: seconds() + 1000 }, "exchange.expired"],
      [{ window: { from: seconds() - 60, to: seconds() - 30 } }, "exchange.malformed"],
      [{ action: "subscribe" }, "exchange.malformed"],
      [{ epk: { kty: "EC", crv: "P-256", x: "A".repeat(43), y: "A".repeat(43) } }, "exchange.malformed"],
      [{ epk: { kty: "OKP", crv: "X25519", x: "A".repeat(43) } }, "exchange.malformed"],
    ];
    for (const [change, code] of wrong)
      expect([change, await codeOf(send(await forged(args, change)))]).toEqual([change, code]);
  });
});

describe("an access receipt", () => {
  it("takes the recipient's signature and nobody else's, on what the provider signed", async () => {
    const terms = await kept("receipt/one");
    const { answer } = await ask(asked(alliance, terms));
    const castor = alliance.party("castor");
    const foreign = countersignAccessReceipt(answer.receipt, castor.kid, castor.signer);
    const post = (receipt: object) =>
      fetch(`${alliance.node.url}/groups/${alliance.groupId}/exchange/receipt`, {
        method: "POST",
        headers: { "content-type": "application/jose+json" },
        body: JSON.stringify(receipt),
      }).then(async (response) => ((await response.json()) as { code?: string }).code ?? "accepted");
    expect(await post(foreign)).toBe("exchange.signature");
    expect(await post(answer.receipt)).toBe("exchange.signature");
    const { payload } = (await ask(asked(alliance, terms))).answer.receipt;
    expect(await post({ ...foreign, payload })).toBe("exchange.unknown-receipt");
    await countersignReceipt(alliance.as("borea"), answer.receipt);
    const { items } = await listAccessReceipts(alliance.as("acme"), { grant: terms.grant });
    expect(items.filter(({ receipt }) => receipt.signatures.length === 2)).toHaveLength(1);
  });

  it("is shown to the parties of its grant, and to nobody else", async () => {
    const terms = await kept("receipt/shown");
    const { answer } = await ask(asked(alliance, terms));
    const { jti } = decodeAccessReceipt(answer.receipt).receipt;
    for (const name of ["alice", "borea", "acme"])
      expect((await listAccessReceipts(alliance.as(name), { grant: terms.grant })).items).toHaveLength(1);
    expect(await codeOf(listAccessReceipts(alliance.as("bob"), { grant: terms.grant }))).toBe("http.forbidden");
    expect(await codeOf(getAccessReceipt(alliance.as("bob"), { receipt: jti }))).toBe("exchange.unknown-receipt");
  });

  it("proves nothing once anything in its file is changed", async () => {
    const terms = await kept("receipt/file");
    const { answer } = await ask(asked(alliance, terms));
    const other = (await ask(asked(alliance, terms))).answer;
    await countersignReceipt(alliance.as("borea"), answer.receipt);
    const file = await proofOf(decodeAccessReceipt(answer.receipt).receipt.jti);
    const check = (value: object) => codeOf(Promise.resolve().then(() => verifyAccessReceipt(value)));
    expect(await check(file)).toBe("accepted");
    expect(await codeOf(Promise.resolve().then(() => verifyAccessReceipt(JSON.stringify(file, null, 1))))).toBe(
      "proof.malformed",
    );
    const { opened, ...closed } = file;
    expect(await check(closed)).toBe("accepted");
    const [first, second] = file.receipt.signatures;
    const broken: object[] = [
      { ...file, receipt: other.receipt },
      { ...file, opened: { ...opened, resource: { kind: "dataset", dataset: "receipt/else" } } },
      { ...file, receipt: { ...file.receipt, signatures: [second, first] } },
      { ...file, receipt: { ...file.receipt, signatures: [first, { ...second, signature: first?.signature }] } },
      { ...file, trail: { ...file.trail, entries: [] } },
      { ...file, trail: { ...file.trail, records: [] } },
      { ...file, path: { ...file.path, size: file.path.size + 1 } },
      { ...file, path: { ...file.path, path: 7 } },
      { ...file, more: 1 },
      {},
    ];
    for (const value of broken) expect(await check(value)).toMatch(/^proof\./);
    expect(
      await codeOf(Promise.resolve().then(() => verifyAccessReceipt(file, { trust: otherThan(alliance.groupId) }))),
    ).toBe("proof.untrusted");
  });
});
