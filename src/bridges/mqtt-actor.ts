import type { Clock } from "#base";
import { type Command, type CommandOutcome, commandTopic, fingerprintOfDid } from "#protocol";
import { decodeResultMessage, encodeCommandMessage, type ResultMessage } from "./device-messages.ts";

/** What became of a command. */
export interface ActResult {
  readonly outcome: CommandOutcome;
  /** Code of an error, or the device's own word. */
  readonly reason?: string;
}

export interface MqttDeviceActorOptions {
  readonly clock: Clock;
  /** Publishes as the node; rejects or throws where the broker does not take it. */
  readonly deliver: (topic: string, payload: Uint8Array, options: { readonly qos: 1 }) => void | Promise<void>;
  /** How long a device has, milliseconds; default 10,000. */
  readonly timeout?: number;
  /** Commands under way at once, of all devices; default 1,024. */
  readonly inFlight?: number;
}

interface Waiting {
  readonly result: Promise<ActResult>;
  readonly settle: (result: ActResult) => void;
}

const RESULTS = /^hansa\/devices\/([^/]+)\/results$/;

/**
 * Carries commands to devices over MQTT and waits for their word. Broker and subscription belong to the node: it hands in
 * `deliver`, and passes on what arrives on `hansa/devices/+/results`.
 *
 * @example
 * ```ts
 * const actor = new MqttDeviceActor({ clock, deliver: (topic, payload, options) => broker.publish(topic, payload, options) });
 * broker.on("hansa/devices/+/results", (topic, payload) => actor.onResult(topic, payload));
 * await actor.act(device, command); // { outcome: "done" }
 * ```
 */
export class MqttDeviceActor {
  readonly #clock: Clock;
  readonly #deliver: MqttDeviceActorOptions["deliver"];
  readonly #timeout: number;
  readonly #most: number;
  readonly #waiting = new Map<string, Waiting>();
  #late = 0;
  #malformed = 0;

  constructor(options: MqttDeviceActorOptions) {
    this.#clock = options.clock;
    this.#deliver = options.deliver;
    this.#timeout = options.timeout ?? 10_000;
    this.#most = options.inFlight ?? 1024;
  }

  /** `late` counts results that nobody waits for (any more), `malformed` those that are none. */
  get counts(): { readonly inFlight: number; readonly late: number; readonly malformed: number } {
    return { inFlight: this.#waiting.size, late: this.#late, malformed: this.#malformed };
  }

  /**
   * Sends a command and waits. Never rejects: what goes wrong is the outcome `failed` or `timeout` with a code of
   * `BRIDGE_ERRORS` as reason. The same command again, while it is under way, gets the same answer and is sent once.
   *
   * @param device - DID of the target
   */
  act(device: string, command: Command): Promise<ActResult> {
    const fingerprint = fingerprintOfDid(device);
    const key = `${fingerprint}/${command.jti}`;
    const known = this.#waiting.get(key);
    if (known !== undefined) return known.result;
    if (this.#waiting.size >= this.#most) return Promise.resolve({ outcome: "failed", reason: "bridge.busy" });
    let settle: (result: ActResult) => void = () => {};
    const result = new Promise<ActResult>((resolve) => {
      const cancel = this.#clock.after(this.#timeout, () => settle({ outcome: "timeout", reason: "bridge.timeout" }));
      settle = (answer) => {
        if (!this.#waiting.delete(key)) return;
        cancel();
        resolve(answer);
      };
    });
    // In the map before it is sent: a broker in this process may answer before `deliver` returns.
    this.#waiting.set(key, { result, settle });
    void this.#send(fingerprint, command, settle);
    return result;
  }

  async #send(fingerprint: string, command: Command, settle: (result: ActResult) => void): Promise<void> {
    try {
      await this.#deliver(commandTopic(fingerprint), encodeCommandMessage(command), { qos: 1 });
    } catch {
      // The broker's own message may name clients and addresses; the reason goes into a signed receipt.
      settle({ outcome: "failed", reason: "bridge.unavailable" });
    }
  }

  /**
   * A message on a device's result topic. The topic says who speaks (only the device may publish there), so a result counts
   * only for a command that went to that device. Never throws.
   */
  onResult(topic: string, payload: Uint8Array): void {
    const fingerprint = RESULTS.exec(topic)?.[1];
    let message: ResultMessage;
    try {
      message = decodeResultMessage(payload);
    } catch {
      this.#malformed++;
      return;
    }
    const waiting = this.#waiting.get(`${fingerprint}/${message.id}`);
    if (waiting === undefined) {
      this.#late++;
      return;
    }
    waiting.settle(
      message.reason === undefined
        ? { outcome: message.outcome }
        : { outcome: message.outcome, reason: message.reason },
    );
  }

  /** Answers everything under way with `failed`. */
  close(): void {
    for (const { settle } of [...this.#waiting.values()]) settle({ outcome: "failed", reason: "bridge.closed" });
  }
}
