import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encodeUtf8 } from "#base";
import { sha256 } from "#crypto/backend";
import { DEFAULT_COST } from "../passphrase.ts";
import { createKeyFile, openKeyFile } from "./file.ts";
import { describeKeyStore } from "./key-store.suite.ts";

const folder = mkdtempSync(join(tmpdir(), "hansa-keys-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;
const newPath = () => join(folder, `${made++}.keys`);
// The least that is allowed: these tests hash passphrases dozens of times.
const cost = { passes: 2, memory: 19 * 2 ** 20 };
const code = (code: string) => expect.objectContaining({ code });
const secret = Uint8Array.from({ length: 32 }, (_, i) => 200 - i);
const data = encodeUtf8("what is signed");

async function filled(passphrase = "one two three") {
  const path = newPath();
  const keys = await createKeyFile(path, passphrase, { cost });
  keys.add("key", "Ed25519", secret);
  keys.generate("other", "P-256");
  keys.dataKey("storage");
  return { path, keys };
}

/** Writes a doctored file whose checksum fits. */
function doctor(path: string, change: (bytes: Uint8Array) => void): void {
  const body = new Uint8Array(readFileSync(path)).slice(0, -32);
  change(body);
  writeFileSync(path, Buffer.concat([body, sha256(body)]));
}

describeKeyStore("key file", (clock) => createKeyFile(newPath(), "one two three", { cost, clock }));

describe("key file on disk", () => {
  it("gives the same keys after it was closed and opened again", async () => {
    const { path, keys } = await filled();
    const before = { list: keys.list(), dataKey: keys.dataKey("storage"), signature: keys.signer("key").sign(data) };
    keys.close();
    const again = await openKeyFile(path, "one two three");
    expect(again.list()).toEqual(before.list);
    expect(again.dataKey("storage")).toEqual(before.dataKey);
    expect(again.signer("key").sign(data)).toEqual(before.signature);
    again.remove("other");
    again.rename("key", "renamed");
    again.close();
    const third = await openKeyFile(path, encodeUtf8("one two three"));
    expect(third.list().map(({ name }) => name)).toEqual(["renamed"]);
    third.close();
  });

  it("is readable by its owner only, holds no secret in the clear, and leaves no other file behind", async () => {
    const { path, keys } = await filled();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const bytes = readFileSync(path);
    for (const hidden of [secret, keys.dataKey("storage"), encodeUtf8("storage"), encodeUtf8("Ed25519")])
      expect(bytes.includes(Buffer.from(hidden))).toBe(false);
    keys.close();
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("uses a fresh nonce for every write", async () => {
    const { path, keys } = await filled();
    const nonce = () => readFileSync(path).subarray(34, 58).toString("hex");
    const first = nonce();
    keys.generate("third", "Ed25519");
    expect(nonce()).not.toBe(first);
    keys.close();
  });

  it("stays locked to a wrong passphrase, and opens to the same letters in another normal form", async () => {
    const { path, keys } = await filled("caf\u00e9 noir");
    keys.close();
    await expect(openKeyFile(path, "cafe noir")).rejects.toThrowError(code("crypto.keystore-locked"));
    (await openKeyFile(path, "cafe\u0301 noir")).close();
  });

  it("refuses passphrases that are empty or endless", async () => {
    for (const passphrase of ["", "x".repeat(1025), new Uint8Array(0)]) {
      const path = newPath();
      await expect(createKeyFile(path, passphrase, { cost })).rejects.toThrowError(code("crypto.passphrase"));
      await expect(openKeyFile(path, "x")).rejects.toThrowError(code("crypto.keystore-missing"));
    }
  });

  it("refuses a file that others may read", async () => {
    const { path, keys } = await filled();
    keys.close();
    for (const mode of [0o640, 0o604, 0o620, 0o777]) {
      chmodSync(path, mode);
      await expect(openKeyFile(path, "one two three")).rejects.toThrowError(code("crypto.keystore-permissions"));
    }
    chmodSync(path, 0o400);
    (await openKeyFile(path, "one two three")).close();
  });

  it("refuses a file with any byte changed, cut short or extended", async () => {
    const { path, keys } = await filled();
    keys.close();
    const whole = readFileSync(path);
    const damaged = expect.objectContaining({ code: "crypto.keystore-damaged" });
    for (let i = 0; i < whole.length; i++) {
      const changed = Buffer.from(whole);
      changed[i] = (changed[i] as number) ^ (1 << (i % 8));
      writeFileSync(path, changed);
      await expect(openKeyFile(path, "one two three")).rejects.toThrowError(damaged);
    }
    for (let length = 0; length < whole.length; length += 7) {
      writeFileSync(path, whole.subarray(0, length));
      await expect(openKeyFile(path, "one two three")).rejects.toThrowError(damaged);
    }
    writeFileSync(path, Buffer.concat([whole, Buffer.of(0)]));
    await expect(openKeyFile(path, "one two three")).rejects.toThrowError(damaged);
    writeFileSync(path, whole);
    (await openKeyFile(path, "one two three")).close();
  });

  it("refuses a doctored file whose checksum fits: cost out of bounds before hashing, anything else as locked", async () => {
    const { path, keys } = await filled();
    keys.close();
    const whole = readFileSync(path);
    const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset);
    const costly = [
      (bytes: Uint8Array) => view(bytes).setUint32(10, 1),
      (bytes: Uint8Array) => view(bytes).setUint32(10, 0xffffffff),
      (bytes: Uint8Array) => view(bytes).setUint32(14, 8),
      (bytes: Uint8Array) => view(bytes).setUint32(14, 0xffffffff),
      (bytes: Uint8Array) => view(bytes).setUint8(8, 2),
      (bytes: Uint8Array) => view(bytes).setUint8(9, 1),
    ];
    for (const change of costly) {
      writeFileSync(path, whole);
      doctor(path, change);
      await expect(openKeyFile(path, "one two three")).rejects.toThrowError(code("crypto.keystore-damaged"));
    }
    const forged = [
      (bytes: Uint8Array) => view(bytes).setUint32(10, 3),
      (bytes: Uint8Array) => view(bytes).setUint32(14, 20 * 1024),
      (bytes: Uint8Array) => view(bytes).setUint8(18, (bytes[18] as number) ^ 1),
      (bytes: Uint8Array) => view(bytes).setUint8(34, (bytes[34] as number) ^ 1),
      (bytes: Uint8Array) => view(bytes).setUint8(60, (bytes[60] as number) ^ 1),
      (bytes: Uint8Array) => view(bytes).setUint8(bytes.length - 1, (bytes[bytes.length - 1] as number) ^ 1),
    ];
    for (const change of forged) {
      writeFileSync(path, whole);
      doctor(path, change);
      await expect(openKeyFile(path, "one two three")).rejects.toThrowError(code("crypto.keystore-locked"));
    }
  });

  it("never overwrites: not a file that is there, not a change by somebody else", async () => {
    const { path, keys } = await filled();
    await expect(createKeyFile(path, "new", { cost })).rejects.toThrowError(code("crypto.keystore-exists"));
    const other = await openKeyFile(path, "one two three");
    other.generate("theirs", "Ed25519");
    expect(() => keys.generate("ours", "Ed25519")).toThrowError(code("crypto.keystore-conflict"));
    expect(keys.list().map(({ name }) => name)).toEqual(["key", "other"]);
    keys.close();
    rmSync(path);
    expect(() => other.generate("more", "Ed25519")).toThrowError(code("crypto.keystore-conflict"));
    other.close();
  });

  it("keeps its keys as they were when a change cannot be written", async () => {
    const inner = join(folder, `${made++}`);
    mkdirSync(inner);
    const path = join(inner, "member.keys");
    const keys = await createKeyFile(path, "one two three", { cost });
    keys.generate("key", "Ed25519");
    rmSync(inner, { recursive: true });
    expect(() => keys.generate("more", "Ed25519")).toThrowError(code("crypto.keystore-conflict"));
    expect(() => keys.remove("key")).toThrowError(code("crypto.keystore-conflict"));
    expect(keys.list().map(({ name }) => name)).toEqual(["key"]);
    expect(keys.signer("key").sign(data)).toHaveLength(64);
    keys.close();
  });

  it("changes its passphrase, given the old one", async () => {
    const { path, keys } = await filled();
    await expect(keys.changePassphrase("wrong", "four five six")).rejects.toThrowError(code("crypto.keystore-locked"));
    await expect(keys.changePassphrase("one two three", "")).rejects.toThrowError(code("crypto.passphrase"));
    const { publicKey } = keys.generate("third", "Ed25519");
    await keys.changePassphrase("one two three", "four five six");
    keys.generate("fourth", "Ed25519");
    keys.close();
    await expect(keys.changePassphrase("four five six", "x")).rejects.toThrowError(code("crypto.keystore-closed"));
    await expect(openKeyFile(path, "one two three")).rejects.toThrowError(code("crypto.keystore-locked"));
    const again = await openKeyFile(path, "four five six");
    expect(again.list().map(({ name }) => name)).toEqual(["fourth", "key", "other", "third"]);
    expect(again.signer("third").publicKey).toEqual(publicKey);
    again.close();
  });

  it("refuses costs below the floor and above the ceiling, and stores the one it was made with", async () => {
    const MiB = 2 ** 20;
    for (const bad of [
      { passes: 1, memory: 64 * MiB },
      { passes: 17, memory: 64 * MiB },
      { passes: 2.5, memory: 64 * MiB },
      { passes: 3, memory: 18 * MiB },
      { passes: 3, memory: 513 * MiB },
      { passes: 3, memory: 64 * MiB + 1 },
    ])
      await expect(createKeyFile(newPath(), "x", { cost: bad })).rejects.toThrowError(code("crypto.argon2"));
    const path = newPath();
    (await createKeyFile(path, "x")).close();
    const bytes = readFileSync(path);
    expect([bytes.readUInt32BE(10), bytes.readUInt32BE(14) * 1024]).toEqual([DEFAULT_COST.passes, DEFAULT_COST.memory]);
    (await openKeyFile(path, "x")).close();
  });

  it("names what is not a key file, or not there", async () => {
    await expect(openKeyFile(newPath(), "x")).rejects.toThrowError(code("crypto.keystore-missing"));
    await expect(openKeyFile(folder, "x")).rejects.toThrowError(code("crypto.keystore-damaged"));
    const path = newPath();
    writeFileSync(
      path,
      "some text that is long enough to hold a header and a checksum, but is no key file at all ......",
      {
        mode: 0o600,
      },
    );
    await expect(openKeyFile(path, "x")).rejects.toThrowError(code("crypto.keystore-damaged"));
    await expect(createKeyFile(join(folder, "none", "x.keys"), "x", { cost })).rejects.toThrowError(
      code("crypto.keystore-missing"),
    );
  });
});
