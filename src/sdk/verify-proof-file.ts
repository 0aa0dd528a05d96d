import { encodeBase64Url, encodeUtf8, isHansaError } from "#base";
import { decodeMultikey, sha256, suiteOf, verifySignature } from "#crypto";
import {
  type Command,
  type CommandReceipt,
  type Did,
  decodeCommand,
  decodeCommandReceipt,
  decodeProof,
  decodeTransaction,
  fingerprintOf,
  type Genesis,
  type ProofFile,
  type ProofTrust,
  type TrailCommand,
  type TrailEntry,
  type VerifiedProof,
  verifyProof,
} from "#protocol";
import { addKey, checkToken, invalidProof, type Keys, keysOfRecords, type SignatureCheck } from "./shown-keys.ts";

/** A transaction of a trail, and who signed it. */
export interface VerifiedEntry extends TrailEntry {
  readonly signers: readonly { readonly did: Did; readonly kid: string; readonly signature: SignatureCheck }[];
}

/** A command and its receipt that belong together, the receipt being in an anchored batch. */
export interface VerifiedCommand {
  readonly command: Command;
  readonly receipt: CommandReceipt;
  readonly commandSignature: SignatureCheck;
  readonly receiptSignature: SignatureCheck;
  /** Index of the entry that anchors it. */
  readonly entry: number;
}

/** What a proof file says, once it has been held against everything that is in it. */
export interface VerifiedFile extends Omit<VerifiedProof, "entries" | "commands"> {
  /** What a trail is about, or a record's key. */
  readonly about: string;
  readonly genesis: Genesis;
  readonly entries: readonly VerifiedEntry[];
  readonly commands: readonly VerifiedCommand[];
}

/**
 * Verifies a proof file with no network: what `verifyProof` of the protocol checks (genesis, headers, paths), and beyond it every
 * signature of a transaction, command or command receipt whose key the file itself shows, and that command and receipt belong together.
 *
 * @param file - its text or bytes, in which any changed byte is found; or the parsed value, as `getTrailProof` gives it
 * @param options.trust - id of the group that the caller trusts; without it compare `group` yourself
 * @param options.trusted - validators from a proof verified before, to go on from there
 * @throws HansaError `proof.malformed`, `proof.invalid`, `proof.untrusted`
 * @example
 * ```ts
 * const proved = verifyProofFile(await readFile("trail.json"), { trust: "hanse:main:2xG…" });
 * console.log(proved.entries.length, "transactions, as of", new Date(proved.time).toISOString());
 * ```
 */
export function verifyProofFile(file: unknown, options: ProofTrust = {}): VerifiedFile {
  const proof = typeof file === "string" || file instanceof Uint8Array ? decodeProof(file) : (file as ProofFile);
  const proved = verifyProof(proof, options);
  const keys = collectKeys(proof.genesis, proved);
  return {
    ...proved,
    about: proof.hansa === "trail-proof/1" ? proof.about : proof.key,
    genesis: proof.genesis,
    entries: proved.entries.map((entry) => checkEntry(entry, keys)),
    commands: proved.commands.map((command) => checkCommand(command, keys, proved.group)),
  };
}

function collectKeys(genesis: Genesis, proved: VerifiedProof): Keys {
  const keys = keysOfRecords(proved.records);
  const add = (did: unknown, multikey: unknown) => addKey(keys, did, multikey);
  for (const member of genesis.members) add(member.did, member.publicKey);
  for (const entry of proved.entries) {
    for (const { op, args } of decodeTransaction(entry.transaction).claims.ops) {
      const key = args["publicKey"];
      if (op === "identity.addKey" || op === "identity.rotateKey") add(args["did"], key);
      if (op === "identity.create" && typeof key === "string") {
        const first = decodeMultikey(key);
        if (first !== undefined) add(`did:hansa:${genesis.alliance}:${fingerprintOf(first)}`, key);
      }
    }
  }
  return keys;
}

function checkEntry(entry: TrailEntry, keys: Keys): VerifiedEntry {
  const signers = decodeTransaction(entry.transaction).signatures.map(({ did, header, input, signature }) => {
    const key = keys.get(header.kid);
    if (key === undefined) return { did, kid: header.kid, signature: "unknown-key" as const };
    // A trail holds executed transactions alone, and those bear no wrong signature.
    if (suiteOf(key.algorithm).jose !== header.alg || !verifySignature(key, input, signature))
      throw invalidProof("signature", `block ${entry.height}, transaction ${entry.index}: ${did} did not sign it`);
    return { did, kid: header.kid, signature: "verified" as const };
  });
  return { ...entry, signers };
}

function checkCommand(item: TrailCommand, keys: Keys, group: string): VerifiedCommand {
  const { token, command } = readToken(() => decodeCommand(item.command));
  const { token: answer, receipt } = readToken(() => decodeCommandReceipt(item.receipt));
  const digest = encodeBase64Url(sha256(encodeUtf8(item.command)));
  if (
    receipt.jti !== command.jti ||
    receipt.linkage !== command.linkage ||
    receipt.device !== command.sub ||
    receipt.command !== digest ||
    command.aud !== group
  )
    throw invalidProof("command", `the receipt of command ${receipt.jti} is another command's`);
  return {
    command,
    receipt,
    commandSignature: checkToken(token, command.iss, keys, "command"),
    receiptSignature: checkToken(answer, receipt.iss, keys, "command"),
    entry: item.entry,
  };
}

function readToken<Result>(decode: () => Result): Result {
  try {
    return decode();
  } catch (error) {
    if (isHansaError(error)) throw invalidProof("command", `a command or its receipt cannot be read: ${error.message}`);
    throw error;
  }
}
