import { describe, expect, it } from "vitest";
import { encodeBase64Url, encodeUtf8 } from "#base";
import { Ledger, MemoryStore, VALIDATORS_KEY } from "#ledger";
import type { ValidatorChange } from "#protocol";
import { rootOfRecords } from "../../../ledger/state/state.ts";
import { changeAt, FIRST, QUORUM_GENESIS, setOf, type Voter, voter } from "../../../protocol/comet/quorum.suite.ts";
import { collectValidatorChanges, type PathSource } from "./collect-validator-changes.ts";

const [a, b, c] = FIRST as readonly [Voter, Voter, Voter, Voter];
const SECOND = setOf(a, b, c, voter(65));
const THIRD = setOf(a, b, voter(65), voter(66));
const STRANGERS = setOf(voter(91), voter(92));
/** The engine's block of the snapshot, and the ledger's. */
const BLOCK = 40;
const HEIGHT = 10;

/** A ledger that began with a snapshot in which these vote. */
function restoredWith(set: readonly Voter[]): Ledger {
  const source = new Ledger(QUORUM_GENESIS, new MemoryStore());
  source.commit(source.executeGenesis(), { engine: "cometbft", block: 0 });
  const validators = set.map(({ key, power }, i) => ({ node: String(i).padStart(40, "0"), key, power }));
  const value = encodeUtf8(JSON.stringify({ validators }));
  const records = [...source.snapshot().records].map((record) =>
    record.key === VALIDATORS_KEY ? { ...record, value } : record,
  );
  const state = encodeBase64Url(rootOfRecords(records));
  const header = { ...source.snapshot().header, height: HEIGHT, state };
  const restored = new Ledger(QUORUM_GENESIS, new MemoryStore());
  restored.restore({ header, certificate: { engine: "cometbft", block: BLOCK } }, records);
  return restored;
}

function source(path: readonly ValidatorChange[], name = "peer"): PathSource {
  return { name, ask: async () => path };
}

/** Why each source was not believed. */
async function refusals(ledger: Ledger, ...sources: readonly PathSource[]): Promise<unknown> {
  try {
    return await collectValidatorChanges(ledger, sources);
  } catch (error) {
    const { code, payload } = error as { code: string; payload: { refused: { source: string; why: string }[] } };
    expect(code).toBe("engine.no-validator-path");
    return payload.refused.map(({ source, why }) => `${source}: ${why}`);
  }
}

const toSecond = changeAt(12, FIRST, SECOND);
const toThird = changeAt(BLOCK + 1, SECOND, THIRD);
const WRONG_END = "it does not end with the validators of the snapshot";

describe("the way of the validators to a snapshot", () => {
  it("is taken from whoever has it, step by step, at heights that the ledger does not tell of itself", async () => {
    const ledger = restoredWith(THIRD);
    const path = [toSecond, toThird];
    const away: PathSource = {
      name: "away",
      ask: async () => {
        throw new Error("connection refused");
      },
    };
    const collected = await collectValidatorChanges(ledger, [away, source([toSecond]), source(path)]);
    expect(collected).toEqual([
      { height: HEIGHT - 1, step: toSecond },
      { height: HEIGHT, step: toThird },
    ]);
    expect(ledger.validatorChanges(0)).toEqual([]);
  });

  it("is empty where nothing changed, and where the ledger began with its genesis", async () => {
    expect(await collectValidatorChanges(restoredWith(FIRST), [source([])])).toEqual([]);
    const begun = new Ledger(QUORUM_GENESIS, new MemoryStore());
    expect(await collectValidatorChanges(begun, [])).toEqual([]);
    begun.commit(begun.executeGenesis(), { engine: "cometbft", block: 0 });
    expect(await collectValidatorChanges(begun, [])).toEqual([]);
  });

  it("leaves out what changed behind the snapshot, and steps that change nothing", async () => {
    const nothing = changeAt(20, SECOND, SECOND);
    const later = changeAt(BLOCK + 5, SECOND, THIRD);
    const collected = await collectValidatorChanges(restoredWith(SECOND), [source([toSecond, nothing, later])]);
    expect(collected).toEqual([{ height: HEIGHT, step: toSecond }]);
  });

  it("is refused where it ends elsewhere, lacks votes, or was signed by others", async () => {
    const ledger = restoredWith(SECOND);
    const few = changeAt(12, FIRST, SECOND, [a, b]);
    const foreign = changeAt(12, STRANGERS, SECOND);
    const renamed = { ...toSecond, validators: changeAt(12, FIRST, THIRD).validators };
    expect(
      await refusals(
        ledger,
        source([], "short"),
        source([toSecond, changeAt(13, SECOND, THIRD)], "long"),
        source([few], "few"),
        source([foreign], "foreign"),
        source([renamed], "renamed"),
        source([{} as ValidatorChange], "nonsense"),
      ),
    ).toEqual([
      `short: ${WRONG_END}`,
      `long: ${WRONG_END}`,
      "few: proof.invalid",
      "foreign: proof.invalid",
      "renamed: proof.invalid",
      "nonsense: it did not answer",
    ]);
    expect(await refusals(ledger)).toEqual([]);
  });
});
