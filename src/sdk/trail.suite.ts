import { encodeBase64Url, encodeUtf8 } from "#base";
import { createSigner, encodeMultikey, leafHash, type Signer, sha256, treeHash } from "#crypto";
import {
  type BlockHeader,
  type Command,
  type CommandReceipt,
  DEFAULT_PARAMETERS,
  decodeTransaction,
  encodeHeader,
  type Genesis,
  groupIdOf,
  headerInput,
  type Operation,
  prepareClaims,
  proveInclusion,
  type Receipt,
  receiptLeaf,
  rootOf,
  signCommand,
  signCommandReceipt,
  signTransaction,
  type TrailProof,
} from "#protocol";
import { createParty, type Party } from "#sdk";

const TIME = 1_767_225_600_000;
const engine = createSigner("Ed25519", new Uint8Array(32).fill(1));
export const ACME = createParty("hanse", createSigner("Ed25519", new Uint8Array(32).fill(2)));
export const HANSEL = createParty("hanse", createSigner("P-256", new Uint8Array(32).fill(3)));
/** Not in the genesis: nothing shows its key. */
export const STRANGER = createParty("hanse", createSigner("Ed25519", new Uint8Array(32).fill(4)));
export const LINKAGE = "lk_3QJmV3qfvL9SuYo34YihAf3sRCW3";

const multikeyOf = (signer: Signer) => encodeMultikey({ algorithm: signer.algorithm, bytes: signer.publicKey });

export const ENGINE_KEY = multikeyOf(engine);
const GENESIS: Genesis = {
  version: 1,
  alliance: "hanse",
  group: "main",
  time: TIME,
  engine: { kind: "solo", key: ENGINE_KEY },
  members: [ACME, HANSEL].map(({ did, signer }, i) => ({
    did,
    name: i === 0 ? "Acme" : "Hansel",
    roles: ["platform"],
    publicKey: multikeyOf(signer),
  })),
  parameters: DEFAULT_PARAMETERS,
};
export const TRAIL_GROUP = groupIdOf(GENESIS);

export interface TrailInput {
  /** Who is said to sign the transaction, and what signs in truth. */
  readonly signers?: readonly { readonly party: Party; readonly forgedBy?: Signer }[];
  readonly command?: Partial<Command>;
  readonly receipt?: Partial<CommandReceipt>;
  readonly commandBy?: Party;
  readonly receiptBy?: Party;
}

/** A trail of one linkage in one block, which anchors one command receipt: signed through, with whatever is wrong in the input. */
export function makeTrail(input: TrailInput = {}): TrailProof {
  const seconds = TIME / 1000;
  const commandBy = input.commandBy ?? ACME;
  const receiptBy = input.receiptBy ?? HANSEL;
  const claims: Command = {
    jti: "c".repeat(22),
    iss: ACME.did,
    sub: STRANGER.did,
    aud: TRAIL_GROUP,
    linkage: LINKAGE,
    version: 1,
    evidence: { topic: "acme/things", offset: 7, digest: "d".repeat(43) },
    step: 0,
    action: { action: "toggle" },
    hops: 1,
    iat: seconds,
    exp: seconds + 30,
    ...input.command,
  };
  const command = signCommand(claims, commandBy.kid, commandBy.signer);
  const answer: CommandReceipt = {
    jti: claims.jti,
    iss: HANSEL.did,
    device: claims.sub,
    linkage: LINKAGE,
    outcome: "done",
    command: encodeBase64Url(sha256(encodeUtf8(command))),
    iat: seconds,
    ...input.receipt,
  };
  const receiptToken = signCommandReceipt(answer, receiptBy.kid, receiptBy.signer);
  const leaves = [leafHash(encodeUtf8(receiptToken)), leafHash(encodeUtf8("another receipt"))];
  const operation: Operation = {
    op: "linkages.anchorReceipts",
    args: {
      batch: { root: encodeBase64Url(treeHash(leaves)), size: 2 },
      counts: [{ linkage: LINKAGE, done: 2, refused: 0 }],
    },
  };
  const signers = input.signers ?? [{ party: HANSEL }];
  const issuer = (signers[0] as { party: Party }).party;
  const transaction = signTransaction(
    prepareClaims(issuer.did, TRAIL_GROUP, [operation], TIME),
    signers.map(({ party, forgedBy }) => ({ kid: party.kid, signer: forgedBy ?? party.signer })),
  );
  const receipt: Receipt = {
    id: decodeTransaction(transaction).idText,
    height: 1,
    index: 0,
    code: 0,
    facts: [{ fact: "linkages.receiptsAnchored", about: [LINKAGE], data: { done: 2 } }],
  };
  const header: BlockHeader = {
    version: 1,
    group: TRAIL_GROUP,
    height: 1,
    time: TIME + 1000,
    previous: TRAIL_GROUP,
    transactions: rootOf([encodeUtf8(transaction)]),
    receipts: rootOf([receiptLeaf(receipt)]),
    state: "s".repeat(42) + "A",
  };
  const signature = encodeBase64Url(engine.sign(headerInput(encodeHeader(header))));
  return {
    hansa: "trail-proof/1",
    genesis: GENESIS,
    about: LINKAGE,
    headers: [{ header, certificate: { engine: "solo", key: ENGINE_KEY, signature } }],
    height: 1,
    entries: [
      {
        height: 1,
        index: 0,
        transaction,
        receipt,
        transactionPath: proveInclusion([leafHash(encodeUtf8(transaction))], 0),
        receiptPath: proveInclusion([leafHash(receiptLeaf(receipt))], 0),
      },
    ],
    records: [],
    commands: [{ command, receipt: receiptToken, entry: 0, path: proveInclusion(leaves, 0) }],
  };
}
