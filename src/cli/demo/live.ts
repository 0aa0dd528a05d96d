import type { SimulatedDevice } from "#bridges";
import { getStatus, query } from "#sdk";
import type { createPaint } from "../output/paint.ts";
import { DEVICES } from "./cast.ts";
import type { House } from "./devices-step.ts";
import { agree, contractOf } from "./linkage-step.ts";
import { pause, type Stage } from "./stage.ts";

const TITLE = "Light when somebody moves";

/** The house lives on until Ctrl-C: somebody moves every few seconds, and another platform's lamp answers. */
export async function liveOn(
  stage: Stage,
  house: House,
  print: (text: string) => void,
  paint: ReturnType<typeof createPaint>,
): Promise<void> {
  const motion = DEVICES.find((device) => device.name === "motion");
  const lamp = DEVICES.find((device) => device.name === "lamp");
  if (motion === undefined || lamp === undefined) return;
  const acme = stage.as("acme");
  const linkages = await query(acme, "linkages.list", { limit: 1000 });
  const known = linkages.items.find((record) => record.status === "active" && record.contract.title === TITLE);
  const linkage =
    known?.linkage ??
    (await agree(
      stage,
      contractOf(stage, TITLE, {
        trigger: { device: stage.did(motion), property: "occupancy", when: { equals: true } },
        actions: [
          { device: stage.did(lamp), set: "state", value: "ON" },
          { delay: 3 },
          { device: stage.did(lamp), set: "state", value: "OFF" },
        ],
      }),
    ));
  print("");
  print(`The node stays up. ${linkage}: acme's motion sensor → borea's lamp.`);
  print(paint("dim", `  try: node bin/hansa.js status`));
  print(
    paint("dim", `       node bin/hansa.js topic follow acme/things --as acme --passphrase-file .hansa/passphrase`),
  );
  print(paint("dim", `       node bin/hansa.js linkage why ${linkage}`));
  print(paint("dim", "  Ctrl-C ends it; the next start goes on from here."));
  const sensor = house.get("motion") as SimulatedDevice;
  for (let round = 0; !stage.signal.aborted; round++) {
    await sensor.set("occupancy", true).catch(() => undefined);
    await pause(4000, stage.signal);
    if (stage.signal.aborted) break;
    await sensor.set("occupancy", false).catch(() => undefined);
    await pause(4000, stage.signal);
    if (stage.signal.aborted) break;
    if (round % 4 === 0) {
      const status = await getStatus(acme);
      const group = status.groups[0];
      if (group !== undefined) print(paint("dim", `  block ${group.height}, root ${(group.root ?? "").slice(0, 12)}…`));
    }
  }
}
