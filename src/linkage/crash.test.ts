import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCommand } from "#protocol";
import { PowerCut } from "../events/durable-map.suite.ts";
import { settle, World } from "./world.suite.ts";

type Step =
  | { readonly do: "report"; readonly value: number }
  | { readonly do: "press" }
  | { readonly do: "wait"; readonly seconds: number }
  | { readonly do: "status"; readonly linkage: number; readonly status: "active" | "suspended" | "withdrawn" }
  | { readonly do: "revoke"; readonly device: "sensor" | "lamp"; readonly revoked: boolean }
  | { readonly do: "kill"; readonly node: "trigger" | "target" }
  | { readonly do: "cut"; readonly node: "trigger" | "target"; readonly batches: number; readonly after: boolean }
  | { readonly do: "line"; readonly up: boolean };

const node = fc.constantFrom("trigger" as const, "target" as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("report" as const), value: fc.integer({ min: 23, max: 28 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("press" as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("wait" as const), seconds: fc.integer({ min: 1, max: 12 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("status" as const),
      linkage: fc.integer({ min: 0, max: 2 }),
      status: fc.constantFrom("active" as const, "suspended" as const, "withdrawn" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("revoke" as const),
      device: fc.constantFrom("sensor" as const, "lamp" as const),
      revoked: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("kill" as const), node }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("cut" as const),
      node,
      batches: fc.integer({ min: 1, max: 4 }),
      after: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("line" as const), up: fc.boolean() }) },
);

/** A world whose nodes start again when their power was cut. */
class FragileWorld extends World {
  readonly ids: string[] = [];
  lineUp = true;
  /** Acts, and whether the ledger allowed them at that moment. */
  readonly wrong: string[] = [];

  start(): void {
    const set = (value: boolean) => ({ device: this.lamp, set: "state", value });
    this.ids.push(
      this.put({ actions: [set(true), { delay: 3 }, set(false)], mode: "restart" }),
      this.put({ trigger: { device: this.sensor, property: "temperature", when: { above: "24" }, for: 5 } }),
      this.put({
        trigger: { device: this.sensor, event: "pressed" },
        mode: "queued",
        actions: [{ delay: 2 }, set(true)],
      }),
    );
    this.act = async (command) => {
      const record = this.records.get(command.linkage);
      const allowed = record?.status === "active" && record.version === command.version;
      if (!allowed || this.revoked.has(this.sensor) || this.revoked.has(this.lamp)) this.wrong.push(command.jti);
      return { outcome: "done" };
    };
    this.send = (token) => (this.lineUp ? this.target.receive(token) : Promise.reject(new Error("down")));
    this.boot();
  }

  /** Runs something; a power cut on the way is a crash of the node whose store it was. */
  async try(run: () => void | Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
    }
    await settle();
    if (this.isCut(this.triggerStore)) this.kill("trigger");
    if (this.isCut(this.targetStore)) this.kill("target");
    await settle();
  }

  isCut({ cut, batches }: World["triggerStore"]): boolean {
    return cut !== undefined && batches >= cut.at;
  }

  /** The process is gone: its timers and answers reach nobody. */
  kill(which: "trigger" | "target"): void {
    const store = which === "trigger" ? this.triggerStore : this.targetStore;
    store.cut = { at: 0, after: false };
    try {
      if (which === "trigger") this.runtime.stop();
      else {
        this.target.stop();
        this.receipts.stop();
      }
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
    }
    store.cut = undefined;
    if (which === "trigger") this.bootTrigger();
    else this.bootTarget();
  }

  async do(step: Step): Promise<void> {
    switch (step.do) {
      case "report":
        return this.try(() => this.report(step.value));
      case "press":
        return this.try(() => this.happen("pressed"));
      case "wait":
        for (let i = 0; i < step.seconds; i++) await this.try(() => this.seconds(1));
        return;
      case "status": {
        const id = this.ids[step.linkage] as string;
        if (this.records.get(id)?.status === "withdrawn" || this.records.get(id)?.status === step.status) return;
        return this.try(() => this.block(id, step.status));
      }
      case "revoke":
        if (step.revoked) this.revoked.add(this[step.device]);
        else this.revoked.delete(this[step.device]);
        return this.try(() => this.announce());
      case "kill":
        return this.try(() => this.kill(step.node));
      case "cut": {
        const store = step.node === "trigger" ? this.triggerStore : this.targetStore;
        store.cut = { at: store.batches + step.batches, after: step.after };
        return;
      }
      case "line":
        this.lineUp = step.up;
    }
  }
}

async function run(steps: readonly Step[]): Promise<FragileWorld> {
  const world = new FragileWorld();
  world.start();
  for (const step of steps) await world.do(step);
  world.lineUp = true;
  world.triggerStore.cut = undefined;
  world.targetStore.cut = undefined;
  for (let i = 0; i < 90; i++) await world.try(() => world.seconds(1));
  return world;
}

describe("linkages through crashes", () => {
  it("never act twice for one command, never for a linkage that is not active, and end every command", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const world = await run(steps);
        const ids = world.acts.map(({ jti }) => jti);
        expect(new Set(ids).size).toBe(ids.length);
        expect(world.wrong).toEqual([]);
        // One event and step, one token: what is sent again is the same to the byte.
        const tokens = new Map(world.sends.map((token) => [decodeCommand(token).command.jti, token]));
        expect(new Set(world.sends).size).toBe(tokens.size);
        expect(world.runtime.counts()).toMatchObject({ busy: 0, unanswered: 0 });
        expect(world.triggerStore.list("o/")).toHaveLength(0);
      }),
      { numRuns: 150 },
    );
  });

  it("act once for an edge, wherever the trigger's power goes", async () => {
    for (let at = 1; at <= 8; at++)
      for (const after of [false, true]) {
        const world = new FragileWorld();
        world.start();
        world.triggerStore.cut = { at: world.triggerStore.batches + at, after };
        for (const value of [20, 26, 27, 20, 26]) {
          await world.try(() => world.report(value));
          for (let i = 0; i < 4; i++) await world.try(() => world.seconds(1));
        }
        for (let i = 0; i < 20; i++) await world.try(() => world.seconds(1));
        const done = world.acts.filter(({ linkage }) => linkage === world.ids[0]);
        expect([at, after, done.map(({ step, evidence }) => [evidence.offset, step])]).toEqual([
          at,
          after,
          [
            [1, 0],
            [1, 2],
            [4, 0],
            [4, 2],
          ],
        ]);
      }
  });
});

describe("`for`", () => {
  it("fires once, when the comparison has held for so long, as a plain reading of the reports says; a kill changes nothing", async () => {
    const report = fc.record({ after: fc.integer({ min: 1, max: 8 }), hot: fc.boolean(), kill: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(report, { maxLength: 25 }), async (reports) => {
        const world = new World();
        world.put({ trigger: { device: world.sensor, property: "temperature", when: { above: "25" }, for: 5 } });
        world.boot();
        // The model: when did each stretch of truth begin, and did it last five seconds?
        let now = 0;
        let since: number | undefined;
        let expected = 0;
        const close = (end: number) => {
          if (since !== undefined && end - since >= 5) expected++;
        };
        for (const { after, hot, kill } of reports) {
          await world.pass(after);
          now += after;
          if (kill) {
            world.runtime.stop();
            world.bootTrigger();
          }
          world.report(hot ? 26 : 20);
          await settle();
          if (hot) since ??= now;
          else {
            close(now);
            since = undefined;
          }
        }
        await world.pass(10);
        close(now + 10);
        expect(world.acts).toHaveLength(expected);
      }),
      { numRuns: 100 },
    );
  });

  it("fires once after a restart that came too late for it, and not where the comparison is no longer true", async () => {
    for (const [cool, acts] of [
      [false, 1],
      [true, 0],
    ] as const) {
      const world = new World();
      world.put({ trigger: { device: world.sensor, property: "temperature", when: { above: "25" }, for: 60 } });
      world.boot();
      world.report(26);
      world.runtime.stop();
      if (cool) {
        const [first] = world.log;
        if (first !== undefined)
          world.log.push({
            digest: first.digest,
            logged: { ...first.logged, offset: 1, event: { ...first.logged.event, data: 20 } },
          });
      }
      world.seconds(86_400);
      world.bootTrigger();
      world.runtime.stop();
      world.bootTrigger();
      await world.pass(1);
      expect(world.acts).toHaveLength(acts);
    }
  });

  it("holds for a condition as well", async () => {
    const world = new World();
    world.put({
      condition: { device: world.sensor, property: "door", is: { equals: "open" }, for: 10 },
      trigger: { device: world.sensor, event: "pressed" },
    });
    world.boot();
    world.report("open", { property: "door" });
    world.seconds(9);
    world.happen("pressed");
    await settle();
    expect(world.acts).toHaveLength(0);
    world.report("open", { property: "door" });
    world.bootTrigger();
    world.seconds(1);
    world.happen("pressed");
    await settle();
    expect(world.acts).toHaveLength(1);
  });
});
