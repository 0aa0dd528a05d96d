import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inForm } from "./list-form.ts";
import { StatusList } from "./status-list.ts";

describe("a status list in its two forms", () => {
  it("says the same of every entry, there and back", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.constantFrom("revocation", "suspension"),
        (bytes, purpose) => {
          const list = StatusList.of(bytes, { order: "left", bits: 1 });
          const token = inForm(list, "token", purpose) as StatusList;
          const value = purpose === "suspension" ? 2 : 1;
          expect(token).toMatchObject({ order: "right", bits: value, size: list.size });
          for (let i = 0; i < list.size; i++) expect(token.get(i)).toBe(list.get(i) * value);
          const back = inForm(token, "bitstring", purpose);
          expect(back?.bytes).toEqual(bytes);
          expect(inForm(list, "bitstring", purpose)).toBe(list);
          expect(inForm(token, "token", purpose)).toBe(token);
        },
      ),
    );
  });

  it("has no other form where it says more than that has", () => {
    const wide = StatusList.create({ order: "right", bits: 4 });
    expect(inForm(wide, "bitstring", "revocation")).toBeUndefined();
    const mixed = StatusList.create({ order: "right", bits: 2 });
    mixed.set(3, 1);
    expect(inForm(mixed, "bitstring", "suspension")).toBeUndefined();
    expect(inForm(StatusList.create({ order: "left", bits: 2 }), "token", "suspension")).toBeUndefined();
  });
});
