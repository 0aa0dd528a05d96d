import { readFileSync } from "node:fs";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { decodeBase64Url } from "#base";
import type { Algorithm } from "#crypto";
import { sha256 } from "#crypto";
import { createCredentialSigner } from "../credentials/credential-key.ts";
import { createMemoryWalletStore } from "./memory-wallet-store.ts";
import { CHEAP, dataIntegrity, finder, jose, NOW, PASSPHRASE, PERSON, sdJwt, VERIFIER } from "./wallet.suite.ts";
import { Wallet } from "./wallet.ts";

const HOW = { keys: finder };
const code = (name: string) => expect.objectContaining({ code: name });
const fresh = (now = NOW) => new Wallet({ store: createMemoryWalletStore(), now: () => now });

/** All that a wallet keeps, as it tells it. */
async function contentsOf(wallet: Wallet) {
  const keys = (await wallet.keys()).map(({ id, created }) => ({ id, created }));
  return { keys, credentials: await wallet.list(), shown: await wallet.shown() };
}

let wallet: Wallet;
let file: Uint8Array;

beforeEach(async () => {
  wallet = fresh();
  const key = await wallet.createKey("Ed25519");
  const held = await wallet.receive(sdJwt(key), HOW);
  await wallet.present(held.id, { ...VERIFIER, claims: [["name"]] });
  file = await wallet.backup(PASSPHRASE, CHEAP);
});

describe("a backup", () => {
  it("brings everything back into an empty wallet, whose keys sign as before", async () => {
    const restored = fresh();
    expect(await restored.restore(file, PASSPHRASE)).toEqual({ keys: 1, credentials: 1, shown: 1, known: 0 });
    expect(await contentsOf(restored)).toEqual(await contentsOf(wallet));
    // As a file is read: within memory that others have parts of.
    const read = Buffer.concat([Buffer.alloc(7), file]).subarray(7);
    expect(await fresh().restore(read, PASSPHRASE)).toMatchObject({ known: 0 });
    const [held] = await restored.list({ type: PERSON["vct"] as string });
    await restored.present(held?.id as string, { ...VERIFIER, claims: [["born"]] });
  });

  it("loses nothing, whatever the wallet holds", async () => {
    const algorithm = fc.constantFrom<Algorithm>("Ed25519", "P-256", "secp256k1");
    const what = fc.record({
      algorithm,
      format: fc.constantFrom("di", "jose", "sd"),
      name: fc.string({ maxLength: 20 }),
      show: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(what, { maxLength: 6, selector: ({ name, format }) => `${format} ${name}` }),
        async (items) => {
          let at = NOW;
          const full = new Wallet({ store: createMemoryWalletStore(), now: () => ++at });
          for (const { algorithm, format, name, show } of items) {
            const key = await full.createKey(algorithm);
            const more = { name: name === "" ? "-" : name };
            const text =
              format === "di"
                ? await dataIntegrity(key.controller, more)
                : format === "jose"
                  ? jose(key.controller, more)
                  : sdJwt(key, { ...PERSON, ...more });
            const { id } = await full.receive(text, HOW);
            if (show && (format !== "di" || algorithm !== "secp256k1"))
              await full.present(id, { ...VERIFIER, claims: format === "sd" ? [["name"]] : "all" });
          }
          const restored = fresh();
          const done = await restored.restore(await full.backup(PASSPHRASE, CHEAP), PASSPHRASE);
          expect(done.credentials).toBe(items.length);
          expect(await contentsOf(restored)).toEqual(await contentsOf(full));
        },
      ),
      { numRuns: 6 },
    );
  });

  it("of version 1 opens in every version of Hansa", async () => {
    const text = readFileSync(new URL("../../../vectors/wallet-backup.json", import.meta.url), "utf8");
    const vector = JSON.parse(text);
    const restored = fresh();
    await restored.restore(decodeBase64Url(vector.file) as Uint8Array, vector.passphrase);
    const { keys, credentials, shown } = await contentsOf(restored);
    const ids = (entries: readonly { id: string }[]) => entries.map(({ id }) => id);
    expect({ keys: ids(keys), credentials: ids(credentials), shown: ids(shown) }).toEqual({
      keys: vector.keys,
      credentials: vector.credentials,
      shown: vector.shown,
    });
  });

  it("opens with its passphrase alone", async () => {
    await expect(fresh().restore(file, "another passphrase")).rejects.toThrow(code("wallet.locked"));
    await expect(fresh().restore(file, "")).rejects.toThrow(code("crypto.passphrase"));
    expect(Buffer.from(file).includes("Alice")).toBe(false);
    // Another keyboard's spelling of the same letters opens it.
    const spelt = await wallet.backup("pass\u00e9".normalize("NFC"), CHEAP);
    await fresh().restore(spelt, "pass\u00e9".normalize("NFD"));
  });

  it("is refused with any byte changed, cut short or extended", async () => {
    for (let at = 0; at < file.length; at += Math.max(1, Math.floor(file.length / 60))) {
      const changed = file.slice();
      changed[at] = (changed[at] as number) ^ 1;
      await expect(fresh().restore(changed, PASSPHRASE), `byte ${at}`).rejects.toThrow(code("wallet.damaged"));
    }
    for (const bytes of [file.slice(0, -1), new Uint8Array([...file, 0]), new Uint8Array(0), file.slice(0, 40)])
      await expect(fresh().restore(bytes, PASSPHRASE)).rejects.toThrow(code("wallet.damaged"));
  });

  it("is refused where somebody changed it and mended the checksum: a dear passphrase before it is hashed", async () => {
    const doctor = (change: (bytes: Uint8Array) => void) => {
      const bytes = file.slice();
      change(bytes);
      const body = bytes.subarray(0, bytes.length - 32);
      bytes.set(sha256(body), body.length);
      return bytes;
    };
    const dear = doctor((bytes) => new DataView(bytes.buffer).setUint32(14, 0xffffffff));
    await expect(fresh().restore(dear, PASSPHRASE)).rejects.toThrow(code("wallet.damaged"));
    for (const at of [20, 40, 100])
      await expect(
        fresh().restore(
          doctor((bytes) => {
            bytes[at] = (bytes[at] as number) ^ 1;
          }),
          PASSPHRASE,
        ),
      ).rejects.toThrow(code("wallet.locked"));
  });

  it("goes into a wallet that holds something only where it is to be merged, and overwrites nothing there", async () => {
    const other = fresh(NOW + 9000);
    const key = await other.createKey("P-256");
    const own = await other.receive(jose(key.controller), HOW);
    await expect(other.restore(file, PASSPHRASE)).rejects.toThrow(code("wallet.not-empty"));
    expect(await other.list()).toEqual([own]);
    expect(await other.restore(file, PASSPHRASE, { merge: true })).toMatchObject({ credentials: 1, known: 0 });
    expect(await other.list()).toEqual([...(await wallet.list()), own]);
    // Once more: all is there already.
    const before = await contentsOf(other);
    expect(await other.restore(file, PASSPHRASE, { merge: true })).toEqual({
      keys: 0,
      credentials: 0,
      shown: 0,
      known: 3,
    });
    expect(await contentsOf(other)).toEqual(before);
  });

  it("merged, gives the union of both: nothing of either is lost or changed", async () => {
    const pool = Array.from({ length: 5 }, (_, i) => jose(undefined, { name: `number ${i}` }));
    const subset = fc.subarray([0, 1, 2, 3, 4]);
    const fill = async (indexes: readonly number[], now: number) => {
      const filled = fresh(now);
      await filled.createKey("Ed25519");
      for (const i of indexes) {
        const { id } = await filled.receive(pool[i] as string, HOW);
        if (i % 2 === 0) await filled.present(id, { ...VERIFIER, claims: "all" });
      }
      return filled;
    };
    await fc.assert(
      fc.asyncProperty(subset, subset, async (one, other) => {
        const [from, into] = [await fill(one, NOW), await fill(other, NOW + 5000)];
        const [theirs, before] = [await contentsOf(from), await contentsOf(into)];
        await into.restore(await from.backup(PASSPHRASE, CHEAP), PASSPHRASE, { merge: true });
        const after = await contentsOf(into);
        const ids = (entries: readonly { id: string }[]) => entries.map(({ id }) => id).sort();
        for (const kind of ["keys", "credentials", "shown"] as const) {
          expect(ids(after[kind])).toEqual([...new Set([...ids(theirs[kind]), ...ids(before[kind])])].sort());
          for (const entry of before[kind]) expect(after[kind]).toContainEqual(entry);
        }
      }),
      { numRuns: 5 },
    );
  });

  it("leaves a credential as the wallet has it, received when it was", async () => {
    const [held] = await wallet.list();
    const other = fresh(NOW + 9000);
    const late = await other.receive(held?.text as string, { ...HOW, foreign: true });
    await other.restore(file, PASSPHRASE, { merge: true });
    expect(await other.list()).toEqual([late]);
    await other.present(late.id, { ...VERIFIER, claims: [] });
  });

  it("is refused where its log says another thing under the same id", async () => {
    const store = createMemoryWalletStore();
    const [entry] = await wallet.shown();
    const value = new TextEncoder().encode(JSON.stringify({ forged: true }));
    await store.write([{ add: { kind: "shown", id: entry?.id as string, value, terms: [] } }]);
    const other = new Wallet({ store });
    await expect(other.restore(file, PASSPHRASE, { merge: true })).rejects.toThrow(code("wallet.conflict"));
    expect(await other.list()).toEqual([]);
  });

  it("is refused where an entry is not what its id says: a key of another, a credential of another", async () => {
    for (const kind of ["key", "credential"] as const) {
      const store = createMemoryWalletStore();
      const odd = new Wallet({ store });
      const foreign = createCredentialSigner("Ed25519");
      const value = kind === "key" ? await keyValue() : new TextEncoder().encode('{"received":1,"text":"hello"}');
      await store.write([{ add: { kind, id: kind === "key" ? foreign.id : "AAAA", value, terms: [] } }]);
      const bad = await odd.backup(PASSPHRASE, CHEAP);
      await expect(fresh().restore(bad, PASSPHRASE)).rejects.toThrow(code("wallet.damaged"));
    }
  });
});

/** What a store keeps of a key. */
async function keyValue(): Promise<Uint8Array> {
  const store = createMemoryWalletStore();
  await new Wallet({ store }).createKey("Ed25519");
  return (await store.list("key"))[0]?.value as Uint8Array;
}
