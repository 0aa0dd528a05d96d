import { checkTrustedValidators, decodeTransaction } from "#protocol";
import { decodeProof, isEvidenceProof, type VerifiedFile, verifyEvidence, verifyProofFile } from "#sdk";
import { defineCommand } from "../command.ts";
import { showEvidence } from "../evidence-file.ts";
import { groupsOfHome } from "../home/facts.ts";
import { readBytes, readJsonFile } from "../home/files.ts";
import type { Shell } from "../shell.ts";
import { COMPARE_GROUP, describeVouched } from "../vouched.ts";

export const verify = defineCommand<[file: string], { trust?: string; trusted?: string }>({
  name: "verify",
  summary: "Verify a proof file: with no network and no node. Exit code 1 where it does not hold.",
  arguments: [
    { name: "<file>", description: "proof file, as `trail --proof`, `ledger proof --out` or `evidence` wrote it" },
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
    const proof = decodeProof(readBytes(shell.path(file)));
    if (isEvidenceProof(proof))
      return showEvidence(shell, verifyEvidence(proof, { trust, trusted: set }), {
        trusted: trust !== undefined || set !== undefined,
        validators: set !== undefined,
      });
    const proved = verifyProofFile(proof, { trust, trusted: set });
    const { genesis, ...json } = proved;
    // A home that belongs to the group knows its genesis, and that is reason enough.
    const trusted =
      trust !== undefined || set !== undefined || groupsOfHome(shell.home).some(({ id }) => id === proved.group);
    return { json: { holds: true, trusted, ...json }, text: describe(shell, proved, trusted, set !== undefined) };
  },
});

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
