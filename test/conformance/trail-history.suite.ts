/** A group's first days, signed and executed by the real ledger: what trails are made of. */
import { encodeBase64Url, encodeUtf8 } from "#base";
import { type Algorithm, createSigner, encodeMultikey, leafHash, type Signer, sha256, treeHash } from "#crypto";
import { Ledger, linkageIdOf, MemoryStore } from "#ledger";
import {
  type Contract,
  cometAddress,
  DEFAULT_PARAMETERS,
  didOf,
  encodeHeader,
  fingerprintOf,
  type Genesis,
  headerInput,
  keyIdOf,
  type MemberChange,
  nodeProofInput,
  type Operation,
  operation,
  prepareEvidence,
  proveInclusion,
  type Receipt,
  type Role,
  signAttestation,
  signCertificate,
  signCommand,
  signCommandReceipt,
  signTransaction,
} from "#protocol";

const ALLIANCE = "hanse";
const BEGIN = 1_800_000_000_000;
const digest = (text: string) => encodeBase64Url(sha256(encodeUtf8(text)));

/** Whoever signs. */
export class Party {
  readonly signer: Signer;
  readonly did: string;
  readonly kid: string;
  readonly publicKey: string;

  constructor(name: string, algorithm: Algorithm = "Ed25519") {
    this.signer = createSigner(algorithm, sha256(encodeUtf8(`trail history ${name}`)));
    const key = { algorithm, bytes: this.signer.publicKey };
    this.did = didOf(ALLIANCE, key);
    this.kid = keyIdOf(this.did, key);
    this.publicKey = encodeMultikey(key);
  }

  get fingerprint(): string {
    return fingerprintOf({ algorithm: this.signer.algorithm, bytes: this.signer.publicKey });
  }
}

export type Asked = readonly [readonly Party[], readonly Operation[]];

/** A ledger with a key that vouches for its blocks. */
export class World {
  readonly engine = createSigner("Ed25519", sha256(encodeUtf8("trail history engine")));
  readonly #engineKey = encodeMultikey({ algorithm: "Ed25519", bytes: this.engine.publicKey });
  readonly store = new MemoryStore();
  readonly ledger: Ledger;
  readonly committed: { header: Ledger["head"]; receipts: readonly Receipt[] }[] = [];
  #time = BEGIN;
  #serial = 0;

  constructor(
    group: string,
    members: readonly (readonly [Party, string, readonly Role[]])[],
    engine?: Genesis["engine"],
  ) {
    const genesis: Genesis = {
      version: 1,
      alliance: ALLIANCE,
      group,
      time: BEGIN,
      engine: engine ?? { kind: "solo", key: this.#engineKey },
      members: members.map(([party, name, roles]) => ({
        did: party.did,
        name,
        roles: [...roles],
        publicKey: party.publicKey,
      })),
      parameters: DEFAULT_PARAMETERS,
    };
    this.ledger = new Ledger(genesis, this.store);
    this.#commit(this.ledger.executeGenesis());
  }

  get time(): number {
    return this.#time;
  }

  /** One block of these transactions; all must succeed unless `refused` is named. */
  block(asked: readonly Asked[], refused: readonly number[] = []): readonly Receipt[] {
    this.#time += 1000;
    const transactions = asked.map(([parties, ops]) => {
      const claims = {
        iss: (parties[0] as Party).did,
        aud: this.ledger.group.id,
        jti: `trail-history-${String(this.#serial++).padStart(8, "0")}`,
        exp: this.#time / 1000 + 60,
        ops,
      };
      return encodeUtf8(signTransaction(claims, parties));
    });
    const execution = this.ledger.execute({ height: this.ledger.height + 1, time: this.#time, transactions });
    execution.receipts.forEach((receipt, index) => {
      if ((receipt.code === 0) === refused.includes(index))
        throw new Error(`transaction ${index}: ${JSON.stringify(receipt)}`);
    });
    this.#commit(execution);
    return execution.receipts;
  }

  #commit(execution: ReturnType<Ledger["execute"]>): void {
    const signature = encodeBase64Url(this.engine.sign(headerInput(execution.encodedHeader)));
    const votes = { engine: "cometbft" as const, block: execution.header.height };
    const solo = { engine: "solo" as const, key: this.#engineKey, signature };
    this.ledger.commit(execution, this.ledger.genesis.engine.kind === "solo" ? solo : votes);
    if (encodeHeader(execution.header).length !== execution.encodedHeader.length) throw new Error("header encoding");
    this.committed.push({ header: this.ledger.head, receipts: execution.receipts });
  }
}

/** A node of a party, and what makes it known. */
function nodeOf(party: Party, group: string) {
  const [peer, voter] = [new Party(`${party.did} peer`), new Party(`${party.did} voter`)];
  const node = cometAddress({ algorithm: "Ed25519", bytes: peer.signer.publicKey });
  const proof = encodeBase64Url(voter.signer.sign(nodeProofInput(group, party.did, peer.publicKey)));
  const address = "ledger.acme.example:7422";
  const register = operation("nodes.register", { node: peer.publicKey, key: voter.publicKey, address, proof });
  return { node, register };
}

/** A group whose members' nodes vote: one more comes, and goes again. */
export function makeVotingHistory() {
  const founders = [new Party("acme"), new Party("bolt"), new Party("lab", "P-256")] as const;
  const [acme, bolt] = founders;
  const guest = new Party("guest");
  const validators = founders.map((party) => ({
    member: party.did,
    node: new Party(`${party.did} first peer`).publicKey,
    key: new Party(`${party.did} first voter`).publicKey,
    address: "first.example:7422",
    power: 1,
  }));
  const world = new World(
    "voting",
    [...founders, guest].map((party, i) => [party, `Member ${i}`, ["platform"]]),
    { kind: "cometbft", validators },
  );
  const { node, register } = nodeOf(acme, world.ledger.group.id);
  world.block([[[acme], [register, operation("nodes.ready", { node, height: 0 })]]]);
  const decide = (change: MemberChange, proposal: number) =>
    world.block([
      [[acme], [operation("members.propose", { change })]],
      [[bolt], [operation("members.approve", { proposal })]],
      [[guest], [operation("members.approve", { proposal })]],
    ]);
  decide({ kind: "addValidator", node, power: 2 }, 1);
  decide({ kind: "removeValidator", node }, 2);
  return { world, node };
}

/** Every module's operations once: members, a device's whole life, a linkage with receipts, a topic. */
export function makeHistory(group = "main") {
  const acme = new Party("acme");
  const bolt = new Party("bolt");
  const lab = new Party("lab", "P-256");
  const guest = new Party("guest");
  const sensor = new Party("sensor", "P-256");
  const lamp = new Party("lamp");
  const owner = new Party("owner");
  const buyer = new Party("buyer");
  const root = new Party("maker root", "P-256");
  const spare = new Party("spare key");
  const next = new Party("next key");
  const world = new World(group, [
    [acme, "Acme", ["platform"]],
    [bolt, "Bolt", ["platform", "maker"]],
    [lab, "Lab", ["lab", "regulator"]],
  ]);
  const model = "bolt/t1";
  const seconds = (ahead: number) => Math.floor(world.time / 1000) + ahead;
  const year = 31_536_000;

  const admit = operation("members.propose", {
    change: { kind: "admit", member: guest.did, name: "Guest", roles: ["platform"] },
  });
  world.block([
    [[acme], [operation("identity.create", { publicKey: guest.publicKey })]],
    [[acme], [admit]],
    [[bolt], [operation("members.approve", { proposal: 1 })]],
    [[acme], [operation("members.propose", { change: { kind: "suspend", member: guest.did } })]],
    [[bolt], [operation("members.reject", { proposal: 2 })]],
    [[lab], [operation("members.reject", { proposal: 2 })]],
    [[acme], [operation("members.propose", { change: { kind: "roles", member: guest.did, roles: ["lab"] } })]],
    [[acme], [operation("members.withdraw", { proposal: 3 })]],
  ]);
  for (const party of [sensor, lamp, owner, buyer])
    world.block([[[acme, party], [operation("identity.create", { publicKey: party.publicKey })]]]);
  world.block([
    [
      [bolt],
      [
        operation("devices.addRoot", { root: root.publicKey, name: "Root 1" }),
        operation("devices.addRoot", { root: spare.publicKey, name: "Root 2" }),
        operation("devices.removeRoot", { root: spare.publicKey }),
        operation("devices.defineModel", { model, name: "T1", description: digest("thing description") }),
        operation("devices.addFirmware", { model, version: "1.0", digest: digest("firmware") }),
      ],
    ],
    [
      [lab],
      [
        operation("devices.certify", {
          model,
          firmware: "1.0",
          status: "certified",
          evidence: digest("evidence"),
          until: seconds(year),
        }),
      ],
    ],
  ]);
  const certificateOf = (device: Party) =>
    signCertificate(
      {
        iss: bolt.did,
        sub: device.did,
        key: device.publicKey,
        model,
        serial: digest(device.did),
        iat: seconds(-10),
        exp: seconds(year),
      },
      `${bolt.did}#${root.fingerprint}`,
      root.signer,
    );
  const admitDevice = (device: Party, platform: Party, nonce: string) => {
    world.block([[[platform], [operation("devices.challenge", { device: device.did, nonce })]]]);
    const attestation = signAttestation(
      {
        iss: device.did,
        aud: platform.did,
        nonce,
        model,
        firmware: { version: "1.0", digest: digest("firmware") },
        lifecycle: "production",
        iat: seconds(0),
      },
      device.kid,
      device.signer,
    );
    world.block([
      [[platform], [operation("devices.admit", { device: device.did, attestation, until: seconds(9999) })]],
    ]);
  };
  world.block([
    [
      [acme],
      [operation("devices.enrol", { device: sensor.did, certificate: certificateOf(sensor), owner: owner.did })],
    ],
    [[bolt], [operation("devices.enrol", { device: lamp.did, certificate: certificateOf(lamp), owner: owner.did })]],
  ]);
  admitDevice(sensor, acme, "sensor-nonce-1-0123456789");
  admitDevice(lamp, bolt, "lamp-nonce-1-012345678901");

  const contract: Contract = {
    title: "Light when warm",
    parties: [acme.did, bolt.did, owner.did],
    trigger: { device: sensor.did, property: "temperature", when: { above: "30" } },
    actions: [{ device: lamp.did, set: "on", value: true }],
    mode: "single",
    limits: { perMinute: 60, hops: 4 },
    from: seconds(-10),
    until: seconds(year),
    nonce: "first-contract",
  };
  const linkage = linkageIdOf(contract);
  world.block([[[acme], [operation("linkages.propose", { contract })]]]);
  world.block([[[bolt, owner], [operation("linkages.accept", { linkage })]]]);
  const version = world.ledger.height;
  const commands = [0, 1, 2].map((offset) => {
    const jti = digest(`command ${offset}`);
    const command = signCommand(
      {
        jti,
        iss: acme.did,
        sub: lamp.did,
        aud: world.ledger.group.id,
        linkage,
        version,
        evidence: { topic: "acme/things", offset, digest: digest(`event ${offset}`) },
        step: 0,
        action: { set: "on", value: true },
        hops: 1,
        iat: seconds(0),
        exp: seconds(30),
      },
      acme.kid,
      acme.signer,
    );
    const receipt = signCommandReceipt(
      {
        jti,
        iss: bolt.did,
        device: lamp.did,
        linkage,
        outcome: offset === 2 ? "refused" : "done",
        command: digest(command),
        iat: seconds(1),
      },
      bolt.kid,
      bolt.signer,
    );
    return { command, receipt };
  });
  const leaves = commands.map(({ receipt }) => leafHash(encodeUtf8(receipt)));
  const batch = { root: encodeBase64Url(treeHash(leaves)), size: leaves.length };
  const topic = "acme/things";
  // Others' transactions stand before and behind: paths of several levels.
  world.block(
    [
      [[acme], [operation("topics.open", { topic, publish: [{ who: { devicesOf: acme.did } }], subscribe: [] })]],
      [[bolt], [operation("linkages.anchorReceipts", { batch, counts: [{ linkage, done: 2, refused: 1 }] })]],
      [[acme], [operation("topics.change", { topic, publish: [], subscribe: [] })]],
      [[guest], [operation("topics.close", { topic })]],
      [[acme], [operation("topics.anchor", { checkpoints: [{ topic, size: 7, root: digest("log") }] })]],
      [[acme], [operation("topics.close", { topic })]],
    ],
    [3],
  );
  const anchored = { height: world.ledger.height, index: 1 };
  world.block([[[acme], [operation("linkages.suspend", { linkage, reason: "holidays" })]]]);
  world.block([[[acme], [operation("linkages.activate", { linkage })]]]);
  world.block([[[bolt], [operation("linkages.withdraw", { linkage })]]]);
  const second: Contract = { ...contract, nonce: "second-contract" };
  const ended = linkageIdOf(second);
  world.block([[[acme, bolt, owner], [operation("linkages.propose", { contract: second })]]]);
  world.block([[[acme, bolt, owner], [operation("linkages.end", { linkage: ended })]]]);
  const service = { id: "home", type: "LinkedDomains", endpoint: "https://owner.example" };
  world.block([
    [
      [owner],
      [
        operation("identity.setService", { did: owner.did, service }),
        operation("identity.removeService", { did: owner.did, service: "home" }),
        operation("identity.addKey", {
          did: owner.did,
          publicKey: spare.publicKey,
          relationships: ["authentication"],
        }),
        operation("identity.rotateKey", { did: owner.did, key: spare.fingerprint, publicKey: next.publicKey }),
        operation("identity.removeKey", { did: owner.did, key: next.fingerprint }),
        operation("identity.setControllers", { did: owner.did, controllers: [acme.did] }),
      ],
    ],
    [[lab], [operation("devices.recall", { model, reason: "catches fire" })]],
    [[lab], [operation("devices.liftRecall", { model })]],
    [[owner, buyer], [operation("devices.transfer", { device: sensor.did, to: buyer.did })]],
    [[acme], [operation("devices.quarantine", { device: sensor.did, reason: "odd readings" })]],
    [[acme], [operation("devices.release", { device: sensor.did })]],
    [[bolt], [operation("devices.revoke", { device: sensor.did, reason: "key was stolen" })]],
    [[acme], [operation("identity.deactivate", { did: owner.did })]],
  ]);
  const { node, register } = nodeOf(acme, world.ledger.group.id);
  world.block([
    [
      [acme],
      [
        register,
        operation("nodes.update", { node, address: "second.acme.example:7422" }),
        operation("nodes.ready", { node, height: world.ledger.height }),
        operation("nodes.retire", { node }),
      ],
    ],
  ]);
  const type = "EnergyLabel";
  const evidence = prepareEvidence([digest("report 1"), digest("report 2")]);
  const { root: reports, size } = evidence;
  const decide = (change: MemberChange, proposal: number): Asked[] => [
    [[acme], [operation("members.propose", { change })]],
    [[bolt], [operation("members.approve", { proposal })]],
    [[lab], [operation("members.approve", { proposal })]],
  ];
  world.block([
    ...decide({ kind: "recogniseIssuer", issuer: lab.did, type }, 4),
    ...decide({ kind: "derecogniseIssuer", issuer: lab.did, type }, 5),
    [
      [lab],
      [
        operation("issuers.registerSchema", { schema: "lab/label", version: "1.0", type, digest: digest("schema") }),
        operation("statuses.publish", {
          list: "first",
          kind: "bitstring",
          purpose: "revocation",
          bits: 1,
          size: 131_072,
          version: 1,
          digest: digest("list"),
        }),
        operation("evidence.anchor", { root: reports, size, signers: [bolt.did] }),
      ],
    ],
    [[bolt], [operation("evidence.sign", { root: reports })]],
    [[lab], [operation("evidence.revoke", { root: reports, index: 1, reason: "a broken probe" })]],
    [[lab], [operation("evidence.unrevoke", { root: reports, index: 1 })]],
    [[bolt], [operation("evidence.revoke", { root: reports })]],
    [[bolt], [operation("evidence.unrevoke", { root: reports })]],
  ]);
  return {
    world,
    node,
    issued: [`issuer/${type}/${lab.did}`, "schema/lab/label", `status/${lab.did}/first`, `evidence/${reports}`],
    parties: { acme, bolt, lab, guest, sensor, lamp, owner, buyer, root },
    model,
    topic,
    linkage,
    commands: commands.map((sent, i) => ({ ...sent, ...anchored, path: proveInclusion(leaves, i) })),
  };
}
