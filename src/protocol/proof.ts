/**
 * Proof files: what a third party verifies with no network and no node. All that it must know is the group's id, which holds the hash
 * of the genesis, which names who signs headers, or the validators that later ones follow from.
 */
import {
  canonicalJson,
  decodeBase64Url,
  decodeUtf8,
  encodeBase64Url,
  encodeUtf8,
  equalBytes,
  HansaError,
  type Json,
  parseJson,
} from "#base";
import { leafHash, type MembershipProof, sha256, verifyMembership } from "#crypto";
import { type BlockHeader, encodeHeader, hashHeader, type Receipt, receiptLeaf } from "./block.ts";
import type { TrustedValidators } from "./comet/follow.ts";
import type { ValidatorChange } from "./comet/signed-block.ts";
import { decodeCommandReceipt } from "./command.ts";
import { protocolError } from "./errors.ts";
import { checkGenesis, type Genesis, groupIdOf } from "./genesis.ts";
import { checkInclusion, type InclusionProof } from "./inclusion.ts";
import { checkProofShape } from "./proof-shape.ts";
import { type SignedHeader, type Vouched, validatorSets, verifySignedHeader } from "./signed-header.ts";
import { decodeTransaction } from "./transaction.ts";

/** One record, present or absent, under one header. */
export interface RecordProof {
  readonly hansa: "record-proof/1";
  readonly genesis: Genesis;
  /** Every change of the validators, from the genesis or from a height that the asker named; absent where the engine has none. */
  readonly validators?: readonly ValidatorChange[];
  readonly signed: SignedHeader;
  readonly key: string;
  /** Absent: `null`. */
  readonly value: Json;
  readonly membership: MembershipProof;
}

/** A transaction and its receipt, both included in one block. */
export interface TrailEntry {
  readonly height: number;
  readonly index: number;
  /** The transaction as it was sent. */
  readonly transaction: string;
  readonly receipt: Receipt;
  readonly transactionPath: InclusionProof;
  readonly receiptPath: InclusionProof;
}

/** A record of now that belongs to a trail. */
export interface TrailRecord {
  readonly key: string;
  readonly value: Json;
  readonly membership: MembershipProof;
}

/** A command receipt and its place in an anchored batch: `entry` is the index of the trail entry that anchors the batch. */
export interface TrailCommand {
  readonly command: string;
  readonly receipt: string;
  readonly entry: number;
  readonly path: InclusionProof;
}

/** What happened to a device, member, linkage or topic, each step with its proof. */
export interface TrailProof {
  readonly hansa: "trail-proof/1";
  readonly genesis: Genesis;
  /** As in a record proof. */
  readonly validators?: readonly ValidatorChange[];
  /** Every entry has a fact about it; where there are no entries, a record's key is it, or ends with `/` and it. */
  readonly about: string;
  /** Headers of all heights that entries and records stand under, ascending. */
  readonly headers: readonly SignedHeader[];
  /** Height whose state root the records stand under: that of the last header. */
  readonly height: number;
  readonly entries: readonly TrailEntry[];
  readonly records: readonly TrailRecord[];
  readonly commands: readonly TrailCommand[];
}

export type ProofFile = RecordProof | TrailProof;

/** What a verified proof says. */
export interface VerifiedProof {
  readonly kind: "record" | "trail";
  readonly group: string;
  readonly height: number;
  /** Block time, milliseconds. */
  readonly time: number;
  /** Hash of the newest header, base64url: equal for all who see one ledger. */
  readonly head: string;
  /** Who vouched for the newest header. */
  readonly vouched: Vouched;
  readonly records: readonly { readonly key: string; readonly value: Json }[];
  readonly entries: readonly TrailEntry[];
  readonly commands: readonly TrailCommand[];
}

function invalid(step: string, message: string): HansaError {
  return protocolError("proof.invalid", message, { step });
}

function verifyRecord(state: string, record: TrailRecord): void {
  const root = decodeBase64Url(state);
  const proof = record.membership;
  if (root === undefined || !verifyMembership(root, proof))
    throw invalid("membership", `${record.key}: the path does not lead to the root`);
  if (proof.kind === "absence") {
    if (proof.key !== record.key || record.value !== null)
      throw invalid("membership", `${record.key}: the proof is of another record`);
    return;
  }
  const digest = decodeBase64Url(proof.leaf.valueDigest);
  if (
    proof.leaf.key !== record.key ||
    digest === undefined ||
    !equalBytes(digest, sha256(encodeUtf8(canonicalJson(record.value))))
  )
    throw invalid("membership", `${record.key}: the record is not the one that the proof is of`);
}

function verifyEntry(header: BlockHeader, entry: TrailEntry): void {
  const at = `block ${entry.height}, transaction ${entry.index}`;
  if (
    entry.transactionPath.index !== entry.index ||
    entry.receiptPath.index !== entry.index ||
    entry.transactionPath.size !== entry.receiptPath.size ||
    entry.receipt.height !== entry.height ||
    entry.receipt.index !== entry.index ||
    !checkInclusion(header.transactions, leafHash(encodeUtf8(entry.transaction)), entry.transactionPath) ||
    !checkInclusion(header.receipts, leafHash(receiptLeaf(entry.receipt)), entry.receiptPath)
  )
    throw invalid("entry", `${at}: transaction or receipt is not in the block`);
  let id: string;
  try {
    id = decodeTransaction(entry.transaction).idText;
  } catch (error) {
    if (error instanceof HansaError) throw invalid("entry", `${at}: ${error.message}`);
    throw error;
  }
  if (entry.receipt.id !== id) throw invalid("entry", `${at}: the receipt is another transaction's`);
}

/** The batches of command receipts that an entry's transaction anchors. */
function anchoredBatches(entry: TrailEntry): { readonly root: string; readonly size: number }[] {
  return decodeTransaction(entry.transaction)
    .claims.ops.filter((operation) => operation.op === "linkages.anchorReceipts")
    .map((operation) => operation.args["batch"] as { root: string; size: number });
}

function verifyCommand(entry: TrailEntry | undefined, command: TrailCommand): void {
  const leaf = leafHash(encodeUtf8(command.receipt));
  // A path alone does not fix the size of its tree (RFC 6962 §2.1.1): the anchored size does.
  const held =
    entry !== undefined &&
    anchoredBatches(entry).some(
      ({ root, size }) => size === command.path.size && checkInclusion(root, leaf, command.path),
    );
  if (!held) throw invalid("command", "a command receipt is not in the batch that was anchored");
  const { receipt } = decodeCommandReceipt(command.receipt);
  if (receipt.command !== encodeBase64Url(sha256(encodeUtf8(command.command))))
    throw invalid("command", "a command is not the one that its receipt names");
}

/** What a verifier knows from elsewhere. */
export interface ProofTrust {
  /** Id of the group; without it the file's own genesis is taken, and the caller compares `group`. */
  readonly trust?: string | undefined;
  /**
   * Validators of a later height than the genesis, from a proof that was verified before. The file need not show how they came about;
   * where it does, its way has to lead to them.
   */
  readonly trusted?: TrustedValidators | undefined;
}

/**
 * Checks a proof file through: genesis against the group's id, headers against the engine's key or the validators' votes, every path
 * against its root.
 *
 * @throws HansaError `proof.malformed`, `proof.invalid`, `proof.untrusted`
 * @example
 * ```ts
 * const { group, records } = verifyProof(JSON.parse(text), { trust: "hanse:main:2xG…" });
 * ```
 */
export function verifyProof(file: unknown, options: ProofTrust = {}): VerifiedProof {
  const proof = file as ProofFile;
  let verified: VerifiedProof;
  try {
    checkProofShape(file);
    const genesis = checkGenesis(proof.genesis);
    // One engine, one form: a list that nothing in the file needs would be a second spelling.
    if ((genesis.engine.kind === "solo") !== (proof.validators === undefined))
      throw invalid("validators", "changes of validators belong to engines with a quorum, and to all of their proofs");
    const trust = options.trust ?? options.trusted?.group;
    if (trust !== undefined && trust !== groupIdOf(genesis)) throw untrusted(groupIdOf(genesis), trust);
    verified =
      proof.hansa === "record-proof/1"
        ? verifyRecordProof(genesis, proof, options.trusted)
        : verifyTrail(genesis, proof, options.trusted);
  } catch (error) {
    if (error instanceof HansaError) throw error;
    // Missing members surface as TypeErrors; what is not shaped like a proof is none.
    throw protocolError("proof.malformed", "the file is not shaped as a proof", {}, error);
  }
  return verified;
}

function untrusted(group: string, trusted: string): HansaError {
  return protocolError("proof.untrusted", `the proof is of group ${group}`, { group, trusted });
}

/** Most characters of a proof file. */
const MOST_PROOF_CHARACTERS = 64 * 1024 * 1024;

/**
 * A proof as it stands in a file: canonical JSON (RFC 8785), so that one proof has one text.
 *
 * @example
 * ```ts
 * writeFileSync("trail.json", encodeProof(proof));
 * ```
 */
export function encodeProof(proof: ProofFile): string {
  return canonicalJson(proof);
}

/**
 * Reads the text of a proof file. Where `verifyProof` looks at values, this looks at bytes too: other spellings of the same values
 * (white space, escapes, `1.0`, a member twice) are refused, so that a file with any byte changed fails.
 *
 * @param input - what `encodeProof` gave, or its UTF-8 bytes; one line feed at the end is allowed
 * @param limit - most characters
 * @throws HansaError `proof.malformed`
 * @example
 * ```ts
 * const { group, records } = verifyProof(decodeProof(readFileSync(path)), { trust });
 * ```
 */
export function decodeProof(input: string | Uint8Array, limit = MOST_PROOF_CHARACTERS): ProofFile {
  if (input.length > limit) throw protocolError("proof.malformed", `a proof has at most ${limit} characters`);
  const text = typeof input === "string" ? input : decodeUtf8(input);
  if (text === undefined) throw protocolError("proof.malformed", "the file is not valid UTF-8");
  let value: Json;
  try {
    value = parseJson(text, { depth: 64, integers: true });
  } catch (error) {
    throw protocolError("proof.malformed", "the file is not strict JSON", {}, error);
  }
  const canonical = canonicalJson(value);
  if (text !== canonical && text !== `${canonical}\n`)
    throw protocolError("proof.malformed", "the file is not in canonical JSON: it was not written as a proof is");
  return value as unknown as ProofFile;
}

function verifyRecordProof(
  genesis: Genesis,
  proof: RecordProof,
  trusted: TrustedValidators | undefined,
): VerifiedProof {
  const { header } = proof.signed;
  const sets = validatorSets(genesis, [proof.signed], proof.validators ?? [], trusted);
  const vouched = verifySignedHeader(genesis, proof.signed, sets);
  verifyRecord(header.state, proof);
  return {
    kind: "record",
    group: header.group,
    height: header.height,
    time: header.time,
    head: hashHeader(encodeHeader(header)),
    vouched,
    records: [{ key: proof.key, value: proof.value }],
    entries: [],
    commands: [],
  };
}

function verifyTrail(genesis: Genesis, proof: TrailProof, trusted: TrustedValidators | undefined): VerifiedProof {
  const headers = new Map<number, BlockHeader>();
  const sets = validatorSets(genesis, proof.headers, proof.validators ?? [], trusted);
  let head: BlockHeader | undefined;
  let vouched: Vouched | undefined;
  for (const signed of proof.headers) {
    vouched = verifySignedHeader(genesis, signed, sets);
    if (head !== undefined && signed.header.height <= head.height)
      throw invalid("header", "the headers are not in order");
    head = signed.header;
    headers.set(head.height, head);
  }
  if (head === undefined || vouched === undefined || head.height !== proof.height)
    throw invalid("header", `the header of block ${proof.height} is missing, or not the last`);
  let last = { height: 0, index: -1 };
  for (const entry of proof.entries) {
    const header = headers.get(entry.height);
    if (header === undefined) throw invalid("header", `the header of block ${entry.height} is missing`);
    if (entry.height < last.height || (entry.height === last.height && entry.index <= last.index))
      throw invalid("entry", "the entries are not in order");
    last = entry;
    verifyEntry(header, entry);
    // An entry that does not speak of the subject would only blur the trail.
    if (!entry.receipt.facts.some((fact) => fact.about.includes(proof.about)))
      throw invalid("entry", `block ${entry.height}, transaction ${entry.index} is not about ${proof.about}`);
  }
  for (const record of proof.records) verifyRecord(head.state, record);
  const named = proof.records.some(({ key }) => key === proof.about || key.endsWith(`/${proof.about}`));
  if (proof.entries.length === 0 && !named) throw invalid("about", `nothing in the file is about ${proof.about}`);
  for (const command of proof.commands) verifyCommand(proof.entries[command.entry], command);
  return {
    kind: "trail",
    group: head.group,
    height: head.height,
    time: head.time,
    head: hashHeader(encodeHeader(head)),
    vouched,
    records: proof.records.map(({ key, value }) => ({ key, value })),
    entries: proof.entries,
    commands: proof.commands,
  };
}

/** base64url of a digest, as proofs have it. */
export function digestOf(value: Json): string {
  return encodeBase64Url(sha256(encodeUtf8(canonicalJson(value))));
}
