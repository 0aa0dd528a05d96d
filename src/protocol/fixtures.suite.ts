/** Parties and files with fixed keys, for the tests of this room and for the vectors. */
import { canonicalJson, encodeBase64Url, encodeUtf8, type Json } from "#base";
import {
  type Algorithm,
  createSigner,
  encodeMultikey,
  IndexedTree,
  leafHash,
  type Signer,
  sha256,
  treeHash,
} from "#crypto";
import {
  type BlockHeader,
  type Command,
  type CommandReceipt,
  checkGenesis,
  DEFAULT_PARAMETERS,
  decodeTransaction,
  didOf,
  encodeHeader,
  type Genesis,
  groupIdOf,
  headerInput,
  keyIdOf,
  operation,
  proveInclusion,
  type Receipt,
  type RecordProof,
  receiptLeaf,
  rootOf,
  type SignedHeader,
  signCommand,
  signCommandReceipt,
  signTransaction,
  type TrailProof,
  type TransactionClaims,
  transactionBytes,
  type ValidatorChange,
} from "./index.ts";

/** Somebody with a key of a fixed seed. */
export interface Party {
  readonly signer: Signer;
  readonly did: string;
  readonly kid: string;
  readonly multikey: string;
}

export const ALLIANCE = "hanse";

/** The party whose secret is 32 times this byte. */
export function partyOf(seed: number, algorithm: Algorithm = "Ed25519"): Party {
  const signer = createSigner(algorithm, new Uint8Array(32).fill(seed));
  const key = { algorithm, bytes: signer.publicKey };
  const did = didOf(ALLIANCE, key);
  return { signer, did, kid: keyIdOf(did, key), multikey: encodeMultikey(key) };
}

export const alice = partyOf(1);
export const bob = partyOf(2, "P-256");
export const carol = partyOf(3, "secp256k1");
export const engine = partyOf(9);

/** 2026-01-01T00:00:00Z. */
export const BEGIN = 1_767_225_600_000;

export const genesis: Genesis = checkGenesis({
  version: 1,
  alliance: ALLIANCE,
  group: "main",
  time: BEGIN,
  engine: { kind: "solo", key: engine.multikey },
  members: [
    { did: alice.did, name: "Alice Works", roles: ["platform", "maker"], publicKey: alice.multikey },
    { did: bob.did, name: "Bob Lab", roles: ["lab", "regulator"], publicKey: bob.multikey },
  ],
  parameters: DEFAULT_PARAMETERS,
});
export const group = groupIdOf(genesis);

/** Claims with a fixed `jti`. */
export function claimsOf(changes: Partial<TransactionClaims> = {}): TransactionClaims {
  return {
    iss: alice.did,
    aud: group,
    jti: "AAAAAAAAAAAAAAAAAAAAAA",
    exp: BEGIN / 1000 + 60,
    ops: [operation("topics.close", { topic: "acme/things" })],
    ...changes,
  };
}

/** Signs a header as the group's engine. */
export function signHeader(header: BlockHeader): SignedHeader {
  const signature = encodeBase64Url(engine.signer.sign(headerInput(encodeHeader(header))));
  return { header, certificate: { engine: "solo", key: engine.multikey, signature } };
}

/** A group that files are made for: how it began, and what vouches for its headers. */
export interface House {
  readonly genesis: Genesis;
  sign(header: BlockHeader): SignedHeader;
  /** Engines with a quorum alone. */
  readonly validators?: readonly ValidatorChange[];
}

const SOLO: House = { genesis, sign: signHeader };

function beginOf({ genesis, validators }: House) {
  return { genesis, ...(validators === undefined ? {} : { validators }) };
}

function treeOf(records: readonly (readonly [string, Json])[]) {
  return IndexedTree.build(
    records.map(([key, value], i) => ({ slot: i + 1, key, digest: sha256(encodeUtf8(canonicalJson(value))) })),
  );
}

const RECORDS: readonly (readonly [string, Json])[] = [
  ["member/a", { name: "A", roles: ["lab"], since: 10 }],
  ["member/b", { name: "B", roles: [], since: 200 }],
  [`device/${carol.did}`, { device: carol.did, model: "acme/lamp", reason: "line\u000bbreak" }],
];

/** Proof that a record is there, or, for a key that no record has, that it is not. */
export function recordProof(key: string, house = SOLO): RecordProof {
  const tree = treeOf(RECORDS);
  const signed = house.sign({
    version: 1,
    group: groupIdOf(house.genesis),
    height: 7,
    time: BEGIN + 5000,
    previous: "x".repeat(43),
    transactions: rootOf([]),
    receipts: rootOf([]),
    state: encodeBase64Url(tree.root()),
  });
  const value = RECORDS.find(([name]) => name === key)?.[1] ?? null;
  return { hansa: "record-proof/1", ...beginOf(house), signed, key, value, membership: tree.prove(key) };
}

const DEVICE = carol.did;
const LINKAGE = "lk_3QJmV3qfvL9SuYo34YihAf3sRCW3";

/** Trail of a device: two entries in one block, a third in another, one command in an anchored batch of three. */
export function trailProof(house = SOLO): TrailProof {
  const group = groupIdOf(house.genesis);
  const command: Command = {
    jti: "c".repeat(22),
    iss: alice.did,
    sub: DEVICE,
    aud: group,
    linkage: LINKAGE,
    version: 3,
    evidence: { topic: "acme/things", offset: 4, digest: "d".repeat(42) + "A" },
    step: 0,
    action: { set: "on", value: true },
    hops: 1,
    iat: BEGIN / 1000,
    exp: BEGIN / 1000 + 30,
  };
  const commandText = signCommand(command, alice.kid, alice.signer);
  const answer: CommandReceipt = {
    jti: command.jti,
    iss: alice.did,
    device: DEVICE,
    linkage: LINKAGE,
    outcome: "done",
    command: encodeBase64Url(sha256(encodeUtf8(commandText))),
    iat: BEGIN / 1000 + 1,
  };
  const answerText = signCommandReceipt(answer, alice.kid, alice.signer);
  const batch = [encodeUtf8("another receipt"), encodeUtf8(answerText), encodeUtf8("a third")].map(leafHash);

  const anchor = operation("linkages.anchorReceipts", {
    batch: { root: encodeBase64Url(treeHash(batch)), size: batch.length },
    counts: [{ linkage: LINKAGE, done: 3, refused: 0 }],
  });
  const blocks = [
    {
      height: 3,
      claims: [
        claimsOf({ aud: group, jti: "B".repeat(22) }),
        claimsOf({ aud: group, jti: "C".repeat(22) }),
        claimsOf({ aud: group, jti: "D".repeat(22) }),
      ],
    },
    { height: 5, claims: [claimsOf({ aud: group, jti: "E".repeat(22), ops: [anchor] })] },
  ];
  const tree = treeOf(RECORDS);
  const made = blocks.map(({ height, claims }) => {
    const texts = claims.map((one) => signTransaction(one, [alice]));
    const receipts = texts.map(
      (text, index): Receipt => ({
        id: decodeTransaction(text).idText,
        height,
        index,
        code: 0,
        facts: [{ fact: "devices.challenged", about: [DEVICE, alice.did], data: { expires: 10, reason: "a\u001fb" } }],
      }),
    );
    const transactions = texts.map((text) => transactionBytes({ text }));
    const signed = house.sign({
      version: 1,
      group,
      height,
      time: BEGIN + height * 1000,
      previous: "y".repeat(43),
      transactions: rootOf(transactions),
      receipts: rootOf(receipts.map(receiptLeaf)),
      state: encodeBase64Url(tree.root()),
    });
    const entries = texts.map((transaction, index) => ({
      height,
      index,
      transaction,
      receipt: receipts[index] as Receipt,
      transactionPath: proveInclusion(transactions.map(leafHash), index),
      receiptPath: proveInclusion(
        receipts.map((receipt) => leafHash(receiptLeaf(receipt))),
        index,
      ),
    }));
    return { signed, entries };
  });
  return {
    hansa: "trail-proof/1",
    ...beginOf(house),
    about: DEVICE,
    headers: made.map(({ signed }) => signed),
    height: 5,
    entries: made.flatMap(({ entries }, i) => (i === 0 ? [entries[0], entries[2]] : entries)) as TrailProof["entries"],
    records: [
      { key: `device/${DEVICE}`, value: RECORDS[2]?.[1] as Json, membership: tree.prove(`device/${DEVICE}`) },
      { key: "challenge/none", value: null, membership: tree.prove("challenge/none") },
    ],
    commands: [{ command: commandText, receipt: answerText, entry: 2, path: proveInclusion(batch, 1) }],
  };
}
