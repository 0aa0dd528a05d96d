import { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { ManualClock } from "#base";
import { closed } from "./gate.suite.ts";
import { splice } from "./splice.ts";

/** A socket whose network takes nothing until it is told to. */
class Stuck extends Socket {
  readonly said: string[] = [];
  #go: (() => void) | undefined;

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.said.push(String(chunk));
    this.#go = done;
  }

  override _final(done: () => void): void {
    done();
  }

  override _read(): void {}

  go(): void {
    this.#go?.();
  }
}

function spliced() {
  const clock = new ManualClock(0);
  const [one, other] = [new Stuck(), new Stuck()];
  splice(one, other, clock);
  return { one, other, clock };
}

describe("two joined sockets", () => {
  it("let the last words out before they close", async () => {
    const { one, other } = spliced();
    one.push("last words");
    one.push(null);
    await closed(one);
    expect(other.destroyed).toBe(false);
    expect(other.said).toEqual(["last words"]);
    other.go();
    await closed(other);
    expect(other.writableFinished).toBe(true);
  });

  it("wait for a network that takes nothing only so long", async () => {
    const { one, other, clock } = spliced();
    one.push("last words");
    one.push(null);
    await closed(one);
    clock.advance(4999);
    expect(other.destroyed).toBe(false);
    clock.advance(1);
    await closed(other);
    expect(other.writableFinished).toBe(false);
  });

  it("go together when one is cut, whatever is still to be said", async () => {
    const { one, other } = spliced();
    one.push("too late");
    await new Promise((resolve) => one.once("data", resolve));
    one.destroy();
    await Promise.all([one, other].map(closed));
    expect(other.writableFinished).toBe(false);
  });

  it("end when one was gone before they were joined", async () => {
    const [one, other] = [new Stuck(), new Stuck()];
    one.destroy();
    splice(one, other, new ManualClock(0));
    await closed(other);
  });
});
