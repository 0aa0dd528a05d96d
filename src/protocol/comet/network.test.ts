import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeHex, encodeBase64Url, HansaError, type Json } from "#base";
import {
  type CometCommit,
  type CometHeader,
  type CometValidator,
  chainIdOf,
  checkGenesis,
  followValidators,
  fromRpcCommit,
  fromRpcValidators,
  type Genesis,
  genesisValidators,
  groupIdOf,
  hashCometHeader,
  hashValidators,
  keepSoundVotes,
  orderValidators,
  type TrustedValidators,
  type ValidatorChange,
  validatorsAt,
  verifyCommit,
} from "../index.ts";

interface Recorded {
  readonly genesis: Genesis;
  readonly group: string;
  readonly chainId: string;
  readonly changes: readonly number[];
  readonly heights: readonly {
    readonly commit: { readonly signed_header: { readonly commit: { readonly block_id: { readonly hash: string } } } };
    readonly validators: unknown;
  }[];
}

const network = JSON.parse(
  readFileSync(new URL("../../../vectors/cometbft/network.json", import.meta.url), "utf8"),
) as Recorded;

interface Signed {
  readonly header: CometHeader;
  readonly commit: CometCommit;
  readonly validators: readonly CometValidator[];
}

const signed = new Map<number, Signed & { readonly hash: string }>(
  network.heights.map(({ commit, validators }) => {
    const read = fromRpcCommit(commit);
    const hash = encodeBase64Url(decodeHex(commit.signed_header.commit.block_id.hash.toLowerCase()) as Uint8Array);
    return [read.header.height, { ...read, validators: fromRpcValidators(validators).validators, hash }];
  }),
);
const at = (height: number) => signed.get(height) as Signed & { readonly hash: string };
const heights = [...signed.keys()];
const first = genesisValidators(checkGenesis(network.genesis)) as TrustedValidators;
const changes: readonly ValidatorChange[] = network.changes.map((height) => ({
  header: at(height).header,
  commit: at(height).commit,
  validators: [...at(height + 1).validators],
}));

function refusalOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof HansaError) return error.code;
    throw error;
  }
  return undefined;
}

/** Copies of a value, each with one character or number in it changed, and where. */
function* changesOf(value: Json, path = "$"): IterableIterator<readonly [string, Json]> {
  if (typeof value === "string") {
    for (let i = 0; i < value.length; i++)
      for (const flip of [1, 2, 32])
        yield [
          `${path}[${i}]`,
          value.slice(0, i) + String.fromCharCode(value.charCodeAt(i) ^ flip) + value.slice(i + 1),
        ];
    yield [`${path}+`, `${value}A`];
    if (value !== "") yield [`${path}-`, ""];
  } else if (typeof value === "number") yield* [[path, value + 1] as const, [path, value === 0 ? 7 : 0] as const];
  else if (Array.isArray(value)) {
    for (const [i, item] of value.entries())
      for (const [where, changed] of changesOf(item, `${path}[${i}]`)) yield [where, value.with(i, changed)];
    if (value.length > 1) yield [`${path}~`, [value[1] as Json, value[0] as Json, ...value.slice(2)]];
    yield [`${path}+`, [...value, value[0] as Json]];
    yield [`${path}-`, value.slice(1)];
  } else if (typeof value === "object" && value !== null)
    for (const [name, member] of Object.entries(value))
      for (const [where, changed] of changesOf(member, `${path}.${name}`)) yield [where, { ...value, [name]: changed }];
}

describe("what a CometBFT network signed", () => {
  it("is of the chain that the group's id names", () => {
    expect(groupIdOf(network.genesis)).toBe(network.group);
    expect(chainIdOf(network.group)).toBe(network.chainId);
  });

  it.each(heights)("has at height %i the header hash, validators and votes that CometBFT says", (height) => {
    const { header, commit, validators, hash } = at(height);
    expect(hashCometHeader(header)).toBe(hash);
    expect(hashValidators(validators)).toBe(header.validatorsHash);
    expect(orderValidators([...validators].reverse())).toEqual(validators);
    const power = validators.reduce((sum, validator) => sum + validator.power, 0);
    const { signed: voted, total } = verifyCommit(validators, network.chainId, header, commit);
    expect(total).toBe(power);
    expect(voted).toBeGreaterThan((2 * power) / 3);
    expect(keepSoundVotes(validators, network.chainId, header, commit)).toEqual(commit);
  });

  it("holds votes that are missing, a later round, the first block and sets of several orders", () => {
    const all = heights.map(at);
    expect(all.some(({ commit }) => commit.signatures.includes(null))).toBe(true);
    expect(all.some(({ commit }) => commit.round > 0)).toBe(true);
    expect(all.some(({ header }) => header.lastBlockId === null)).toBe(true);
    expect(new Set(all.map(({ header }) => header.validatorsHash)).size).toBe(changes.length + 1);
  });

  it("leads from the genesis's validators to the last ones, under which every height verifies", () => {
    const sets = followValidators(first, changes);
    expect(sets).toHaveLength(changes.length + 1);
    for (const height of heights) {
      const { header, commit, validators } = at(height);
      const set = validatorsAt(sets, height) as TrustedValidators;
      expect(set.validators).toEqual(validators);
      verifyCommit(set.validators, network.chainId, header, commit);
    }
  });

  it("can be followed from any later set that is trusted", () => {
    const sets = followValidators(first, changes);
    sets.forEach((set, i) => {
      expect(followValidators(set, changes.slice(i)).at(-1)).toEqual(sets.at(-1));
    });
  });

  it("leads nowhere with a change left out, twice, out of order, or from another genesis", () => {
    const [a, b, c] = changes as [ValidatorChange, ValidatorChange, ValidatorChange];
    for (const path of [[b], [b, c], [a, c], [c], [a, a], [b, a, c], [a, c, b], [a, b, c, a]])
      expect(refusalOf(() => followValidators(first, path))).toBe("proof.invalid");
    expect(refusalOf(() => followValidators({ ...first, group: "hanse:main:2xG" }, changes))).toBe("proof.invalid");
  });

  it("is refused with anything in a header, its votes or the validators changed", () => {
    // The last one has a missing vote, a round after the first, and three changes before it.
    const { header, commit, validators } = at(heights.at(-1) as number);
    const believed: string[] = [];
    let tried = 0;
    for (const [where, changed] of changesOf({ header, commit, validators } as unknown as Json)) {
      const one = changed as unknown as Signed;
      const code = refusalOf(() => verifyCommit(one.validators, network.chainId, one.header, one.commit));
      if (code === undefined) believed.push(where);
      tried++;
    }
    expect(tried).toBeGreaterThan(1000);
    expect(believed).toEqual([]);
  });

  it("is refused as a change with anything in it changed", () => {
    const [change] = changes;
    const believed: string[] = [];
    for (const [where, changed] of changesOf(change as unknown as Json))
      if (refusalOf(() => followValidators(first, [changed as unknown as ValidatorChange])) === undefined)
        believed.push(where);
    expect(believed).toEqual([]);
  });
});

describe("reading CometBFT's answers", () => {
  it.each([undefined, null, {}, [], { signed_header: {} }, { signed_header: { header: {}, commit: {} } }])(
    "refuses %j as an answer",
    (answer) => {
      expect(refusalOf(() => fromRpcCommit(answer))).toBe("proof.malformed");
      expect(refusalOf(() => fromRpcValidators(answer))).toBe("proof.malformed");
    },
  );

  it("takes a vote for nil for none", () => {
    const answer = JSON.parse(JSON.stringify(network.heights[0]?.commit));
    answer.signed_header.commit.signatures[0].block_id_flag = 3;
    expect(fromRpcCommit(answer).commit.signatures[0]).toBeNull();
  });
});
