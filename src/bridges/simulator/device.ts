import type { Clock, Json } from "#base";
import { Lru } from "#base";
import { commandTopic, EVENT_TYPES, eventPath, fingerprintOfDid, propertyPath, resultTopic } from "#protocol";
import {
  type CommandMessage,
  decodeCommandMessage,
  encodeMessage,
  type ResultMessage,
  reasonOf,
} from "../device-messages.ts";
import { bridgeError } from "../errors.ts";
import { type ConnectionStatus, MqttConnection } from "../mqtt/connection.ts";
import { checkValue } from "../wot/data-schema.ts";
import type { ThingDescription } from "../wot/thing-description.ts";
import { Appliance } from "./appliance.ts";
import { describeDevice, type Product } from "./product.ts";
import { SeededRandom } from "./random.ts";

export interface SimulatedDeviceOptions {
  readonly product: Product;
  /** DID of the device: user name and, its last part, client id. */
  readonly did: string;
  /** Topic of its operator, such as `acme/things`. */
  readonly topic: string;
  /** `mqtt://host:port` of its operator's broker. */
  readonly broker: string;
  /** A connection token signed just now; asked for at every connection. */
  readonly connectionToken: () => string;
  readonly clock: Clock;
  /** The same seed gives the same readings; default a number made of the DID. */
  readonly seed?: number;
  /** How often its world moves on, milliseconds; default 1,000. */
  readonly tick?: number;
  readonly backOff?: { readonly first: number; readonly most: number };
  /** CA certificates in PEM for `mqtts:`. */
  readonly ca?: string;
  readonly onStatus?: (status: ConnectionStatus, reason?: string) => void;
  /** Told of every command that it answered. */
  readonly onCommand?: (command: CommandMessage, result: ResultMessage) => void;
}

/** Commands whose results it remembers: QoS 1 may bring one twice. */
const REMEMBERED = 256;

/**
 * A virtual device of a real product, on a real socket. It reports its properties, carries out commands that fit its Thing
 * Description, and says of each what became of it.
 *
 * @example
 * ```ts
 * const lamp = new SimulatedDevice({ product: await loadProduct("LED1836G9"), did, topic: "acme/things", broker, connectionToken, clock });
 * await lamp.ready;
 * await lamp.set("brightness", 100); // as if by hand
 * await lamp.close();
 * ```
 */
export class SimulatedDevice {
  readonly did: string;
  readonly thing: ThingDescription;
  readonly #options: SimulatedDeviceOptions;
  readonly #fingerprint: string;
  readonly #appliance: Appliance;
  readonly #connection: MqttConnection;
  readonly #results = new Lru<string, ResultMessage>(REMEMBERED);
  /** Changed while away: on its return it tells the newest value of each, not the story. */
  readonly #unreported = new Set<string>();
  #cancelTick = () => {};
  #lastTick: number;
  #malformed = 0;

  constructor(options: SimulatedDeviceOptions) {
    this.#options = options;
    this.did = options.did;
    this.#fingerprint = fingerprintOfDid(options.did);
    const { product, topic, broker, did, clock } = options;
    this.thing = describeDevice(product, { did, fingerprint: this.#fingerprint, topic, broker });
    const seed = options.seed ?? seedOf(did);
    this.#appliance = new Appliance(this.thing, seed);
    for (const name of Object.keys(this.thing.properties)) this.#unreported.add(name);
    this.#lastTick = clock.now();
    this.#connection = new MqttConnection({
      url: broker,
      clientId: this.#fingerprint,
      clean: false,
      credentials: () => ({ username: did, password: options.connectionToken() }),
      clock,
      filters: [commandTopic(this.#fingerprint)],
      onMessage: (_, payload) => this.#onCommand(payload),
      onStatus: (status, reason) => {
        if (status === "ready") this.#report([...this.#unreported]).catch(() => {});
        options.onStatus?.(status, reason);
      },
      random: new SeededRandom(seed).next,
      ...(options.backOff === undefined ? {} : { backOff: options.backOff }),
      ...(options.ca === undefined ? {} : { ca: options.ca }),
    });
    this.#armTick();
  }

  /** Resolves when it is connected and listens for commands for the first time. */
  get ready(): Promise<void> {
    return this.#connection.ready;
  }

  get status(): ConnectionStatus {
    return this.#connection.status;
  }

  /** Messages on its command topic that were none; they cannot be answered. */
  get malformed(): number {
    return this.#malformed;
  }

  /** A property's value now. */
  read(property: string): Json | undefined {
    return this.#appliance.read(property);
  }

  /**
   * Changes a property as its surroundings or a hand at the device would, whether it can be commanded or not. Resolves when
   * the broker has acknowledged every report that follows.
   *
   * @throws HansaError `bridge.property-unknown`, `bridge.value`
   */
  async set(property: string, value: Json): Promise<void> {
    const schema = this.#appliance.has(property) ? this.thing.properties[property] : undefined;
    if (schema === undefined) throw bridgeError("bridge.property-unknown", `no property ${property}`, { property });
    const problem = checkValue(schema, value);
    if (problem !== undefined) throw bridgeError("bridge.value", `${property}: ${problem}`, { property, problem });
    await this.#report(this.#appliance.set(property, value));
  }

  /**
   * Gives an event, such as a button's `single`. Events of a device that is away wait for its return, up to the
   * connection's limit.
   *
   * @throws HansaError `bridge.event-unknown`, `bridge.busy`, `bridge.closed`
   */
  async emit(event: string, data: Json = null): Promise<void> {
    if (!Object.hasOwn(this.thing.events, event))
      throw bridgeError("bridge.event-unknown", `no event ${event}`, { event });
    const path = eventPath(this.#fingerprint, event);
    await this.#connection.publish(`${this.#options.topic}/${path}`, JSON.stringify(data));
  }

  /** Goes away for good. */
  async close(): Promise<void> {
    this.#cancelTick();
    await this.#connection.close();
  }

  #armTick(): void {
    this.#cancelTick = this.#options.clock.after(this.#options.tick ?? 1000, () => {
      const now = this.#options.clock.now();
      const changed = this.#appliance.tick(Math.max(0, now - this.#lastTick) / 1000);
      this.#lastTick = now;
      // A reading that the broker does not take is followed by a newer one.
      this.#report(changed).catch(() => {});
      this.#armTick();
    });
  }

  /** Publishes properties as they are now; as CloudEvents that name their cause where a command changed them. */
  async #report(names: readonly string[], cause?: CommandMessage): Promise<void> {
    if (this.#connection.status !== "ready") {
      for (const name of names) this.#unreported.add(name);
      return;
    }
    await Promise.all(
      names.map((name) => {
        this.#unreported.delete(name);
        const value = this.#appliance.read(name);
        if (value === undefined) return undefined;
        const path = `${this.#options.topic}/${propertyPath(this.#fingerprint, name)}`;
        const payload = cause === undefined ? value : this.#eventOf(name, value, cause);
        return this.#connection.publish(path, JSON.stringify(payload));
      }),
    );
  }

  /** CloudEvents 1.0 in structured mode: MQTT 3.1.1 has no headers to put `hansahops` into. */
  #eventOf(name: string, value: Json, cause: CommandMessage): Json {
    return {
      specversion: "1.0",
      id: `${cause.id}-${name}`,
      source: this.did,
      type: EVENT_TYPES.property,
      subject: name,
      datacontenttype: "application/json",
      data: value,
      hansahops: cause.hops ?? 0,
      hansacause: cause.id,
    };
  }

  #onCommand(payload: Uint8Array): void {
    let command: CommandMessage;
    try {
      command = decodeCommandMessage(payload);
    } catch {
      this.#malformed++;
      return;
    }
    let result = this.#results.get(command.id);
    let changed: string[] = [];
    if (result === undefined) {
      [result, changed] = this.#carryOut(command);
      this.#results.set(command.id, result);
    }
    // One connection keeps the order of QoS 1: whoever reads the result has had the changes before it.
    this.#report(changed, command).catch(() => {});
    this.#connection.publish(resultTopic(this.#fingerprint), encodeMessage(result)).catch(() => {});
    this.#options.onCommand?.(command, result);
  }

  #carryOut(command: CommandMessage): [ResultMessage, string[]] {
    try {
      if (command.exp !== undefined && command.exp * 1000 <= this.#options.clock.now())
        throw bridgeError("bridge.expired", "its time is over", { exp: command.exp });
      const changed =
        "set" in command
          ? this.#setByCommand(command.set, command.value as Json)
          : this.#actByCommand(command.action, command.input as Json | undefined);
      return [{ id: command.id, outcome: "done" }, changed];
    } catch (error) {
      return [{ id: command.id, outcome: "refused", reason: reasonOf(error) }, []];
    }
  }

  #setByCommand(name: string, value: Json): string[] {
    const schema = this.#appliance.has(name) ? this.thing.properties[name] : undefined;
    if (schema === undefined) throw bridgeError("bridge.property-unknown", `no property ${name}`);
    if (schema.readOnly === true) throw bridgeError("bridge.read-only", `${name} can be read only`);
    const problem = checkValue(schema, value);
    if (problem !== undefined) throw bridgeError("bridge.value", `${name}: ${problem}`);
    return this.#appliance.set(name, value);
  }

  #actByCommand(name: string, input: Json | undefined): string[] {
    const action = Object.hasOwn(this.thing.actions, name) ? this.thing.actions[name] : undefined;
    if (action === undefined) throw bridgeError("bridge.action-unknown", `no action ${name}`);
    const problem =
      action.input === undefined
        ? input === undefined
          ? undefined
          : "takes no input"
        : checkValue(action.input, input);
    if (problem !== undefined) throw bridgeError("bridge.value", `input of ${name}: ${problem}`);
    return this.#appliance.act(name, input);
  }
}

/** FNV-1a: different devices differ, and each is the same at every start. */
function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
