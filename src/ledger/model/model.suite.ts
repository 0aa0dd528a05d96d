/** Random steps on a ledger and on a simple model of one module, side by side. */
import fc from "fast-check";
import { expect } from "vitest";
import type { Genesis, Operation, Parameters } from "#protocol";
import { type Actor, Alliance } from "../alliance.suite.ts";

/** One transaction of one operation. */
export interface Step {
  readonly signers: readonly Actor[];
  readonly operation: Operation;
}

/** A model: written from what the module promises, not from its code. */
export interface Model {
  /** Applies a step; 0, or the code with which it must be refused. `time`: milliseconds. */
  apply(step: Step, time: number, height: number): string | 0;
  /** A block begins; `absent`: validators whose vote the one before lacked. */
  begin?(absent: readonly string[], time: number, height: number): void;
  /** What it expects of the records; compared with `read`. */
  expected(): unknown;
}

export interface ModelTest {
  readonly parameters?: Partial<Parameters>;
  readonly engine?: Genesis["engine"];
  /** Who is absent from each block. */
  readonly absent?: fc.Arbitrary<readonly string[]>;
  /** What stands before the first step. */
  readonly prepare?: (alliance: Alliance) => void;
  /** Longest time between two blocks, seconds; 40 where left out. */
  readonly longest?: number;
  readonly model: (alliance: Alliance) => Model;
  /** The same view of the ledger as the model's `expected`. */
  readonly read: (alliance: Alliance) => unknown;
  readonly step: (alliance: Alliance) => fc.Arbitrary<Step>;
  readonly runs: number;
  /** Codes that the runs must have reached, so that the test means something. */
  readonly reaches: readonly string[];
}

/** Runs the test; the seed is fixed, so that every run is the same. */
export function holdAgainstModel(test: ModelTest): void {
  const seen = new Set<string | 0>();
  const shape = new Alliance(undefined, test.parameters, test.engine);
  test.prepare?.(shape);
  // A block: how many seconds after the last, and its transactions.
  const block = fc.record({
    wait: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: test.longest ?? 40 })),
    steps: fc.array(test.step(shape), { minLength: 1, maxLength: 4 }),
    ...(test.absent === undefined ? {} : { absent: test.absent }),
  });
  fc.assert(
    fc.property(fc.array(block, { minLength: 1, maxLength: 12 }), (blocks) => {
      const alliance = new Alliance(undefined, test.parameters, test.engine);
      test.prepare?.(alliance);
      const model = test.model(alliance);
      expect(test.read(alliance)).toEqual(model.expected());
      for (const { wait, steps, absent = [] } of blocks) {
        alliance.pass(wait);
        alliance.absent = absent;
        const time = alliance.time + 1000;
        const height = alliance.ledger.height + 1;
        model.begin?.(absent, time, height);
        const receipts = alliance.block(...steps.map((step) => alliance.sign(step.signers, [step.operation])));
        steps.forEach((step, i) => {
          const code = model.apply(step, time, height);
          seen.add(code);
          expect([step.operation, receipts[i]?.error?.code ?? 0]).toEqual([step.operation, code]);
        });
        expect(test.read(alliance)).toEqual(model.expected());
      }
      // What was kept is what a restart finds.
      const { head } = alliance.ledger;
      alliance.reopen();
      expect(alliance.ledger.head).toEqual(head);
      expect(test.read(alliance)).toEqual(model.expected());
    }),
    { numRuns: test.runs, seed: 2026 },
  );
  expect(test.reaches.filter((code) => !seen.has(code))).toEqual([]);
  expect(seen.has(0)).toBe(true);
}

/** One to three different ones of these. */
export function someOf<Item>(items: readonly Item[]): fc.Arbitrary<Item[]> {
  return fc.uniqueArray(fc.constantFrom(...items), { minLength: 1, maxLength: 3 });
}
