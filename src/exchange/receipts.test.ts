import { describe, expect, it } from "vitest";
import { encodeBase64Url, HansaError, ManualClock } from "#base";
import { createSigner, randomBytes } from "#crypto";
import { type AccessReceipt, accessReceiptLeaf, checkInclusion, signAccessReceipt } from "#protocol";
import { MemoryStore } from "../events/durable-map.suite.ts";
import { type AccessAnchor, type AccessProof, AccessReceipts, type AccessReceiptsOptions } from "./receipts.ts";

const signer = createSigner("Ed25519");
const KID = "did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3#3QJmV3qfvL9SuYo34YihAf3sRCW3";
const [DID] = KID.split("#") as [string];
const id = () => encodeBase64Url(randomBytes(16));
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

class Bench {
  readonly store = new MemoryStore();
  readonly clock = new ManualClock(0);
  readonly requests: AccessAnchor[] = [];
  blockTime = 0;
  answer: (anchor: AccessAnchor) => Promise<{ height: number; index: number }> = async () => ({ height: 5, index: 2 });
  receipts = this.open();

  open(more: Partial<AccessReceiptsOptions> = {}): AccessReceipts {
    const receipts = new AccessReceipts({
      store: this.store,
      clock: this.clock,
      blockTime: () => this.blockTime,
      anchor: (anchor) => {
        this.requests.push(anchor);
        return this.answer(anchor);
      },
      ...more,
    });
    receipts.start();
    this.receipts = receipts;
    return receipts;
  }

  add(grant: string, dataset?: string): string {
    const receipt: AccessReceipt = {
      jti: id(),
      iss: DID,
      sub: DID,
      group: "hanse:main:x",
      grants: [grant],
      purpose: "https://w3id.org/dpv#PaymentManagement",
      action: "read",
      jurisdiction: "DE",
      resource: "A".repeat(43),
      request: "A".repeat(43),
      iat: 1,
    };
    const resource = { kind: "dataset", dataset: dataset ?? "any" } as const;
    const kept = { receipt: signAccessReceipt(receipt, KID, signer), opened: { resource, salt: "salt" } };
    const request = { digest: receipt.jti, exp: 60 };
    this.receipts.enlist(receipt, dataset === undefined ? kept : { ...kept, dataset }, request, []);
    return receipt.jti;
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    for (let turn = 0; turn < 5; turn++) await settle();
  }
}

function holds(proof: AccessProof | undefined): boolean {
  return proof !== undefined && checkInclusion(proof.root, accessReceiptLeaf(proof.receipt), proof.path);
}

describe("access receipts", () => {
  const [one, two] = [id(), id()];

  it("of a second are anchored as one batch, counted by grant, and each is proved under its root", async () => {
    const bench = new Bench();
    const all = [one, one, two].map((grant) => bench.add(grant));
    expect(() => bench.receipts.proofOf(all[0] as string)).toThrow(
      expect.objectContaining({ code: "exchange.not-anchored" }),
    );
    await bench.pass(1000);
    expect(bench.requests).toMatchObject([
      {
        size: 3,
        grants: [
          { grant: one, used: 2 },
          { grant: two, used: 1 },
        ],
      },
    ]);
    for (const jti of all) expect(holds(bench.receipts.proofOf(jti))).toBe(true);
    expect(bench.receipts.list({ grant: one, limit: 10 }).map(({ jti }) => jti)).toEqual([all[1], all[0]]);
    await bench.pass(60_000);
    expect(bench.requests).toHaveLength(1);
  });

  it("whose anchor failed are offered again as the very same transaction, after a restart too, for as long as it may be executed", async () => {
    const bench = new Bench();
    bench.answer = async () => {
      throw new HansaError("engine.stopped", "no engine");
    };
    bench.add(one);
    await bench.pass(1000);
    const [first] = bench.requests as [AccessAnchor];
    bench.receipts.stop();
    bench.open();
    bench.blockTime = first.until * 1000 - 1;
    for (let i = 0; i < 90; i++) await bench.pass(1000);
    expect(bench.requests.length).toBeGreaterThan(3);
    for (const request of bench.requests) expect(request).toEqual(first);
    bench.blockTime = first.until * 1000;
    const before = bench.requests.length;
    for (let i = 0; i < 90; i++) await bench.pass(1000);
    expect(bench.requests[before]).toEqual(first);
    const next = bench.requests[before + 1] as AccessAnchor;
    expect(next).toEqual({ ...first, until: next.until });
    expect(next.until).toBeGreaterThan(first.until);
  });

  it("that were anchored before the answer was lost are not counted again", async () => {
    const bench = new Bench();
    bench.answer = () => new Promise(() => {});
    const jti = bench.add(one);
    await bench.pass(1000);
    bench.receipts.stop();
    bench.open({ find: async (root) => (root === bench.requests[0]?.root ? { height: 7, index: 3 } : undefined) });
    await bench.pass(1000);
    expect(bench.requests).toHaveLength(1);
    expect(bench.receipts.proofOf(jti)).toMatchObject({ height: 7, index: 3 });
  });

  it("of a grant that the ledger will not count do not hold up the others", async () => {
    const bench = new Bench();
    bench.answer = async ({ grants }) => {
      if (grants.some(({ grant }) => grant === two)) throw new HansaError("grants.spent", "no", { grant: two });
      return { height: 8, index: 0 };
    };
    const [mine, theirs] = [bench.add(one), bench.add(two)];
    await bench.pass(1000);
    expect(bench.requests.map(({ grants }) => grants.length)).toEqual([2, 1]);
    expect(bench.requests[1]?.id).not.toBe(bench.requests[0]?.id);
    for (const jti of [mine, theirs]) expect(holds(bench.receipts.proofOf(jti))).toBe(true);
    const last = bench.add(two);
    await bench.pass(1000);
    const next = bench.add(one);
    await bench.pass(1000);
    expect(() => bench.receipts.proofOf(last)).toThrow(expect.objectContaining({ payload: { refused: true } }));
    expect(holds(bench.receipts.proofOf(next))).toBe(true);
  });

  it("that are more than a batch takes go on in the next", async () => {
    const bench = new Bench();
    bench.receipts.stop();
    bench.open({ most: 3 });
    const all = Array.from({ length: 8 }, () => bench.add(one));
    for (let i = 0; i < 2; i++) await bench.pass(1000);
    expect(bench.requests.map(({ size }) => size)).toEqual([3, 3, 2]);
    for (const jti of all) expect(holds(bench.receipts.proofOf(jti))).toBe(true);
  });

  it("say nothing of a dataset once it is erased, whether anchored or not, and are proved as before", async () => {
    const bench = new Bench();
    const [early, other] = [bench.add(one, "a/b"), bench.add(one, "a")];
    await bench.pass(1000);
    const late = bench.add(one, "a/b");
    const { changes, requests } = bench.receipts.erasure("a/b", 10);
    bench.store.batch(changes);
    expect(requests.map(({ digest }) => digest).sort()).toEqual([early, late].sort());
    await bench.pass(1000);
    for (const jti of [early, late]) {
      expect(bench.receipts.get(jti)).not.toHaveProperty("opened");
      expect(holds(bench.receipts.proofOf(jti))).toBe(true);
    }
    expect(bench.receipts.get(other)).toHaveProperty("opened");
    const left = bench.store.list("").map(({ key, value }) => key + new TextDecoder().decode(value));
    expect(left.filter((text) => text.includes("a/b") || text.includes("a%2Fb"))).toEqual([]);
  });

  it("survive a loss of power at any write, none lost and none counted twice", async () => {
    for (let at = 1; at <= 10; at++)
      for (const after of [false, true]) {
        const bench = new Bench();
        const ledger = new Map<string, { height: number; index: number; used: number }>();
        const find = async (root: string) => ledger.get(root);
        bench.answer = async ({ root, grants }) => {
          const known = ledger.get(root);
          const place = known ?? { height: ledger.size + 1, index: 0, used: grants[0]?.used ?? 0 };
          ledger.set(root, place);
          return place;
        };
        bench.receipts.stop();
        bench.open({ find });
        bench.store.cut = { at, after };
        const added: string[] = [];
        for (let i = 0; i < 6; i++) {
          try {
            added.push(bench.add(one));
          } catch {
            break;
          }
          if (i % 2 === 1) await bench.pass(1000);
        }
        bench.receipts.stop();
        bench.store.cut = undefined;
        bench.open({ find });
        for (let i = 0; i < 4; i++) await bench.pass(1000);
        for (const jti of added) expect([at, after, holds(bench.receipts.proofOf(jti))]).toEqual([at, after, true]);
        const kept = bench.receipts.list({ grant: one, limit: 100 }).length;
        const counted = [...ledger.values()].reduce((sum, { used }) => sum + used, 0);
        expect([at, after, counted]).toEqual([at, after, kept]);
      }
  });
});
