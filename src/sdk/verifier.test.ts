import { afterEach, describe, expect, it } from "vitest";
import type { BlockHeader, RecordProof } from "#protocol";
import { createVerifier, getRecord, type VerifierState } from "#sdk";
import {
  changeAt,
  FIRST,
  QUORUM_GENESIS,
  QUORUM_GROUP,
  setOf,
  voter,
  vouchedBy,
} from "../protocol/comet/quorum.suite.ts";
import { group, recordProof, signHeader } from "../protocol/fixtures.suite.ts";
import { type Answer, json, serve } from "./server.suite.ts";

type Served = Awaited<ReturnType<typeof serve>>;
const open: Served[] = [];

async function serving(answer: Answer): Promise<Served> {
  const served = await serve(answer);
  open.push(served);
  return served;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

const KEY = "member/b";
const SECOND = setOf(...FIRST.slice(1), voter(65, 12));
const THIRD = setOf(voter(65, 12), voter(66, 30));
const CHANGES = [changeAt(31, FIRST, SECOND), changeAt(75, SECOND, THIRD)];

/** What a node of a group with one key answers at a height. */
function soloAt(height: number, changes: Partial<BlockHeader> = {}, key = KEY): RecordProof {
  return recordProof(key, {
    genesis: recordProof(key).genesis,
    sign: (header) => signHeader({ ...header, height, ...changes }),
  });
}

/** What a node of a group with validators answers at a height; the engine makes ten blocks for each of the ledger's. */
function quorumAt(height: number, from = 0, key = KEY): RecordProof {
  const block = height * 10;
  const validators = CHANGES.filter(({ header }) => header.height >= from && header.height <= block);
  const set = [FIRST, SECOND, THIRD][CHANGES.filter(({ header }) => header.height <= block).length];
  return recordProof(key, {
    genesis: QUORUM_GENESIS,
    sign: (header) => vouchedBy({ ...header, height }, block, set ?? FIRST),
    validators,
  });
}

describe("getRecord with verified", () => {
  it("answers a record, or its absence, with who vouched for it", async () => {
    const { client, arrived } = await serving((one, response) =>
      json(response, soloAt(7, {}, one.query.get("key") ?? "")),
    );
    const one = client({ group });
    expect(await getRecord(one, { key: KEY, verified: true })).toMatchObject({
      key: KEY,
      value: { name: "B" },
      height: 7,
      verified: true,
      vouched: { engine: "solo" },
    });
    expect((await getRecord(one, { key: "member/aa", verified: true })).value).toBeNull();
    expect(arrived.map(({ query }) => [query.get("proof"), query.get("from")])).toEqual([
      ["1", null],
      ["1", null],
    ]);
  });

  it("follows validators from the genesis, then from where it was", async () => {
    const heights = [2, 7, 7, 9];
    const { client, arrived } = await serving((one, response) =>
      json(response, quorumAt(heights.shift() ?? 0, Number(one.query.get("from") ?? 0))),
    );
    const one = client({ group: QUORUM_GROUP });
    const seen = [];
    for (let i = 0; i < 4; i++) seen.push(await getRecord(one, { key: KEY, verified: true }));
    expect(seen.map(({ vouched }) => vouched)).toMatchObject([
      { height: 21, changes: 0, total: 39 },
      { height: 71, changes: 1, total: 41 },
      { height: 71, changes: 0, total: 41 },
      { height: 91, changes: 1, total: 42 },
    ]);
    expect(arrived.map(({ query }) => query.get("from"))).toEqual([null, "21", "71", "71"]);
  });

  it("goes on from a state that was kept, and shares one between clients", async () => {
    const { client, arrived } = await serving((one, response) =>
      json(response, quorumAt(arrived.length + 6, Number(one.query.get("from") ?? 0))),
    );
    const verifier = createVerifier({ trust: QUORUM_GROUP });
    await getRecord(client({ group: "quorum", verifier }), { key: KEY, verified: true });
    const kept = JSON.parse(JSON.stringify(verifier.state)) as VerifierState;
    const { vouched } = await getRecord(client({ verifier: createVerifier(kept) }), { key: KEY, verified: true });
    expect(vouched).toMatchObject({ height: 81, changes: 1 });
    expect(arrived.map(({ path, query }) => [path, query.get("from")])).toEqual([
      [`/groups/${QUORUM_GROUP}/records`, null],
      [`/groups/${QUORUM_GROUP}/records`, "71"],
    ]);
  });

  it("needs a group's id: a name is the node's word, and nothing is sent", async () => {
    const { client, arrived } = await serving((_, response) => json(response, soloAt(7)));
    for (const name of ["main", undefined])
      await expect(getRecord(client({ group: name }), { key: KEY, verified: true })).rejects.toMatchObject({
        code: "sdk.no-trust",
      });
    expect(arrived).toHaveLength(0);
    expect(() => createVerifier({ trust: "main" })).toThrow(expect.objectContaining({ code: "sdk.no-trust" }));
  });

  it("refuses an earlier block to be asked for", async () => {
    const { client } = await serving((_, response) => json(response, soloAt(7)));
    const args = { key: KEY, verified: true, height: 3 as never } as const;
    await expect(getRecord(client({ group }), args)).rejects.toMatchObject({ code: "sdk.not-provable" });
  });

  it("refuses what a lying node answers: another value, another record, another group, no proof", async () => {
    const answers: [unknown, string][] = [
      [{ ...soloAt(7), value: { name: "C" } }, "proof.invalid"],
      [soloAt(7, {}, "member/a"), "sdk.answer"],
      [quorumAt(7), "proof.untrusted"],
      [{ key: KEY, value: { name: "B" }, height: 7 }, "proof.malformed"],
    ];
    for (const [answer, code] of answers) {
      const { client } = await serving((_, response) => json(response, answer));
      await expect(getRecord(client({ group }), { key: KEY, verified: true })).rejects.toMatchObject({ code });
    }
  });

  it("refuses to go back behind a block that it has verified, and takes the same one again", async () => {
    const heights = [7, 7, 6, 8];
    const { client } = await serving((_, response) => json(response, soloAt(heights.shift() ?? 0)));
    const one = client({ group });
    await getRecord(one, { key: KEY, verified: true });
    await getRecord(one, { key: KEY, verified: true });
    await expect(getRecord(one, { key: KEY, verified: true })).rejects.toMatchObject({
      code: "sdk.went-back",
      payload: { height: 6, seen: 7 },
    });
    expect((await getRecord(one, { key: KEY, verified: true })).height).toBe(8);
  });

  it("finds a fork: two headers of one height, both signed", async () => {
    const answers = [soloAt(7), soloAt(7, { time: 1 })];
    const { client } = await serving((_, response) => json(response, answers.shift()));
    const one = client({ group });
    await getRecord(one, { key: KEY, verified: true });
    await expect(getRecord(one, { key: KEY, verified: true })).rejects.toMatchObject({ code: "sdk.forked" });
  });

  it("takes answers to questions that were asked together in any order", async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = "member/aa";
    const { client } = await serving((one, response) => {
      if (one.query.get("key") === slow) void released.then(() => json(response, quorumAt(3, 0, slow)));
      else json(response, quorumAt(9));
    });
    const one = client({ group: QUORUM_GROUP });
    const first = getRecord(one, { key: slow, verified: true });
    const second = await getRecord(one, { key: KEY, verified: true });
    release();
    expect([(await first).height, second.height]).toEqual([3, 9]);
    expect(one.verifier?.state.newest?.height).toBe(9);
  });

  it("refuses a history that former validators made, once it knows those after them", async () => {
    const thieves = setOf(voter(31), voter(32));
    const forged = recordProof(KEY, {
      genesis: QUORUM_GENESIS,
      sign: (header) => vouchedBy({ ...header, height: 20 }, 200, thieves),
      validators: [changeAt(40, FIRST, thieves)],
    });
    const answers = [quorumAt(7), forged];
    const { client } = await serving((_, response) => json(response, answers.shift()));
    const one = client({ group: QUORUM_GROUP });
    await getRecord(one, { key: KEY, verified: true });
    await expect(getRecord(one, { key: KEY, verified: true })).rejects.toMatchObject({ code: "proof.invalid" });
  });
});
