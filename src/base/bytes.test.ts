import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compareBytes,
  compareText,
  concatBytes,
  decodeBase58,
  decodeBase64Url,
  decodeHex,
  decodeUtf8,
  encodeBase58,
  encodeBase64Url,
  encodeHex,
  encodeUtf8,
  equalBytes,
  Utf8Slabs,
} from "./bytes.ts";

fc.configureGlobal({ seed: 4648 });

const anyBytes = fc.uint8Array({ maxLength: 80 });

describe("base64url", () => {
  it("gives back what it was given, and what Node's Buffer gives", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const text = encodeBase64Url(bytes);
        expect(text).toBe(Buffer.from(bytes).toString("base64url"));
        expect(decodeBase64Url(text)).toEqual(bytes);
      }),
    );
  });

  it("refuses any text that it would not have written", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12, unit: "binary" }), (text) => {
        const bytes = decodeBase64Url(text);
        if (bytes !== undefined) expect(encodeBase64Url(bytes)).toBe(text);
      }),
    );
  });

  it.each(["A", "AAAAA", "AB", "AAB", "AA==", "AAA=", "A+AA", "A/AA", "AA A", "AA\n", "AAAé", "AAA\u0100"])(
    "refuses %j",
    (text) => {
      expect(decodeBase64Url(text)).toBeUndefined();
    },
  );
});

describe("hexadecimal", () => {
  it("gives back what it was given", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(decodeHex(encodeHex(bytes))).toEqual(bytes);
      }),
    );
  });

  it.each(["0", "0G", "AB", "0x00", " 00"])("refuses %j", (text) => {
    expect(decodeHex(text)).toBeUndefined();
  });
});

describe("base58", () => {
  it("gives back what it was given, leading zeros included", () => {
    fc.assert(
      fc.property(fc.nat(4), fc.uint8Array({ maxLength: 100 }), (zeros, tail) => {
        const bytes = concatBytes(new Uint8Array(zeros), tail);
        expect(decodeBase58(encodeBase58(bytes))).toEqual(bytes);
      }),
    );
  });

  it("is the number of the bytes in base 58, digit by digit", () => {
    const digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (bytes) => {
        let number = BigInt(`0x${encodeHex(bytes)}`);
        let text = "";
        for (; number > 0n; number /= 58n) text = digits.charAt(Number(number % 58n)) + text;
        const zeros = bytes.findIndex((byte) => byte !== 0);
        expect(encodeBase58(bytes)).toBe("1".repeat(zeros < 0 ? bytes.length : zeros) + text);
      }),
    );
  });

  // Test vectors of draft-msporny-base58-03, section 5.
  it.each([
    ["Hello World!", "2NEpo7TZRRrLZSi2U"],
    ["The quick brown fox jumps over the lazy dog.", "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z"],
  ])("encodes %j as the draft does", (text, encoded) => {
    expect(encodeBase58(encodeUtf8(text))).toBe(encoded);
    expect(decodeUtf8(decodeBase58(encoded) as Uint8Array)).toBe(text);
  });

  it.each(["0", "O", "I", "l", "2NEpo7TZRRrLZSi2U ", "é", "1".repeat(161)])("refuses %j", (text) => {
    expect(decodeBase58(text)).toBeUndefined();
  });
});

describe("UTF-8", () => {
  it("is the same in slabs, where no text changes another's bytes", () => {
    const text = fc.string({ unit: "binary", maxLength: 60 });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, fc.nat(3000)), { maxLength: 40 }), (parts) => {
        const texts = parts.map(([part, times]) => part.repeat(times % 50 === 0 ? times : 1));
        const slabs = new Utf8Slabs();
        const encoded = texts.map((one) => slabs.encode(one));
        expect(encoded).toEqual(texts.map((one) => encodeUtf8(one)));
      }),
    );
  });

  it("keeps a byte-order mark as a character", () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41))).toBe("\ufeffA");
  });

  it.each([[[0xff]], [[0xc0, 0x80]], [[0xe2, 0x82]], [[0xed, 0xa0, 0x80]], [[0xf4, 0x90, 0x80, 0x80]]])(
    "refuses the bytes %j",
    (bytes) => {
      expect(decodeUtf8(Uint8Array.from(bytes))).toBeUndefined();
    },
  );
});

describe("orders", () => {
  it("compares bytes as unsigned, and a beginning before what it begins", () => {
    fc.assert(
      fc.property(anyBytes, anyBytes, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Math.sign(Buffer.compare(a, b)));
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
      }),
    );
  });

  it("compares texts by code units, not by locale", () => {
    expect(["é", "z", "a", "Z"].sort(compareText)).toEqual(["Z", "a", "z", "é"]);
    expect(compareText("a", "a")).toBe(0);
  });
});
