import { describe, expect, it } from "vitest";
import { ManualClock, systemClock } from "./clock.ts";

describe("ManualClock", () => {
  it("fires what falls due, in order of time and then of setting, each at its own time", () => {
    const clock = new ManualClock(1000);
    const fired: string[] = [];
    const note = (name: string) => () => fired.push(`${name}@${clock.now()}`);
    clock.after(20, note("c"));
    clock.after(10, note("a"));
    clock.after(10, note("b"));
    clock.after(31, note("late"));
    clock.advance(30);
    expect(fired).toEqual(["a@1010", "b@1010", "c@1020"]);
    expect(clock.now()).toBe(1030);
  });

  it("fires what a timer sets within the time that passes, and never what was cancelled", () => {
    const clock = new ManualClock(0);
    const fired: number[] = [];
    const cancel = clock.after(15, () => fired.push(-1));
    clock.after(10, () => {
      cancel();
      clock.after(10, () => fired.push(clock.now()));
    });
    clock.advance(20);
    expect(fired).toEqual([20]);
  });

  it("goes back without firing, as a machine's clock may", () => {
    const clock = new ManualClock(10_000);
    let fired = 0;
    clock.after(5, () => fired++);
    clock.advance(-5000);
    expect([clock.now(), fired]).toEqual([5000, 0]);
    clock.advance(5005);
    expect(fired).toBe(1);
  });
});

describe("systemClock", () => {
  it("does not fire a wait at once that is longer than setTimeout holds", async () => {
    let fired = false;
    const cancel = systemClock.after(2 ** 31 + 1000, () => {
      fired = true;
    });
    await new Promise<void>((resolve) => systemClock.after(0, () => setImmediate(resolve)));
    cancel();
    expect(fired).toBe(false);
  });
});
