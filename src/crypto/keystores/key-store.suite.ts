import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { type Clock, encodeBase64Url, encodeHex, encodeUtf8, ManualClock } from "#base";
import { ALGORITHMS, suiteOf } from "../suites/index.ts";
import type { KeyStore } from "./key-store.ts";

const data = encodeUtf8("what is signed");
const secret = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
const code = (code: string) => expect.objectContaining({ code });

/** What every key store must do. `create` makes an empty one. */
export function describeKeyStore(title: string, create: (clock: Clock) => Promise<KeyStore>): void {
  describe(title, () => {
    let opened: KeyStore[] = [];
    const fresh = async () => {
      const store = await create(new ManualClock(1_700_000_000_000));
      opened.push(store);
      return store;
    };
    afterEach(() => {
      for (const store of opened) store.close();
      opened = [];
    });

    it.each(ALGORITHMS)("signs with a generated %s key what its public key verifies", async (algorithm) => {
      const store = await fresh();
      const made = store.generate("key", algorithm);
      const signer = store.signer("key");
      expect(signer.algorithm).toBe(algorithm);
      expect(signer.publicKey).toEqual(made.publicKey);
      expect(suiteOf(algorithm).verify(data, signer.sign(data), made.publicKey)).toBe(true);
      expect(store.list()).toEqual([{ name: "key", algorithm, publicKey: made.publicKey, created: 1_700_000_000_000 }]);
    });

    it.each(ALGORITHMS)("takes in a %s secret and keeps a copy of its own", async (algorithm) => {
      const store = await fresh();
      const given = secret.slice();
      store.add("did:hansa:north:abc#key-1", algorithm, given);
      given.fill(0);
      const signature = store.signer("did:hansa:north:abc#key-1").sign(data);
      expect(suiteOf(algorithm).verify(data, signature, suiteOf(algorithm).publicKey(secret))).toBe(true);
    });

    it("lists keys by name", async () => {
      const store = await fresh();
      for (const name of ["b", "a", "C"]) store.generate(name, "Ed25519");
      expect(store.list().map(({ name }) => name)).toEqual(["C", "a", "b"]);
    });

    it("renames a key, whose signers go on, and removes it, whose signers then refuse", async () => {
      const store = await fresh();
      const { publicKey } = store.generate("old", "Ed25519");
      const signer = store.signer("old");
      store.rename("old", "new");
      expect(store.list().map(({ name }) => name)).toEqual(["new"]);
      expect(() => store.signer("old")).toThrowError(code("crypto.key-unknown"));
      expect(suiteOf("Ed25519").verify(data, signer.sign(data), publicKey)).toBe(true);
      store.remove("new");
      expect(() => signer.sign(data)).toThrowError(code("crypto.keystore-closed"));
      expect(() => store.signer("new")).toThrowError(code("crypto.key-unknown"));
      expect(store.list()).toEqual([]);
    });

    it("makes a data key at the first call, and gives copies of the same one from then on", async () => {
      const store = await fresh();
      const first = store.dataKey("storage");
      expect(first).toHaveLength(32);
      const copy = first.slice();
      first.fill(0);
      expect(store.dataKey("storage")).toEqual(copy);
      expect(store.dataKey("wallet")).not.toEqual(copy);
      expect(store.dataKeyNames()).toEqual(["storage", "wallet"]);
    });

    it("refuses bad names, doubled names, unknown names and bad secrets, and stays as it was", async () => {
      const store = await fresh();
      store.generate("key", "Ed25519");
      for (const name of ["", "a b", "ü", "../\u0000", "a".repeat(129)]) {
        expect(() => store.generate(name, "Ed25519")).toThrowError(code("crypto.key-name"));
        expect(() => store.rename("key", name)).toThrowError(code("crypto.key-name"));
        expect(() => store.dataKey(name)).toThrowError(code("crypto.key-name"));
      }
      expect(() => store.generate("key", "P-256")).toThrowError(code("crypto.key-exists"));
      expect(() => store.rename("key", "key")).toThrowError(code("crypto.key-exists"));
      expect(() => store.remove("none")).toThrowError(code("crypto.key-unknown"));
      expect(() => store.rename("none", "other")).toThrowError(code("crypto.key-unknown"));
      expect(() => store.add("short", "Ed25519", secret.subarray(1))).toThrowError(code("crypto.key-invalid"));
      for (const algorithm of ["P-256", "secp256k1"] as const)
        for (const bad of [new Uint8Array(32), new Uint8Array(32).fill(255)])
          expect(() => store.add("bad", algorithm, bad)).toThrowError(code("crypto.key-invalid"));
      expect(store.list().map(({ name }) => name)).toEqual(["key"]);
    });

    it("shows no secret when it or a signer is printed or serialised", async () => {
      const store = await fresh();
      store.add("key", "Ed25519", secret);
      const dataKey = store.dataKey("storage");
      const signer = store.signer("key");
      for (const value of [store, signer, store.list()])
        for (const hidden of [secret, dataKey]) {
          const shown = [
            JSON.stringify(value),
            inspect(value, { depth: 20, showHidden: true, getters: true, maxArrayLength: null }),
          ].join();
          for (const form of [encodeHex(hidden), encodeBase64Url(hidden), hidden.join(","), hidden.join(", ")])
            expect(shown).not.toContain(form);
        }
    });

    it("refuses everything once closed", async () => {
      const store = await fresh();
      store.generate("key", "Ed25519");
      const signer = store.signer("key");
      store.close();
      store.close();
      const uses = [
        () => store.list(),
        () => store.add("other", "Ed25519", secret),
        () => store.generate("other", "Ed25519"),
        () => store.remove("key"),
        () => store.rename("key", "other"),
        () => store.signer("key"),
        () => store.dataKey("storage"),
        () => store.dataKeyNames(),
        () => signer.sign(data),
      ];
      for (const use of uses) expect(use).toThrowError(code("crypto.keystore-closed"));
    });
  });
}
