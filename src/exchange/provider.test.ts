/** What lies between the first look at a grant and the moment in which it is used: here that moment can be chosen. */
import { describe, expect, it } from "vitest";
import { encodeUtf8, ManualClock } from "#base";
import { createSigner } from "#crypto";
import {
  createGrantId,
  DPV,
  decodeAccessReceipt,
  didOf,
  digestTerms,
  type GrantLapse,
  type GrantRecord,
  keyIdOf,
  makeTerms,
  signReleaseRequest,
} from "#protocol";
import { MemoryStore } from "../events/durable-map.suite.ts";
import { receiveRequest } from "./check-request.ts";
import type { EventLogs } from "./history.ts";
import { ExchangeProvider } from "./provider.ts";

/** Public key of RFC 7748 §6.1, Bob's. */
const EPK = { kty: "OKP", crv: "X25519", x: "3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08" } as const;
const NOW = 1_800_000_000;
const GROUP = "hanse:main:x";

function makeParty() {
  const signer = createSigner("Ed25519");
  const key = { algorithm: signer.algorithm, bytes: signer.publicKey };
  const did = didOf("hanse", key);
  return { did, kid: keyIdOf(did, key), signer, key };
}

const [owner, recipient, acme] = [makeParty(), makeParty(), makeParty()];
const resource = { kind: "dataset", dataset: "one" } as const;
const terms = makeTerms(createGrantId(), {
  resource,
  purposes: [`${DPV}PaymentManagement`],
  actions: ["read"],
  jurisdictions: ["DE"],
  controller: null,
  service: null,
  categories: [],
});

class World {
  readonly store = new MemoryStore();
  readonly clock = new ManualClock(NOW * 1000);
  lapse: GrantLapse | undefined;
  /** Runs between the last look at the grant and the transaction that uses it. */
  between: () => void = () => {};
  record: GrantRecord = {
    grant: terms.grant,
    owner: owner.did,
    grantor: owner.did,
    recipient: recipient.did,
    provider: acme.did,
    terms: digestTerms(terms),
    from: NOW - 100,
    until: NOW + 100,
    count: 2,
    used: 0,
    parent: null,
    depth: 0,
    delegable: 0,
    status: "active",
    revokedBy: null,
    reason: null,
    created: 0,
    updated: 0,
    createdAt: 0,
    updatedAt: 0,
  };
  provider = this.open();

  /** A process over what the last one left. */
  open(): ExchangeProvider {
    this.provider = new ExchangeProvider({
      did: acme.did,
      key: acme,
      ledger: {
        group: GROUP,
        grant: () => (this.lapse === undefined ? { chain: [this.record] } : { lapse: this.lapse }),
        keyOf: (kid) => (kid === recipient.kid ? recipient.key : undefined),
        ownerAt: () => undefined,
        isDevice: () => false,
        operatorOf: () => undefined,
        blockTime: () => 0,
      },
      // No event is asked for here.
      logs: {} as EventLogs,
      store: this.store,
      durably: async (run) => {
        this.between();
        run();
      },
      clock: this.clock,
      anchor: async () => ({ height: 1, index: 0 }),
    });
    return this.provider;
  }

  keep(text: string): void {
    this.provider.putDataset({ owner: owner.did, dataset: "one", mediaType: "text/plain", content: encodeUtf8(text) });
  }

  request() {
    const { nonce } = this.provider.nonce({ recipient: recipient.did, resource });
    const claims = { iss: recipient.did, aud: acme.did, group: GROUP, nonce, terms: [terms], resource, epk: EPK };
    const asked = { purpose: terms.terms.purposes[0] as string, action: "read" as const, jurisdiction: "DE" };
    const text = signReleaseRequest({ ...claims, ...asked, iat: NOW, exp: NOW + 60 }, recipient.kid, recipient.signer);
    return receiveRequest(text);
  }

  get receipts(): number {
    return this.provider.listReceipts({ limit: 100 }).length;
  }
}

function world(): World {
  const made = new World();
  made.keep("content");
  return made;
}

describe("between the checks and the count", () => {
  const happenings: readonly [string, (at: World) => void, string][] = [
    [
      "a revocation",
      (at) => {
        at.lapse = "revoked";
      },
      "exchange.grant",
    ],
    [
      "the grant's end",
      (at) => {
        at.lapse = "expired";
      },
      "exchange.grant",
    ],
    [
      "others that take what is left",
      (at) => {
        at.record = { ...at.record, used: 2 };
      },
      "exchange.spent",
    ],
    ["another dataset of that name", (at) => at.keep("content"), "exchange.no-data"],
  ];
  it.each(happenings)("%s counts: nothing leaves, nothing is counted, no receipt is kept", async (_, happens, code) => {
    const at = world();
    at.between = () => happens(at);
    await expect(at.provider.release(at.request())).rejects.toMatchObject({ code });
    expect(at.receipts).toBe(0);
    expect(at.store.list("n/")).toEqual([]);
    expect(at.store.list("q/")).toEqual([]);
  });

  it("an erasure counts, too", async () => {
    const at = world();
    await at.provider.eraseDataset("one");
    at.keep("content");
    at.between = () => {
      at.between = () => {};
      void at.provider.eraseDataset("one");
    };
    await expect(at.provider.release(at.request())).rejects.toMatchObject({ code: "exchange.no-data" });
    expect(at.receipts).toBe(0);
  });
});

describe("after the count", () => {
  it("a process that ends before it answers leaves the answer for the same request, counted once", async () => {
    const at = world();
    const request = at.request();
    const lost = await at.provider.release(request);
    at.open();
    expect(await at.provider.release(request)).toEqual(lost);
    expect(at.receipts).toBe(1);
    await at.provider.release(at.request());
    await expect(at.provider.release(at.request())).rejects.toMatchObject({ code: "exchange.spent" });
    expect(await at.provider.release(request)).toEqual(lost);
  });

  it("that answer is the recipient's until the request runs out, the grant falls, or the data is erased", async () => {
    const at = world();
    const request = at.request();
    const { receipt } = await at.provider.release(request);
    at.lapse = "revoked";
    await expect(at.provider.release(request)).rejects.toMatchObject({ code: "exchange.grant" });
    at.lapse = undefined;
    await at.provider.eraseDataset("one");
    await expect(at.provider.release(request)).rejects.toMatchObject({ code: "exchange.nonce" });
    expect(at.provider.receipts.get(decodeAccessReceipt(receipt).receipt.jti)).not.toHaveProperty("opened");
    const other = world();
    const late = other.request();
    await other.provider.release(late);
    other.clock.advance(60_000);
    await expect(other.provider.release(late)).rejects.toMatchObject({ code: "exchange.expired" });
  });

  it("a provider whose store is older than the ledger's word goes by the ledger", async () => {
    const at = world();
    await at.provider.release(at.request());
    at.store.entries.clear();
    at.record = { ...at.record, used: 1 };
    at.open().stop();
    at.keep("content");
    await at.provider.release(at.request());
    await expect(at.provider.release(at.request())).rejects.toMatchObject({ code: "exchange.spent" });
  });

  it("answers are swept away once their request has run out", async () => {
    const at = world();
    at.provider.start();
    await at.provider.release(at.request());
    at.clock.advance(30_000);
    expect(at.store.list("q/")).toHaveLength(1);
    at.clock.advance(60_000);
    expect(at.store.list("q/")).toHaveLength(0);
    at.provider.stop();
  });
});
