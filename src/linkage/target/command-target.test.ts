import { describe, expect, it } from "vitest";
import { isHansaError } from "#base";
import { type Command, decodeCommand, decodeCommandReceipt, signCommand } from "#protocol";
import { PowerCut } from "../../events/durable-map.suite.ts";
import { commandIdOf } from "../command-id.ts";
import { digestOfToken } from "../receipts/check-receipt.ts";
import { GROUP, makeParty, outcomeOf, type Party, START, settle, World } from "../world.suite.ts";

/** A command that the target would carry out, but for the changes. */
function command(world: World, linkage: string, changes: Partial<Command> = {}, by?: Party): string {
  const evidence = changes.evidence ?? { topic: "hanover/things", offset: 7, digest: "A".repeat(43) };
  const step = changes.step ?? 0;
  const now = Math.floor(world.clock.now() / 1000);
  const party = by ?? world.hanover;
  return signCommand(
    {
      jti: commandIdOf(changes.linkage ?? linkage, evidence.topic, evidence.offset, step),
      iss: party.did,
      sub: world.lamp,
      aud: GROUP,
      linkage,
      version: world.records.get(linkage)?.version ?? 0,
      evidence,
      step,
      action: { set: "state", value: true },
      hops: 1,
      iat: now,
      exp: now + 30,
      ...changes,
    },
    party.kid,
    party.signer,
  );
}

async function ready(): Promise<{ world: World; linkage: string }> {
  const world = new World();
  const linkage = world.put();
  world.bootTarget();
  return { world, linkage };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (isHansaError(error)) return error.code;
    throw error;
  }
  return "nothing thrown";
}

describe("command target", () => {
  it("lets the device act and answers with a receipt that names the command", async () => {
    const { world, linkage } = await ready();
    const token = command(world, linkage);
    const { receipt } = decodeCommandReceipt(await world.target.receive(token));
    expect(receipt).toEqual({
      jti: decodeCommand(token).command.jti,
      iss: world.lubeck.did,
      device: world.lamp,
      linkage,
      outcome: "done",
      command: digestOfToken(token),
      iat: START,
    });
    expect(world.acts).toHaveLength(1);
  });

  it("gives a repeated command its first receipt, at once, later, and after a restart", async () => {
    const { world, linkage } = await ready();
    const token = command(world, linkage);
    const [first, second] = await Promise.all([world.target.receive(token), world.target.receive(token)]);
    expect(second).toBe(first);
    world.seconds(3);
    expect(await world.target.receive(token)).toBe(first);
    world.bootTarget();
    expect(await world.target.receive(token)).toBe(first);
    expect(world.acts).toHaveLength(1);
  });

  it("acts once for one event and step, however often it is signed anew", async () => {
    const { world, linkage } = await ready();
    const first = await world.target.receive(command(world, linkage));
    world.seconds(2);
    expect(await world.target.receive(command(world, linkage))).toBe(first);
    expect(world.acts).toHaveLength(1);
  });

  it("refuses with a reason what the contract or the ledger does not allow", async () => {
    const cases: [string, (world: World, linkage: string) => Partial<Command> | undefined][] = [
      ["linkage.unknown", () => ({ linkage: `lk_${"A".repeat(22)}` })],
      ["linkage.not-active", (world, id) => void change(world, id, { status: "suspended" })],
      ["linkage.version", () => ({ version: 0 })],
      ["linkage.not-valid", (world, id) => void change(world, id, { contract: world.contract({ until: START }) })],
      ["linkage.hops", () => ({ hops: 5 })],
      ["linkage.step", () => ({ step: 1 })],
      ["linkage.step", () => ({ action: { set: "state", value: false } })],
      ["linkage.step", () => ({ action: { action: "state" } })],
      ["linkage.step", (world) => ({ sub: world.sensor })],
      ["linkage.evidence", () => ({ jti: "A".repeat(43) })],
      ["linkage.expired", () => ({ iat: START - 60, exp: START })],
      ["linkage.lifetime", () => ({ exp: START + 3600 })],
      ["linkage.lifetime", () => ({ iat: START + 60, exp: START + 90 })],
      ["linkage.device-not-admitted", (world) => void world.revoked.add(world.lamp)],
      ["linkage.device-not-admitted", (world) => void world.revoked.add(world.sensor)],
      ["linkage.not-operator", (world) => void world.operators.set(world.lamp, world.hanover.did)],
      ["linkage.not-operator", (world) => void world.operators.set(world.sensor, world.lubeck.did)],
    ];
    for (const [reason, prepare] of cases) {
      const { world, linkage } = await ready();
      const token = command(world, linkage, prepare(world, linkage) ?? {});
      const waiting = world.target.receive(token);
      await settle();
      world.seconds(3);
      expect([reason, outcomeOf(await waiting)]).toEqual([reason, { outcome: "refused", reason }]);
      expect(world.acts).toHaveLength(0);
    }
  });

  it("answers nothing signed to what no active member signed", async () => {
    const { world, linkage } = await ready();
    const token = command(world, linkage);
    expect(await codeOf(world.target.receive("nonsense"))).toBe("linkage.malformed");
    expect(await codeOf(world.target.receive(command(world, linkage, { aud: "hanse:other:x" })))).toBe(
      "linkage.audience",
    );
    expect(await codeOf(world.target.receive(command(world, linkage, {}, makeParty())))).toBe(
      "linkage.unauthenticated",
    );
    expect(await codeOf(world.target.receive(command(world, linkage, { iss: world.lubeck.did })))).toBe(
      "linkage.unauthenticated",
    );
    const forged = `${token.slice(0, -6)}${token.endsWith("AAAAAA") ? "BBBBBA" : "AAAAAA"}`;
    expect(await codeOf(world.target.receive(forged))).toMatch(/unauthenticated|malformed/);
    world.inactive.add(world.hanover.did);
    expect(await codeOf(world.target.receive(token))).toBe("linkage.unauthenticated");
    expect(world.targetStore.entries.size).toBe(0);
  });

  it("does not let another member spend a command's id, and anchors nothing of strangers", async () => {
    const { world, linkage } = await ready();
    const stolen = await world.target.receive(command(world, linkage, {}, world.lubeck));
    expect(outcomeOf(stolen)).toEqual({ outcome: "refused", reason: "linkage.not-operator" });
    expect(world.receipts.waiting.open).toBe(0);
    expect(outcomeOf(await world.target.receive(command(world, linkage)))).toEqual({ outcome: "done" });
    expect(world.receipts.waiting.open).toBe(1);
  });

  it("keeps the limit per minute itself, over a restart too", async () => {
    const world = new World();
    const linkage = world.put({ limits: { perMinute: 2, hops: 1 } });
    world.bootTarget();
    const send = async (offset: number) => {
      const evidence = { topic: "t", offset, digest: "A".repeat(43) };
      return outcomeOf(await world.target.receive(command(world, linkage, { evidence }))).reason;
    };
    expect([await send(1), await send(2), await send(3)]).toEqual([undefined, undefined, "linkage.rate"]);
    world.bootTarget();
    expect(await send(4)).toBe("linkage.rate");
    world.seconds(61);
    expect(await send(5)).toBeUndefined();
  });

  it("waits a moment for the block that the sender has seen already", async () => {
    const world = new World();
    const linkage = world.put({}, { status: "proposed", version: 1 });
    world.bootTarget();
    const answer = world.target.receive(command(world, linkage, { version: 2 }));
    await settle();
    change(world, linkage, { status: "active", version: 2 });
    world.target.onBlock();
    expect(outcomeOf(await answer)).toEqual({ outcome: "done" });
  });

  it("tells a device's failure, its silence and its own word apart", async () => {
    const outcomes = [];
    for (const act of [
      () => Promise.reject(new Error("secret detail")),
      () => new Promise<never>(() => {}),
      async () => ({ outcome: "refused" as const, reason: "child lock" }),
    ]) {
      const { world, linkage } = await ready();
      world.act = act;
      const answer = world.target.receive(command(world, linkage));
      await settle();
      world.seconds(11);
      outcomes.push(outcomeOf(await answer));
    }
    expect(outcomes).toEqual([
      { outcome: "failed", reason: "linkage.device-error" },
      { outcome: "timeout", reason: "linkage.device-timeout" },
      { outcome: "refused", reason: "child lock" },
    ]);
  });

  it("never acts a second time where the power went between act and receipt", async () => {
    const { world, linkage } = await ready();
    const token = command(world, linkage);
    world.targetStore.cut = { at: world.targetStore.batches + 2, after: false };
    await expect(world.target.receive(token)).rejects.toThrow(PowerCut);
    expect(world.acts).toHaveLength(1);
    world.targetStore.cut = undefined;
    // The process went on: it must not act either.
    const interrupted = { outcome: "failed", reason: "linkage.interrupted" };
    world.bootTarget();
    expect(outcomeOf(await world.target.receive(token))).toEqual(interrupted);
    expect(world.acts).toHaveLength(1);
    expect(world.receipts.waiting.open).toBe(1);
  });

  it("ends a command whose receipt could not be stored, without a restart", async () => {
    const { world, linkage } = await ready();
    const token = command(world, linkage);
    world.targetStore.cut = { at: world.targetStore.batches + 2, after: false };
    await expect(world.target.receive(token)).rejects.toThrow(PowerCut);
    world.targetStore.cut = undefined;
    expect(outcomeOf(await world.target.receive(token)).reason).toBe("linkage.interrupted");
    expect(world.acts).toHaveLength(1);
  });

  it("forgets commands once they can no longer come again, and takes no more than it can remember", async () => {
    const world = new World();
    const linkage = world.put();
    world.bootTarget({ remembered: 2 });
    const send = (offset: number) =>
      world.target.receive(command(world, linkage, { evidence: { topic: "t", offset, digest: "A".repeat(43) } }));
    const first = command(world, linkage, { evidence: { topic: "t", offset: 1, digest: "A".repeat(43) } });
    await world.target.receive(first);
    await send(2);
    expect(await codeOf(send(3))).toBe("linkage.target-full");
    world.seconds(800);
    expect(world.targetStore.list("j/")).toHaveLength(0);
    expect(outcomeOf(await world.target.receive(first)).reason).toBe("linkage.expired");
    expect(outcomeOf(await send(4)).outcome).toBe("done");
    expect(world.acts).toHaveLength(3);
  });

  it("says which command stands behind what a device reports", async () => {
    const { world, linkage } = await ready();
    const token = command(world, linkage, { hops: 3 });
    await world.target.receive(token);
    expect(world.target.causeOf(world.lamp)).toEqual({ cause: decodeCommand(token).command.jti, hops: 3 });
    world.seconds(10);
    expect(world.target.causeOf(world.lamp)).toBeUndefined();
  });
});

function change(world: World, linkage: string, to: object): void {
  const record = world.records.get(linkage);
  if (record !== undefined) world.records.set(linkage, { ...record, ...to });
}
