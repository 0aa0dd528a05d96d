import { digestTerms, openTerms, operation, wideningOf } from "#protocol";
import { query } from "#sdk";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import {
  loadTerms,
  newDocument,
  TERMS_OPTIONS,
  type TermsOptions,
  termsOf,
  termsPath,
} from "../../grant-terms-file.ts";
import type { TransactOptions } from "../../shell.ts";
import { transactGrant } from "./transact-grant.ts";

export const grantDelegate = defineCommand<
  [grant: string, recipient: string],
  TransactOptions & TermsOptions & { above?: string }
>({
  name: "delegate",
  summary: "Hand a grant on that you got, or a part of it: never more, never longer.",
  arguments: [
    { name: "<grant>", description: "id of the grant that you got" },
    { name: "<recipient>", description: "DID or name of who gets the data from now on, too" },
  ],
  options: [
    ...TERMS_OPTIONS,
    { flags: "--above <file>", description: "terms file of the grant that you got (grants/ of the home)" },
    { flags: "--terms <file>", description: "where to write the new terms with their salts (grants/ of the home)" },
  ],
  examples: ["hansa grant delegate 3q2-7wAAAAAAAAAAAAAAAA clerk --above got.json --count 1 --until 1d --as hansel"],
  transacts: true,
  async run(shell, options, parent, recipient) {
    const above = await query(shell.client, "grants.get", { grant: parent }, { signal: shell.io.signal });
    const held = loadTerms(shell, parent, options.above);
    if (held === undefined)
      throw cliError("cli.argument", `the home has no terms of ${parent}: name their file with --above`, { parent });
    const got = openTerms(held, above);
    const terms = await termsOf(shell, options, got);
    const document = newDocument(terms);
    // The ledger cannot see it, and the provider would refuse every use: better said now.
    const field = wideningOf(got, terms);
    if (field !== undefined)
      throw cliError("cli.argument", `${field}: this is more than ${parent} allows`, { field, parent });
    const { grant } = document;
    const now = shell.io.now();
    const count = options.count ?? above.remaining;
    const delegate = operation("grants.delegate", {
      parent,
      grant,
      recipient: await shell.did(recipient),
      terms: digestTerms(document),
      from: options.from?.(now) ?? above.from,
      until: options.until?.(now) ?? above.until,
      ...(count === null ? {} : { count }),
      delegable: options.delegable,
    });
    const file = options.terms === undefined ? termsPath(shell, grant) : shell.path(options.terms);
    return transactGrant(shell, options, delegate, document, file);
  },
});
