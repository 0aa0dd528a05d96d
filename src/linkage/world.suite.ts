/** Two members and their devices, with real keys, for the tests of this room. What a node hands in stands here as plain maps. */

import { encodeBase64Url, encodeUtf8, type Json, ManualClock } from "#base";
import { createSigner, type PublicKey, type Signer, sha256 } from "#crypto";
import type { AnchorPlace, DurableMap } from "#events";
import {
  type Command,
  type CommandReceipt,
  type Contract,
  decodeCommandReceipt,
  didOf,
  EVENT_TYPES,
  eventPath,
  fingerprintOfDid,
  keyIdOf,
  type LinkageRecord,
  type LoggedEvent,
  propertyPath,
} from "#protocol";
import { MemoryStore } from "../events/durable-map.suite.ts";
import type { ActOutcome } from "./needs.ts";
import { type AnchorRequest, ReceiptBatches } from "./receipts/receipt-batches.ts";
import { CommandTarget, type TargetOptions } from "./target/command-target.ts";
import { LinkageRuntime } from "./trigger/runtime.ts";
import type { RuntimeOptions } from "./trigger/runtime-options.ts";

export const GROUP = "hanse:main:test";
/** Seconds since 1970 at which worlds begin. */
export const START = 1_800_000_000;

export interface Party {
  readonly did: string;
  readonly kid: string;
  readonly signer: Signer;
}

export function makeParty(): Party {
  const signer = createSigner("Ed25519");
  const key: PublicKey = { algorithm: signer.algorithm, bytes: signer.publicKey };
  const did = didOf("hanse", key);
  return { did, kid: keyIdOf(did, key), signer };
}

export function makeDevice(): string {
  return makeParty().did;
}

/** Lets everything run that waits for a promise. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 30; i++) await Promise.resolve();
}

export class World {
  readonly clock = new ManualClock(START * 1000);
  readonly hanover = makeParty();
  readonly lubeck = makeParty();
  readonly sensor = makeDevice();
  readonly lamp = makeDevice();
  readonly records = new Map<string, LinkageRecord>();
  readonly operators = new Map([
    [this.sensor, this.hanover.did],
    [this.lamp, this.lubeck.did],
  ]);
  readonly revoked = new Set<string>();
  readonly inactive = new Set<string>();
  readonly triggerStore = new MemoryStore();
  readonly targetStore = new MemoryStore();
  /** Stores on disk, where a test wants them. */
  disk: { trigger: DurableMap; target: DurableMap } | undefined;
  /** The topic's log. */
  readonly log: { logged: LoggedEvent; digest: string }[] = [];
  /** Every call of the device. */
  readonly acts: Command[] = [];
  readonly sends: string[] = [];
  readonly anchored: AnchorRequest[] = [];
  height = 1;
  act: (command: Command) => Promise<ActOutcome> = async () => ({ outcome: "done" });
  /** What happens on the way: tests let it fail. */
  send: (token: string, command: Command) => Promise<string> = (token) => this.target.receive(token);
  anchor: (request: AnchorRequest) => Promise<AnchorPlace> = async () => ({ height: ++this.height, index: 0 });
  runtime!: LinkageRuntime;
  target!: CommandTarget;
  receipts!: ReceiptBatches;

  readonly linkages = {
    get: (id: string) => this.records.get(id),
    active: () => [...this.records.values()].filter(({ status }) => status === "active"),
  };
  readonly devices = {
    operatorOf: (device: string) => this.operators.get(device),
    isAdmitted: (device: string) => this.operators.has(device) && !this.revoked.has(device),
  };
  readonly members = {
    isActive: (member: string) => [this.hanover.did, this.lubeck.did].includes(member) && !this.inactive.has(member),
    keyOf: (kid: string): PublicKey | undefined => {
      const party = [this.hanover, this.lubeck].find((one) => one.kid === kid);
      return party && { algorithm: party.signer.algorithm, bytes: party.signer.publicKey };
    },
  };

  get facts() {
    const { linkages, devices, members, clock } = this;
    return { group: GROUP, linkages, devices, members, clock };
  }

  /** Starts the target's node over what its store holds. */
  bootTarget(options: Partial<TargetOptions> = {}): void {
    const { did: member, kid, signer } = this.lubeck;
    this.receipts = new ReceiptBatches({
      store: this.disk?.target ?? this.targetStore,
      clock: this.clock,
      blockTime: () => this.clock.now(),
      anchor: (request) => {
        this.anchored.push(request);
        return this.anchor(request);
      },
    });
    this.target = new CommandTarget({
      ...this.facts,
      member,
      kid,
      signer,
      store: this.disk?.target ?? this.targetStore,
      receipts: this.receipts,
      actor: {
        act: (_device, command) => {
          this.acts.push(command);
          return this.act(command);
        },
      },
      ...options,
    });
    this.receipts.start();
  }

  /** Starts the trigger's node over what its store holds, with the events that it had not seen. */
  bootTrigger(options: Partial<RuntimeOptions> = {}): void {
    const { did: member, kid, signer } = this.hanover;
    this.runtime = new LinkageRuntime({
      ...this.facts,
      member,
      kid,
      signer,
      store: this.disk?.trigger ?? this.triggerStore,
      channel: {
        send: (token, command) => {
          this.sends.push(token);
          return this.send(token, command);
        },
      },
      ...options,
    });
    this.runtime.onEvents(this.log.slice(this.runtime.cursor("hanover/things")));
    this.runtime.start();
  }

  boot(): this {
    this.bootTarget();
    this.bootTrigger();
    return this;
  }

  contract(changes: Partial<Contract> = {}): Contract {
    return {
      title: "Hot, so light",
      parties: [this.hanover.did, this.lubeck.did],
      trigger: { device: this.sensor, property: "temperature", when: { above: "25" } },
      actions: [{ device: this.lamp, set: "state", value: true }],
      mode: "single",
      limits: { perMinute: 60, hops: 4 },
      from: START - 1000,
      until: START + 1_000_000,
      nonce: "abcdefgh",
      ...changes,
    };
  }

  /** Puts a linkage on the ledger, or changes it. */
  put(changes: Partial<Contract> = {}, record: Partial<LinkageRecord> = {}): string {
    const linkage = record.linkage ?? `lk_${"3QJmV3qfvL9SuYo34YihA".slice(0, 20)}${this.records.size + 1}`;
    this.records.set(linkage, {
      linkage,
      contract: this.contract(changes),
      proposer: this.hanover.did,
      accepted: [this.hanover.did, this.lubeck.did],
      status: "active",
      suspendedBy: null,
      reason: null,
      version: this.height,
      done: 0,
      refused: 0,
      ...record,
    });
    return linkage;
  }

  /** A block that changes a linkage's status. */
  block(linkage: string, status: LinkageRecord["status"]): void {
    this.height++;
    const record = this.records.get(linkage) as LinkageRecord;
    this.records.set(linkage, { ...record, status, version: this.height });
    this.announce(linkage);
  }

  announce(...changed: string[]): void {
    this.runtime.onBlock(this.height, changed);
    this.target.onBlock();
  }

  /** The sensor reports: into the log first, then to the runtime. */
  report(value: Json, more: { property?: string; device?: string; hops?: number; cause?: string } = {}): void {
    const { property = "temperature", device = this.sensor } = more;
    this.append({
      source: device,
      type: EVENT_TYPES.property,
      subject: property,
      data: value,
      hansapath: propertyPath(fingerprintOfDid(device), property),
      ...(more.hops === undefined ? {} : { hansahops: more.hops }),
      ...(more.cause === undefined ? {} : { hansacause: more.cause }),
    });
  }

  happen(event: string, device = this.sensor): void {
    const hansapath = eventPath(fingerprintOfDid(device), event);
    this.append({ source: device, type: EVENT_TYPES.event, subject: event, hansapath });
  }

  append(event: Pick<LoggedEvent["event"], "source" | "type" | "hansapath"> & Partial<LoggedEvent["event"]>): void {
    const offset = this.log.length;
    const time = new Date(this.clock.now()).toISOString();
    const logged: LoggedEvent = {
      topic: "hanover/things",
      offset,
      event: { specversion: "1.0", id: String(offset), time, ...event },
    };
    const digest = encodeBase64Url(sha256(encodeUtf8(JSON.stringify(logged.event))));
    this.log.push({ logged, digest });
    this.runtime.onEvent(logged, digest);
  }

  seconds(count: number): void {
    this.clock.advance(count * 1000);
  }

  /** Seconds pass, and what they bring is carried through. */
  async pass(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.seconds(1);
      await settle();
    }
  }
}

export function outcomeOf(receipt: string): Pick<CommandReceipt, "outcome" | "reason"> {
  const { outcome, reason } = decodeCommandReceipt(receipt).receipt;
  return { outcome, ...(reason === undefined ? {} : { reason }) };
}
