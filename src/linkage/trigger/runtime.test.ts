import { describe, expect, it } from "vitest";
import { START, settle, World } from "../world.suite.ts";

describe("linkage runtime", () => {
  it("acts when a comparison becomes true, and not again while it stays so", async () => {
    const world = new World();
    const linkage = world.put();
    world.boot();
    world.report(20);
    world.report(26);
    world.report(27);
    await settle();
    expect(world.acts).toHaveLength(1);
    world.report(25);
    world.report(25.1);
    await settle();
    expect(world.acts).toHaveLength(2);
    const runs = world.runtime.runsOf(linkage);
    expect(runs.map(({ state, steps }) => [state, steps[0]?.outcome])).toEqual([
      ["done", "done"],
      ["done", "done"],
    ]);
    expect(runs[1]?.firing.evidence.offset).toBe(1);
  });

  it("fires on the first value that is ever seen, where it is true", async () => {
    const world = new World();
    world.put();
    world.boot();
    world.report(26);
    await settle();
    expect(world.acts).toHaveLength(1);
  });

  it("writes once for an event that acts, and not at all for one that decides nothing", async () => {
    const world = new World();
    world.put();
    world.boot();
    world.report(20);
    const before = world.triggerStore.batches;
    world.report(21);
    world.report("hello", { property: "greeting" });
    expect(world.triggerStore.batches).toBe(before);
    world.report(26);
    expect(world.triggerStore.batches).toBe(before + 1);
    await settle();
    expect(world.triggerStore.batches).toBe(before + 1);
    expect(world.acts).toHaveLength(1);
  });

  it("does not take an old truth for a new one after a crash", async () => {
    const world = new World();
    world.put();
    world.boot();
    world.report(26);
    await settle();
    world.bootTrigger();
    world.report(27);
    await settle();
    expect(world.acts).toHaveLength(1);
  });

  it("counts a change of a value, the first value not being one", async () => {
    const world = new World();
    world.put({ trigger: { device: world.sensor, property: "mode", changes: true } });
    world.boot();
    for (const value of ["a", "a", "b", "b", "a"]) world.report(value, { property: "mode" });
    await settle();
    expect(world.acts).toHaveLength(2);
  });

  it("fires at every event of a name", async () => {
    const world = new World();
    world.put({ trigger: { device: world.sensor, event: "pressed" } });
    world.boot();
    world.happen("pressed");
    world.happen("released");
    world.happen("pressed");
    await settle();
    expect(world.acts).toHaveLength(2);
  });

  it("hears a device only at its own path, and only while it is admitted", async () => {
    const world = new World();
    world.put();
    world.boot();
    world.append({
      source: world.sensor,
      type: "org.hansa.thing.property",
      subject: "temperature",
      data: 30,
      hansapath: "elsewhere/properties/temperature",
    });
    world.revoked.add(world.sensor);
    world.report(30);
    await settle();
    expect(world.acts).toHaveLength(0);
  });

  it("does nothing from the block on that withdraws a linkage", async () => {
    const world = new World();
    const linkage = world.put();
    world.boot();
    world.report(26);
    await settle();
    world.block(linkage, "withdrawn");
    world.report(20);
    world.report(26);
    await settle();
    expect(world.acts).toHaveLength(1);
    expect(world.sends).toHaveLength(1);
  });

  it("refuses by the newest block even where nobody announced the change", async () => {
    const world = new World();
    const linkage = world.put();
    world.boot();
    const record = world.records.get(linkage);
    if (record !== undefined) world.records.set(linkage, { ...record, status: "suspended" });
    world.report(26);
    await settle();
    expect(world.sends).toHaveLength(0);
    expect(world.runtime.runsOf(linkage)[0]).toMatchObject({ state: "refused", reason: "linkage.not-active" });
  });

  it("keeps out of the time before `from` and after `until`", async () => {
    const world = new World();
    world.put({ from: START + 10, until: START + 20 });
    world.boot();
    world.report(26);
    world.seconds(10);
    world.report(26);
    await settle();
    expect(world.acts).toHaveLength(1);
    world.report(20);
    world.seconds(10);
    world.report(26);
    await settle();
    expect(world.acts).toHaveLength(1);
  });

  it("says which value kept a condition from being met", async () => {
    const world = new World();
    const linkage = world.put({
      condition: {
        all: [
          { device: world.sensor, property: "humidity", is: { below: "60" } },
          { not: { device: world.sensor, property: "mode", is: { equals: "away" } } },
        ],
      },
    });
    world.boot();
    world.report(26);
    expect(world.runtime.runsOf(linkage)[0]).toMatchObject({ reason: "linkage.condition-unknown" });
    world.report(50, { property: "humidity" });
    world.report("away", { property: "mode" });
    world.report(20);
    world.report(26);
    expect(world.runtime.runsOf(linkage)[0]).toMatchObject({
      reason: "linkage.condition",
      condition: {
        met: false,
        all: [
          { met: true, value: 50 },
          { met: false, not: { value: "away", met: true } },
        ],
      },
    });
    world.report("home", { property: "mode" });
    world.report(20);
    world.report(26);
    await settle();
    expect(world.acts).toHaveLength(1);
  });

  it("refuses a chain that is longer than the contract allows, and one that bites its own tail", async () => {
    const world = new World();
    const linkage = world.put();
    world.boot();
    world.report(26, { hops: 4 });
    expect(world.runtime.runsOf(linkage)[0]?.reason).toBe("linkage.hops");
    world.report(20);
    world.report(26, { hops: 3 });
    await settle();
    expect(world.acts).toHaveLength(1);
    const cause = world.acts[0]?.jti as string;
    expect(world.acts[0]?.hops).toBe(4);
    world.report(20);
    world.report(26, { hops: 1, cause });
    expect(world.runtime.runsOf(linkage)[0]?.reason).toBe("linkage.self-loop");
  });

  it("runs as often a minute as the contract allows, and folds refusals of one kind into one trace", async () => {
    const world = new World();
    const linkage = world.put({
      trigger: { device: world.sensor, event: "pressed" },
      limits: { perMinute: 3, hops: 1 },
    });
    world.boot();
    for (let i = 0; i < 10; i++) world.happen("pressed");
    await settle();
    expect(world.acts).toHaveLength(3);
    expect(world.runtime.runsOf(linkage)[0]).toMatchObject({ reason: "linkage.rate", times: 7 });
    expect(world.runtime.runsOf(linkage)).toHaveLength(4);
    world.bootTrigger();
    world.happen("pressed");
    await settle();
    expect(world.acts).toHaveLength(3);
    world.seconds(61);
    world.happen("pressed");
    await settle();
    expect(world.acts).toHaveLength(4);
  });

  it("keeps a bounded number of runs, and no command of those that are gone", async () => {
    const world = new World();
    const linkage = world.put({ trigger: { device: world.sensor, event: "pressed" } });
    world.bootTarget();
    world.bootTrigger({ runs: 5 });
    for (let i = 0; i < 12; i++) {
      world.happen("pressed");
      await settle();
    }
    await world.pass(2);
    expect(world.runtime.runsOf(linkage, 100).map(({ sequence }) => sequence)).toEqual([11, 10, 9, 8, 7]);
    expect(world.triggerStore.list("k/")).toHaveLength(5);
    expect(world.triggerStore.list("o/")).toHaveLength(0);
  });

  it("fires nothing for an event that was read long after it was logged", async () => {
    const world = new World();
    const linkage = world.put();
    world.boot();
    world.report(20);
    world.runtime.stop();
    world.log.push({
      logged: { topic: "hanover/things", offset: 1, event: { ...world.log[0]?.logged.event, data: 30 } as never },
      digest: "x".repeat(43),
    });
    world.seconds(301);
    world.bootTrigger();
    await settle();
    expect(world.acts).toHaveLength(0);
    expect(world.runtime.runsOf(linkage)[0]?.reason).toBe("linkage.event-stale");
  });
});

describe("modes and delays", () => {
  const delayed = (world: World, mode: "single" | "restart" | "queued" | "parallel") =>
    world.put({
      trigger: { device: world.sensor, event: "pressed" },
      actions: [
        { device: world.lamp, set: "state", value: true },
        { delay: 10 },
        { device: world.lamp, set: "state", value: false },
      ],
      mode,
    });
  const seen = (world: World) =>
    world.acts.map(({ action, evidence }) => [evidence.offset, (action as { value: boolean }).value]);

  async function press(mode: "single" | "restart" | "queued" | "parallel"): Promise<World> {
    const world = new World();
    delayed(world, mode);
    world.boot();
    world.happen("pressed");
    await world.pass(5);
    world.happen("pressed");
    await world.pass(30);
    return world;
  }

  it("single: lets an earlier run end and refuses the later", async () => {
    expect(seen(await press("single"))).toEqual([
      [0, true],
      [0, false],
    ]);
  });

  it("restart: gives the earlier run up", async () => {
    expect(seen(await press("restart"))).toEqual([
      [0, true],
      [1, true],
      [1, false],
    ]);
  });

  it("queued: one after the other", async () => {
    expect(seen(await press("queued"))).toEqual([
      [0, true],
      [0, false],
      [1, true],
      [1, false],
    ]);
  });

  it("parallel: side by side", async () => {
    expect(seen(await press("parallel"))).toEqual([
      [0, true],
      [1, true],
      [0, false],
      [1, false],
    ]);
  });

  it("bounds what waits", async () => {
    for (const mode of ["queued", "parallel"] as const) {
      const world = new World();
      const linkage = delayed(world, mode);
      world.boot();
      for (let i = 0; i < 40; i++) world.happen("pressed");
      expect(world.runtime.runsOf(linkage)[0]?.reason).toBe(mode === "queued" ? "linkage.queue-full" : "linkage.busy");
      await world.pass(300);
      expect(world.acts).toHaveLength(mode === "queued" ? 34 : 32);
    }
  });

  it("goes on with a delay after a crash, and with what was queued", async () => {
    const world = new World();
    delayed(world, "queued");
    world.boot();
    world.happen("pressed");
    world.happen("pressed");
    await settle();
    world.runtime.stop();
    world.seconds(3600);
    world.bootTrigger();
    await world.pass(12);
    expect(seen(world)).toEqual([
      [0, true],
      [0, false],
      [1, true],
      [1, false],
    ]);
  });

  it("stops in the middle of a delay when the linkage or the device goes", async () => {
    for (const end of ["linkage", "device"] as const) {
      const world = new World();
      const linkage = delayed(world, "queued");
      world.boot();
      world.happen("pressed");
      world.happen("pressed");
      await settle();
      if (end === "linkage") world.block(linkage, "suspended");
      else {
        world.revoked.add(world.sensor);
        world.announce();
      }
      expect(world.runtime.counts().busy).toBe(0);
      await world.pass(60);
      expect(world.acts).toHaveLength(1);
      expect(world.runtime.runsOf(linkage).map(({ state }) => state)).toEqual(["cancelled", "cancelled"]);
    }
  });
});

describe("the outbox", () => {
  it("sends the same command again until it is answered", async () => {
    const world = new World();
    const linkage = world.put();
    world.boot();
    let calls = 0;
    world.send = (token) => (++calls < 3 ? Promise.reject(new Error("unreachable")) : world.target.receive(token));
    world.report(26);
    await world.pass(5);
    expect(new Set(world.sends).size).toBe(1);
    expect(world.sends).toHaveLength(3);
    expect(world.acts).toHaveLength(1);
    expect(world.runtime.runsOf(linkage)[0]?.steps[0]?.outcome).toBe("done");
    expect(world.runtime.counts().unanswered).toBe(0);
  });

  it("ends as a timeout when no answer came before the command expired", async () => {
    const world = new World();
    const linkage = world.put();
    world.boot();
    world.send = () => new Promise(() => {});
    world.report(26);
    await world.pass(31);
    expect(world.runtime.counts().unanswered).toBe(0);
    expect(world.runtime.runsOf(linkage)[0]?.steps[0]).toMatchObject({
      outcome: "timeout",
      reason: "linkage.no-answer",
    });
  });

  it("takes no receipt that the target's operator did not sign", async () => {
    const world = new World();
    const linkage = world.put();
    world.boot();
    world.send = async (token) => {
      const receipt = await world.target.receive(token);
      return `${receipt.slice(0, -4)}${receipt.endsWith("AAAA") ? "BBBA" : "AAAA"}`;
    };
    world.report(26);
    await world.pass(31);
    expect(world.acts).toHaveLength(1);
    expect(world.runtime.runsOf(linkage)[0]?.steps[0]?.outcome).toBe("timeout");
  });

  it("sends what was not answered again after a restart, unless it expired or its linkage went", async () => {
    for (const [pause, status, sends, outcome] of [
      [10, "active", 1, "done"],
      [40, "active", 0, "timeout"],
      [10, "withdrawn", 0, "refused"],
    ] as const) {
      const world = new World();
      const linkage = world.put();
      world.boot();
      world.send = () => new Promise(() => {});
      world.report(26);
      world.runtime.stop();
      world.sends.length = 0;
      world.seconds(pause);
      const record = world.records.get(linkage);
      if (record !== undefined) world.records.set(linkage, { ...record, status });
      world.send = (token) => world.target.receive(token);
      world.bootTrigger();
      await settle();
      expect(world.sends).toHaveLength(sends);
      expect(world.runtime.runsOf(linkage)[0]?.steps[0]?.outcome).toBe(outcome);
    }
  });

  it("sends nothing any more of a linkage that was withdrawn meanwhile", async () => {
    const world = new World();
    const linkage = world.put();
    world.boot();
    world.send = () => Promise.reject(new Error("unreachable"));
    world.report(26);
    await settle();
    world.block(linkage, "withdrawn");
    world.send = (token) => world.target.receive(token);
    await world.pass(40);
    expect(world.sends).toHaveLength(1);
    expect(world.acts).toHaveLength(0);
    expect(world.runtime.runsOf(linkage)[0]?.steps[0]).toMatchObject({
      outcome: "refused",
      reason: "linkage.not-active",
    });
  });
});
