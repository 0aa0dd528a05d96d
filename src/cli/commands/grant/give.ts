import { digestTerms, operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import { newDocument, TERMS_OPTIONS, type TermsOptions, termsOf, termsPath } from "../../grant-terms-file.ts";
import type { TransactOptions } from "../../shell.ts";
import { transactGrant } from "./transact-grant.ts";

const DAYS_30 = 2_592_000;

export const grantGive = defineCommand<[recipient: string], TransactOptions & TermsOptions & { provider: string }>({
  name: "give",
  summary:
    "Let a recipient have data of yours: the ledger learns until when and how often, and of the rest salted digests only.",
  arguments: [{ name: "<recipient>", description: "DID or name of who gets the data" }],
  options: [
    { flags: "--provider <member>", description: "DID or name of the member whose node releases it", required: true },
    ...TERMS_OPTIONS,
    { flags: "--terms <file>", description: "where to write the terms with their salts (grants/ of the home)" },
  ],
  examples: [
    "hansa grant give hansel --provider acme --topic acme/things --path 'meter/#' --purpose dpv:PaymentManagement --jurisdiction DE --until 30d --count 12 --as anna",
    "hansa grant give did:hansa:hanse:3QJm… --provider acme --device meter --property power --purpose dpv:ServiceProvision --jurisdiction DE --action read --action subscribe",
  ],
  transacts: true,
  async run(shell, options, recipient) {
    const document = newDocument(await termsOf(shell, options));
    const { grant } = document;
    const from = options.from?.(shell.io.now()) ?? Math.floor(shell.io.now() / 1000);
    const give = operation("grants.give", {
      grant,
      recipient: await shell.did(recipient),
      provider: await shell.did(options.provider),
      terms: digestTerms(document),
      from,
      until: options.until?.(shell.io.now()) ?? from + DAYS_30,
      ...(options.count === undefined ? {} : { count: options.count }),
      delegable: options.delegable,
    });
    const file = options.terms === undefined ? termsPath(shell, grant) : shell.path(options.terms);
    return transactGrant(shell, options, give, document, file);
  },
});
