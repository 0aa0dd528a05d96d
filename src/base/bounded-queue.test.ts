import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BoundedQueue } from "./bounded-queue.ts";

fc.configureGlobal({ seed: 1 });

describe("BoundedQueue", () => {
  it("says no when it is full, and keeps what it has", () => {
    const queue = new BoundedQueue<number>(2);
    expect([queue.push(1), queue.push(2), queue.push(3)]).toEqual([true, true, false]);
    expect([queue.shift(), queue.push(4), queue.shift(), queue.shift(), queue.shift()]).toEqual([
      1,
      true,
      2,
      4,
      undefined,
    ]);
  });

  it("behaves as an array with a limit", () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("push" as const), value: fc.nat() }),
      fc.record({ do: fc.constant("shift" as const) }),
      fc.record({ do: fc.constant("take" as const), most: fc.nat(5) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 6 }), fc.array(step, { maxLength: 60 }), (limit, steps) => {
        const queue = new BoundedQueue<number>(limit);
        const model: number[] = [];
        for (const now of steps) {
          if (now.do === "push") {
            const room = model.length < limit;
            expect(queue.push(now.value)).toBe(room);
            if (room) model.push(now.value);
          } else if (now.do === "shift") expect(queue.shift()).toBe(model.shift());
          else expect(queue.take(now.most)).toEqual(model.splice(0, now.most));
          expect(queue.size).toBe(model.length);
          expect(queue.peek()).toBe(model[0]);
        }
      }),
    );
  });

  it("stays in order while it lets go of what was taken", () => {
    const queue = new BoundedQueue<number>(10);
    let next = 0;
    for (let i = 0; i < 20_000; i++) {
      queue.push(i);
      if (i % 4 !== 0) expect(queue.shift()).toBe(next++);
      while (queue.size > 8) expect(queue.shift()).toBe(next++);
    }
  });
});
