/** What the kernel promises, over any store: transactions, replay, atomicity, restart, proofs, snapshots. */
import { afterEach, describe, expect, it } from "vitest";
import { decodeBase64Url, encodeUtf8, HansaError } from "#base";
import { createSigner, verifyMembership } from "#crypto";
import { cosignTransaction, operation, type Receipt, signTransaction, verifyProof } from "#protocol";
import {
  Alliance,
  actor,
  BEGIN,
  cometEngine,
  lab,
  maker,
  members,
  nodeOf,
  north,
  south,
  stranger,
  withKeyOf,
} from "../alliance.suite.ts";
import { Ledger, replayBlocks, restoreLedger, type StateStore, type StoredRecord } from "../index.ts";

/** A place for stores: `open` gives the store of a name, and the same again after a restart. */
export interface StorePlace {
  open(name: string): StateStore;
  /** Whether a second `open` finds what was kept. */
  readonly lasting: boolean;
  close(): void;
}

const open = (topic: string) => operation("topics.open", { topic, publish: [], subscribe: [] });
const close = (topic: string) => operation("topics.close", { topic });
const codes = (receipts: readonly Receipt[]) => receipts.map(({ error }) => error?.code ?? 0);

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof HansaError) return error.code;
    throw error;
  }
  return "accepted";
}

export function describeKernel(name: string, makePlace: () => StorePlace): void {
  const places: StorePlace[] = [];
  const place = () => {
    const made = makePlace();
    places.push(made);
    return made;
  };
  const found = (parameters = {}) => new Alliance(place().open("first"), parameters);
  afterEach(() => {
    for (const one of places.splice(0)) one.close();
  });

  describe(`the kernel over ${name}`, () => {
    it("gives each bad transaction its own code, in the block and before it, and changes nothing", () => {
      const alliance = found();
      const ops = [open("a")];
      const good = alliance.sign([north], ops);
      const text = new TextDecoder().decode(good);
      const [header, , signature] = text.split(".") as [string, string, string];
      const bad: [string, Uint8Array][] = [
        ["transaction.malformed", encodeUtf8("hello")],
        ["transaction.json", Uint8Array.of(0x7b, 0xff)],
        ["transaction.too-large", new Uint8Array(70_000)],
        ["transaction.audience", alliance.sign([north], ops, { aud: "hanse:main:other" })],
        ["transaction.expired", alliance.sign([north], ops, { exp: alliance.seconds + 1 })],
        ["transaction.too-far-ahead", alliance.sign([north], ops, { exp: alliance.seconds + 122 })],
        ["transaction.unknown-key", alliance.sign([stranger], ops)],
        ["transaction.unknown-key", alliance.sign([withKeyOf(north, stranger)], ops)],
        ["transaction.unknown-operation", alliance.sign([north], [{ op: "topics.burn", args: {} }])],
        ["transaction.operation-arguments", alliance.sign([north], [{ op: "topics.open", args: {} }])],
        ["transaction.signature", encodeUtf8(`${text.slice(0, -4)}${text.endsWith("AAAA") ? "BBBA" : "AAAA"}`)],
        ["transaction.signature", encodeUtf8(`${header}.${text.split(".")[1]}.${"A".repeat(86)}`)],
        ["transaction.signature", alliance.sign([{ ...north, signer: stranger.signer }], ops)],
        ["transaction.algorithm", alliance.sign([{ ...north, signer: createSigner("P-256") }], ops)],
      ];
      expect(signature).toHaveLength(86);
      const before = alliance.dump();
      const root = alliance.ledger.head?.header.state;
      const receipts = alliance.block(...bad.map(([, bytes]) => bytes));
      expect(codes(receipts)).toEqual(bad.map(([code]) => code));
      expect(alliance.dump()).toEqual(before);
      expect(alliance.ledger.head?.header.state).toBe(root);
      for (const [code, bytes] of bad)
        if (code !== "transaction.signature" && code !== "transaction.expired")
          expect(codeOf(() => alliance.ledger.check(bytes, alliance.time + 1))).toBe(code);
      // None of it used the id up: the very claims, well signed, are executed.
      expect(codes(alliance.block(good))).toEqual([0]);
    });

    it("executes all operations of a transaction or none", () => {
      const alliance = found();
      const before = alliance.dump();
      const half = alliance.sign([north], [open("a"), open("b"), close("c")]);
      const [receipt] = alliance.block(half);
      expect(receipt).toMatchObject({ facts: [], error: { code: "topics.unknown", operation: 2 } });
      expect(alliance.dump()).toEqual(before);
      const whole = alliance.block(alliance.sign([north], [open("a"), close("a"), open("b")]))[0];
      expect(whole?.facts.map(({ fact }) => fact)).toEqual(["topics.opened", "topics.closed", "topics.opened"]);
    });

    it("lets later transactions of a block see what earlier ones did", () => {
      const alliance = found();
      const receipts = alliance.block(
        alliance.sign([north], [open("a")]),
        alliance.sign([south], [open("a")]),
        alliance.sign([north], [close("a")]),
      );
      expect(codes(receipts)).toEqual([0, "topics.exists", 0]);
    });

    it("takes several signers, of whom each must hold", () => {
      const alliance = found();
      const claims = alliance.claims(north, [open("a")]);
      const signed = signTransaction(claims, [north, lab]);
      const cosigned = encodeUtf8(cosignTransaction(signed, maker));
      const outer = JSON.parse(signed) as { signatures: { signature: string }[] };
      (outer.signatures[1] as { signature: string }).signature = "A".repeat(86);
      const receipts = alliance.block(encodeUtf8(JSON.stringify(outer)), cosigned, encodeUtf8(signed));
      // The third is the second's claims again, with fewer signatures: the same id.
      expect(codes(receipts)).toEqual(["transaction.signature", 0, "transaction.replayed"]);
    });

    it("refuses a replay in the same block, later, and after the window", () => {
      const alliance = found({ windowSeconds: 20 });
      const bytes = alliance.sign([north], [open("a")], { exp: alliance.seconds + 15 });
      expect(codes(alliance.block(bytes, bytes, bytes.slice()))).toEqual([
        0,
        "transaction.replayed",
        "transaction.replayed",
      ]);
      const first = { height: alliance.ledger.height, index: 0 };
      expect(codes(alliance.block(bytes.slice()))).toEqual(["transaction.replayed"]);
      alliance.pass(30);
      expect(codes(alliance.block(bytes))).toEqual(["transaction.expired"]);
      // A resubmission is told where its receipt is, however late.
      try {
        alliance.ledger.check(bytes, alliance.time);
        expect.unreachable();
      } catch (error) {
        expect(error).toMatchObject({ code: "transaction.replayed", payload: first });
      }
      expect(alliance.ledger.receipt(first)).toMatchObject({ code: 0, ...first });
      alliance.pass(100);
      alliance.block();
      expect(alliance.ledger.remembered).toBe(0);
    });

    it("uses an id up with the first valid signature, whatever came of the operations", () => {
      const alliance = found();
      const fails = alliance.sign([north], [close("a")]);
      expect(codes(alliance.block(fails, alliance.sign([north], [open("a")])))).toEqual(["topics.unknown", 0]);
      expect(codes(alliance.block(fails))).toEqual(["transaction.replayed"]);
    });

    it("remembers ids for as long as the longest window that they were taken under", () => {
      const alliance = found({ windowSeconds: 100 });
      const { parameters } = alliance.genesis;
      const bytes = alliance.sign([north], [open("a")], { exp: alliance.seconds + 100 });
      alliance.block(bytes);
      const change = { kind: "parameters" as const, parameters: { ...parameters, windowSeconds: 10 } };
      alliance.ok(north, "members.propose", { change });
      for (const voter of [south, maker]) alliance.ok(voter, "members.approve", { proposal: 1 });
      alliance.pass(85);
      alliance.block(alliance.sign([north], [open("b")], { exp: alliance.seconds + 5 }));
      alliance.reopen();
      expect(codes(alliance.block(bytes))).toEqual(["transaction.replayed"]);
    });

    it("keeps nothing of a block that was executed and not committed", () => {
      const alliance = found();
      const before = alliance.dump();
      const { head } = alliance.ledger;
      const bytes = alliance.sign([north], [open("a")]);
      const abandoned = alliance.execute(bytes);
      expect(alliance.dump()).toEqual(before);
      expect(alliance.ledger.head).toBe(head);
      const again = alliance.execute(bytes);
      expect(again.header).toEqual(abandoned.header);
      expect(codeOf(() => alliance.commit(abandoned))).toBe("ledger.block-order");
      expect(codes(alliance.commit(alliance.execute(bytes)))).toEqual([0]);
    });

    it("takes blocks only in their order and at later times", () => {
      const alliance = found();
      const { height } = alliance.ledger;
      for (const block of [
        { height: height + 2, time: alliance.time + 1 },
        { height, time: alliance.time + 1 },
        { height: height + 1, time: alliance.time },
      ])
        expect(codeOf(() => alliance.ledger.execute({ ...block, transactions: [] }))).toBe("ledger.block-order");
      expect(codeOf(() => alliance.ledger.executeGenesis())).toBe("ledger.block-order");
    });

    it("changes no root with blocks that do nothing", () => {
      const alliance = found();
      const root = alliance.ledger.head?.header.state;
      alliance.block();
      alliance.block(encodeUtf8("nonsense"));
      expect(alliance.ledger.head?.header.state).toBe(root);
    });

    it("gives the same roots on a fresh ledger for the same blocks", () => {
      const alliance = found();
      busy(alliance);
      const blocks = Array.from({ length: alliance.ledger.height + 1 }, (_, height) => {
        const block = alliance.ledger.block(height);
        if (block === undefined) throw new Error(`block ${height} is missing`);
        return block;
      });
      const steps = [...replayBlocks(alliance.genesis, blocks)];
      expect(steps).toHaveLength(blocks.length);
      expect(steps.filter(({ differs }) => differs !== undefined)).toEqual([]);
      const altered = blocks.map((block) => (block.header.height === 5 ? { ...block, transactions: [] } : block));
      expect([...replayBlocks(alliance.genesis, altered)].at(-1)).toMatchObject({ height: 5, differs: "receipts" });
    });

    it("proves records, and their absence, to who knows the group alone", () => {
      const alliance = found();
      busy(alliance);
      for (const key of [`member/${lab.did}`, "topic/no-such", "parameters"]) {
        const { signed, value, membership } = alliance.ledger.prove(key);
        const proof = { hansa: "record-proof/1" as const, genesis: alliance.genesis, signed, key, value, membership };
        const { records } = verifyProof(JSON.parse(JSON.stringify(proof)), { trust: alliance.group });
        expect(records).toEqual([{ key, value }]);
        expect(verifyMembership(decodeBase64Url(signed.header.state) as Uint8Array, membership)).toBe(true);
      }
    });

    it("answers queries as of a height, and refuses others by name", () => {
      const alliance = found();
      const { height } = alliance.ledger;
      alliance.ok(north, "topics.open", { topic: "a", publish: [], subscribe: [] });
      const { ledger } = alliance;
      expect(codeOf(() => ledger.query("topics.get", { topic: "a", height }))).toBe("query.not-found");
      expect(ledger.query("topics.get", { topic: "a", height: height + 1 })).toMatchObject({ topic: "a" });
      expect(codeOf(() => ledger.query("topics.get", { topic: "a", height: height + 2 }))).toBe("query.height");
      expect(codeOf(() => ledger.query("topics.get", { topic: "A" }))).toBe("query.arguments");
      expect(codeOf(() => ledger.query("topics.get", { topic: "a", more: 1 } as never))).toBe("query.arguments");
      expect(codeOf(() => ledger.query("topics.get", null as never))).toBe("query.arguments");
      expect(codeOf(() => ledger.query("topics.none" as never, {} as never))).toBe("query.unknown");
      expect(codeOf(() => ledger.query("constructor" as never, {} as never))).toBe("query.unknown");
    });

    it("pages through lists without losing or doubling an item", () => {
      const alliance = found();
      const topics = Array.from({ length: 23 }, (_, i) => `t/${String(i).padStart(2, "0")}`);
      alliance.block(alliance.sign([north], topics.map(open)));
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const args = after === undefined ? { limit: 5 } : { limit: 5, after };
        const page = alliance.ledger.query("topics.list", args) as { items: { topic: string }[]; next?: string };
        expect(page.items.length).toBeLessThanOrEqual(5);
        seen.push(...page.items.map(({ topic }) => topic));
        after = page.next;
      } while (after !== undefined);
      expect(seen).toEqual(topics);
      expect(alliance.ledger.query("topics.list", { after: "zzz" })).toEqual({ items: [] });
      expect(alliance.ledger.query("topics.list", { after: "ü" })).toEqual({ items: [] });
    });

    it("goes on after a restart as if there had been none", () => {
      const stores = place();
      if (!stores.lasting) return;
      const alliance = new Alliance(stores.open("first"));
      const twin = new Alliance();
      busy(alliance);
      const bytes = alliance.sign([north], [open("last")]);
      alliance.block(bytes);
      twin.follow(alliance);
      alliance.ledger = new Ledger(alliance.genesis, stores.open("first"));
      expect(alliance.ledger.head).toEqual(twin.ledger.head);
      for (const one of [alliance, twin]) expect(codes(one.block(bytes))).toEqual(["transaction.replayed"]);
      const next = alliance.sign([south], [open("s")]);
      for (const one of [alliance, twin]) expect(codes(one.block(next))).toEqual([0]);
      expect(alliance.ledger.head?.header).toEqual(twin.ledger.head?.header);
    });

    it("refuses the store of another group", () => {
      const stores = place();
      const store = stores.open("first");
      const alliance = new Alliance(store);
      const other = { ...alliance.genesis, group: "other" };
      expect(codeOf(() => new Ledger(other, store))).toBe("ledger.genesis-mismatch");
    });

    it("restores a snapshot to the same root, refuses the same replays, and goes on in step", () => {
      const stores = place();
      const alliance = new Alliance(stores.open("first"));
      busy(alliance);
      const bytes = alliance.sign([north], [open("kept")]);
      alliance.block(bytes);
      alliance.block(alliance.sign([south], [open("more")]));
      const { ledger, genesis } = alliance;
      const signed = ledger.head as NonNullable<typeof ledger.head>;
      const records = [...ledger.snapshot().records];
      const store = stores.open("restored");
      restoreLedger(genesis, store, signed, records);
      const restored = new Ledger(genesis, store);
      expect(restored.head).toEqual(signed);
      expect(restored.remembered).toBe(ledger.remembered);
      expect(codeOf(() => restored.check(bytes, alliance.time))).toBe("transaction.replayed");
      const next = [bytes, alliance.sign([maker], [open("next")])];
      const block = { height: ledger.height + 1, time: alliance.time + 1000, transactions: next };
      const [one, two] = [ledger.execute(block), restored.execute(block)];
      expect(codes(two.receipts)).toEqual(["transaction.replayed", 0]);
      expect(two.header).toEqual(one.header);
      expect(codeOf(() => restoreLedger(genesis, store, signed, records))).toBe("ledger.not-empty");
    });

    it("gives all records of a height in slices while later blocks change them, enough to begin anew from there", () => {
      const stores = place();
      const alliance = new Alliance(stores.open("first"));
      busy(alliance);
      const { ledger, genesis } = alliance;
      const signed = ledger.head as NonNullable<typeof ledger.head>;
      const { height } = signed.header;
      const quiet = [...ledger.snapshot().records];
      const records: StoredRecord[] = [];
      for (let slice = ledger.recordsAt(height, 0, 3); slice.length > 0; ) {
        records.push(...slice);
        alliance.ok(north, "topics.open", { topic: `later/${records.length}`, publish: [], subscribe: [] });
        if (records.length > 6) alliance.ok(north, "topics.close", { topic: `later/${records.length - slice.length}` });
        slice = ledger.recordsAt(height, records.length, 3);
      }
      expect(records).toEqual(quiet);
      const restored = new Ledger(genesis, stores.open("restored"));
      restored.restore(signed, records);
      expect([restored.head, restored.firstHeight, restored.lowestHeight]).toEqual([signed, height, height]);
      for (let next = height + 1; next <= ledger.height; next++) {
        const block = ledger.block(next) as NonNullable<ReturnType<typeof ledger.block>>;
        const { time } = block.header;
        const execution = restored.execute({ height: next, time, transactions: block.transactions });
        expect(execution.header).toEqual(block.header);
        restored.commit(execution, block.certificate);
      }
      expect(codeOf(() => restored.recordsAt(height - 1, 0, 1))).toBe("query.height");
      expect(codeOf(() => restored.recordsAt(ledger.height + 1, 0, 1))).toBe("query.height");
      expect(codeOf(() => restored.query("topics.get", { topic: "north/things", height: height - 1 }))).toBe(
        "query.height",
      );
    });

    it("forgets the content of old blocks, refuses queries below, and still refuses every replay", () => {
      const alliance = found({ windowSeconds: 60 });
      busy(alliance);
      const kept = alliance.sign([north], [open("kept")], { exp: alliance.seconds + 50 });
      alliance.block(kept);
      const place = { height: alliance.ledger.height, index: 0 };
      for (let i = 0; i < 10; i++) alliance.block(alliance.sign([south], [open(`s${i}`)]));
      const { ledger } = alliance;
      const { height } = ledger;
      while (ledger.prune(height - 2));
      alliance.reopen();
      for (const one of [ledger, alliance.ledger]) {
        expect([one.firstHeight, one.lowestHeight, one.height]).toEqual([0, height - 2, height]);
        expect(one.block(height - 3)).toBeUndefined();
        expect(one.receipt(place)).toBeUndefined();
        expect(one.signedHeader(height - 3)?.header.height).toBe(height - 3);
        expect(codeOf(() => one.query("topics.get", { topic: "kept", height: height - 3 }))).toBe("query.height");
        expect(one.query("topics.get", { topic: "kept", height: height - 2 })).toMatchObject({ topic: "kept" });
        expect(codeOf(() => one.check(kept, alliance.time))).toBe("transaction.replayed");
      }
      expect(codes(alliance.block(kept))).toEqual(["transaction.replayed"]);
    });

    it("restores nothing that the engine did not sign", () => {
      const stores = place();
      const alliance = new Alliance(stores.open("first"));
      busy(alliance);
      const { ledger, genesis } = alliance;
      const signed = ledger.head as NonNullable<typeof ledger.head>;
      const records = [...ledger.snapshot().records];
      const store = stores.open("restored");
      const attempt = (head = signed, given = records) => codeOf(() => restoreLedger(genesis, store, head, given));
      const replay = records.findIndex(({ key }) => key.startsWith("kernel/replay/"));
      const hidden = records.map((record, i) =>
        i === replay ? { ...record, value: encodeUtf8('{"ids":"","until":0}') } : record,
      );
      expect(replay).toBeGreaterThan(0);
      expect(attempt(signed, hidden)).toBe("ledger.root-mismatch");
      expect(attempt(signed, records.slice(0, -1))).toBe("ledger.root-mismatch");
      expect(attempt({ ...signed, header: { ...signed.header, time: signed.header.time + 1 } })).toBe("proof.invalid");
      expect(attempt({ ...signed, header: { ...signed.header, group: "x" } })).toBe("ledger.genesis-mismatch");
      expect(store.head()).toBeUndefined();
      expect(attempt()).toBe("accepted");
    });

    it("keeps what consensus says of its validators, and the votes that arrive later, over a restart", () => {
      const stores = place();
      const alliance = new Alliance(stores.open("first"), {}, cometEngine());
      const second = nodeOf(north, "second");
      alliance.register(second);
      alliance.ready(second);
      alliance.absent = [nodeOf(lab).id];
      alliance.misbehaviour = [{ kind: "duplicate-vote", validator: nodeOf(lab).id, block: 3 }];
      const before = alliance.ledger.height;
      const change = { kind: "addValidator" as const, node: second.id, power: 2 };
      alliance.ok(north, "members.propose", { change });
      for (const voter of [south, maker]) alliance.ok(voter, "members.approve", { proposal: 1 });
      const { height } = alliance.ledger;
      const certificate = { engine: "cometbft" as const, block: 40, header: { height: 41 } as never };
      alliance.ledger.certify(height, certificate);
      alliance.ledger.certify(height - 1, certificate);
      const twin = new Alliance(undefined, {}, cometEngine());
      twin.follow(alliance);
      if (stores.lasting) alliance.ledger = new Ledger(alliance.genesis, stores.open("first"));
      const { ledger } = alliance;
      expect(ledger.head).toEqual({ header: twin.ledger.head?.header, certificate });
      expect(ledger.block(height - 1)?.certificate).toEqual(certificate);
      expect(ledger.head?.header).toMatchObject({ absent: alliance.absent, misbehaviour: alliance.misbehaviour });
      const [changed, ...more] = ledger.validatorChanges(before);
      expect([changed?.height, changed?.validators.validators.length, more]).toEqual([height, 5, []]);
      expect(ledger.query("nodes.validators", {})).toEqual(changed?.validators);
      const blocks = Array.from(
        { length: height + 1 },
        (_, i) => ledger.block(i) as NonNullable<ReturnType<Ledger["block"]>>,
      );
      expect([...replayBlocks(alliance.genesis, blocks)].filter(({ differs }) => differs !== undefined)).toEqual([]);
    });

    it("uses the same few records for ids again and again", () => {
      const alliance = found({ windowSeconds: 10 });
      const ring = () => [...alliance.ledger.state.keys("kernel/replay/")].length;
      const step = (i: number) =>
        alliance.block(alliance.sign([north], [open(`t${i}`)], { exp: alliance.seconds + 5 }));
      for (let i = 0; i < 20; i++) step(i);
      const size = ring();
      for (let i = 20; i < 80; i++) step(i);
      expect(ring()).toBe(size);
      expect(size).toBeLessThanOrEqual(12);
      const last = alliance.sign([north], [open("last")], { exp: alliance.seconds + 5 });
      alliance.block(last);
      alliance.reopen();
      expect(codes(alliance.block(last))).toEqual(["transaction.replayed"]);
    });
  });
}

/** A little of everything. */
export function busy(alliance: Alliance): void {
  const [lamp, owner] = [actor("lamp", "P-256"), actor("owner")];
  alliance.introduce(lamp, owner);
  alliance.defineModel();
  alliance.enrol(lamp, owner);
  alliance.admit(lamp);
  alliance.ok(north, "topics.open", { topic: "north/things", publish: [], subscribe: [] });
  alliance.ok(members, "members.propose", { change: { kind: "roles", member: south.did, roles: ["lab"] } });
  alliance.refused("kernel.forbidden", owner, "devices.revoke", { device: lamp.did, reason: "x" });
  expect(alliance.time).toBeGreaterThan(BEGIN);
}
