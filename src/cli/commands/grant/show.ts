import { openTerms } from "#protocol";
import { query } from "#sdk";
import { defineCommand } from "../../command.ts";
import { describeTerms, loadTerms } from "../../grant-terms-file.ts";
import { parseNumber } from "../../parse.ts";

export const grantShow = defineCommand<[grant: string], { height?: number; terms?: string }>({
  name: "show",
  summary: "Show a grant; with its terms where the home or --terms has them and they are those of the ledger.",
  arguments: [{ name: "<grant>", description: "id of the grant" }],
  options: [
    { flags: "--terms <file>", description: "its terms file (grants/ of the home)" },
    { flags: "--height <height>", description: "as of the end of this block", parse: parseNumber },
  ],
  examples: ["hansa grant show 3q2-7wAAAAAAAAAAAAAAAA", "hansa grant show 3q2-7wAAAAAAAAAAAAAAAA --terms got.json"],
  async run(shell, { height, terms: named }, grant) {
    const args = { grant, ...(height === undefined ? {} : { height }) };
    const record = await query(shell.client, "grants.get", args, { signal: shell.io.signal });
    const document = loadTerms(shell, grant, named);
    const terms = document === undefined ? undefined : openTerms(document, record);
    const text = shell.fields([
      ["grant", record.grant],
      ["status", shell.status(record.effective)],
      record.revokedBy === null ? undefined : ["revoked by", shell.id(record.revokedBy)],
      record.reason === null ? undefined : ["reason", shell.value(record.reason)],
      ["owner", shell.id(record.owner)],
      record.parent === null
        ? undefined
        : ["handed on by", `${shell.id(record.grantor)}, who has it by ${record.parent}`],
      ["recipient", shell.id(record.recipient)],
      ["provider", shell.id(record.provider)],
      ["valid", `${shell.seconds(record.from)} to ${shell.seconds(record.until)}`],
      ["used", record.count === null ? String(record.used) : `${record.used} of ${record.count}`],
      record.remaining === null ? undefined : ["left", String(record.remaining)],
      [
        "may be handed on",
        record.delegable === 0 ? "no" : `${record.delegable} level${record.delegable === 1 ? "" : "s"} deep`,
      ],
      ...(terms === undefined
        ? [["terms", `${record.terms.length} salted digests; the terms file opens them`] as [string, string]]
        : describeTerms(shell, terms)),
    ]);
    return { json: terms === undefined ? record : { ...record, opened: terms }, text };
  },
});
