import { checkTrustedValidators } from "#protocol";
import { decodeProof, verifyEvidence } from "#sdk";
import { defineCommand } from "../../command.ts";
import { showEvidence } from "../../evidence-file.ts";
import { readBytes, readJsonFile } from "../../home/files.ts";

interface Options {
  readonly trust?: string;
  readonly trusted?: string;
  readonly ledger?: string;
}

export const evidenceVerify = defineCommand<[proof: string, document: string], Options>({
  name: "verify",
  summary:
    "Verify that a document was anchored: with no network and no node. Exit code 1 where it was not, or was revoked.",
  arguments: [
    { name: "<proof>", description: "proof file, as `evidence anchor` or `evidence prove` wrote it" },
    { name: "<document>", description: "the document, or its SHA-256 in base64url" },
  ],
  options: [
    { flags: "--trust <group>", description: "id of the group that you trust; else compare it yourself" },
    { flags: "--trusted <file>", description: "validators of a later height that you trust, as in `verify`" },
    {
      flags: "--ledger <file>",
      description: "a newer proof of the root's record, as `ledger proof evidence/<root> --out` wrote it",
    },
  ],
  examples: [
    "hansa evidence verify report.pdf.evidence.json report.pdf",
    "hansa evidence verify report.pdf.evidence.json report.pdf --trust hanse:main:2xGabcdefghijkmnopqrstuvwx",
  ],
  async run(shell, { trust, trusted: from, ledger: newer }, file, given) {
    const trusted = from === undefined ? undefined : checkTrustedValidators(readJsonFile(shell.path(from)));
    const ledger = newer === undefined ? undefined : decodeProof(readBytes(shell.path(newer)));
    const document = shell.digest(given);
    const verified = verifyEvidence(readBytes(shell.path(file)), { trust, trusted, ledger, document });
    return showEvidence(shell, verified, { trust, trusted });
  },
});
