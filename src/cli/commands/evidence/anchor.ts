import { rmSync } from "node:fs";
import { isHansaError } from "#base";
import { operation } from "#protocol";
import { type EvidenceProof, encodeEvidenceProof, getProof, prepareEvidence } from "#sdk";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { placesOfProofs } from "../../evidence-file.ts";
import { replaceFile, writeNewFile } from "../../home/files.ts";
import { collect } from "../../parse.ts";
import type { TransactOptions } from "../../shell.ts";

interface Options extends TransactOptions {
  readonly folder?: string;
  readonly digests?: string;
  readonly note?: string;
  readonly signer?: readonly string[];
}

/** Codes after which it is certain that nothing was anchored. */
const REFUSED = /^(evidence\.|kernel\.|transaction\.(operation-arguments|unknown-key)$)/;
const DIGEST = /^[A-Za-z0-9_-]{43}$/;

export const evidenceAnchor = defineCommand<[files: readonly string[]], Options>({
  name: "anchor",
  summary: "Anchor the salted hashes of documents as one record, and write a proof file for each of them.",
  arguments: [{ name: "[files...]", description: "documents: they stay here, and nothing on the ledger shows them" }],
  options: [
    { flags: "--folder <folder>", description: "where the proof files go; beside the documents where left out" },
    { flags: "--digests <file>", description: "further documents, by their SHA-256 in base64url, one a line" },
    { flags: "--note <text>", description: "public, so nothing personal" },
    { flags: "--signer <who>", description: "who is to sign it, too; may stand several times", parse: collect },
  ],
  examples: [
    "hansa evidence anchor report.pdf readings.csv --as delphi",
    "hansa evidence anchor --digests digests.txt --folder proofs --signer acme --as delphi",
  ],
  transacts: true,
  async run(shell, options, files) {
    const { folder, digests: list, note } = options;
    const listed = list === undefined ? [] : await readDigests(shell.readText(list), list);
    if (files.length + listed.length === 0)
      throw cliError("cli.argument", "no document is named: give files, or --digests FILE");
    if (listed.length > 0 && folder === undefined)
      throw cliError("cli.argument", "a digest has no place beside which its proof could lie: give --folder");
    const signers: string[] = [];
    for (const who of options.signer ?? []) signers.push(await shell.did(who));
    const places = placesOfProofs(shell, [...files, ...listed], folder);
    const { root, size, proofs } = prepareEvidence([...files.map((file) => shell.digest(file)), ...listed]);
    // Before the root is sent: the salts are in these files and nowhere else, and whoever has one can tell its document.
    places.forEach((place, i) => {
      writeNewFile(place, `${encodeEvidenceProof(proofs[i] as EvidenceProof)}\n`, 0o600);
    });
    const args = { root, size, ...(note === undefined ? {} : { note }), ...(signers.length > 0 ? { signers } : {}) };
    let answer: Awaited<ReturnType<typeof shell.transact>>;
    try {
      answer = await shell.transact([operation("evidence.anchor", args)], options);
    } catch (error) {
      // What the ledger refused is no evidence; where nobody knows what became of it the files stay.
      if (isHansaError(error) && REFUSED.test(error.code)) for (const place of places) rmSync(place);
      throw error;
    }
    const written = `${size} proof file${size === 1 ? "" : "s"} below the root ${root}`;
    const json = { root, size, proofs: places, ...(answer.json as object) };
    if (options.out !== undefined)
      return { json, text: `${answer.text}\n${written}; once it is sent, \`hansa evidence prove\` completes them` };
    const ledger = await getProof(shell.client, { key: `evidence/${root}` }, { signal: shell.io.signal });
    places.forEach((place, i) => {
      replaceFile(place, `${encodeEvidenceProof({ ...(proofs[i] as EvidenceProof), ledger })}\n`, 0o600);
    });
    return { json, text: `${answer.text}\n${written}` };
  },
});

async function readDigests(text: Promise<string>, path: string): Promise<string[]> {
  const lines = (await text).split(/\r?\n/).filter((line) => line !== "");
  const wrong = lines.findIndex((line) => !DIGEST.test(line));
  if (wrong >= 0) throw cliError("cli.file-malformed", `${path}, line ${wrong + 1}: no SHA-256 in base64url`, { path });
  return lines;
}
