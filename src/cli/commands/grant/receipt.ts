import { type GrantRecord, makeConsentRecord, signConsentReceipt, type TermsDocument } from "#protocol";
import { groupIdOfClient, query } from "#sdk";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { loadTerms } from "../../grant-terms-file.ts";
import { writeNewFile } from "../../home/files.ts";
import { collect } from "../../parse.ts";

export const grantReceipt = defineCommand<[grant: string], { terms?: string[]; out: string }>({
  name: "receipt",
  summary:
    "Write a consent receipt for a grant (ISO/IEC TS 27560), signed by you; what is personal stands in this file only.",
  arguments: [{ name: "<grant>", description: "id of the grant" }],
  options: [
    {
      flags: "--terms <file>",
      description:
        "its terms file (grants/ of the home); of a grant that was handed on, once for each link above as well",
      parse: collect,
    },
    { flags: "--out <file>", description: "where to write it", required: true },
  ],
  examples: ["hansa grant receipt 3q2-7wAAAAAAAAAAAAAAAA --out consent.jwt --as anna"],
  async run(shell, options, grant) {
    const call = { signal: shell.io.signal };
    const group = await groupIdOfClient(shell.client, shell.io.signal);
    const given = (options.terms ?? []).map((file) => loadTerms(shell, grant, file) as TermsDocument);
    const links: GrantRecord[] = [];
    const documents: TermsDocument[] = [];
    for (let next: string | null = grant; next !== null; ) {
      // What the answer adds to the record is of this moment, and no part of the consent.
      const { effective: _, remaining: __, ...record } = await query(shell.client, "grants.get", { grant: next }, call);
      const document = given.find((one) => one.grant === record.grant) ?? loadTerms(shell, record.grant);
      if (document === undefined)
        throw cliError("cli.argument", `the terms of ${record.grant} are needed: name their file with --terms`, {
          grant: record.grant,
        });
      links.push(record);
      documents.push(document);
      next = record.parent;
    }
    const consent = makeConsentRecord(group, links, documents, shell.io.now());
    const token = signConsentReceipt(consent, await shell.party(), shell.io.now());
    writeNewFile(shell.path(options.out), `${token}\n`, 0o600);
    const state = consent.state.slice(consent.state.indexOf("#") + 1);
    return {
      json: {
        file: options.out,
        grant,
        record: consent.record_id,
        state,
        consentTime: consent.consent_time,
        expiry: consent.expiry,
        withdrawal: consent.withdrawal,
      },
      text: shell.fields([
        ["file", options.out],
        ["record", consent.record_id],
        ["state", state],
        ["given", consent.consent_time],
        ["ends", consent.expiry],
        consent.withdrawal === null ? undefined : ["withdrawn", consent.withdrawal],
      ]),
    };
  },
});
