/** The main job, over and over: devices come and go, linkages are made and withdrawn, events are told, and all of it is proven. */
import { isHansaError } from "#base";
import type { SimulatedDevice } from "#bridges";
import { verifyEventProof } from "#events";
import { decodeCommand, fingerprintOfDid, operation, propertyPath } from "#protocol";
import {
  encodeProof,
  eventProof,
  getTrailProof,
  type LinkageRun,
  listRuns,
  publishEvent,
  query,
  readEvents,
  type VerifiedFile,
  verifyProofFile,
} from "#sdk";
import { admit, attest, enrol, view } from "../../../src/cli/demo/admission-step.ts";
import { type CastDevice, DEVICES, topicOf } from "../../../src/cli/demo/cast.ts";
import type { House } from "../../../src/cli/demo/devices-step.ts";
import { agree, contractOf } from "../../../src/cli/demo/linkage-step.ts";
import { ensureIdentity } from "../../../src/cli/demo/members-step.ts";
import { refusalOf } from "../../../src/cli/demo/stage.ts";
import { closeHouse, playDemo } from "../demo.suite.ts";
import { eventually } from "../membership/members.suite.ts";
import { Heard } from "./heard.suite.ts";
import type { Work } from "./load.suite.ts";
import type { Network } from "./network.suite.ts";
import { NetworkStage } from "./network-stage.suite.ts";
import { isExpired, isPassing, PATIENCE, patiently } from "./patient.suite.ts";

/** A number below this one. */
type Random = (below: number) => number;

/** A sensor of one platform and what it moves at the other. */
interface Pair {
  readonly sensor: string;
  readonly property: string;
  /** What does not trigger, and what does. */
  readonly calm: number | boolean;
  readonly alarm: number | boolean;
  readonly when: { readonly above: string } | { readonly equals: boolean };
  readonly target: string;
}

const PAIRS: readonly Pair[] = [
  { sensor: "climate", property: "temperature", calm: 21, alarm: 28, when: { above: "26" }, target: "plug" },
  { sensor: "motion", property: "occupancy", calm: false, alarm: true, when: { equals: true }, target: "lamp" },
];
const PARTIES = ["acme", "borea", "owner"] as const;
/** How often a linkage's target has to have done it, before the linkage is withdrawn. */
const DEEDS = 5;
/** Presses of a button that are under way at once. */
const PRESSES = 5;

export class MainJob implements Work {
  readonly surprises: string[] = [];
  readonly counts = { admissions: 0, linkages: 0, commands: 0, unfinished: 0, events: 0, proofs: 0, expired: 0 };
  readonly #stage: NetworkStage;
  readonly #house: House;
  readonly #heard: Heard;
  readonly #random: Random;
  readonly #names: readonly string[];
  #running: readonly Promise<void>[] = [];
  #wanted = false;
  #next = 0;
  /** Linkages that came to their end since the last look, and how many commands each of them sent. */
  readonly #over: { readonly linkage: string; readonly commands: number }[] = [];

  private constructor(network: Network, stage: NetworkStage, house: House, heard: Heard, random: Random) {
    this.#names = network.names;
    this.#stage = stage;
    this.#house = house;
    this.#heard = heard;
    this.#random = random;
  }

  /** Plays the demonstration once: its members, models, devices and topics are what all goes on with. */
  static async play(network: Network, random: Random): Promise<MainJob> {
    const stage = await NetworkStage.on(network);
    const heard = new Heard();
    const house = await playDemo(stage, { onCommand: (_, command, result) => heard.command(command, result) });
    await ensureIdentity(stage, "neighbour", "acme");
    return new MainJob(network, stage, house, heard, random);
  }

  get acknowledged() {
    return this.#stage.acknowledged;
  }

  begin(): void {
    this.#wanted = true;
    this.#running = [
      this.#repeat((n) => this.#admission(n)),
      ...PAIRS.map((pair) => this.#repeat((n) => this.#linkage(pair, n))),
      this.#repeat((n) => this.#events(n)),
    ];
  }

  async end(): Promise<void> {
    this.#wanted = false;
    await Promise.all(this.#running);
  }

  /** Holds topics and linkages against what was acknowledged. Wants all nodes up. */
  async findLosses(): Promise<string[]> {
    const wrong = this.#heard.twice();
    for (const platform of ["acme", "borea"] as const)
      wrong.push(...(await this.#heard.findLosses(this.#stage.as(platform), topicOf(platform))));
    for (const { linkage, commands } of this.#over.splice(0)) {
      const { done, refused } = await this.#record(linkage);
      // A batch of receipts that a kill left half anchored is offered again, and must not count again.
      if (done < DEEDS || done + refused > commands)
        wrong.push(`${linkage} sent ${commands} commands, and has receipts of ${done} done and ${refused} others`);
    }
    return wrong;
  }

  /** Takes the devices off, and waits until the ledger knows all that they said: then nobody has any more to say. Wants all nodes up. */
  async fallSilent(): Promise<void> {
    await this.close();
    for (const platform of ["acme", "borea"] as const) {
      const topic = topicOf(platform);
      const client = this.#stage.as(platform);
      await eventually(`a checkpoint of all of ${topic}`, async () => {
        const { checkpoint } = await query(client, "topics.get", { topic });
        return (await readEvents(client, { topic, from: checkpoint?.size ?? 0, limit: 1 })).items.length === 0;
      });
    }
  }

  async close(): Promise<void> {
    this.#wanted = false;
    await closeHouse(this.#house);
  }

  async #repeat(flow: (n: number) => Promise<void>): Promise<void> {
    while (this.#wanted)
      try {
        await flow(this.#next++);
      } catch (error) {
        // What ran out of time unexecuted is given up, with all that would have followed.
        if (isExpired(error)) this.counts.expired++;
        else {
          this.surprises.push(error instanceof Error ? `${error.stack}` : String(error));
          return;
        }
      }
  }

  /** A device's life: certified by its maker, enrolled, attested, admitted, sold, and revoked. */
  async #admission(n: number): Promise<void> {
    const stage = this.#stage;
    const { model, platform } = this.#one(DEVICES);
    const guest: CastDevice = { name: `guest-${n}`, model, platform };
    const device = stage.did(guest);
    // Begins with a question and does nothing twice.
    await patiently(() => enrol(stage, guest));
    const used = await attest(stage, guest);
    const neighbour = stage.party("neighbour").did;
    await stage.send("owner", [operation("devices.transfer", { device, to: neighbour })], ["neighbour"]);
    const replayed = await refusalOf(admit(stage, guest, used));
    this.#hold(replayed.code === "devices.no-challenge", `an attestation counts once: ${replayed.code}`);
    const admitted = await patiently(() => view(stage, guest));
    this.#hold(
      admitted?.effective === "admitted" && admitted.owner === neighbour,
      `${device} is ${admitted?.effective} and of ${admitted?.owner}`,
    );
    await stage.send("delphi", [operation("devices.revoke", { device, reason: "failed in the field" })]);
    const revoked = await refusalOf(attest(stage, guest));
    this.#hold(revoked.code === "devices.state", `what was revoked does not come back: ${revoked.code}`);
    const { records, entries } = await this.#trail(device, this.#one(this.#names));
    this.#hold(
      records.some(({ key, value }) => key.endsWith(device) && (value as { status?: string }).status === "revoked"),
      `the trail of ${device} ends with its revocation`,
    );
    this.#hold(entries.length >= 5, `the trail of ${device} has ${entries.length} entries`);
    this.counts.admissions++;
  }

  /** A linkage's life: agreed, suspended and let go on, triggered until its target has done it so often, withdrawn, and silent. */
  async #linkage(pair: Pair, n: number): Promise<void> {
    const stage = this.#stage;
    const target = this.#castOf(pair.target);
    const contract = contractOf(stage, `${pair.sensor} moves ${pair.target}, ${n}`, {
      trigger: { device: stage.did(this.#castOf(pair.sensor)), property: pair.property, when: pair.when },
      actions: [{ device: stage.did(target), set: "state", value: "ON" }],
    });
    const linkage = await agree(stage, contract);
    const party = this.#one(PARTIES);
    await stage.send(party, [operation("linkages.suspend", { linkage })]);
    await stage.send(party, [operation("linkages.activate", { linkage })]);
    const { status, accepted } = await this.#record(linkage);
    this.#hold(status === "active" && accepted.length === PARTIES.length, `${linkage} is ${status}`);

    for (let deeds = 0; deeds < DEEDS; ) {
      // What a kill interrupts ends as failed and is never tried a second time: whoever wants it done triggers it anew.
      const { steps } = await this.#triggered(pair, linkage);
      if (steps.some(({ outcome }) => outcome === "done")) deeds++;
      else this.counts.unfinished++;
    }
    const anchored = async () => (await this.#record(linkage)).done >= DEEDS;
    await eventually(`the receipts of ${linkage} on the ledger`, anchored);

    await stage.send(this.#one(PARTIES), [operation("linkages.withdraw", { linkage, reason: "no more" })]);
    // Once acme answers it knows of the withdrawal, too.
    const before = commandsOf(await this.#runs(linkage));
    await this.#trigger(pair);
    const commands = commandsOf(await this.#runs(linkage));
    this.#hold(commands.length === before.length, `${linkage} was withdrawn and goes on`);

    const done = commands.filter(({ outcome }) => outcome === "done");
    for (const { jti } of done) this.#hold(this.#heard.did(jti), `${jti} was receipted and not done`);
    // The target's node has the batches with the receipts. The ledger may have counted a deed that acme never heard of, so that one of
    // those which it knows is still on its way there.
    const isProven = async () => {
      const proven = (await this.#trail(linkage, target.platform)).commands.map(({ command }) => command.jti);
      return done.every(({ jti }) => proven.includes(jti));
    };
    await eventually(`the commands that were done in the trail of ${linkage}`, isProven);
    this.counts.linkages++;
    this.counts.commands += done.length;
    this.#over.push({ linkage, commands: commands.length });
  }

  /** Triggers it once; answers what came of it. */
  async #triggered(pair: Pair, linkage: string): Promise<LinkageRun> {
    const before = (await this.#runs(linkage))[0]?.evidence.offset;
    await this.#trigger(pair);
    let run: LinkageRun | undefined;
    // An event that was acknowledged counts, though its node is killed before it has looked at it.
    await eventually(`a run of ${linkage}`, async () => {
      [run] = await this.#runs(linkage);
      return run?.evidence.offset !== before && run?.steps.every(({ outcome }) => outcome !== "pending") === true;
    });
    return run as LinkageRun;
  }

  async #trigger({ sensor, property, calm, alarm }: Pair): Promise<void> {
    for (const value of [calm, alarm]) {
      const device = this.#house.get(sensor) as SimulatedDevice;
      // Away, a device keeps what it measures to itself: nobody would acknowledge it.
      await eventually(`${sensor} is back`, () => device.status === "ready", PATIENCE / 1000);
      await this.#told(device, property, value, device.set(property, value));
    }
  }

  /** Presses of a button over MQTT, one count over HTTP, and the checkpoint under which the count is proven. */
  async #events(n: number): Promise<void> {
    const stage = this.#stage;
    const remote = this.#house.get("remote") as SimulatedDevice;
    const presses = Array.from({ length: PRESSES }, (_, i) => PRESSES * n + i);
    await Promise.all(presses.map((press) => this.#told(remote, "on", press, remote.emit("on", press))));

    const { name, platform } = this.#one(DEVICES);
    const topic = topicOf(platform);
    const { did } = stage.party(`device/${name}`);
    const path = propertyPath(fingerprintOfDid(did), "count");
    const client = stage.as(`device/${name}`);
    const published = await publishEvent(client, { topic, path, data: n }).catch((error: unknown) => {
      // It may be in the log or not, and nobody was told: a client that knows no more goes on with its next.
      if (isPassing(error)) return undefined;
      throw error;
    });
    if (published === undefined) return;
    const { offset } = published;
    this.#heard.event({ source: did, subject: "count", data: n, topic, offset });
    this.counts.events++;
    const operator = stage.as(platform);
    await eventually(
      `a checkpoint of ${topic} beyond ${offset}`,
      async () => ((await patiently(() => query(operator, "topics.get", { topic }))).checkpoint?.size ?? 0) > offset,
    );
    const proof = await patiently(() => eventProof(operator, { topic, offset }));
    const { did: member, signer } = stage.party(platform);
    const key = { algorithm: signer.algorithm, bytes: signer.publicKey };
    const event = verifyEventProof(proof, { group: stage.groupId, name: member, key });
    this.#hold(event?.data === n && event.source === did, `event ${offset} of ${topic} is proven`);
    this.counts.proofs++;
  }

  /** Waits for the broker's acknowledgement, over as many connections as it takes, and remembers it. */
  async #told(device: SimulatedDevice, subject: string, data: number | boolean, told: Promise<void>): Promise<void> {
    let done = false;
    const acknowledged = told.then(() => {
      done = true;
    });
    await Promise.race([acknowledged, eventually(`the word on ${subject}`, () => done, PATIENCE / 1000)]);
    this.#heard.event({ source: device.did, subject, data, topic: topicOf("acme") });
    this.counts.events++;
  }

  /** A trail as the regulator gets it from some member, verified with nothing but the group's id. */
  async #trail(about: string, at: string): Promise<VerifiedFile> {
    const client = this.#stage.as("delphi", at);
    let text = "";
    await eventually(`the trail of ${about}`, async () => {
      try {
        text = encodeProof(await patiently(() => getTrailProof(client, { about })));
      } catch (error) {
        // A block came while it was put together.
        if (!isHansaError(error, "audit.head-moved")) throw error;
      }
      return text !== "";
    });
    this.counts.proofs++;
    return verifyProofFile(text, { trust: this.#stage.groupId });
  }

  #record(linkage: string) {
    return patiently(() => query(this.#stage.as("acme"), "linkages.get", { linkage }));
  }

  async #runs(linkage: string): Promise<readonly LinkageRun[]> {
    return (await patiently(() => listRuns(this.#stage.as("acme"), { linkage }))).items;
  }

  #castOf(name: string): CastDevice {
    return DEVICES.find((device) => device.name === name) as CastDevice;
  }

  #one<Item>(items: readonly Item[]): Item {
    return items[this.#random(items.length)] as Item;
  }

  #hold(holds: boolean, what: string): void {
    if (!holds) throw new Error(`does not hold: ${what}`);
  }
}

/** Commands that runs sent. */
function commandsOf(runs: readonly LinkageRun[]): { readonly jti: string; readonly outcome: string }[] {
  return runs
    .flatMap(({ steps }) => steps)
    .flatMap(({ command, outcome }) =>
      command === undefined ? [] : [{ jti: decodeCommand(command).command.jti, outcome }],
    );
}
