/** Devices of the end-to-end tests: enrolled and admitted over the HTTP API, on the broker with the reference client `mqtt`. */
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { encodeBase64Url } from "#base";
import { encodeMultikey, randomBytes } from "#crypto";
import {
  type Contract,
  commandTopic,
  digestOf,
  fingerprintOf,
  fingerprintOfDid,
  type Operation,
  operation,
  propertyPath,
  type Receipt,
  resultTopic,
  signAttestation,
  signCertificate,
  signConnectionToken,
} from "#protocol";
import type { Alliance, RunningMember } from "./member.suite.ts";

/** Where devices live: whose keys sign, how transactions are sent, and the node whose broker they come to. */
export interface Place extends Pick<Alliance, "groupId" | "party"> {
  send(name: string, operations: readonly Operation[], also?: readonly string[]): Promise<Receipt>;
  readonly node: Pick<RunningMember, "mqttUrl">;
}

export const FIRMWARE = "1.0.0";
export const MODEL = "castor/thing-1";
export type Platform = "acme" | "borea";

const seconds = () => Math.floor(Date.now() / 1000);

/** Castor's root and models, Delphi's certificates, both platforms' topics, and a household. */
export async function furnish(alliance: Place, models: readonly string[] = [MODEL]): Promise<void> {
  const { signer } = alliance.party("root/castor");
  const root = encodeMultikey({ algorithm: signer.algorithm, bytes: signer.publicKey });
  await alliance.send("castor", [
    operation("devices.addRoot", { root, name: "Castor root" }),
    ...models.flatMap((model) => [
      operation("devices.defineModel", { model, name: model, description: digestOf({ model }) }),
      operation("devices.addFirmware", { model, version: FIRMWARE, digest: digestOf({ image: model }) }),
    ]),
  ]);
  await alliance.send(
    "delphi",
    models.map((model) =>
      operation("devices.certify", {
        model,
        firmware: FIRMWARE,
        status: "certified",
        evidence: digestOf({ report: model }),
        until: seconds() + 180 * 86_400,
      }),
    ),
  );
  await createIdentity(alliance, "owner");
  for (const platform of ["acme", "borea"] as const) {
    const { did } = alliance.party(platform);
    await alliance.send(platform, [
      operation("topics.open", {
        topic: topicOf(platform),
        publish: [{ who: { devicesOf: did }, at: "{device}/#" }],
        subscribe: [{ who: { did } }, { who: { role: "regulator" } }, { who: { devicesOf: did }, at: "{device}/#" }],
      }),
    ]);
  }
}

export function topicOf(platform: Platform): string {
  return `${platform}/things`;
}

export async function createIdentity(alliance: Place, name: string, sponsor = "acme"): Promise<void> {
  const { signer } = alliance.party(name);
  const publicKey = encodeMultikey({ algorithm: signer.algorithm, bytes: signer.publicKey });
  await alliance.send(sponsor, [operation("identity.create", { publicKey })]);
}

/** A device from nothing to admitted, in one transaction of its platform. Its name is `device/<name>`. */
export async function admit(
  alliance: Place,
  platform: Platform,
  name: string,
  options: { readonly model?: string; readonly owner?: string } = {},
): Promise<void> {
  const model = options.model ?? MODEL;
  const { did, kid, signer } = alliance.party(name);
  const publicKey = encodeMultikey({ algorithm: signer.algorithm, bytes: signer.publicKey });
  const root = alliance.party("root/castor").signer;
  const maker = alliance.party("castor").did;
  const certificate = signCertificate(
    {
      iss: maker,
      sub: did,
      key: publicKey,
      model,
      serial: digestOf({ serial: name, salt: encodeBase64Url(randomBytes(16)) }),
      iat: seconds() - 60,
      exp: seconds() + 365 * 86_400,
    },
    `${maker}#${fingerprintOf({ algorithm: root.algorithm, bytes: root.publicKey })}`,
    root,
  );
  const nonce = encodeBase64Url(randomBytes(16));
  const attestation = signAttestation(
    {
      iss: did,
      aud: alliance.party(platform).did,
      nonce,
      model,
      firmware: { version: FIRMWARE, digest: digestOf({ image: model }) },
      lifecycle: "production",
      iat: seconds(),
    },
    kid,
    signer,
  );
  const owner = alliance.party(options.owner ?? "owner").did;
  await alliance.send(platform, [
    operation("identity.create", { publicKey }),
    operation("devices.enrol", { device: did, certificate, owner }),
    operation("devices.challenge", { device: did, nonce }),
    operation("devices.admit", { device: did, attestation, until: seconds() + 30 * 86_400 }),
  ]);
}

/** A connection token of anybody, as its own key signs it. */
export function tokenOf(alliance: Place, name: string, options: { now?: number; group?: string } = {}): string {
  const { did, kid, signer } = alliance.party(name);
  return signConnectionToken(did, options.group ?? alliance.groupId, kid, signer, options.now ?? Date.now(), 600);
}

/** What waited in a session comes before `connect` has answered: so the client is handed over. */
export type Listener = (topic: string, payload: Buffer, client: MqttClient) => void;

/**
 * Connects over MQTT. It never connects again by itself: tests say when.
 *
 * @param listen - hears messages from the first on: what waited in a session comes together with the answer to CONNECT
 * @throws the broker's refusal, whose `code` is the return code of MQTT 3.1.1
 */
export async function connect(
  alliance: Place,
  name: string,
  options: IClientOptions = {},
  listen: Listener = () => {},
): Promise<MqttClient> {
  const client = mqtt.connect(alliance.node.mqttUrl, {
    protocolVersion: 4,
    reconnectPeriod: 0,
    connectTimeout: 20_000,
    username: alliance.party(name).did,
    password: tokenOf(alliance, name),
    clientId: name.replaceAll("/", "-"),
    ...options,
  });
  client.on("message", (topic, payload) => listen(topic, payload, client));
  await new Promise<void>((resolve, reject) => {
    client.once("connect", () => resolve());
    client.on("error", reject);
    client.once("close", () => reject(new Error("the broker closed the connection")));
  });
  return client;
}

/** Return code with which a connection is refused; 0 where it is taken. */
export async function returnCodeOf(alliance: Place, name: string, options: IClientOptions = {}): Promise<number> {
  try {
    (await connect(alliance, name, options)).end(true);
    return 0;
  } catch (error) {
    return Number((error as { readonly code?: unknown }).code);
  }
}

/** Resolves when the connection is gone. */
export function gone(client: MqttClient): Promise<void> {
  return new Promise((resolve) => {
    if (!client.connected) resolve();
    else client.once("close", () => resolve());
  });
}

export function propertyTopic(alliance: Place, platform: Platform, name: string, property: string): string {
  return `${topicOf(platform)}/${propertyPath(fingerprintOfDid(alliance.party(name).did), property)}`;
}

/** Reports a property; resolves when the broker has acknowledged it. */
export async function report(
  alliance: Place,
  client: MqttClient,
  platform: Platform,
  name: string,
  property: string,
  value: unknown,
): Promise<void> {
  await client.publishAsync(propertyTopic(alliance, platform, name, property), JSON.stringify(value), { qos: 1 });
}

export interface Appliance {
  readonly client: MqttClient;
  /** Every command message that came, in order. */
  readonly commands: { readonly id: string; readonly set?: string; readonly value?: unknown; readonly hops: number }[];
}

/** A device that does what it is told and says so; `answer` decides otherwise. */
export async function connectAppliance(
  alliance: Place,
  name: string,
  options: {
    readonly answer?: (command: Appliance["commands"][number]) => { outcome: string; reason?: string } | undefined;
    readonly mqtt?: IClientOptions;
  } = {},
): Promise<Appliance> {
  const fingerprint = fingerprintOfDid(alliance.party(name).did);
  const commands: Appliance["commands"] = [];
  const client = await connect(alliance, name, options.mqtt, (_, payload, from) => {
    const command = JSON.parse(payload.toString()) as Appliance["commands"][number];
    commands.push(command);
    const answer = options.answer === undefined ? { outcome: "done" } : options.answer(command);
    if (answer !== undefined)
      from.publish(resultTopic(fingerprint), JSON.stringify({ id: command.id, ...answer }), { qos: 1 }, () => {});
  });
  await client.subscribeAsync(commandTopic(fingerprint), { qos: 1 });
  return { client, commands };
}

/** A contract among both platforms and the household. */
export function contractOf(alliance: Place, part: Pick<Contract, "trigger" | "actions"> & Partial<Contract>): Contract {
  return {
    title: "when it is warm",
    parties: ["acme", "borea", "owner"].map((name) => alliance.party(name).did),
    mode: "single",
    limits: { perMinute: 6000, hops: 3 },
    from: seconds() - 5,
    until: seconds() + 86_400,
    nonce: encodeBase64Url(randomBytes(9)),
    ...part,
  };
}

/** Proposed and accepted by every party; answers the linkage's id. */
export async function agree(alliance: Place, contract: Contract): Promise<string> {
  const receipt = await alliance.send("acme", [operation("linkages.propose", { contract })]);
  const linkage = receipt.facts.flatMap(({ about }) => about).find((id) => id.startsWith("lk_")) as string;
  for (const party of ["borea", "owner"]) await alliance.send(party, [operation("linkages.accept", { linkage })]);
  return linkage;
}
