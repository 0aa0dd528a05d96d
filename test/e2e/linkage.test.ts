import type { MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Contract, operation } from "#protocol";
import { getTrailProof, type LinkageRun, listRuns, query, verifyProofFile } from "#sdk";
import {
  type Appliance,
  admit,
  agree,
  connect,
  connectAppliance,
  contractOf,
  createIdentity,
  furnish,
  propertyTopic,
  report,
} from "./devices.suite.ts";
import { Alliance, until } from "./member.suite.ts";

let alliance: Alliance;
let made = 0;
const open: MqttClient[] = [];

beforeAll(async () => {
  alliance = await Alliance.create();
  await alliance.up({ HANSA_LOG_LEVEL: "warn" });
  await furnish(alliance);
});
afterAll(async () => {
  for (const client of open) client.end(true);
  await alliance.remove();
});

interface Scene {
  readonly sensor: string;
  readonly fan: string;
  readonly linkage: string;
  readonly speak: (value: unknown) => Promise<void>;
  readonly appliance: Appliance;
}

/** A sensor of acme and a fan of borea of their own, linked: above 26 → state true. */
async function scene(
  part: Partial<Contract> = {},
  answer?: NonNullable<Parameters<typeof connectAppliance>[2]>["answer"],
): Promise<Scene> {
  const sensor = `device/sensor-${made++}`;
  const fan = `device/fan-${made++}`;
  await admit(alliance, "acme", sensor);
  await admit(alliance, "borea", fan);
  const client = await connect(alliance, sensor);
  const appliance = await connectAppliance(alliance, fan, answer === undefined ? {} : { answer });
  open.push(client, appliance.client);
  const linkage = await agree(
    alliance,
    contractOf(alliance, {
      trigger: { device: alliance.party(sensor).did, property: "temperature", when: { above: "26" } },
      actions: [{ device: alliance.party(fan).did, set: "state", value: true }],
      ...part,
    }),
  );
  const speak = (value: unknown) => report(alliance, client, "acme", sensor, "temperature", value);
  return { sensor, fan, linkage, speak, appliance };
}

async function runs(linkage: string): Promise<readonly LinkageRun[]> {
  return (await listRuns(alliance.as("acme"), { linkage, limit: 50 })).items;
}

const outcomes = async (linkage: string) =>
  (await runs(linkage)).flatMap(({ steps }) => steps.map(({ outcome }) => outcome));

const record = (linkage: string) => query(alliance.as("acme"), "linkages.get", { linkage });

describe("a linkage", () => {
  it("acts once for a trigger, and says with which event and command", async () => {
    const { speak, appliance, linkage, fan } = await scene();
    await speak(20);
    await speak(27);
    await speak(28);
    await until(async () => (await outcomes(linkage)).includes("done"));
    expect(appliance.commands).toMatchObject([{ set: "state", value: true, hops: 1 }]);
    const [run] = await runs(linkage);
    expect(run).toMatchObject({
      value: 27,
      state: "done",
      evidence: { topic: "acme/things" },
      steps: [{ device: alliance.party(fan).did, outcome: "done", action: { set: "state", value: true } }],
    });
  });

  it("does nothing from the block on with which any party withdraws, and its command channel stays silent", async () => {
    for (const party of ["acme", "borea", "owner"]) {
      const { speak, appliance, linkage } = await scene();
      await speak(20);
      await speak(27);
      await until(async () => (await outcomes(linkage)).includes("done"));
      await alliance.send(party, [operation("linkages.withdraw", { linkage, reason: "no more" })]);
      // A report is acknowledged when the runtime has seen it.
      await speak(20);
      await speak(28);
      expect((await record(linkage)).status).toBe("withdrawn");
      expect(appliance.commands).toHaveLength(1);
      expect((await outcomes(linkage)).filter((outcome) => outcome !== "refused")).toEqual(["done"]);
    }
  });

  it("does nothing while a party suspends it, and acts again when that party lets it go on", async () => {
    const { speak, appliance, linkage } = await scene();
    await alliance.send("borea", [operation("linkages.suspend", { linkage })]);
    await speak(20);
    await speak(27);
    expect(appliance.commands).toHaveLength(0);
    await alliance.send("borea", [operation("linkages.activate", { linkage })]);
    await speak(20);
    await speak(28);
    await until(() => appliance.commands.length === 1);
  });

  it("does not act for a device that was revoked, nor on one", async () => {
    const revoked = await scene();
    await revoked.speak(20);
    const device = alliance.party(revoked.fan).did;
    await alliance.send("borea", [operation("devices.revoke", { device, reason: "broken" })]);
    await revoked.speak(27);
    await until(async () => (await runs(revoked.linkage)).length > 0);
    expect(JSON.stringify(await runs(revoked.linkage))).toContain("linkage.device-not-admitted");
    expect(revoked.appliance.commands).toHaveLength(0);
  });

  it("shows a target's refusal with the device's own words, and counts it on the ledger", async () => {
    const words = "the child lock is on";
    const { speak, linkage } = await scene({}, () => ({ outcome: "refused", reason: words }));
    await speak(20);
    await speak(27);
    await until(async () => (await outcomes(linkage)).includes("refused"));
    const [run] = await runs(linkage);
    expect(run?.steps[0]).toMatchObject({ outcome: "refused", reason: words, receipt: expect.any(String) });
    await until(async () => (await record(linkage)).refused === 1);
    expect((await record(linkage)).done).toBe(0);
    const shown = await alliance.hansa("linkage", "why", linkage);
    expect(shown.stdout).toContain(words);
  });

  it("is cut off by its hops where two linkages would set each other off for ever", async () => {
    const names = [`device/loop-${made++}`, `device/loop-${made++}`] as const;
    await admit(alliance, "acme", names[0]);
    await admit(alliance, "borea", names[1]);
    const platforms = ["acme", "borea"] as const;
    // Each reports its state when it is told to change it: a loop as real devices make one.
    const counts = [0, 0];
    const clients: MqttClient[] = [];
    for (const i of [0, 1] as const) {
      const appliance = await connectAppliance(alliance, names[i], {
        answer: () => {
          counts[i] = (counts[i] as number) + 1;
          const topic = propertyTopic(alliance, platforms[i], names[i], "state");
          clients[i]?.publish(topic, JSON.stringify(counts[i]), { qos: 1 }, () => {});
          return { outcome: "done" };
        },
      });
      clients[i] = appliance.client;
      open.push(appliance.client);
    }
    const ids: string[] = [];
    for (const i of [0, 1] as const) {
      const contract = contractOf(alliance, {
        title: `loop ${i}`,
        trigger: { device: alliance.party(names[i]).did, property: "state", changes: true },
        actions: [{ device: alliance.party(names[1 - i] as string).did, set: "state", value: 1 }],
        limits: { perMinute: 6000, hops: 4 },
      });
      ids.push(await agree(alliance, contract));
    }
    // The first value that is known is no change.
    for (const i of [0, 1] as const)
      await report(alliance, clients[i] as MqttClient, platforms[i], names[i], "state", 100);
    await report(alliance, clients[0] as MqttClient, "acme", names[0], "state", 101);
    const refusals = async () =>
      (await Promise.all(ids.map(runs))).flat().filter(({ refused }) => refused === "linkage.hops");
    await until(async () => (await refusals()).length > 0);
    expect((counts[0] as number) + (counts[1] as number)).toBeLessThanOrEqual(8);
  });

  it("fires a `for` that began before the node was killed, once, after it came up again", async () => {
    const sensor = `device/sensor-${made++}`;
    const fan = `device/fan-${made++}`;
    await admit(alliance, "acme", sensor);
    await admit(alliance, "borea", fan);
    const linkage = await agree(
      alliance,
      contractOf(alliance, {
        trigger: { device: alliance.party(sensor).did, property: "temperature", when: { above: "26" }, for: 3 },
        actions: [{ device: alliance.party(fan).did, set: "state", value: true }],
      }),
    );
    // Its session keeps the command, should the node be up and the time over before the fan is back.
    const kept = { clientId: "kept-fan", clean: false };
    await (await connectAppliance(alliance, fan, { mqtt: kept })).client.endAsync();
    const client = await connect(alliance, sensor);
    await report(alliance, client, "acme", sensor, "temperature", 20);
    await report(alliance, client, "acme", sensor, "temperature", 27);
    const began = Date.now();
    await alliance.end("SIGKILL");
    await alliance.up({ HANSA_LOG_LEVEL: "warn" });
    const appliance = await connectAppliance(alliance, fan, { mqtt: kept });
    open.push(appliance.client);
    await until(() => appliance.commands.length > 0);
    expect(Date.now() - began).toBeGreaterThanOrEqual(3000 - 50);
    await until(async () => (await outcomes(linkage)).includes("done"));
    expect(appliance.commands).toHaveLength(1);
  });

  it("does nothing from the block with which a device goes to somebody who never accepted it, and acts again if it comes back", async () => {
    const { speak, appliance, linkage, fan } = await scene();
    await createIdentity(alliance, "buyer");
    const device = alliance.party(fan).did;
    const transfer = (from: string, to: string) =>
      alliance.send(from, [operation("devices.transfer", { device, to: alliance.party(to).did })], [to]);
    await transfer("owner", "buyer");
    await speak(20);
    await speak(27);
    expect(appliance.commands).toHaveLength(0);
    // A new contract wants the new owner's signature.
    const { contract } = await record(linkage);
    await expect(agree(alliance, { ...contract, nonce: "another-nonce" })).rejects.toMatchObject({
      code: "linkages.missing-party",
    });
    await transfer("buyer", "owner");
    await speak(20);
    await speak(28);
    await until(async () => (await outcomes(linkage)).includes("done"));
    expect(appliance.commands).toHaveLength(1);
  });

  it("has its receipts on the ledger: the trail's proof of the target holds command and receipt, verified offline", async () => {
    const { speak, linkage, fan } = await scene();
    await speak(20);
    await speak(27);
    await until(async () => (await record(linkage)).done === 1);
    const about = alliance.party(fan).did;
    const proof = await getTrailProof(alliance.as("delphi"), { about });
    const proved = verifyProofFile(proof, { trust: alliance.groupId });
    expect(proved.commands).toHaveLength(1);
    const [command] = proved.commands;
    expect(command).toMatchObject({
      command: { linkage, sub: about, action: { set: "state", value: true } },
      receipt: { outcome: "done", iss: alliance.party("borea").did },
      commandSignature: "verified",
      receiptSignature: "verified",
    });
    const [run] = await runs(linkage);
    expect(run?.steps[0]?.receipt).toBe(proof.commands[0]?.receipt);
  });
});
