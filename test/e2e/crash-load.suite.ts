/** The load under which nodes are killed: what was acknowledged, and whether all of it is still there. */
import type { MqttClient } from "mqtt";
import { encodeBase64Url, isHansaError } from "#base";
import { randomBytes } from "#crypto";
import { decodeTransaction, fingerprintOfDid, operation, signTransaction } from "#protocol";
import { type CommittedBlock, getBlock, getStatus, query, readEvents, submitTransaction } from "#sdk";
import {
  type Appliance,
  admit,
  agree,
  connect,
  connectAppliance,
  contractOf,
  createIdentity,
  furnish,
  report,
  topicOf,
} from "./devices.suite.ts";
import { Alliance } from "./member.suite.ts";

const CLIENTS = 4;
const SPEAKERS = 3;

/** An acknowledged transaction, and where its receipt says that it is. */
interface Acknowledged {
  readonly jti: string;
  readonly service: string;
  readonly client: number;
  readonly height: number;
  readonly index: number;
}

/** One home, killed and started over and over. */
export class CrashHome {
  readonly alliance: Alliance;
  #linkage = "";
  /** How many services of its own each client has taken turns over: every one is written many times. */
  #counter = 0;
  #said = new Map<string, number>();
  #acknowledged: Acknowledged[] = [];
  /** Newest acknowledged endpoint of each client's service, and the ones sent after it. */
  readonly #services = new Map<string, { acknowledged: string | undefined; later: Set<string> }>();
  readonly #heard: { readonly speaker: string; readonly n: number }[] = [];
  readonly #seen = new Map<string, string>();
  readonly #delivered = new Map<string, number>();
  #height = 0;
  #offset = 0;
  readonly #inLog = new Map<string, number[]>();
  transactions = 0;
  events = 0;

  private constructor(alliance: Alliance) {
    this.alliance = alliance;
  }

  get commands(): number {
    return this.#delivered.size;
  }

  static async create(): Promise<CrashHome> {
    const alliance = await Alliance.create({ config: { signatureThreads: 1 } });
    const home = new CrashHome(alliance);
    await alliance.up({ HANSA_LOG_LEVEL: "warn" });
    await furnish(alliance);
    for (let i = 0; i < CLIENTS; i++) await createIdentity(alliance, `client-${i}`);
    for (let i = 0; i < SPEAKERS; i++) await admit(alliance, "acme", `device/speaker-${i}`);
    await admit(alliance, "acme", "device/sensor");
    await admit(alliance, "borea", "device/fan");
    home.#linkage = await agree(
      alliance,
      contractOf(alliance, {
        trigger: { device: alliance.party("device/sensor").did, property: "temperature", changes: true },
        actions: [{ device: alliance.party("device/fan").did, set: "state", value: true }],
      }),
    );
    return home;
  }

  /** Loads the running node until it is killed `after` milliseconds from now. */
  async loadUntilKilled(after: number): Promise<void> {
    const { alliance } = this;
    const clients: MqttClient[] = [];
    const appliance = await connectAppliance(alliance, "device/fan");
    clients.push(appliance.client);
    const sensor = await connect(alliance, "device/sensor");
    clients.push(sensor);
    const speakers = await Promise.all(
      Array.from({ length: SPEAKERS }, (_, i) => connect(alliance, `device/speaker-${i}`)),
    );
    clients.push(...speakers);
    let alive = true;
    const isAlive = () => alive;
    const loads = [
      ...Array.from({ length: CLIENTS }, (_, i) => this.#transact(i, isAlive)),
      ...speakers.map((client, i) => this.#speak(client, `device/speaker-${i}`, isAlive)),
      this.#trigger(sensor, isAlive),
    ];
    await new Promise((resolve) => setTimeout(resolve, after));
    await alliance.end("SIGKILL");
    alive = false;
    // Ends what waits for an acknowledgement that never comes.
    for (const client of clients) client.end(true);
    await Promise.all(loads);
    this.#noteCommands(appliance);
  }

  async #transact(client: number, isAlive: () => boolean): Promise<void> {
    const { alliance } = this;
    const name = `client-${client}`;
    const { did } = alliance.party(name);
    // Signed here and not by the sdk's action: the test wants to know what it sent, answered or not.
    const sender = alliance.as(name, { timeout: 5000 });
    while (isAlive()) {
      const n = this.#counter++;
      const service = `s${n % 3}`;
      const endpoint = `https://${name}.example/${n}`;
      const ops = [operation("identity.setService", { did, service: { id: service, type: "Crash", endpoint } })];
      const jti = encodeBase64Url(randomBytes(16));
      const claims = { iss: did, aud: alliance.groupId, jti, exp: Math.floor(Date.now() / 1000) + 60, ops };
      const text = signTransaction(claims, [alliance.party(name)]);
      const key = `${name}/${service}`;
      const known = this.#services.get(key) ?? { acknowledged: undefined, later: new Set<string>() };
      this.#services.set(key, known);
      known.later.add(endpoint);
      try {
        const { height, index } = await submitTransaction(sender, text);
        this.#acknowledged.push({ jti, service, client, height, index });
        this.transactions++;
        known.acknowledged = endpoint;
        known.later.clear();
      } catch (error) {
        if (isAlive() && !isHansaError(error, "sdk.unreachable")) throw error;
        return;
      }
    }
  }

  /** Three messages under way at once: a kill then finds some that are acknowledged, some written, some neither. */
  async #speak(client: MqttClient, name: string, isAlive: () => boolean): Promise<void> {
    const speaker = this.alliance.party(name).did;
    const one = async () => {
      while (isAlive()) {
        const n = this.#said.get(speaker) ?? 0;
        this.#said.set(speaker, n + 1);
        try {
          await report(this.alliance, client, "acme", name, "count", { n });
        } catch {
          return;
        }
        this.#heard.push({ speaker, n });
        this.events++;
      }
    };
    await Promise.all([one(), one(), one()]);
  }

  async #trigger(client: MqttClient, isAlive: () => boolean): Promise<void> {
    while (isAlive()) {
      try {
        await report(this.alliance, client, "acme", "device/sensor", "temperature", this.#counter++);
        await new Promise((resolve) => setTimeout(resolve, 10));
      } catch {
        return;
      }
    }
  }

  #noteCommands({ commands }: Appliance): void {
    for (const { id } of commands) this.#delivered.set(id, (this.#delivered.get(id) ?? 0) + 1);
  }

  /** Holds the node that came up again against everything that was ever acknowledged. Answers what is wrong. */
  async findLosses(): Promise<string[]> {
    const wrong = [...(await this.#checkBlocks()), ...(await this.#checkServices()), ...(await this.#checkEvents())];
    for (const [id, times] of this.#delivered) if (times > 1) wrong.push(`command ${id} came ${times} times`);
    return wrong;
  }

  async #checkBlocks(): Promise<string[]> {
    const wrong: string[] = [];
    const client = this.alliance.as("acme");
    const blocks = new Map<number, CommittedBlock>();
    const [group] = (await getStatus(client)).groups;
    const head = group?.height ?? 0;
    if (head < this.#height) wrong.push(`the height fell from ${this.#height} to ${head}`);
    for (let height = this.#height + 1; height <= head; height++) {
      const block = await getBlock(client, height);
      blocks.set(height, block);
      block.transactions.forEach((text, index) => {
        const { claims } = decodeTransaction(text);
        const id = `${claims.iss} ${claims.jti}`;
        const before = this.#seen.get(id);
        if (before !== undefined) wrong.push(`${id} stands at ${before} and at ${height}/${index}`);
        this.#seen.set(id, `${height}/${index}`);
      });
    }
    this.#height = head;
    for (const { jti, client: number, height, index } of this.#acknowledged.splice(0)) {
      const { did } = this.alliance.party(`client-${number}`);
      if (this.#seen.get(`${did} ${jti}`) !== `${height}/${index}`) wrong.push(`${jti} is not at ${height}/${index}`);
      const receipt = blocks.get(height)?.receipts[index];
      if (receipt?.code !== 0 || receipt.height !== height || receipt.index !== index)
        wrong.push(`the receipt of ${jti} is not at ${height}/${index}`);
    }
    return wrong;
  }

  async #checkServices(): Promise<string[]> {
    const wrong: string[] = [];
    for (let i = 0; i < CLIENTS; i++) {
      const { did } = this.alliance.party(`client-${i}`);
      const { services } = await query(this.alliance.as("acme"), "identity.resolve", { did });
      for (const [key, { acknowledged, later }] of this.#services) {
        if (!key.startsWith(`client-${i}/`)) continue;
        const found = services.find(({ id }) => `client-${i}/${id}` === key)?.endpoint;
        // What was never answered may have been executed.
        if (found !== acknowledged && !(found !== undefined && later.has(found)))
          wrong.push(`${key} is ${found}, acknowledged was ${acknowledged}`);
      }
    }
    return wrong;
  }

  async #checkEvents(): Promise<string[]> {
    const wrong: string[] = [];
    const client = this.alliance.as("acme");
    for (;;) {
      const { items, next } = await readEvents(client, { topic: topicOf("acme"), from: this.#offset, limit: 1000 });
      for (const { offset, event } of items) {
        if (offset !== this.#offset) wrong.push(`after offset ${this.#offset - 1} comes ${offset}`);
        this.#offset = offset + 1;
        if (event.subject !== "count") continue;
        const counters = this.#inLog.get(event.source) ?? [];
        this.#inLog.set(event.source, counters);
        const { n } = event.data as { n: number };
        const last = counters.at(-1);
        if (last !== undefined && last >= n)
          wrong.push(`${fingerprintOfDid(event.source)}: ${n} comes after ${last} in the log`);
        counters.push(n);
      }
      if (next === undefined || items.length === 0) break;
    }
    const sets = new Map([...this.#inLog].map(([speaker, counters]) => [speaker, new Set(counters)]));
    for (const { speaker, n } of this.#heard.splice(0))
      if (sets.get(speaker)?.has(n) !== true) wrong.push(`event ${n} of ${speaker} was acknowledged and is lost`);
    return wrong;
  }

  /** How many commands of the linkage the ledger has receipts of. */
  async anchoredRuns(): Promise<number> {
    const { done, refused } = await query(this.alliance.as("acme"), "linkages.get", { linkage: this.#linkage });
    return done + refused;
  }
}
