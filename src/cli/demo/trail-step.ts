import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { encodeProof, getTrailProof } from "#sdk";
import { type CastDevice, DEVICES } from "./cast.ts";
import type { Report, Stage } from "./stage.ts";
import { verifyOffline } from "./verify-offline.ts";

/** Step 5: the trail of one device as one file, verified by another process with no network and no node. */
export async function exportTrail(stage: Stage, report: Report): Promise<void> {
  const plug = DEVICES.find((device) => device.name === "plug") as CastDevice;
  const file = join(stage.home, "trail-of-plug.json");
  const proof = await getTrailProof(stage.as("delphi"), { about: stage.did(plug) });
  const text = encodeProof(proof);
  writeFileSync(file, text);
  const shown = relative(process.cwd(), file);
  report.say(
    `${shown}: ${proof.entries.length} transactions, ${proof.records.length} records, ${proof.commands.length} command receipts, ${Math.ceil(text.length / 1024)} KB`,
  );
  const altered = join(stage.home, "trail-altered.json");
  writeFileSync(altered, text.replace('"status":"admitted"', '"status":"enrolled"'));
  const [verified, refused] = await Promise.all([
    verifyOffline(file, stage.groupId),
    verifyOffline(altered, stage.groupId),
  ]);
  report.check("hansa verify: it holds, under this group's id alone, offline", verified.code === 0);
  report.check("the same file with one word changed does not", refused.code === 1);
  report.byHand(`hansa verify ${shown} --trust ${stage.groupId}`);
}
