import { encodeUtf8, equalBytes } from "#base";
import { checkTrustedValidators, decodeTransaction, type ProofTrust } from "#protocol";
import {
  decodeProof,
  isEvidenceProof,
  type VerifiedFile,
  verifyAccessReceipt,
  verifyEvidence,
  verifyProofFile,
} from "#sdk";
import { type Answer, defineCommand } from "../command.ts";
import { showEvidence } from "../evidence-file.ts";
import { readBytes, readJsonFile } from "../home/files.ts";
import type { Shell } from "../shell.ts";
import { COMPARE_GROUP, describeVouched, isTrusted } from "../vouched.ts";

export const verify = defineCommand<[file: string], { trust?: string; trusted?: string }>({
  name: "verify",
  summary: "Verify a proof file: with no network and no node. Exit code 1 where it does not hold.",
  arguments: [
    {
      name: "<file>",
      description:
        "proof file, as `trail --proof`, `ledger proof --out`, `evidence` or `exchange receipt --out` wrote it",
    },
  ],
  options: [
    { flags: "--trust <group>", description: "id of the group that you trust; else compare it yourself" },
    {
      flags: "--trusted <file>",
      description:
        "validators of a later height that you trust: `vouched.validators` of a proof verified before (--json)",
    },
  ],
  examples: [
    "hansa verify trail.json",
    "hansa verify trail.json --trust hanse:main:2xGabcdefghijkmnopqrstuvwx",
    "hansa verify old.json --json --pick vouched.validators > validators.json && hansa verify new.json --trusted validators.json",
  ],
  async run(shell, { trust, trusted: from }, file) {
    const set = from === undefined ? undefined : checkTrustedValidators(readJsonFile(shell.path(from)));
    const options: ProofTrust = { trust, trusted: set };
    const bytes = readBytes(shell.path(file));
    if (isAccessReceipt(bytes)) return verifyReceipt(shell, bytes, options);
    const proof = decodeProof(bytes);
    if (isEvidenceProof(proof)) return showEvidence(shell, verifyEvidence(proof, options), options);
    const proved = verifyProofFile(proof, options);
    const { genesis, ...json } = proved;
    const trusted = isTrusted(shell, options, proved.group);
    return { json: { holds: true, trusted, ...json }, text: describe(shell, proved, trusted, set !== undefined) };
  },
});

const RECEIPT = encodeUtf8('{"hansa":"access-receipt/1",');

/** Files of access receipts name their kind as proof files do, first of all in canonical JSON; what is in them is checked elsewhere. */
function isAccessReceipt(bytes: Uint8Array): boolean {
  return equalBytes(bytes.subarray(0, RECEIPT.length), RECEIPT);
}

function verifyReceipt(shell: Shell, bytes: Uint8Array, options: ProofTrust): Answer {
  const { proof, ...verified } = verifyAccessReceipt(bytes, options);
  const { receipt, provider, recipient, resource, grants, anchored } = verified;
  const trusted = isTrusted(shell, options, proof.group);
  const { genesis: _, ...word } = proof;
  const parts = [
    `${shell.paint("green", "holds")}\n${shell.fields([
      ["access receipt", receipt.jti],
      ["provider", `${shell.id(receipt.iss)} (${provider})`],
      ["recipient", `${shell.id(receipt.sub)} (${recipient})`],
      ["owner", shell.id(grants.at(-1)?.owner ?? "")],
      ["for", shell.value(receipt.purpose)],
      ["to", receipt.action],
      ["in", receipt.jurisdiction],
      ["data", resource === undefined ? "the file does not say" : shell.value(resource)],
      receipt.window === undefined
        ? undefined
        : ["between", `${shell.seconds(receipt.window.from)} and ${shell.seconds(receipt.window.to)}`],
      ["time", shell.seconds(receipt.iat)],
      ["grants", receipt.grants.join(", ")],
      ["anchored", `block ${anchored.height}, transaction ${anchored.index}`],
      ["group", proof.group],
      ["vouched for by", describeVouched(proof.vouched, options.trusted !== undefined)],
    ])}`,
  ];
  if (provider !== "verified" || recipient !== "verified")
    parts.push(
      shell.paint(
        "yellow",
        "Not both signatures are shown to be good: the recipient has not signed, or a key was rotated away since.",
      ),
    );
  if (!trusted) parts.push(shell.paint("yellow", COMPARE_GROUP));
  return { json: { holds: true, trusted, ...verified, proof: word }, text: parts.join("\n\n") };
}

function describe(shell: Shell, proved: VerifiedFile, trusted: boolean, given: boolean): string {
  const { genesis } = proved;
  const head = shell.fields([
    [proved.kind === "trail" ? "trail of" : "record", shell.value(proved.about)],
    ["as of", `block ${proved.height}, ${shell.time(proved.time)}`],
    ["group", proved.group],
    ["vouched for by", describeVouched(proved.vouched, given)],
    ["founded by", genesis.members.map(({ name, roles }) => `${shell.value(name)} (${roles.join(", ")})`).join(", ")],
    ["founded", shell.time(genesis.time)],
  ]);
  const parts = [`${shell.paint("green", "holds")}\n${head}`];
  if (proved.records.length > 0) {
    const rows = proved.records.map(({ key, value }) => [key, value === null ? "proved absent" : shell.value(value)]);
    parts.push(shell.table(["record", "value"], rows));
  }
  if (proved.entries.length > 0) {
    const rows = proved.entries.map((entry) => [
      `${entry.height}/${entry.index}`,
      entry.receipt.facts.map(({ fact }) => fact).join(", "),
      decodeTransaction(entry.transaction)
        .claims.ops.map(({ op }) => op)
        .join(", "),
      entry.signers.map(({ did, signature }) => `${shell.id(did)} (${signature})`).join(", "),
    ]);
    parts.push(shell.table(["block", "facts", "operations", "signed by"], rows));
  }
  if (proved.commands.length > 0) {
    const rows = proved.commands.map(({ command, receipt, commandSignature, receiptSignature }) => [
      shell.seconds(command.iat),
      shell.id(command.sub),
      shell.value(command.action),
      `${shell.status(receipt.outcome)}${receipt.reason === undefined ? "" : `: ${shell.value(receipt.reason)}`}`,
      `${commandSignature}, ${receiptSignature}`,
    ]);
    parts.push(shell.table(["command", "device", "action", "outcome", "signatures"], rows));
  }
  const unknown = [
    ...proved.entries.flatMap(({ signers }) => signers.map(({ signature }) => signature)),
    ...proved.commands.flatMap((command) => [command.commandSignature, command.receiptSignature]),
  ].filter((check) => check === "unknown-key").length;
  if (unknown > 0)
    parts.push(
      `${unknown} signatures are by keys that this file does not show: the ledger checked them, and its word is what holds.`,
    );
  if (!trusted) parts.push(shell.paint("yellow", COMPARE_GROUP));
  return parts.join("\n\n");
}
