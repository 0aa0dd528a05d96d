/** The demonstration's parties on a network whose nodes may be gone at any time: each acts at its own member's node, and waits for it. */

import { loadProduct } from "#bridges";
import { decodeTransaction, type Operation, type Receipt } from "#protocol";
import { type Client, createClient, type Party, signOperations } from "#sdk";
import { type CastDevice, DEVICES } from "../../../src/cli/demo/cast.ts";
import type { Stage } from "../../../src/cli/demo/stage.ts";
import { Strangers } from "../strangers.suite.ts";
import type { Acknowledged } from "./load.suite.ts";
import type { Network } from "./network.suite.ts";
import { PATIENCE, settle } from "./patient.suite.ts";

/** Where those act who have no node: a household at its platform's, a device at that of its operator. */
const HOUSEHOLD = "acme";
/** How long a transaction may be executed: clients that wait out a killed node need it. The group's window is longer. */
const SECONDS = 120;

export class NetworkStage implements Stage {
  /** All that was ever acknowledged. */
  readonly acknowledged: Acknowledged[] = [];
  readonly home: string;
  readonly groupId: string;
  readonly signal = new AbortController().signal;
  readonly #network: Network;
  readonly #members: ReadonlyMap<string, Party>;
  readonly #others: Strangers;
  /** Newest block that a receipt was of, and the ones that nodes are known to have. */
  #height = 0;
  readonly #heights = new Map<string, number>();

  private constructor(network: Network, members: ReadonlyMap<string, Party>) {
    this.#network = network;
    this.#members = members;
    this.#others = new Strangers(network.alliance.alliance);
    this.home = network.alliance.folder;
    this.groupId = network.groupId;
  }

  static async on(network: Network): Promise<NetworkStage> {
    const members = network.names.map(async (name) => [name, await network.party(name)] as const);
    return new NetworkStage(network, new Map(await Promise.all(members)));
  }

  brokerOf(platform: CastDevice["platform"]): string {
    return this.#network.node(platform).mqttUrl;
  }

  party(name: string): Party {
    return this.#members.get(name) ?? this.#others.party(name);
  }

  /** What is asked of a node waits until it has all that was acknowledged before, by whichever node: nobody is answered of yesterday. */
  as(name: string, at = this.#nodeOf(name)): Client {
    return createClient({
      url: this.#network.home(at).url,
      group: this.groupId,
      signer: this.party(name),
      timeout: 10_000,
      retry: { attempts: 1, delay: 1 },
      fetch: async (input, init) => {
        await this.#caughtUp(at);
        return fetch(input, init);
      },
    });
  }

  async send(name: string, operations: readonly Operation[], also: readonly string[] = []): Promise<Receipt> {
    const client = this.as(name);
    const signers = [name, ...also].map((other) => this.party(other));
    const text = await signOperations(client, operations, { signers, seconds: SECONDS });
    const receipt = await settle(client, text);
    const { iss, jti } = decodeTransaction(text).claims;
    const { height, index } = receipt;
    this.acknowledged.push({ issuer: iss, jti, height, index });
    this.#height = Math.max(this.#height, height);
    return receipt;
  }

  product({ model }: CastDevice) {
    return loadProduct(model);
  }

  did({ name }: CastDevice) {
    return this.party(`device/${name}`).did;
  }

  async #caughtUp(at: string): Promise<void> {
    const height = this.#height;
    if ((this.#heights.get(at) ?? 0) >= height) return;
    await this.#network.wait(`${at} at height ${height}`, ([view]) => (view?.height ?? 0) >= height, {
      names: [at],
      within: PATIENCE,
    });
    this.#heights.set(at, height);
  }

  #nodeOf(name: string): string {
    if (this.#members.has(name)) return name;
    return DEVICES.find((device) => `device/${device.name}` === name)?.platform ?? HOUSEHOLD;
  }
}
