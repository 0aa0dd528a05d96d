import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, decodeBase64Url, encodeBase64Url, HansaError } from "#base";
import {
  type CometCommit,
  type CometHeader,
  followValidators,
  genesisValidators,
  hashValidators,
  keepSoundVotes,
  orderValidators,
  type TrustedValidators,
  verifyCommit,
  voteSignBytes,
} from "../index.ts";
import {
  CHAIN,
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
} from "./quorum.suite.ts";

fc.configureGlobal({ seed: 38, numRuns: 40 });

function refusalOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof HansaError) return error.code;
    throw error;
  }
  return undefined;
}

const verify = (set: readonly Voter[], header: CometHeader, commit: CometCommit, chain = CHAIN) =>
  refusalOf(() => verifyCommit(validatorsOf(set), chain, header, commit));
const [a, b, c, d] = FIRST as [Voter, Voter, Voter, Voter];
const first = genesisValidators(QUORUM_GENESIS) as TrustedValidators;

describe("verifyCommit", () => {
  it("takes the votes of more than two thirds of the power, and says how much signed", () => {
    const header = headerAt(7, FIRST);
    expect(verifyCommit(validatorsOf(FIRST), CHAIN, header, commitOf(header, FIRST))).toEqual({
      signed: 39,
      total: 39,
    });
    expect(verifyCommit(validatorsOf(FIRST), CHAIN, header, commitOf(header, FIRST, [a, b, c]))).toEqual({
      signed: 30,
      total: 39,
    });
  });

  it("refuses exactly two thirds, and a third and one", () => {
    const three = setOf(voter(1), voter(2), voter(3));
    const header = headerAt(7, three);
    expect(verify(three, header, commitOf(header, three, three.slice(0, 2)))).toBe("proof.invalid");
    const over = setOf(voter(1, 11), voter(2, 10), voter(3, 10));
    const other = headerAt(7, over);
    expect(verify(over, other, commitOf(other, over, over.slice(0, 2)))).toBeUndefined();
    expect(verify(over, other, commitOf(other, over, over.slice(1)))).toBe("proof.invalid");
    expect(verify(over, other, commitOf(other, over, []))).toBe("proof.invalid");
  });

  it("counts power as it stands, whoever votes", () => {
    const powers = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(powers, fc.infiniteStream(fc.boolean()), (some, votes) => {
        const set = setOf(...some.map((power, i) => voter(i + 1, power)));
        const voting = set.filter(() => votes.next().value);
        const sum = (voters: readonly Voter[]) => voters.reduce((all, { power }) => all + BigInt(power), 0n);
        const header = headerAt(3, set);
        const enough = 3n * sum(voting) > 2n * sum(set);
        expect(verify(set, header, commitOf(header, set, voting)) === undefined).toBe(enough);
      }),
    );
  });

  it("refuses votes of another round, height, chain or block", () => {
    const header = headerAt(7, FIRST);
    for (const input of [
      { round: 2 },
      { round: 0 },
      { height: 8 },
      { chainId: "hansa-other" },
      { blockHash: headerAt(7, FIRST).dataHash },
    ])
      expect(verify(FIRST, header, commitOf(header, FIRST, FIRST, input))).toBe("proof.invalid");
  });

  it("refuses one vote that does not hold, even where the others are enough", () => {
    const header = headerAt(7, FIRST);
    const commit = commitOf(header, FIRST);
    const wrong = commitOf(header, FIRST, FIRST, { round: 2 });
    FIRST.forEach((_, i) => {
      const signatures = commit.signatures.with(i, wrong.signatures[i] as null);
      expect(verify(FIRST, header, { ...commit, signatures })).toBe("proof.invalid");
    });
  });

  it("counts nobody twice: a vote at another's place, a key that stands twice, votes too many or too few", () => {
    const header = headerAt(7, FIRST);
    const { signatures, ...frame } = commitOf(header, FIRST, [a, b]);
    const [mine] = signatures;
    const doubled = [
      [mine, mine, mine, mine],
      [mine, signatures[1], mine, null],
      [...signatures, mine],
      signatures.slice(0, 3),
      [signatures[1], signatures[0], null, null],
    ] as CometCommit["signatures"][];
    for (const votes of doubled) expect(verify(FIRST, header, { ...frame, signatures: votes })).toBe("proof.invalid");
    const twice = { validatorsHash: header.validatorsHash };
    const same = [a, a, a, b];
    expect(verify(same, { ...header, ...twice }, { ...frame, signatures: [mine, mine, mine, null] as never })).toBe(
      "proof.malformed",
    );
  });

  it("refuses the votes of another set, also where the header names that one", () => {
    const foreign = setOf(voter(11), voter(12), voter(13), voter(14));
    const header = headerAt(7, foreign);
    expect(verify(FIRST, header, commitOf(header, foreign))).toBe("proof.invalid");
    const posing = headerAt(7, FIRST);
    expect(verify(FIRST, posing, commitOf(posing, foreign))).toBe("proof.invalid");
    expect(verify([...FIRST].reverse(), posing, commitOf(posing, FIRST))).toBe("proof.invalid");
  });

  it("refuses a header of another chain, signed by the same validators", () => {
    const header = headerAt(7, FIRST, { chainId: "hansa-other" });
    expect(verify(FIRST, header, commitOf(header, FIRST))).toBe("proof.invalid");
    expect(verify(FIRST, header, commitOf(header, FIRST), "hansa-other")).toBeUndefined();
  });

  it.each([
    "2026-01-01T00:00:07.0Z",
    "2026-01-01T00:00:07.10Z",
    "2026-01-01T00:00:07.1234567891Z",
    "2026-01-01T00:00:07+00:00",
    "2026-01-01t00:00:07Z",
    "2026-02-30T00:00:07Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:00:60Z",
    "+12026-01-01T00:00:07Z",
    "2026-01-01",
    "",
  ])("refuses %s as a header's time", (time) => {
    const header = headerAt(7, FIRST);
    expect(verify(FIRST, { ...header, time }, commitOf(header, FIRST))).toBe("proof.malformed");
  });

  it.each(["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.5Z"])(
    "can hash and check the time %s, which a vote may bear",
    (time) => {
      const header = headerAt(7, FIRST, { time });
      expect(verify(FIRST, header, commitOf(header, FIRST))).toBeUndefined();
      expect(verify(FIRST, { ...header, time: "2026-01-01T00:00:00Z" }, commitOf(header, FIRST))).toBe("proof.invalid");
    },
  );
});

describe("keepSoundVotes", () => {
  it("leaves out votes that this verifier refuses, and no others", () => {
    const header = headerAt(7, FIRST);
    const commit = commitOf(header, FIRST);
    const wrong = commitOf(header, FIRST, FIRST, { height: 6 });
    const mixed = { ...commit, signatures: commit.signatures.with(2, wrong.signatures[2] as null) };
    const kept = keepSoundVotes(validatorsOf(FIRST), CHAIN, header, mixed);
    expect(kept.signatures.map((vote) => vote === null)).toEqual([false, false, true, false]);
    expect(verify(FIRST, header, kept)).toBeUndefined();
  });

  it("leaves out what ZIP 215 takes and libsodium refuses, with which one validator could spoil certificates", () => {
    const header = headerAt(7, FIRST);
    const commit = commitOf(header, FIRST);
    const vote = commit.signatures[0] as NonNullable<CometCommit["signatures"][number]>;
    const input = voteSignBytes(CHAIN, commit, vote.time);
    const signature = encodeBase64Url(signWithTorsion(a, input));
    expect(ed25519.verify(decodeBase64Url(signature) as Uint8Array, input, a.signer.publicKey, { zip215: true })).toBe(
      true,
    );
    const spoiled = { ...commit, signatures: commit.signatures.with(0, { ...vote, signature }) };
    expect(verify(FIRST, header, spoiled)).toBe("proof.invalid");
    expect(verify(FIRST, header, keepSoundVotes(validatorsOf(FIRST), CHAIN, header, spoiled))).toBeUndefined();
  });

  it("refuses votes for another header", () => {
    const header = headerAt(7, FIRST);
    const other = headerAt(7, FIRST, { dataHash: header.appHash });
    expect(refusalOf(() => keepSoundVotes(validatorsOf(FIRST), CHAIN, other, commitOf(header, FIRST)))).toBe(
      "proof.invalid",
    );
  });
});

/** A signature whose R has a point of order 8 added: it holds only where the equation is multiplied by the cofactor. */
function signWithTorsion({ signer }: Voter, input: Uint8Array): Uint8Array {
  const { BASE, Fn } = ed25519.Point;
  const seed = new Uint8Array(32).fill(seedOf(signer.publicKey));
  const hash = sha512(seed).slice(0, 32);
  hash[0] = (hash[0] as number) & 248;
  hash[31] = ((hash[31] as number) & 127) | 64;
  const little = (bytes: Uint8Array) => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  const eighth = ed25519.Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
  const r = BASE.multiply(12345n).add(eighth).toBytes();
  const k = little(sha512(concatBytes(r, signer.publicKey, input)));
  let s = Fn.create(12345n + k * little(hash));
  const bytes = Uint8Array.from({ length: 32 }, () => {
    const byte = Number(s & 0xffn);
    s >>= 8n;
    return byte;
  });
  return concatBytes(r, bytes);
}

function seedOf(publicKey: Uint8Array): number {
  const found = [61, 62, 63, 64].find(
    (seed) => encodeBase64Url(voter(seed).signer.publicKey) === encodeBase64Url(publicKey),
  );
  if (found === undefined) throw new Error("not one of the first validators");
  return found;
}

describe("followValidators", () => {
  const second = setOf(a, b, c, voter(65, 20));
  const third = setOf(b, c, voter(65, 20));

  it("puts a new set in force from the height after the header that names it", () => {
    const sets = followValidators(first, [changeAt(5, FIRST, second), changeAt(6, second, third)]);
    expect(sets.map(({ height, validators }) => [height, validators])).toEqual([
      [1, validatorsOf(FIRST)],
      [6, validatorsOf(second)],
      [7, validatorsOf(third)],
    ]);
  });

  it("refuses a change that the new set alone signed", () => {
    const forged = setOf(voter(21), voter(22), voter(23));
    const honest = changeAt(5, FIRST, forged);
    expect(refusalOf(() => followValidators(first, [{ ...honest, commit: commitOf(honest.header, forged) }]))).toBe(
      "proof.invalid",
    );
    // Nor does it help to name the new set as the one in force.
    expect(refusalOf(() => followValidators(first, [changeAt(5, forged, forged)]))).toBe("proof.invalid");
  });

  it("refuses a change that too few of the old set signed", () => {
    expect(refusalOf(() => followValidators(first, [changeAt(5, FIRST, second, [a, b])]))).toBe("proof.invalid");
    expect(refusalOf(() => followValidators(first, [changeAt(5, FIRST, second, [a, b, d])]))).toBeUndefined();
  });

  it("refuses a skipped change, heights that do not ascend, and another set than the header names", () => {
    const one = changeAt(5, FIRST, second);
    const two = changeAt(9, second, third);
    const wrong = [
      [two],
      [one, changeAt(5, second, third)],
      [one, changeAt(4, second, third)],
      [{ ...one, validators: validatorsOf(third) }],
      [{ ...one, validators: [...one.validators].reverse() }],
      [{ ...one, validators: validatorsOf(FIRST) }],
    ];
    for (const path of wrong) expect(refusalOf(() => followValidators(first, path))).toBe("proof.invalid");
    expect(refusalOf(() => followValidators(first, [{ ...one, validators: [] }]))).toBe("proof.malformed");
    expect(refusalOf(() => followValidators(first, [one, two]))).toBeUndefined();
  });

  it("binds the way to the group: the same keys in another group prove nothing", () => {
    expect(first.group).toBe(QUORUM_GROUP);
    const other = { ...first, group: `${QUORUM_GROUP.slice(0, -1)}x` };
    expect(refusalOf(() => followValidators(other, [changeAt(5, FIRST, second)]))).toBe("proof.invalid");
  });
});

describe("orderValidators", () => {
  it("orders by power, then address, whatever order they come in", () => {
    const some = [voter(1, 5), voter(2, 5), voter(3, 9), voter(4, 1)].map(({ key, power }) => ({ key, power }));
    const ordered = orderValidators(some);
    expect(ordered.map(({ power }) => power)).toEqual([9, 5, 5, 1]);
    fc.assert(
      fc.property(fc.shuffledSubarray(some, { minLength: 4 }), (shuffled) => {
        expect(orderValidators(shuffled)).toEqual(ordered);
      }),
    );
  });

  it("refuses keys of other kinds and powers out of range", () => {
    const { key } = voter(1);
    for (const wrong of [
      [],
      [{ key: "zQ3x", power: 1 }],
      [{ key, power: 0 }],
      [{ key, power: 0.5 }],
      [{ key, power: 2 ** 40 }],
    ])
      expect(refusalOf(() => hashValidators(wrong))).toBe("proof.malformed");
  });
});
