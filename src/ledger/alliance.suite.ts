/** An alliance with fixed keys over any store, for tests: signs, orders and commits as a node would. */
import { expect } from "vitest";
import { encodeBase64Url, encodeUtf8 } from "#base";
import { type Algorithm, createSigner, encodeMultikey, type Signer, sha256 } from "#crypto";
import {
  type Attestation,
  type Certificate,
  type Contract,
  checkGenesis,
  cometAddress,
  DEFAULT_PARAMETERS,
  type DeviceCertificate,
  didOf,
  fingerprintOf,
  type Genesis,
  headerInput,
  keyIdOf,
  type Misbehaviour,
  nodeProofInput,
  type Operation,
  type OperationArgs,
  type OperationName,
  operation,
  type Parameters,
  type Receipt,
  signAttestation,
  signCertificate,
  signTransaction,
  type TransactionClaims,
} from "#protocol";
import { type Execution, Ledger, MemoryStore, type ReceiptErrorCode, type StateStore } from "./index.ts";

/** 2026-01-01T00:00:00Z, in milliseconds. */
export const BEGIN = 1_767_225_600_000;
export const ALLIANCE = "hanse";

/** Somebody with keys. */
export interface Actor {
  readonly name: string;
  readonly signer: Signer;
  readonly did: string;
  /** DID URL of the key that signs. */
  readonly kid: string;
  /** Fingerprint of that key. */
  readonly key: string;
  readonly multikey: string;
}

const actors = new Map<string, Actor>();

/** The actor of a name: always the same key. */
export function actor(name: string, algorithm: Algorithm = "Ed25519"): Actor {
  const known = actors.get(`${algorithm}:${name}`);
  if (known !== undefined) return known;
  const signer = createSigner(algorithm, sha256(encodeUtf8(`hansa test ${name}`)));
  const key = { algorithm, bytes: signer.publicKey };
  const did = didOf(ALLIANCE, key);
  const made = {
    name,
    signer,
    did,
    kid: keyIdOf(did, key),
    key: fingerprintOf(key),
    multikey: encodeMultikey(key),
  };
  actors.set(`${algorithm}:${name}`, made);
  return made;
}

/** The DID of one, signing with the key of another. */
export function withKeyOf(subject: Actor, key: Actor): Actor {
  return { ...key, did: subject.did, kid: `${subject.did}#${key.key}` };
}

/** A digest that a text determines. */
export function digestOfText(text: string): string {
  return encodeBase64Url(sha256(encodeUtf8(text)));
}

/** Two platforms, a maker that sells on both, a lab that is the regulator, too. */
export const north = actor("north");
export const south = actor("south");
export const maker = actor("maker");
export const lab = actor("lab", "P-256");
export const members = [north, south, maker, lab];
export const engineKey = actor("engine");
/** Nobody's, and known to nobody. */
export const stranger = actor("stranger");

/** A node of somebody: its key among peers, and the one with which it votes. */
export interface NodeOf {
  readonly id: string;
  readonly owner: Actor;
  readonly peer: Actor;
  readonly voter: Actor;
  readonly address: string;
}

/** The node of a name: always the same keys. */
export function nodeOf(owner: Actor, name = "first"): NodeOf {
  const peer = actor(`${owner.name} ${name} peer`);
  const id = cometAddress({ algorithm: "Ed25519", bytes: peer.signer.publicKey });
  const address = `${name.replaceAll(" ", "-")}.${owner.name}.example:7422`;
  return { id, owner, peer, voter: actor(`${owner.name} ${name} voter`), address };
}

/** An engine under which the first node of each of these votes, with power 1 where nothing else is given. */
export function cometEngine(
  nodes: readonly NodeOf[] = members.map((member) => nodeOf(member)),
  power: (node: NodeOf) => number = () => 1,
): Genesis["engine"] {
  const validators = nodes.map((node) => ({
    member: node.owner.did,
    node: node.peer.multikey,
    key: node.voter.multikey,
    address: node.address,
    power: power(node),
  }));
  return { kind: "cometbft", validators };
}

const SOLO: Genesis["engine"] = { kind: "solo", key: engineKey.multikey };

export function genesisOf(parameters: Partial<Parameters> = {}, engine = SOLO): Genesis {
  return checkGenesis({
    version: 1,
    alliance: ALLIANCE,
    group: "main",
    time: BEGIN,
    engine,
    members: [
      { did: north.did, name: "North", roles: ["platform"], publicKey: north.multikey },
      { did: south.did, name: "South", roles: ["platform"], publicKey: south.multikey },
      { did: maker.did, name: "Maker", roles: ["maker"], publicKey: maker.multikey },
      { did: lab.did, name: "Lab", roles: ["lab", "regulator"], publicKey: lab.multikey },
    ],
    parameters: { ...DEFAULT_PARAMETERS, ...parameters },
  });
}

export const MODEL = "acme/lamp";
export const FIRMWARE = { version: "1.0.0", digest: digestOfText("firmware 1.0.0") };

export class Alliance {
  readonly genesis: Genesis;
  readonly store: StateStore;
  ledger: Ledger;
  /** Time of the last block. */
  time = BEGIN;
  /** What consensus says beside the transactions, of every block from now on. */
  absent: readonly string[] = [];
  misbehaviour: readonly Misbehaviour[] = [];
  #numbers = 0;

  constructor(store: StateStore = new MemoryStore(), parameters: Partial<Parameters> = {}, engine?: Genesis["engine"]) {
    this.genesis = genesisOf(parameters, engine);
    this.store = store;
    this.ledger = new Ledger(this.genesis, store);
    this.commit(this.ledger.executeGenesis());
  }

  get group(): string {
    return this.ledger.group.id;
  }

  /** Seconds since 1970, of the last block. */
  get seconds(): number {
    return Math.floor(this.time / 1000);
  }

  /** Opens the ledger anew from its store. */
  reopen(): void {
    this.ledger = new Ledger(this.genesis, this.store);
  }

  claims(issuer: Actor, ops: readonly Operation[], changes: Partial<TransactionClaims> = {}): TransactionClaims {
    const jti = `test-transaction-${String(this.#numbers++).padStart(6, "0")}`;
    return { iss: issuer.did, aud: this.group, jti, exp: this.seconds + 60, ops, ...changes };
  }

  /** A signed transaction; the first signer is the issuer. */
  sign(signers: readonly Actor[], ops: readonly Operation[], changes: Partial<TransactionClaims> = {}): Uint8Array {
    return encodeUtf8(signTransaction(this.claims(signers[0] as Actor, ops, changes), signers));
  }

  /** Executes and commits a block, a second after the last. */
  block(...transactions: readonly Uint8Array[]): readonly Receipt[] {
    return this.commit(this.execute(...transactions));
  }

  execute(...transactions: readonly Uint8Array[]): Execution {
    const { absent, misbehaviour } = this;
    const height = this.ledger.height + 1;
    return this.ledger.execute({ height, time: this.time + 1000, transactions, absent, misbehaviour });
  }

  /** What vouches for a block, as far as it is known when the block is committed. */
  certificateOf({ header, encodedHeader }: Execution): Certificate {
    if (this.genesis.engine.kind === "cometbft") return { engine: "cometbft", block: header.height };
    const signature = encodeBase64Url(engineKey.signer.sign(headerInput(encodedHeader)));
    return { engine: "solo", key: engineKey.multikey, signature };
  }

  commit(execution: Execution): readonly Receipt[] {
    this.ledger.commit(execution, this.certificateOf(execution));
    this.time = execution.header.time;
    return execution.receipts;
  }

  /** Executes and commits the blocks that another has and this one has not. */
  follow(other: Alliance): void {
    for (let height = this.ledger.height + 1; height <= other.ledger.height; height++) {
      const block = other.ledger.block(height);
      if (block === undefined) throw new Error(`block ${height} is missing`);
      const { time, absent, misbehaviour } = block.header;
      this.commit(
        this.ledger.execute({
          height,
          time,
          transactions: block.transactions,
          ...(absent === undefined ? {} : { absent }),
          ...(misbehaviour === undefined ? {} : { misbehaviour }),
        }),
      );
    }
  }

  /** Lets block time pass. */
  pass(seconds: number): void {
    this.time += seconds * 1000;
  }

  /** One transaction with one operation, in a block of its own. */
  do<Name extends OperationName>(signers: Actor | readonly Actor[], op: Name, args: OperationArgs<Name>): Receipt {
    const all: readonly Actor[] = Array.isArray(signers) ? signers : [signers as Actor];
    return this.block(this.sign(all, [operation(op, args)]))[0] as Receipt;
  }

  /** The same, and it must work. */
  ok<Name extends OperationName>(signers: Actor | readonly Actor[], op: Name, args: OperationArgs<Name>): Receipt {
    const receipt = this.do(signers, op, args);
    expect(receipt.error).toBeUndefined();
    expect(receipt.facts.length).toBeGreaterThan(0);
    return receipt;
  }

  /** The same, and it must be refused with this code, and change nothing but the memory of its id. */
  refused<Name extends OperationName>(
    code: ReceiptErrorCode,
    signers: Actor | readonly Actor[],
    op: Name,
    args: OperationArgs<Name>,
  ): Receipt {
    const before = this.dump();
    const receipt = this.do(signers, op, args);
    expect([op, receipt.error?.code]).toEqual([op, code]);
    expect(receipt.facts).toEqual([]);
    expect(this.dump()).toEqual(before);
    return receipt;
  }

  /** All records but the kernel's own. */
  dump(): Map<string, unknown> {
    const records = new Map<string, unknown>();
    for (const key of this.ledger.state.keys(""))
      if (!key.startsWith("kernel/")) records.set(key, this.ledger.state.get(key));
    return records;
  }

  /** Gives actors DIDs, sponsored by a member. */
  introduce(...newcomers: readonly Actor[]): void {
    for (const { multikey } of newcomers) this.ok(north, "identity.create", { publicKey: multikey });
  }

  /** What registers a node; `changes` makes it wrong. */
  registration(node: NodeOf, changes: Partial<OperationArgs<"nodes.register">> = {}): OperationArgs<"nodes.register"> {
    const proof = node.voter.signer.sign(nodeProofInput(this.group, node.owner.did, node.peer.multikey));
    return {
      node: node.peer.multikey,
      key: node.voter.multikey,
      address: node.address,
      proof: encodeBase64Url(proof),
      ...changes,
    };
  }

  register(...nodes: readonly NodeOf[]): void {
    for (const node of nodes) this.ok(node.owner, "nodes.register", this.registration(node));
  }

  /** Lets a node say that it has caught up with the head. */
  ready(node: NodeOf): void {
    this.ok(node.owner, "nodes.ready", { node: node.id, height: this.ledger.height });
  }

  /** Maker's root, a model with firmware, and its certification. */
  defineModel(model = MODEL): void {
    this.ok(maker, "devices.addRoot", { root: actor("root").multikey, name: "Root 1" });
    this.ok(maker, "devices.defineModel", { model, name: "Lamp", description: digestOfText("td") });
    this.ok(maker, "devices.addFirmware", { model, ...FIRMWARE });
    this.certify(model);
  }

  certify(model = MODEL, status: "provisional" | "certified" | "revoked" = "certified"): void {
    const until = this.seconds + 10_000_000;
    this.ok(lab, "devices.certify", { model, firmware: "1.0.0", status, evidence: digestOfText("report"), until });
  }

  certificate(device: Actor, changes: Partial<DeviceCertificate> = {}, root: Actor = actor("root")): string {
    const certificate: DeviceCertificate = {
      iss: maker.did,
      sub: device.did,
      key: device.multikey,
      model: MODEL,
      serial: digestOfText("serial"),
      iat: this.seconds,
      exp: this.seconds + 20_000_000,
      ...changes,
    };
    return signCertificate(certificate, `${certificate.iss}#${root.key}`, root.signer);
  }

  attestation(device: Actor, nonce: string, changes: Partial<Attestation> = {}, key: Actor = device): string {
    const attestation: Attestation = {
      iss: device.did,
      aud: north.did,
      nonce,
      model: MODEL,
      firmware: FIRMWARE,
      lifecycle: "production",
      iat: this.seconds,
      ...changes,
    };
    return signAttestation(attestation, key.kid, key.signer);
  }

  /** A fresh nonce. */
  nonce(): string {
    return digestOfText(`nonce ${this.#numbers++}`);
  }

  enrol(device: Actor, owner: Actor, platform: Actor = north): void {
    this.ok(platform, "devices.enrol", {
      device: device.did,
      certificate: this.certificate(device),
      owner: owner.did,
    });
  }

  admit(device: Actor, platform: Actor = north, until = this.seconds + 100_000): void {
    const nonce = this.nonce();
    this.ok(platform, "devices.challenge", { device: device.did, nonce });
    const attestation = this.attestation(device, nonce, { aud: platform.did });
    this.ok(platform, "devices.admit", { device: device.did, attestation, until });
  }

  contract(source: Actor, target: Actor, parties: readonly Actor[], changes: Partial<Contract> = {}): Contract {
    return {
      title: "Light when it is dark",
      parties: parties.map(({ did }) => did),
      trigger: { device: source.did, property: "illuminance", when: { below: "10" } },
      actions: [{ device: target.did, set: "on", value: true }],
      mode: "single",
      limits: { perMinute: 60, hops: 4 },
      from: this.seconds,
      until: this.seconds + 1_000_000,
      nonce: "contract-0001",
      ...changes,
    };
  }
}
