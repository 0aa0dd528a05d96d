import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeProof, getTrailProof } from "#sdk";
import { type CastDevice, DEVICES } from "./cast.ts";
import type { Report, Stage } from "./stage.ts";

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
  const verified = await verifyInAnotherProcess(file, stage.groupId);
  report.check("hansa verify: it holds, under this group's id alone, offline", verified.code === 0);
  const altered = join(stage.home, "trail-altered.json");
  writeFileSync(altered, text.replace('"status":"admitted"', '"status":"enrolled"'));
  const refused = await verifyInAnotherProcess(altered, stage.groupId);
  report.check("the same file with one word changed does not", refused.code === 1);
  report.byHand(`hansa verify ${shown} --trust ${stage.groupId}`);
}

function verifyInAnotherProcess(file: string, trust: string): Promise<{ readonly code: number | null }> {
  // An address that answers nobody: verification must not need one. `src/cli/demo` and `dist/cli/demo` lie equally deep below the package.
  const main = fileURLToPath(new URL("../../../bin/hansa.js", import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, "verify", file, "--trust", trust, "--json"], {
      env: { ...process.env, HANSA_URL: "http://127.0.0.1:1" },
      stdio: "ignore",
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code }));
  });
}
