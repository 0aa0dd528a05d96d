import { query } from "#sdk";
import { defineCommand } from "../../command.ts";
import { evidenceOf } from "../../evidence-file.ts";

export const evidenceShow = defineCommand<[evidence: string]>({
  name: "show",
  summary: "Show what the ledger says now of anchored documents: who signed, what was revoked.",
  arguments: [{ name: "<evidence>", description: "root, or a proof file: then also whether its document was revoked" }],
  examples: ["hansa evidence show report.pdf.evidence.json"],
  async run(shell, _, evidence) {
    const { root, index } = evidenceOf(shell, evidence);
    const call = { signal: shell.io.signal };
    const record = await query(shell.client, "evidence.get", { root }, call);
    const document =
      index === undefined ? undefined : await query(shell.client, "evidence.document", { root, index }, call);
    const revocation = document === undefined ? record.revoked : document.revoked;
    const text = shell.fields([
      ["root", record.root],
      ["documents", String(record.size)],
      record.note === null ? undefined : ["note", shell.value(record.note)],
      ["anchored", `${shell.time(record.at)} by ${shell.id(record.issuer)}`],
      ...record.signers.map(({ did, at }): [string, string] => [
        "signer",
        `${shell.id(did)} (${at === null ? "not yet" : shell.time(at)})`,
      ]),
      document === undefined ? undefined : ["document", `number ${document.index}`],
      [
        "revoked",
        revocation === null
          ? "no"
          : `${shell.time(revocation.at)} by ${shell.id(revocation.by)}${revocation.reason === null ? "" : `: ${shell.value(revocation.reason)}`}`,
      ],
    ]);
    return { json: document === undefined ? record : { ...record, document }, text };
  },
});
