import { systemClock } from "#base";
import { type CommandMessage, type ResultMessage, SimulatedDevice, validateThing } from "#bridges";
import { signConnectionToken } from "#protocol";
import { eventProof, query, readEvents } from "#sdk";
import { DEVICES, topicOf } from "./cast.ts";
import { type Report, type Stage, until } from "./stage.ts";

/** The devices on their sockets, by name. */
export type House = ReadonlyMap<string, SimulatedDevice>;

export interface HouseOptions {
  readonly onCommand?: (name: string, command: CommandMessage, result: ResultMessage) => void;
}

/** Step 3: every device connects over MQTT with a JWT that its own key signed, and speaks as its product does. */
export async function connectDevices(stage: Stage, report: Report, options: HouseOptions): Promise<House> {
  const house = new Map<string, SimulatedDevice>();
  const vendors = new Set<string>();
  let described = 0;
  for (const cast of DEVICES) {
    const product = await stage.product(cast);
    vendors.add(product.vendor);
    const { did, kid, signer } = stage.party(`device/${cast.name}`);
    const device = new SimulatedDevice({
      product,
      did,
      topic: topicOf(cast.platform),
      broker: stage.brokerOf(cast.platform),
      connectionToken: () => signConnectionToken(did, stage.groupId, kid, signer, Date.now(), 600),
      clock: systemClock,
      tick: 5000,
      onCommand: (command, result) => options.onCommand?.(cast.name, command, result),
    });
    house.set(cast.name, device);
    if (isValidThing(device)) described++;
    report.say(
      `${cast.name.padEnd(9)} ${product.vendor} ${product.model}: ${Object.keys(device.thing.properties).slice(0, 5).join(", ")}`,
    );
  }
  await Promise.race([Promise.all([...house.values()].map((device) => device.ready)), untilAborted(stage.signal)]);
  const ready = [...house.values()].filter((device) => device.status === "ready").length;
  report.check(
    `${ready} products of ${vendors.size} vendors connected over MQTT, each with a token that its own key signed`,
    ready === DEVICES.length && vendors.size >= 5,
  );
  report.check(`${described} are described as W3C WoT Thing Descriptions 1.1`, described === DEVICES.length);

  for (const platform of ["acme", "borea"] as const) {
    const topic = topicOf(platform);
    const client = stage.as(platform);
    const spoke = await until(10_000, stage.signal, async () => {
      const { items } = await readEvents(client, { topic, from: 0, limit: 1000 });
      return (
        new Set(items.map((item) => item.event.source)).size >=
        DEVICES.filter((device) => device.platform === platform).length
      );
    });
    report.check(`every device of ${platform} is heard in ${topic}`, spoke);
  }
  const anchored = await until(
    10_000,
    stage.signal,
    async () => ((await query(stage.as("acme"), "topics.get", { topic: "acme/things" })).checkpoint?.size ?? 0) > 0,
  );
  const proof = await eventProof(stage.as("acme"), { topic: "acme/things", offset: 0 });
  report.check(
    `the log of acme/things is anchored on the ledger, and event 0 proves its place in it (${proof.checkpoint.split("\n")[1]} events)`,
    anchored,
  );
  report.byHand("hansa topic read acme/things --as acme --passphrase-file .hansa/passphrase");
  return house;
}

export function describeCommand(command: CommandMessage): string {
  return "action" in command ? command.action : `${command.set} = ${JSON.stringify(command.value)}`;
}

function isValidThing(device: SimulatedDevice): boolean {
  try {
    validateThing(device.thing);
    return true;
  } catch {
    return false;
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
