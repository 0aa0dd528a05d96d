import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeUtf8 } from "#base";
import { encodeReceipts, type Receipt, receiptLeaf, rootOf } from "./block.ts";

const receipt: fc.Arbitrary<Receipt> = fc.record(
  {
    id: fc.constantFrom("", "0a".repeat(20)),
    height: fc.nat(),
    index: fc.nat(),
    code: fc.nat(5000),
    facts: fc.array(
      fc.record({
        fact: fc.string(),
        about: fc.array(fc.string(), { maxLength: 3 }),
        data: fc.dictionary(fc.string(), fc.string()),
      }),
      { maxLength: 3 },
    ),
    error: fc.record({ code: fc.string(), message: fc.string(), payload: fc.constantFrom(null, { a: [1, "b"] }) }),
  },
  { requiredKeys: ["id", "height", "index", "code", "facts"] },
);

it("receipts of a block are stored as they are, under the root over their hashed parts", () => {
  fc.assert(
    fc.property(fc.array(receipt, { maxLength: 5 }), (receipts) => {
      const { root, encoded } = encodeReceipts(receipts);
      expect(root).toBe(rootOf(receipts.map(receiptLeaf)));
      expect(encoded.map(decodeUtf8)).toEqual(receipts.map((one) => JSON.stringify(one)));
    }),
  );
});
