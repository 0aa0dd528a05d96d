import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { encodeBase64Url } from "#base";
import type { SimulatedDevice } from "#bridges";
import { encodeMultikey, randomBytes } from "#crypto";
import { openKeyFile } from "#crypto/node";
import { homeAt, initHome, startNode } from "#node";
import { saveIdentity } from "../home/identities.ts";
import type { Io, Output } from "../io.ts";
import { createPaint } from "../output/paint.ts";
import { renderTable } from "../output/table.ts";
import { admitDevices } from "./admission-step.ts";
import { ALLIANCE, GROUP, MEMBERS } from "./cast.ts";
import { connectDevices, describeCommand, type House } from "./devices-step.ts";
import { linkDevices } from "./linkage-step.ts";
import { liveOn } from "./live.ts";
import { joinMembers } from "./members-step.ts";
import { releaseReadings } from "./release-step.ts";
import { type Check, createStage, type Report, type Stage } from "./stage.ts";
import { exportTrail } from "./trail-step.ts";

export interface DemoOptions {
  readonly home: string;
  /** Runs the steps, checks them, and ends. In a home of its own unless one was named. */
  readonly once: boolean;
  readonly io: Io;
  /** Where people read: standard error where standard output is for a program. */
  readonly out: Output;
  /** Ports; 0: any. */
  readonly httpPort?: number;
  readonly mqttPort?: number;
}

export interface StepResult {
  readonly name: string;
  readonly checks: readonly Check[];
  readonly seconds: number;
  readonly error?: string;
}

export interface DemoRun {
  readonly results: readonly StepResult[];
  /** Whether it came to its last step. */
  readonly complete: boolean;
}

/**
 * The main job, live: an alliance of four members on this machine, with everything that a reader can repeat by hand.
 *
 * @returns results of all steps that ran; the last one failed where any did
 */
export async function runDemo(options: DemoOptions): Promise<DemoRun> {
  const { io, once, out } = options;
  const home = once ? mkdtempSync(join(tmpdir(), "hansa-once-")) : options.home;
  const paint = createPaint(out, io.env);
  const print = (text: string) => out.write(`${text}\n`);
  const passphrase = await prepareHome(home, options);
  const node = await startNode({
    home,
    passphrase,
    environment: {
      HANSA_LOG_LEVEL: "warn",
      ...io.env,
      ...(once ? { HANSA_HTTP_PORT: "0", HANSA_MQTT_PORT: "0" } : {}),
    },
  });
  const keys = await openKeyFile(homeAt(home).keyFile, passphrase);
  const stage = createStage(home, node, keys, io.signal);
  const results: StepResult[] = [];
  let house: House = new Map<string, SimulatedDevice>();
  try {
    print(paint("bold", `Hansa: an alliance of four members on this machine (${node.url}, ${node.mqttUrl})`));
    const steps: readonly [string, (report: Report) => Promise<unknown>][] = [
      ["1 members join by vote, models are certified", (report) => joinMembers(stage, report)],
      ["2 devices are admitted by attestation", (report) => admitDevices(stage, report)],
      [
        "3 devices speak over MQTT",
        async (report) => {
          house = await connectDevices(stage, report, {
            onCommand: (name, command, { outcome }) =>
              print(`  ${paint("cyan", "▸")} ${name} was told: ${describeCommand(command)} (${outcome})`),
          });
        },
      ],
      ["4 a linkage joins two platforms", (report) => linkDevices(stage, report, house)],
      ["5 a device's trail is verified offline", (report) => exportTrail(stage, report)],
      ["6 an owner lets a platform read a meter's last day", (report) => releaseReadings(stage, report, house)],
    ];
    rememberIdentities(home, stage);
    for (const [name, run] of steps) {
      if (io.signal.aborted) break;
      const result = await runStep(name, run, print, paint);
      results.push(result);
      if (result.error !== undefined || result.checks.some((check) => !check.holds)) break;
    }
    print("");
    print(
      renderTable(
        ["step", "checks", "result", "seconds"],
        results.map((result) => [
          result.name,
          String(result.checks.length),
          failed(result) ? "FAILED" : "ok",
          result.seconds.toFixed(1),
        ]),
      ),
    );
    if (!once && !results.some(failed) && !io.signal.aborted) await liveOn(stage, house, print, paint);
    return { results, complete: results.length === steps.length };
  } finally {
    for (const device of house.values()) await device.close();
    keys.close();
    await node.close();
    if (once) rmSync(home, { recursive: true, force: true });
  }
}

export function failed(result: StepResult): boolean {
  return result.error !== undefined || result.checks.some((check) => !check.holds);
}

async function runStep(
  name: string,
  run: (report: Report) => Promise<unknown>,
  print: (text: string) => void,
  paint: ReturnType<typeof createPaint>,
): Promise<StepResult> {
  print("");
  print(paint("bold", name));
  const started = performance.now();
  const checks: Check[] = [];
  const report: Report = {
    say: (text) => print(`  ${text}`),
    check(text, holds) {
      checks.push({ text, holds });
      print(`  ${holds ? paint("green", "✓") : paint("red", "✗")} ${text}`);
    },
    byHand: (command) => print(paint("dim", `    by hand: node bin/${command.replace("hansa", "hansa.js")}`)),
  };
  let error: string | undefined;
  try {
    await run(report);
  } catch (thrown) {
    error = thrown instanceof Error ? thrown.message : String(thrown);
    print(`  ${paint("red", "✗")} ${error}`);
  }
  return { name, checks, seconds: (performance.now() - started) / 1000, ...(error === undefined ? {} : { error }) };
}

/** A home on the first run; on later ones the same. Its passphrase lies beside it: a demonstration has nobody to ask. */
async function prepareHome(folder: string, options: DemoOptions): Promise<string> {
  const file = join(folder, "passphrase");
  if (existsSync(homeAt(folder).configFile)) return readFileSync(file, "utf8").trim();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const passphrase = existsSync(file) ? readFileSync(file, "utf8").trim() : encodeBase64Url(randomBytes(24));
  writeFileSync(file, `${passphrase}\n`, { mode: 0o600 });
  const [first, ...others] = MEMBERS;
  if (first === undefined) throw new Error("the cast has no members");
  await initHome({
    folder,
    passphrase,
    alliance: ALLIANCE,
    group: GROUP,
    now: Date.now(),
    members: [first],
    hosted: others.map((member) => member.name),
    // Two thirds of the members must agree on a new one, so that votes are seen.
    parameters: {
      quorums: {
        admit: { numerator: 2, denominator: 3 },
        roles: { numerator: 2, denominator: 3 },
        suspend: { numerator: 2, denominator: 3 },
        reinstate: { numerator: 2, denominator: 3 },
        remove: { numerator: 2, denominator: 3 },
        parameters: { numerator: 2, denominator: 3 },
      },
    },
    config: {
      ...(options.httpPort === undefined ? {} : { http: { host: "127.0.0.1", port: options.httpPort } }),
      ...(options.mqttPort === undefined ? {} : { mqtt: { host: "127.0.0.1", port: options.mqttPort } }),
    },
  });
  options.out.write(
    `made a home in ${relative(options.io.cwd, folder) || folder}; its passphrase lies in ${relative(options.io.cwd, file)}\n`,
  );
  return passphrase;
}

/** Lets the commands that are shown be repeated with `--as NAME`. */
function rememberIdentities(home: string, stage: Stage): void {
  for (const name of [...MEMBERS.map((member) => member.name), "owner"]) {
    const { did, signer } = stage.party(name);
    saveIdentity(home, name, {
      did,
      key: name,
      algorithm: signer.algorithm,
      publicKey: encodeMultikey({ algorithm: signer.algorithm, bytes: signer.publicKey }),
    });
  }
}
