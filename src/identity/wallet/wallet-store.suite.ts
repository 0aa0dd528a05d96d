/** What every store of a wallet must do. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { compareText, encodeUtf8 } from "#base";
import type { WalletChange, WalletKind, WalletStore } from "./wallet-store.ts";

/** A store under test: `reopen` closes it and opens the same data again; `undefined` where nothing outlasts closing. */
export interface WalletStoreHarness {
  open(): Promise<WalletStore>;
  readonly reopen?: () => Promise<WalletStore>;
  /** Everything that lies where the store keeps its entries, as an attacker would find it. */
  readonly raw?: () => Promise<Uint8Array>;
  dispose(): Promise<void>;
}

const add = (kind: WalletKind, id: string, value: string, ...terms: string[]): WalletChange => ({
  add: { kind, id, value: encodeUtf8(value), terms },
});
const entry = (id: string, value: string) => ({ id, value: encodeUtf8(value) });

export function describeWalletStore(name: string, make: () => Promise<WalletStoreHarness>): void {
  describe(`wallet store: ${name}`, () => {
    let harness: WalletStoreHarness;
    let store: WalletStore;
    beforeEach(async () => {
      harness = await make();
      store = await harness.open();
    });
    afterEach(() => harness.dispose());

    it("finds entries by kind, id and term, in the order of their ids", async () => {
      expect(
        await store.write([
          add("credential", "b", "two", "type:A", "issuer:x"),
          add("credential", "a", "one", "type:A"),
          add("key", "a", "key", "type:A"),
        ]),
      ).toBe(true);
      expect(await store.list("credential")).toEqual([entry("a", "one"), entry("b", "two")]);
      expect(await store.list("credential", "type:A")).toEqual([entry("a", "one"), entry("b", "two")]);
      expect(await store.list("credential", "issuer:x")).toEqual([entry("b", "two")]);
      expect(await store.list("credential", "issuer:")).toEqual([]);
      expect(await store.get("key", "a")).toEqual(encodeUtf8("key"));
      expect(await store.get("shown", "a")).toBeUndefined();
      expect(await store.count("credential")).toBe(2);
    });

    it("overwrites nothing: a write that would is refused whole", async () => {
      await store.write([add("credential", "a", "one", "type:A")]);
      const refused = await store.write([
        add("credential", "b", "two"),
        { remove: { kind: "credential", id: "c" } },
        add("credential", "a", "other", "type:B"),
      ]);
      expect(refused).toBe(false);
      expect(await store.list("credential")).toEqual([entry("a", "one")]);
      expect(await store.list("credential", "type:B")).toEqual([]);
    });

    it("forgets a removed entry and its terms", async () => {
      await store.write([add("credential", "a", "one", "type:A"), add("credential", "b", "two", "type:A")]);
      expect(await store.write([{ remove: { kind: "credential", id: "a" } }])).toBe(true);
      expect(await store.list("credential", "type:A")).toEqual([entry("b", "two")]);
      expect(await store.write([add("credential", "a", "again")])).toBe(true);
      expect(await store.list("credential", "type:A")).toEqual([entry("b", "two")]);
    });

    it("gives the values of one reader to no other", async () => {
      const value = encodeUtf8("mine");
      await store.write([{ add: { kind: "key", id: "a", value, terms: [] } }]);
      value.fill(0);
      (await store.get("key", "a"))?.fill(1);
      (await store.list("key"))[0]?.value.fill(2);
      expect(await store.get("key", "a")).toEqual(encodeUtf8("mine"));
    });

    it("agrees with a map under random changes", async () => {
      const id = fc.constantFrom("a", "B", "c", "did:key:z6#z6");
      const term = fc.constantFrom("type:A", "type:ü", "subject:did:key:z6");
      const kind = fc.constantFrom<WalletKind>("key", "credential", "shown");
      const change = fc.oneof(
        fc.record({
          add: fc.record({
            kind,
            id,
            value: fc.uint8Array({ maxLength: 40 }),
            terms: fc.array(term, { maxLength: 3 }),
          }),
        }),
        fc.record({ remove: fc.record({ kind, id }) }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 12 }), async (writes) => {
          const fresh = await make();
          try {
            const tested = await fresh.open();
            let model = new Map<string, { value: Uint8Array; terms: readonly string[] }>();
            for (const changes of writes) {
              const next = new Map(model);
              let taken = false;
              for (const one of changes as WalletChange[]) {
                if ("remove" in one) next.delete(`${one.remove.kind}/${one.remove.id}`);
                else if (next.has(`${one.add.kind}/${one.add.id}`)) taken = true;
                else next.set(`${one.add.kind}/${one.add.id}`, one.add);
              }
              expect(await tested.write(changes as WalletChange[])).toBe(!taken);
              if (!taken) model = next;
            }
            for (const of of ["key", "credential", "shown"] as const)
              for (const by of [undefined, "type:A", "type:ü"]) {
                const expected = [...model]
                  .filter(([key, { terms }]) => key.startsWith(`${of}/`) && (by === undefined || terms.includes(by)))
                  .map(([key, { value }]) => ({ id: key.slice(of.length + 1), value }))
                  .sort((a, b) => compareText(a.id, b.id));
                expect(await tested.list(of, by)).toEqual(expected);
                if (by === undefined) expect(await tested.count(of)).toBe(expected.length);
              }
          } finally {
            await fresh.dispose();
          }
        }),
        { numRuns: 20 },
      );
    });

    it("answers nothing once it is closed, and may be closed twice", async () => {
      await store.close();
      await store.close();
      await expect(store.list("key")).rejects.toThrow(
        expect.objectContaining({ code: expect.stringMatching("closed") }),
      );
    });

    it("keeps what was written, and nothing of it can be read where it lies", async () => {
      const secret = "text-that-must-not-be-found";
      await store.write([add("credential", `${secret}-id`, secret.repeat(100), `type:${secret}`)]);
      if (harness.reopen !== undefined) {
        store = await harness.reopen();
        expect(await store.list("credential", `type:${secret}`)).toEqual([entry(`${secret}-id`, secret.repeat(100))]);
      }
      const raw = await harness.raw?.();
      if (raw !== undefined) expect(Buffer.from(raw).includes(secret.slice(0, 12))).toBe(false);
    });
  });
}
