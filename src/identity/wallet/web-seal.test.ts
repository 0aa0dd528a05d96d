import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "#base";
import { randomBytes } from "#crypto";
import { hideName, importNameKey, importSealKey, openBytes, SEAL_LENGTH, sealBytes } from "./web-seal.ts";

const text = encodeUtf8("what nobody is to read");
const place = encodeUtf8("place");

describe("sealed bytes", () => {
  it("open with their key, for what they were sealed for, and never look the same twice", async () => {
    const key = await importSealKey(randomBytes(32));
    const sealed = await sealBytes(key, text, place);
    expect(sealed).toHaveLength(text.length + SEAL_LENGTH);
    expect(await openBytes(key, sealed, place)).toEqual(text);
    expect(await sealBytes(key, text, place)).not.toEqual(sealed);
    expect(await openBytes(key, sealed, encodeUtf8("other"))).toBeUndefined();
    expect(await openBytes(await importSealKey(randomBytes(32)), sealed, place)).toBeUndefined();
  });

  it("do not open with any byte changed or cut off", async () => {
    const key = await importSealKey(randomBytes(32));
    const sealed = await sealBytes(key, text, place);
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice();
      changed[at] = (changed[at] as number) ^ 0x80;
      expect(await openBytes(key, changed, place)).toBeUndefined();
      expect(await openBytes(key, sealed.slice(0, at), place)).toBeUndefined();
    }
  });

  it("come with a key that cannot be read from WebCrypto", async () => {
    await expect(crypto.subtle.exportKey("raw", await importSealKey(randomBytes(32)))).rejects.toThrow();
  });
});

describe("hidden names", () => {
  it("are the same under one key, and others under another", async () => {
    const [one, other] = [await importNameKey(randomBytes(32)), await importNameKey(randomBytes(32))];
    expect(await hideName(one, "type:A")).toEqual(await hideName(one, "type:A"));
    expect(await hideName(one, "type:A")).not.toEqual(await hideName(one, "type:B"));
    expect(await hideName(one, "type:A")).not.toEqual(await hideName(other, "type:A"));
  });
});
