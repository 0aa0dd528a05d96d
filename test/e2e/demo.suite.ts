/** The demonstration on members with nodes of their own: what its steps check has to hold. */
import { expect } from "vitest";
import type { SimulatedDevice } from "#bridges";
import { admitDevices } from "../../src/cli/demo/admission-step.ts";
import { connectDevices, type House, type HouseOptions } from "../../src/cli/demo/devices-step.ts";
import { linkDevices } from "../../src/cli/demo/linkage-step.ts";
import { joinMembers } from "../../src/cli/demo/members-step.ts";
import { releaseReadings } from "../../src/cli/demo/release-step.ts";
import type { Report, Stage } from "../../src/cli/demo/stage.ts";
import { exportTrail } from "../../src/cli/demo/trail-step.ts";

/** Plays all six steps of `hansa demo`. Its devices stay connected: whoever has them closes them. */
export async function playDemo(stage: Stage, options: HouseOptions = {}): Promise<House> {
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
  let house: House = new Map<string, SimulatedDevice>();
  try {
    house = await connectDevices(stage, report, options);
    await linkDevices(stage, report, house);
    await exportTrail(stage, report);
    await releaseReadings(stage, report, house);
    expect(failed).toEqual([]);
    expect(checks).toBeGreaterThan(20);
    return house;
  } catch (error) {
    await closeHouse(house);
    throw error;
  }
}

export async function closeHouse(house: House): Promise<void> {
  await Promise.all([...house.values()].map((device) => device.close()));
}
