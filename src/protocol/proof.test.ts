import { describe, expect, it } from "vitest";
import { encodeUtf8, HansaError, type Json } from "#base";
import { alice, carol, engine, genesis, group, recordProof, signHeader, trailProof } from "./fixtures.suite.ts";
import { decodeProof, encodeProof, PROTOCOL_ERRORS, type ProofFile, verifyProof } from "./index.ts";

const files: readonly (readonly [string, ProofFile])[] = [
  ["a record that is there", recordProof("member/b")],
  ["a record that is not there", recordProof("member/aa")],
  ["a trail", trailProof()],
];

function refusalOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof HansaError && Object.hasOwn(PROTOCOL_ERRORS, error.code)) return error.code;
    throw error;
  }
  return undefined;
}

const clone = (file: ProofFile) => JSON.parse(JSON.stringify(file)) as never;

/** All objects of a JSON value, with where they stand. */
function* objectsOf(value: Json, at = "$"): IterableIterator<readonly [string, Record<string, Json>]> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield [at, value as Record<string, Json>];
  for (const [name, member] of Object.entries(value)) yield* objectsOf(member as Json, `${at}.${name}`);
}

describe("verifyProof", () => {
  it("says what a record's proof proves", () => {
    const { kind, height, records } = verifyProof(recordProof("member/b"), { trust: group });
    expect({ kind, height, records }).toEqual({
      kind: "record",
      height: 7,
      records: [{ key: "member/b", value: { name: "B", roles: [], since: 200 } }],
    });
    expect(verifyProof(recordProof("member/aa")).records).toEqual([{ key: "member/aa", value: null }]);
  });

  it("says what a trail proves", () => {
    const proved = verifyProof(trailProof(), { trust: group });
    expect(proved.entries.map(({ height, index }) => [height, index])).toEqual([
      [3, 0],
      [3, 2],
      [5, 0],
    ]);
    expect(proved.records).toHaveLength(2);
    expect(proved.commands).toHaveLength(1);
  });

  it.each(files)("reads the text of %s back", (_, file) => {
    expect(verifyProof(decodeProof(encodeProof(file)))).toEqual(verifyProof(file));
    expect(decodeProof(encodeUtf8(`${encodeProof(file)}\n`))).toEqual(decodeProof(encodeProof(file)));
  });

  // Every byte of the file, and for each the substitutions that could come nearest to another spelling of the same.
  it.each(files)(
    "refuses the text of %s with any byte changed",
    (_, file) => {
      const text = `${encodeProof(file)}\n`;
      const believed: string[] = [];
      for (let at = 0; at < text.length; at++) {
        const byte = text.charCodeAt(at);
        const letter = (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
        const others = new Set([byte ^ 1, letter ? byte ^ 0x20 : 0x20, byte >= 0x30 && byte <= 0x39 ? 0x65 : byte ^ 2]);
        others.delete(byte);
        for (const other of others) {
          const changed = text.slice(0, at) + String.fromCharCode(other) + text.slice(at + 1);
          if (refusalOf(() => verifyProof(decodeProof(changed), { trust: group })) === undefined)
            believed.push(`${at}: ${text.slice(at - 20, at)}[${text.charAt(at)} -> ${String.fromCharCode(other)}]`);
        }
      }
      expect(believed).toEqual([]);
    },
    240_000,
  );

  it.each(files)("refuses the text of %s with a byte left out, doubled or added", (_, file) => {
    const text = encodeProof(file);
    for (let at = 0; at < text.length; at += 7) {
      expect(refusalOf(() => verifyProof(decodeProof(text.slice(0, at) + text.slice(at + 1))))).toBeDefined();
      expect(refusalOf(() => verifyProof(decodeProof(`${text.slice(0, at)} ${text.slice(at)}`)))).toBeDefined();
    }
    expect(refusalOf(() => decodeProof(`${text} `))).toBe("proof.malformed");
    expect(refusalOf(() => decodeProof(`${text}\n\n`))).toBe("proof.malformed");
  });

  it.each(files)("refuses %s with a member too many, wherever it stands, also as parsed values", (_, file) => {
    const places = [...objectsOf(clone(file))].map(([at]) => at);
    for (const place of places) {
      const copy = clone(file) as unknown as Json;
      for (const [at, object] of [...objectsOf(copy)]) if (at === place) object["extra"] = 1;
      expect([place, refusalOf(() => verifyProof(copy))]).not.toEqual([place, undefined]);
    }
  });

  it.each(files)("refuses %s with any member taken away, also as parsed values", (_, file) => {
    for (const [place, object] of objectsOf(clone(file)))
      for (const name of Object.keys(object)) {
        const copy = clone(file) as unknown as Json;
        for (const [at, same] of objectsOf(copy)) if (at === place) delete same[name];
        expect([place, name, refusalOf(() => verifyProof(copy))]).not.toEqual([place, name, undefined]);
      }
  });

  it("refuses another group than the trusted one, even where the proof holds", () => {
    expect(refusalOf(() => verifyProof(recordProof("member/b"), { trust: "hanse:main:other" }))).toBe(
      "proof.untrusted",
    );
  });

  it("refuses headers that another key than the genesis's signed", () => {
    const file = recordProof("member/b");
    const { header } = file.signed;
    const forged = { ...genesis, engine: { kind: "solo" as const, key: alice.multikey } };
    expect(refusalOf(() => verifyProof({ ...file, genesis: forged }))).toBe("proof.invalid");
    const certificate = { ...signHeader(header).certificate, key: alice.multikey };
    expect(refusalOf(() => verifyProof({ ...file, signed: { header, certificate } }))).toBe("proof.invalid");
    expect(engine.multikey).not.toBe(alice.multikey);
  });

  it("refuses the proof of one record for another, and absence for presence", () => {
    const there = recordProof("member/b");
    const absent = recordProof("member/aa");
    const wrong = [
      { ...there, key: "member/a" },
      { ...there, value: null },
      { ...there, value: { name: "B" } },
      { ...absent, key: "member/b" },
      { ...absent, value: {} },
      { ...there, membership: absent.membership },
    ];
    for (const file of wrong) expect(refusalOf(() => verifyProof(file))).toBe("proof.invalid");
  });

  it("refuses a trail out of order, of something else, with a foreign command, or about nothing", () => {
    const trail = trailProof();
    const [first, second, third] = trail.entries as [never, never, never];
    const [command] = trail.commands as unknown as [(typeof trail.commands)[0]];
    const wrong: Partial<typeof trail>[] = [
      { entries: [second, first, third] },
      { entries: [first, first, second, third] },
      { about: alice.did.slice(0, -1) + "x" },
      { headers: [...trail.headers].reverse() },
      { headers: trail.headers.slice(0, 1) },
      { height: 3 },
      { entries: [], commands: [], records: [] },
      { entries: [], commands: [], about: alice.did },
      { commands: [{ ...command, entry: 0 }] },
      { commands: [{ ...command, entry: 17 }] },
      { commands: [{ ...command, command: `${command.command.slice(0, -1)}A` }] },
      { commands: [{ ...command, path: { ...command.path, size: 4 } }] },
    ];
    for (const change of wrong) expect(refusalOf(() => verifyProof({ ...trail, ...change }))).toBe("proof.invalid");
    expect(verifyProof({ ...trail, entries: [], commands: [] }).records).toHaveLength(2);
    expect(trail.about).toBe(carol.did);
  });

  it.each([
    undefined,
    null,
    1,
    "x",
    [],
    {},
    { hansa: "record-proof/2" },
    { hansa: "record-proof/1" },
    { hansa: "__proto__" },
  ])("refuses %j as no proof", (file) => {
    expect(refusalOf(() => verifyProof(file))).toBe("proof.malformed");
  });

  it.each([
    "",
    "{",
    "[]",
    '{"hansa":"record-proof/1","hansa":"record-proof/1"}',
    "[".repeat(100_000),
    '{"a":1.0}',
    "\ufeff{}",
  ])("refuses the text %.30s", (text) => {
    expect(refusalOf(() => verifyProof(decodeProof(text)))).toBe("proof.malformed");
  });
});
