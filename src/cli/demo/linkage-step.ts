import { encodeBase64Url } from "#base";
import type { SimulatedDevice } from "#bridges";
import { randomBytes } from "#crypto";
import { type Contract, operation } from "#protocol";
import { listRuns, query } from "#sdk";
import { DEVICES } from "./cast.ts";
import type { House } from "./devices-step.ts";
import { pause, type Report, type Stage, until } from "./stage.ts";

function deviceDid(stage: Stage, name: string): string {
  const device = DEVICES.find((candidate) => candidate.name === name);
  if (device === undefined) throw new Error(`no device ${name}`);
  return stage.did(device);
}

/** A contract between acme, borea and the owner of both devices. */
export function contractOf(stage: Stage, title: string, part: Pick<Contract, "trigger" | "actions">): Contract {
  const seconds = Math.floor(Date.now() / 1000);
  return {
    title,
    parties: ["acme", "borea", "owner"].map((name) => stage.party(name).did),
    ...part,
    mode: "single",
    limits: { perMinute: 30, hops: 3 },
    from: seconds - 5,
    until: seconds + 30 * 86_400,
    nonce: encodeBase64Url(randomBytes(9)),
  };
}

/** Proposes, and lets the other parties accept, each by its own signature. Answers the linkage's id. */
export async function agree(stage: Stage, contract: Contract): Promise<string> {
  const receipt = await stage.send("acme", [operation("linkages.propose", { contract })]);
  const linkage = receipt.facts.flatMap((fact) => fact.about).find((id) => id.startsWith("lk_")) as string;
  for (const party of ["borea", "owner"]) await stage.send(party, [operation("linkages.accept", { linkage })]);
  return linkage;
}

/** Step 4: a sensor of one platform moves an appliance of the other, until a party withdraws. */
export async function linkDevices(stage: Stage, report: Report, house: House): Promise<string> {
  const climate = house.get("climate") as SimulatedDevice;
  const plug = house.get("plug") as SimulatedDevice;
  await climate.set("temperature", 21);
  const linkage = await agree(
    stage,
    contractOf(stage, "Fan on when it is warm", {
      trigger: { device: deviceDid(stage, "climate"), property: "temperature", when: { above: "26" } },
      actions: [{ device: deviceDid(stage, "plug"), set: "state", value: "ON" }],
    }),
  );
  const acme = stage.as("acme");
  const record = await query(acme, "linkages.get", { linkage });
  report.say(`acme proposes ${linkage}: temperature of acme's sensor above 26 °C → borea's plug on`);
  report.check(
    `accepted by ${record.accepted.length} parties' signatures, now ${record.status}`,
    record.status === "active" && record.accepted.length === 3,
  );

  await plug.set("state", "OFF");
  const started = performance.now();
  await climate.set("temperature", 27.5);
  const moved = await until(5000, stage.signal, () => plug.read("state") === "ON");
  report.check(
    `27.5 °C → the plug is ${plug.read("state")} ${Math.round(performance.now() - started)} ms later`,
    moved,
  );
  const anchored = await until(
    10_000,
    stage.signal,
    async () => (await query(acme, "linkages.get", { linkage })).done === 1,
  );
  report.check("the plug's signed receipt is anchored on the ledger", anchored);
  report.byHand(`hansa linkage why ${linkage}`);

  await stage.send("borea", [operation("linkages.withdraw", { linkage, reason: "the household has moved the fan" })]);
  await plug.set("state", "OFF");
  await climate.set("temperature", 21);
  await climate.set("temperature", 28);
  // The report is acknowledged after the runtime has looked at it; the wait is for a command that must not come.
  await pause(500, stage.signal);
  const runs = await listRuns(acme, { linkage, limit: 10 });
  const done = runs.items.flatMap((run) => run.steps).filter((step) => step.outcome === "done").length;
  report.check(
    `borea withdraws; 28 °C does nothing: the plug is ${plug.read("state")}`,
    plug.read("state") === "OFF" && done === 1,
  );
  return linkage;
}
