import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { HansaError, type Json } from "#base";
import { recordProof, trailProof } from "../fixtures.suite.ts";
import {
  type BlockHeader,
  type CometCertificate,
  checkTrustedValidators,
  decodeProof,
  encodeProof,
  followValidators,
  genesisValidators,
  type ProofFile,
  type RecordProof,
  type SignedHeader,
  type TrustedValidators,
  verifyCertified,
  verifyProof,
} from "../index.ts";
import {
  changeAt,
  commitOf,
  FIRST,
  headerAt,
  QUORUM_GENESIS,
  QUORUM_GROUP,
  setOf,
  type Voter,
  validatorsOf,
  voter,
  vouchedBy,
} from "./quorum.suite.ts";

const [a, b, c, d] = FIRST as [Voter, Voter, Voter, Voter];
const SECOND = setOf(b, c, d, voter(65, 12));
const CHANGES = [changeAt(31, FIRST, SECOND)];
/** The engine makes ten blocks for each of the ledger's: the set changes between blocks 3 and 5. */
const signBy = (header: BlockHeader) => vouchedBy(header, header.height * 10, header.height <= 3 ? FIRST : SECOND);
const house = { genesis: QUORUM_GENESIS, sign: signBy, validators: CHANGES };

const record = recordProof("member/b", house);
const trail = trailProof(house);
const files: readonly (readonly [string, ProofFile])[] = [
  ["a record that is there", record],
  ["a record that is not there", recordProof("member/aa", house)],
  ["a trail over a change of validators", trail],
];

function refusalOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof HansaError) return error.code;
    throw error;
  }
  return undefined;
}

const clone = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value;
const first = genesisValidators(QUORUM_GENESIS) as TrustedValidators;
const [, second] = followValidators(first, CHANGES) as [TrustedValidators, TrustedValidators];

function resigned(file: RecordProof, change: (certificate: Required<CometCertificate>) => Partial<CometCertificate>) {
  const certificate = file.signed.certificate as Required<CometCertificate>;
  return { ...file, signed: { ...file.signed, certificate: { ...certificate, ...change(certificate) } } };
}

function* objectsOf(value: Json, at = "$"): IterableIterator<readonly [string, Record<string, Json>]> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield [at, value as Record<string, Json>];
  for (const [name, member] of Object.entries(value)) yield* objectsOf(member as Json, `${at}.${name}`);
}

describe("a proof under a validator set", () => {
  it("says what it proves, and how much of which set vouched for it", () => {
    const { kind, height, records, vouched } = verifyProof(record, { trust: QUORUM_GROUP });
    expect({ kind, height, records }).toMatchObject({ kind: "record", height: 7, records: [{ key: "member/b" }] });
    expect(vouched).toEqual({
      engine: "cometbft",
      height: 71,
      time: record.signed.certificate.engine === "cometbft" && record.signed.certificate.header?.time,
      signed: 41,
      total: 41,
      changes: 1,
      validators: { ...second, height: 71 },
    });
    expect(verifyProof(trail, { trust: QUORUM_GROUP }).entries).toHaveLength(3);
  });

  it.each(files)("reads the text of %s back", (_, file) => {
    expect(verifyProof(decodeProof(encodeProof(file)))).toEqual(verifyProof(file));
  });

  it.each(files)(
    "refuses the text of %s with any byte changed",
    (_, file) => {
      const text = `${encodeProof(file)}\n`;
      const believed: string[] = [];
      for (let at = 0; at < text.length; at++) {
        const byte = text.charCodeAt(at);
        const digit = byte >= 0x30 && byte <= 0x39;
        // Another letter, or the nearest thing to another spelling of the same.
        const other = at % 2 === 0 ? byte ^ 1 : digit ? 0x65 : byte ^ 0x20;
        const changed = text.slice(0, at) + String.fromCharCode(other) + text.slice(at + 1);
        if (refusalOf(() => verifyProof(decodeProof(changed), { trust: QUORUM_GROUP })) === undefined)
          believed.push(`${at}: ${text.slice(at - 20, at)}[${text.charAt(at)} -> ${String.fromCharCode(other)}]`);
      }
      expect(believed).toEqual([]);
    },
    240_000,
  );

  it.each(files)("refuses %s with a member too many or taken away, wherever it stands", (_, file) => {
    const believed: string[] = [];
    for (const [place, object] of objectsOf(clone(file) as unknown as Json)) {
      for (const name of [...Object.keys(object), "extra"]) {
        const copy = clone(file) as unknown as Json;
        for (const [at, same] of [...objectsOf(copy)]) {
          if (at !== place) continue;
          if (name === "extra") same[name] = 1;
          else delete same[name];
        }
        if (refusalOf(() => verifyProof(copy)) === undefined) believed.push(`${place}.${name}`);
      }
    }
    expect(believed).toEqual([]);
  });

  it("refuses an engine's header of another app hash or height, or one that waits for votes", () => {
    const foreign = signBy({ ...record.signed.header, height: 6, time: record.signed.header.time - 1 });
    const wrong = [
      resigned(record, () => foreign.certificate),
      resigned(record, () => ({ block: 71 })),
      resigned(record, () => ({ block: 69 })),
      resigned(record, ({ header }) => ({ commit: commitOf(header, SECOND, SECOND.slice(0, 2)) })),
      { ...record, signed: { ...record.signed, header: { ...record.signed.header, absent: ["0".repeat(40)] } } },
    ];
    for (const file of wrong) expect(refusalOf(() => verifyProof(file))).toBe("proof.invalid");
    const waiting = { header: record.signed.header, certificate: { engine: "cometbft", block: 70 } } as const;
    expect(refusalOf(() => verifyProof({ ...record, signed: waiting }))).toBe("proof.malformed");
    expect(refusalOf(() => verifyCertified(QUORUM_GENESIS, waiting, CHANGES))).toBe("proof.invalid");
  });

  it("refuses headers of the set before the change, and of the set after it for a block before it", () => {
    const header = record.signed.header;
    const old = vouchedBy(header, 70, FIRST);
    expect(refusalOf(() => verifyProof({ ...record, signed: old }))).toBe("proof.invalid");
    const early = vouchedBy(header, 20, SECOND);
    expect(refusalOf(() => verifyProof({ ...record, signed: early }))).toBe("proof.invalid");
    // With no change shown, the first set is in force for ever.
    expect(refusalOf(() => verifyProof({ ...record, validators: [] }))).toBe("proof.invalid");
    expect(verifyProof({ ...record, signed: old, validators: [] }).vouched).toMatchObject({ changes: 0, total: 39 });
  });

  it("refuses a change of validators that those to come forged", () => {
    const forged = setOf(voter(21), voter(22));
    const change = changeAt(31, FIRST, forged, [a, b]);
    const signed = vouchedBy(record.signed.header, 70, forged);
    expect(refusalOf(() => verifyProof({ ...record, validators: [change], signed }))).toBe("proof.invalid");
  });

  it("refuses one engine's certificate in the other's group, and a list of changes where there can be none", () => {
    const solo = recordProof("member/b");
    expect(refusalOf(() => verifyProof({ ...record, signed: solo.signed }))).toBe("proof.invalid");
    expect(refusalOf(() => verifyProof({ ...solo, signed: record.signed }))).toBe("proof.invalid");
    expect(refusalOf(() => verifyProof({ ...solo, validators: [] }))).toBe("proof.invalid");
    const { validators: _, ...without } = record;
    expect(refusalOf(() => verifyProof(without))).toBe("proof.invalid");
  });

  it("takes headers that say who was absent and who misbehaved, in closed shape", () => {
    const header: BlockHeader = {
      ...record.signed.header,
      absent: ["0".repeat(40)],
      misbehaviour: [{ kind: "duplicate-vote", validator: "1".repeat(40), block: 12 }],
    };
    expect(verifyProof({ ...record, signed: signBy(header) }).height).toBe(7);
    const more = { ...header, misbehaviour: [{ ...header.misbehaviour?.[0], note: "" }] } as unknown as BlockHeader;
    expect(refusalOf(() => verifyProof({ ...record, signed: signBy(more) }))).toBe("proof.malformed");
    expect(refusalOf(() => verifyProof({ ...record, signed: signBy({ ...header, absent: [] }) }))).toBe(
      "proof.malformed",
    );
  });
});

describe("beginning from validators of a later height", () => {
  const trusted = { ...second, height: 60 };
  const short = { ...record, validators: [] };

  it("takes a file without the way to them, and one with it where it leads to them", () => {
    expect(refusalOf(() => verifyProof(short))).toBe("proof.invalid");
    expect(verifyProof(short, { trusted }).vouched).toMatchObject({ changes: 0, signed: 41 });
    expect(verifyProof(record, { trusted }).vouched).toMatchObject({ changes: 1, signed: 41 });
    expect(verifyProof(trail, { trusted }).entries).toHaveLength(3);
  });

  it("goes on from what a proof gave", () => {
    const third = setOf(b, c, voter(66, 30));
    const { vouched } = verifyProof(record);
    const from = vouched.engine === "cometbft" ? vouched.validators : undefined;
    const changed = changeAt(80, SECOND, third);
    const later = vouchedBy({ ...record.signed.header, height: 9 }, 90, third);
    expect(verifyProof({ ...record, validators: [changed], signed: later }, { trusted: from }).vouched).toMatchObject({
      changes: 1,
      validators: { height: 91, validators: validatorsOf(third) },
    });
    expect(verifyProof({ ...record, validators: [...CHANGES, changed], signed: later }, { trusted: from }).height).toBe(
      9,
    );
  });

  it("refuses a history that keys of former validators made, though it follows from the genesis", () => {
    const thieves = setOf(voter(31), voter(32), voter(33));
    const forged = {
      ...record,
      validators: [changeAt(40, FIRST, thieves)],
      signed: vouchedBy(record.signed.header, 70, thieves),
    };
    // From the genesis alone nobody could tell.
    expect(refusalOf(() => verifyProof(forged, { trust: QUORUM_GROUP }))).toBeUndefined();
    expect(refusalOf(() => verifyProof(forged, { trusted }))).toBe("proof.invalid");
    const old = { ...record, validators: [], signed: vouchedBy(record.signed.header, 50, FIRST) };
    expect(refusalOf(() => verifyProof(old, { trusted }))).toBe("proof.invalid");
  });

  it("refuses trusted validators of another group, of a group that has none, or of a wrong form", () => {
    const elsewhere = { ...trusted, group: "hanse:main:other" };
    expect(refusalOf(() => verifyProof(record, { trusted: elsewhere }))).toBe("proof.untrusted");
    expect(refusalOf(() => verifyCertified(QUORUM_GENESIS, record.signed, [], elsewhere))).toBe("proof.invalid");
    const solo = recordProof("member/b");
    expect(refusalOf(() => verifyCertified(solo.genesis, solo.signed, [], trusted))).toBe("proof.invalid");
    expect(checkTrustedValidators(clone(trusted))).toEqual(trusted);
    for (const wrong of [null, {}, { ...trusted, height: 0 }, { ...trusted, more: 1 }])
      expect(refusalOf(() => checkTrustedValidators(wrong))).toBe("proof.malformed");
  });
});

describe("verifyCertified", () => {
  it("checks the first header of a group, whose engine block is the first", () => {
    const header = { ...record.signed.header, height: 0 };
    const own = headerAt(1, FIRST);
    const signed: SignedHeader = vouchedBy(header, 0, FIRST);
    expect(verifyCertified(QUORUM_GENESIS, signed)).toMatchObject({ engine: "cometbft", height: 1, changes: 0 });
    const certificate = { engine: "cometbft" as const, block: 0, header: own, commit: commitOf(own, FIRST) };
    expect(refusalOf(() => verifyCertified(QUORUM_GENESIS, { header, certificate }))).toBe("proof.invalid");
  });
});

describe("vectors", () => {
  it.each([
    ["record-proof", record],
    ["trail-proof", trail],
  ] as const)("%s.json is what fixed keys give, and verifies", (name, file) => {
    const path = new URL(`../../../vectors/cometbft/${name}.json`, import.meta.url);
    if (process.env["UPDATE_VECTORS"] === "1") writeFileSync(path, `${encodeProof(file)}\n`);
    const text = readFileSync(path);
    expect(verifyProof(decodeProof(text), { trust: QUORUM_GROUP })).toEqual(verifyProof(file));
    expect(decodeProof(text)).toEqual(JSON.parse(encodeProof(file)));
  });
});
