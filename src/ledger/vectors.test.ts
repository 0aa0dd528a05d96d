import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { encodeBase64Url, encodeHex, encodeUtf8 } from "#base";
import { createSigner, decodeMultikey, encodeMultikey, type PublicKey, verifySignature } from "#crypto";
import {
  type BlockHeader,
  type Contract,
  checkGenesis,
  DEFAULT_PARAMETERS,
  decodeTransaction,
  didOf,
  encodeHeader,
  fingerprintOf,
  groupIdOf,
  hashHeader,
  headerInput,
  keyIdOf,
  type Receipt,
  receiptLeaf,
  rootOf,
  signTransaction,
  transactionId,
} from "#protocol";
import { Ledger, linkageIdOf, MemoryStore } from "./index.ts";

/**
 * Files that an implementation in any language can be held against. They are made here from fixed keys; `UPDATE_VECTORS=1` writes
 * them anew, which is a change of the protocol.
 */
const folder = new URL("../../vectors/", import.meta.url);

function hold(name: string, made: object): void {
  const file = new URL(`${name}.json`, folder);
  const text = `${JSON.stringify(made, undefined, 2)}\n`;
  if (process.env["UPDATE_VECTORS"] === "1") writeFileSync(file, text);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(JSON.parse(text));
}

const BEGIN = 1_767_225_600_000;
const partyOf = (byte: number, algorithm: "Ed25519" | "P-256" | "secp256k1") => {
  const signer = createSigner(algorithm, new Uint8Array(32).fill(byte));
  const key = { algorithm, bytes: signer.publicKey };
  const did = didOf("hanse", key);
  return { byte, algorithm, signer, key, did, kid: keyIdOf(did, key), multikey: encodeMultikey(key) };
};
const parties = [partyOf(1, "Ed25519"), partyOf(2, "P-256"), partyOf(3, "secp256k1")] as const;
const [alice, bob, carol] = parties;
const engine = partyOf(9, "Ed25519");

const genesis = checkGenesis({
  version: 1,
  alliance: "hanse",
  group: "main",
  time: BEGIN,
  engine: { kind: "solo", key: engine.multikey },
  members: [
    { did: alice.did, name: "Alice Works", roles: ["platform", "maker"], publicKey: alice.multikey },
    { did: bob.did, name: "Bob Lab", roles: ["lab", "regulator"], publicKey: bob.multikey },
  ],
  parameters: DEFAULT_PARAMETERS,
});
const group = groupIdOf(genesis);
const claims = {
  iss: alice.did,
  aud: group,
  jti: "AAAAAAAAAAAAAAAAAAAAAA",
  exp: BEGIN / 1000 + 60,
  ops: [{ op: "topics.open", args: { topic: "acme/things", publish: [], subscribe: [] } }],
};

describe("vectors", () => {
  it("did: keys, Multikeys, fingerprints, DIDs", () => {
    hold("did", {
      about:
        "Each secret is 32 times one byte. fingerprint = base58btc(SHA-256(multicodec prefix || public key)[0..20]).",
      alliance: "hanse",
      keys: parties.map(({ algorithm, byte, key, did, kid, multikey }) => ({
        algorithm,
        secret: encodeHex(new Uint8Array(32).fill(byte)),
        publicKey: encodeHex(key.bytes),
        multikey,
        fingerprint: fingerprintOf(key),
        did,
        kid,
      })),
    });
  });

  it("transaction: claims, compact form, id", () => {
    const compact = signTransaction(claims, [alice]);
    hold("transaction", {
      about:
        "Ed25519 is deterministic: the compact form follows from claims and key. id = exp (u32, big endian) || SHA-256(iss || 0x00 || jti)[0..16].",
      secret: encodeHex(new Uint8Array(32).fill(1)),
      kid: alice.kid,
      claims,
      compact,
      id: encodeHex(transactionId(claims)),
      leaf: rootOf([encodeUtf8(compact)]),
    });
    expect(decodeTransaction(compact).idText).toBe(encodeHex(transactionId(claims)));
  });

  it("multi-signature: a general serialisation whose signatures hold", () => {
    const file = new URL("general-transaction.json", folder);
    // ECDSA draws a random number for each signature, so the file is verified and not made again.
    if (process.env["UPDATE_VECTORS"] === "1")
      writeFileSync(
        file,
        `${JSON.stringify({ about: "General JSON serialisation, RFC 7515 section 7.2.1: EdDSA, ES256, ES256K.", kids: parties.map(({ kid }) => kid), multikeys: parties.map(({ multikey }) => multikey), claims, text: signTransaction(claims, parties) }, undefined, 2)}\n`,
      );
    const vector = JSON.parse(readFileSync(file, "utf8")) as { text: string; multikeys: string[]; kids: string[] };
    const transaction = decodeTransaction(vector.text);
    expect(transaction.claims).toEqual(claims);
    expect(transaction.signatures.map(({ header }) => header.kid)).toEqual(vector.kids);
    transaction.signatures.forEach(({ input, signature }, i) => {
      const key = decodeMultikey(vector.multikeys[i] as string) as PublicKey;
      expect(verifySignature(key, input, signature)).toBe(true);
    });
    expect(carol.kid).toBe(vector.kids[2]);
  });

  it("genesis: canonical form, group id, first state root", () => {
    const ledger = new Ledger(genesis, new MemoryStore());
    hold("genesis", {
      about:
        "id = alliance:group:base58btc(SHA-256(RFC 8785 form of the genesis)[0..20]). state: root of the first block's records.",
      genesis,
      id: group,
      state: ledger.executeGenesis().header.state,
    });
  });

  it("successor: a genesis that goes on from another group, its id, and the state root of its first block", () => {
    const store = new MemoryStore();
    const before = new Ledger(genesis, store);
    const execution = before.executeGenesis();
    const signature = encodeBase64Url(engine.signer.sign(headerInput(execution.encodedHeader)));
    before.commit(execution, { engine: "solo", key: engine.multikey, signature });
    const records = [...store.leaves()];
    const from = { group, height: 0, header: before.headHash, state: execution.header.state };
    const successor = checkGenesis({
      ...genesis,
      group: "next",
      time: BEGIN + 1000,
      members: genesis.members.slice(0, 1),
      from,
    });
    hold("successor", {
      about:
        "Block 0 holds the records of the group before, by slot, without those of `kernel/`, and over them members, rules and nodes of the genesis. header = hash of the old header of that height; state = root of the records as of its end.",
      genesis: successor,
      id: groupIdOf(successor),
      records: records.map(({ key, value }) => [
        key,
        value === null ? null : JSON.parse(new TextDecoder().decode(value)),
      ]),
      state: new Ledger(successor, new MemoryStore(), records).executeGenesis().header.state,
    });
  });

  it("block header: what is signed, and the hash that the next one names", () => {
    const header: BlockHeader = {
      version: 1,
      group,
      height: 7,
      time: BEGIN + 7000,
      previous: "p".repeat(42) + "A",
      transactions: rootOf([]),
      receipts: rootOf([encodeUtf8("a")]),
      state: rootOf([encodeUtf8("a"), encodeUtf8("b"), encodeUtf8("c")]),
    };
    const encoded = encodeHeader(header);
    hold("block-header", {
      about:
        'encoded: RFC 8785. signed = "hansa block header v1" || 0x00 || encoded. hash = base64url(SHA-256(signed)). Roots are RFC 6962.',
      header,
      encoded: new TextDecoder().decode(encoded),
      signed: encodeHex(headerInput(encoded)),
      hash: hashHeader(encoded),
      key: engine.multikey,
      signature: encodeBase64Url(engine.signer.sign(headerInput(encoded))),
    });
  });

  it("receipt: the part that is hashed", () => {
    const receipt: Receipt = {
      id: encodeHex(transactionId(claims)),
      height: 7,
      index: 3,
      code: 0,
      facts: [{ fact: "topics.opened", about: ["topic/acme/things", alice.did], data: { topic: "acme/things" } }],
    };
    const refused: Receipt = {
      ...receipt,
      code: 501,
      facts: [],
      error: { code: "topics.exists", message: "for people", payload: {} },
    };
    const vectorOf = (one: Receipt) => ({
      receipt: one,
      leaf: new TextDecoder().decode(receiptLeaf(one)),
      root: rootOf([receiptLeaf(one)]),
    });
    hold("receipt", {
      about:
        "leaf: RFC 8785 of id, code and facts; height, index and error are not hashed. root: RFC 6962 over the one leaf.",
      receipts: [vectorOf(receipt), vectorOf(refused)],
    });
  });

  it("linkage: the id of a contract", () => {
    const contract: Contract = {
      title: "Light when it is dark",
      parties: [alice.did, bob.did],
      trigger: { device: carol.did, property: "illuminance", when: { below: "10.5" }, for: 30 },
      condition: { all: [{ not: { device: carol.did, property: "occupied", is: { equals: false } } }] },
      actions: [{ device: bob.did, set: "on", value: true }],
      mode: "single",
      limits: { perMinute: 6, hops: 2 },
      from: BEGIN / 1000,
      until: BEGIN / 1000 + 86_400,
      nonce: "contract-0001",
    };
    hold("linkage", {
      about: 'id = "lk_" || base58btc(SHA-256(RFC 8785 form of the contract)[0..20]).',
      contract,
      id: linkageIdOf(contract),
    });
  });
});
