import { describe, expect, it } from "vitest";
import { HansaError } from "#base";
import { MemoryStore } from "#ledger";
import { operation } from "#protocol";
import { Alliance, cometEngine, maker, north, south } from "../../ledger/alliance.suite.ts";
import { KnownBlocks } from "./known-blocks.ts";

/** A ledger each of whose blocks came out of every second one of CometBFT; those between were empty. */
class Spaced extends Alliance {
  override certificateOf({ header }: Parameters<Alliance["certificateOf"]>[0]) {
    return { engine: "cometbft" as const, block: 2 * header.height };
  }
}

const open = (topic: string) => operation("topics.open", { topic, publish: [], subscribe: [] });

function made() {
  const alliance = new Spaced(new MemoryStore(), {}, cometEngine());
  const own: Uint8Array[][] = [];
  for (const who of [north, south, maker]) {
    const transactions = [alliance.sign([who], [open(`of-${who.name}`)])];
    alliance.block(...transactions);
    own.push(transactions);
  }
  const hash = (height: number) =>
    height === alliance.ledger.height
      ? alliance.ledger.headHash
      : alliance.ledger.signedHeader(height + 1)?.header.previous;
  return { ledger: alliance.ledger, own, hash };
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof HansaError) return error.code;
    throw error;
  }
  return "accepted";
}

describe("blocks that CometBFT lost and the ledger has", () => {
  it("are answered as they were when they were executed, empty ones between them too, and again after a restart", () => {
    const { ledger, own, hash } = made();
    const known = new KnownBlocks(ledger);
    expect([known.last, known.genesisHash]).toEqual([6, hash(0)]);
    for (let run = 0; run < 2; run++) {
      known.reset();
      for (let block = 1; block <= 6; block++) {
        const transactions = block % 2 === 0 ? (own[block / 2 - 1] as Uint8Array[]) : [];
        const outcome = known.outcome(block, transactions, transactions.length > 0);
        expect(outcome).toEqual({ updates: [], appHash: hash(Math.floor(block / 2)) });
      }
    }
    // Nothing was executed for it.
    expect(ledger.height).toBe(3);
  });

  it("are no others than those of the ledger", () => {
    const { ledger, own } = made();
    const [first, second] = own as [Uint8Array[], Uint8Array[]];
    const attempt = (...blocks: readonly (readonly [block: number, transactions: readonly Uint8Array[]])[]) => {
      const known = new KnownBlocks(ledger);
      return codeOf(() => {
        for (const [block, transactions] of blocks) known.outcome(block, transactions, transactions.length > 0);
      });
    };
    expect(attempt([1, []], [2, first])).toBe("accepted");
    expect(attempt([1, []], [2, second])).toBe("engine.wrong-chain");
    expect(attempt([1, []], [2, []])).toBe("engine.wrong-chain");
    expect(attempt([1, first])).toBe("engine.wrong-chain");
    expect(attempt([1, []], [2, [...first, ...second]])).toBe("engine.wrong-chain");
    expect(attempt([1, []], [2, first], [4, []], [6, second])).toBe("engine.wrong-chain");
  });
});
