import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeUtf8, ManualClock } from "#base";
import { createSigner, randomBytes } from "#crypto";
import {
  createGrantId,
  digestTerms,
  fingerprintOf,
  type GrantRecord,
  makeTerms,
  type ReleaseAnswer,
  signReleaseRequest,
  type TermsDocument,
} from "#protocol";
import { MemoryStore } from "../events/durable-map.suite.ts";
import { type OpenLogs, openLogs, temporaryFolder } from "../events/log/logs.suite.ts";
import { type ReceivedRequest, receiveRequest } from "./check-request.ts";
import type { Durably, ExchangeLedger } from "./needs.ts";
import { ExchangeProvider, type ExchangeProviderOptions } from "./provider.ts";

const NOW = 1_800_000_000;
const PURPOSE = "https://w3id.org/dpv#PaymentManagement";
const epk = { kty: "OKP", crv: "X25519", x: `CQ${"A".repeat(41)}` } as const;

function party() {
  const signer = createSigner("Ed25519");
  const key = { algorithm: signer.algorithm, bytes: signer.publicKey };
  const did = `did:hansa:hanse:${fingerprintOf(key)}`;
  return { did, kid: `${did}#${fingerprintOf(key)}`, signer, key };
}
const [acme, alice, borea, castor] = [party(), party(), party(), party()];
const resource = { kind: "dataset", dataset: "meters/july" } as const;

let folder: ReturnType<typeof temporaryFolder>;
let opened: OpenLogs;
let store: MemoryStore;
let clock: ManualClock;
const grants = new Map<string, GrantRecord>();
/** Runs before the next durable transaction does. */
let meanwhile: (() => void) | undefined;

beforeEach(() => {
  folder = temporaryFolder();
  clock = new ManualClock(NOW * 1000);
  opened = openLogs(folder.path, { clock });
  store = new MemoryStore();
  meanwhile = undefined;
});
afterEach(() => {
  opened.close();
  folder.remove();
});

const ledger: ExchangeLedger = {
  group: "hanse:main:x",
  grant: (id) => {
    const grant = grants.get(id);
    return grant === undefined ? { lapse: "unknown" } : { chain: [grant] };
  },
  keyOf: (kid) => [borea, castor].find((known) => known.kid === kid)?.key,
  ownerAt: () => undefined,
  isDevice: () => false,
  operatorOf: () => undefined,
  blockTime: () => NOW * 1000,
};

const durably: Durably = async (run) => {
  meanwhile?.();
  run();
};

function provider(more: Partial<ExchangeProviderOptions> = {}): ExchangeProvider {
  const anchor = async () => ({ height: 1, index: 0 });
  const { did } = acme;
  return new ExchangeProvider({ did, key: acme, ledger, logs: opened.logs, store, durably, clock, anchor, ...more });
}

function keep(at: ExchangeProvider, text: string) {
  return at.putDataset({
    owner: alice.did,
    dataset: resource.dataset,
    mediaType: "text/plain",
    content: encodeUtf8(text),
  });
}

function grantTo(recipient: typeof borea, more: Partial<GrantRecord> = {}): TermsDocument {
  const document = makeTerms(createGrantId(), {
    resource,
    purposes: [PURPOSE],
    actions: ["read"],
    jurisdictions: ["DE"],
    controller: null,
    service: null,
    categories: [],
  });
  const parties = { owner: alice.did, grantor: alice.did, recipient: recipient.did, provider: acme.did };
  const times = { from: 0, until: NOW + 1000, count: null, used: 0 };
  grants.set(document.grant, {
    ...parties,
    ...times,
    grant: document.grant,
    terms: digestTerms(document),
    ...more,
  } as GrantRecord);
  return document;
}

function requestOf(at: ExchangeProvider, document: TermsDocument, by = borea): ReceivedRequest {
  const { nonce } = at.nonce({ recipient: by.did, resource });
  const asked = { iss: by.did, aud: acme.did, group: ledger.group, nonce, terms: [document], resource, epk };
  const how = { purpose: PURPOSE, action: "read", jurisdiction: "DE", iat: NOW, exp: NOW + 300 } as const;
  return receiveRequest(signReleaseRequest({ ...asked, ...how }, by.kid, by.signer));
}

const release = (at: ExchangeProvider, document: TermsDocument, by = borea): Promise<ReleaseAnswer> =>
  at.release(requestOf(at, document, by));
const refusal = (code: string) => expect.objectContaining({ code });

describe("a provider", () => {
  it("keeps of what it answered only so much of one recipient, until the requests run out, and after a restart as well", async () => {
    const limits = { bytes: 100_000, bytesOfOne: 5000 };
    const at = provider({ answers: limits });
    keep(at, "x".repeat(1000));
    const [toBorea, toCastor] = [grantTo(borea, { count: 9 }), grantTo(castor)];
    const first = requestOf(at, toBorea);
    const answer = await at.release(first);
    await release(at, toBorea);
    const late = requestOf(at, toBorea);
    await expect(at.release(late)).rejects.toThrow(refusal("exchange.busy"));
    // What could not be kept was neither counted nor let out.
    expect(at.listReceipts({ grant: toBorea.grant, limit: 10 })).toHaveLength(2);
    expect(await at.release(first)).toEqual(answer);
    await release(at, toCastor, castor);
    const again = provider({ answers: limits });
    await expect(release(again, toBorea)).rejects.toThrow(refusal("exchange.busy"));
    expect(await again.release(first)).toEqual(answer);
    again.start();
    clock.advance(305_000);
    again.stop();
    expect(store.list("q/")).toEqual([]);
  });

  it("that is busy leaves a request as good as it was", async () => {
    const at = provider({ subscriptions: { most: 0 }, answers: { bytes: 0 } });
    keep(at, "230 kWh");
    const read = requestOf(at, grantTo(borea));
    const topic = { kind: "topic", topic: "north/things" } as const;
    const { nonce } = at.nonce({ recipient: borea.did, resource: topic });
    const claims = { ...read.request, nonce, resource: topic, action: "subscribe" as const };
    const live = receiveRequest(signReleaseRequest(claims, borea.kid, borea.signer));
    const { signal } = new AbortController();
    for (let time = 0; time < 2; time++) {
      await expect(at.release(read)).rejects.toThrow(refusal("exchange.busy"));
      await expect(at.subscribe(live, { signal })).rejects.toThrow(refusal("exchange.busy"));
    }
  });

  it("erases a dataset that went out more often than one transaction takes", async () => {
    const at = provider();
    keep(at, "often");
    const document = grantTo(borea);
    const receipt = (await release(at, document)).receipt;
    const claims = JSON.parse(Buffer.from(receipt.payload, "base64url").toString());
    const opened = { resource, salt: "salt" };
    for (let i = 0; i < 1200; i++) {
      const jti = Buffer.from(randomBytes(16)).toString("base64url");
      const request = { digest: jti, exp: NOW + 300 };
      at.receipts.enlist({ ...claims, jti }, { receipt, opened, dataset: resource.dataset }, request, []);
    }
    let transactions = 0;
    meanwhile = () => transactions++;
    await at.eraseDataset(resource.dataset);
    expect(transactions).toBe(3);
    expect(at.listReceipts({ limit: 2000 }).filter((shown) => shown.opened !== undefined)).toEqual([]);
    expect(store.list("r/")).toEqual([]);
    await expect(at.eraseDataset(resource.dataset)).rejects.toThrow(refusal("exchange.no-data"));
  });
});
