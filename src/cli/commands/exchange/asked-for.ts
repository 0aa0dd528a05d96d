import type { ReleaseArgs } from "#sdk";
import { query } from "#sdk";
import type { OptionSpec } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { collectPurposes, loadTerms } from "../../grant-terms-file.ts";
import { collect } from "../../parse.ts";
import type { Shell } from "../../shell.ts";

/** What is asked for under a grant, where it is not simply what the terms say. */
export interface AskOptions {
  readonly terms?: readonly string[];
  readonly purpose?: readonly string[];
  readonly jurisdiction?: string;
}

export const ASK_OPTIONS: readonly OptionSpec[] = [
  {
    flags: "--terms <file>",
    description:
      "the grant's terms file (grants/ of the home); of a grant that was handed on, once for each link above as well",
    parse: collect,
  },
  { flags: "--purpose <purpose>", description: "which of the terms' purposes (the first)", parse: collectPurposes },
  { flags: "--jurisdiction <code>", description: "where the data goes (the terms' first)" },
];

/** The terms of the whole chain, found link by link, and the provider that the grant names. */
export async function askedFor(shell: Shell, grant: string, options: AskOptions): Promise<ReleaseArgs> {
  const given = (options.terms ?? []).flatMap((file) => loadTerms(shell, grant, file) ?? []);
  const terms: ReleaseArgs["terms"][number][] = [];
  let provider = "";
  for (let next: string | null = grant; next !== null; ) {
    const link: { readonly grant: string; readonly parent: string | null; readonly provider: string } = await query(
      shell.client,
      "grants.get",
      { grant: next },
      { signal: shell.io.signal },
    );
    const document = given.find((one) => one.grant === link.grant) ?? loadTerms(shell, link.grant);
    if (document === undefined)
      throw cliError("cli.argument", `the terms of ${link.grant} are needed: name their file with --terms`, {
        grant: link.grant,
      });
    terms.push(document);
    provider = link.provider;
    next = link.parent;
  }
  const { purpose, jurisdiction } = options;
  return { provider, terms, purpose: purpose?.[0], jurisdiction };
}
