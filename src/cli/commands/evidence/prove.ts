import { type EvidenceProof, encodeEvidenceProof, proveEvidence, verifyEvidence } from "#sdk";
import { defineCommand } from "../../command.ts";
import { readEvidenceProof } from "../../evidence-file.ts";
import { replaceFile } from "../../home/files.ts";
import { trustedGroup } from "../../home/trusted-group.ts";

export const evidenceProve = defineCommand<[proofs: readonly string[]]>({
  name: "prove",
  summary: "Bring proof files up to date with the ledger: the record of their root, and whether they were revoked.",
  arguments: [{ name: "<proofs...>", description: "proof files; each is replaced by the newer one" }],
  examples: ["hansa evidence prove report.pdf.evidence.json"],
  async run(shell, _, files) {
    const trust = trustedGroup(shell);
    const items = [];
    for (const file of files) {
      const before: EvidenceProof = readEvidenceProof(shell, file);
      const proof = await proveEvidence(shell.client, { proof: before }, { signal: shell.io.signal });
      // A node that hands out a broken proof is found out now, and not when it is needed.
      const { height, revoked, complete } = verifyEvidence(proof, { trust });
      replaceFile(shell.path(file), `${encodeEvidenceProof(proof)}\n`, 0o600);
      items.push({ file, height, revoked, complete });
    }
    const rows = items.map(({ file, height, revoked, complete }) => [
      file,
      String(height),
      revoked === null ? "no" : `by ${shell.id(revoked.by)}`,
      complete ? "all" : "not all",
    ]);
    return { json: { items }, text: shell.table(["file", "as of block", "revoked", "signed"], rows) };
  },
});
