/** The main job on four members, each with its own node: the steps of `hansa demo`, every party acting at its own member's node. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadProduct, type SimulatedDevice } from "#bridges";
import { getTrailProof, verifyProofFile } from "#sdk";
import { admitDevices } from "../../../src/cli/demo/admission-step.ts";
import { DEVICES } from "../../../src/cli/demo/cast.ts";
import { connectDevices, type House } from "../../../src/cli/demo/devices-step.ts";
import { linkDevices } from "../../../src/cli/demo/linkage-step.ts";
import { joinMembers } from "../../../src/cli/demo/members-step.ts";
import type { Report, Stage } from "../../../src/cli/demo/stage.ts";
import { exportTrail } from "../../../src/cli/demo/trail-step.ts";
import { ENGINE, WITHOUT_ENGINE } from "../network/engine.suite.ts";
import { Members, SECONDS } from "./members.suite.ts";

const LONG = 180 * SECONDS;

let members: Members;
let house: House = new Map<string, SimulatedDevice>();

describe.skipIf(ENGINE === undefined)(`the main job on four members${WITHOUT_ENGINE}`, () => {
  beforeAll(async () => {
    members = await Members.found();
    await members.up();
  }, LONG);
  afterAll(async () => {
    for (const device of house.values()) await device.close();
    await members?.remove();
  }, LONG);

  it("runs from nothing to a trail verified offline: models, admission, devices, a linkage of two platforms, proof", {
    timeout: LONG,
  }, async () => {
    const stage: Stage = {
      home: members.made.folder,
      groupId: members.groupId,
      signal: AbortSignal.timeout(LONG),
      brokerOf: (platform) => members.node(platform).mqttUrl,
      party: (name) => members.party(name),
      as: (name) => members.as(name),
      send: (name, operations, also) => members.send(name, operations, also),
      product: ({ model }) => loadProduct(model),
      did: ({ name }) => members.party(`device/${name}`).did,
    };
    const failed: string[] = [];
    let checks = 0;
    const report: Report = {
      say: () => {},
      check(text, holds) {
        checks++;
        if (!holds) failed.push(text);
      },
      byHand: () => {},
    };
    await joinMembers(stage, report);
    await admitDevices(stage, report);
    house = await connectDevices(stage, report, {});
    await linkDevices(stage, report, house);
    await exportTrail(stage, report);
    expect(failed).toEqual([]);
    expect(checks).toBeGreaterThan(10);

    // All four executed all of it, and anybody's trail of the plug holds the command that went from acme's node to borea's.
    const { height } = await members.agreed();
    expect(height).toBeGreaterThan(DEVICES.length);
    const plug = DEVICES.find(({ name }) => name === "plug");
    if (plug === undefined) throw new Error("the cast has no plug");
    const proof = await getTrailProof(members.as("delphi", { at: "borea" }), { about: stage.did(plug) });
    const { commands } = verifyProofFile(proof, { trust: members.groupId });
    expect(commands).toMatchObject([
      { command: { iss: members.party("acme").did }, receipt: { iss: members.party("borea").did, outcome: "done" } },
    ]);
  });
});
