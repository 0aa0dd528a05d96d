import { isHansaError } from "#base";
import type { Operation, TermsDocument } from "#protocol";
import type { Answer } from "../../command.ts";
import { dropTerms, saveTerms } from "../../grant-terms-file.ts";
import type { Shell, TransactOptions } from "../../shell.ts";

/**
 * Sends a new grant once its terms are on the disk: whoever loses them after the ledger took their digests has a grant that nobody can
 * use. They go again where the ledger says no or nothing was sent: after a lost answer the grant may stand, and they stay.
 */
export async function transactGrant(
  shell: Shell,
  options: TransactOptions,
  operation: Operation,
  document: TermsDocument,
  file: string,
): Promise<Answer> {
  const { grant } = document;
  // Asks for the passphrase, where there is one, before anything is written.
  await shell.party();
  saveTerms(file, document);
  try {
    const answer = await shell.transact([operation], options);
    return {
      json: { grant, terms: file, ...(answer.json as object) },
      text: `${grant}\n${answer.text}\n${shell.paint("dim", `${file} has the terms: recipient and provider need it, the ledger never gets it`)}`,
    };
  } catch (error) {
    if (isHansaError(error) && /^(grants|kernel|cli)\./.test(error.code)) dropTerms(file);
    throw error;
  }
}
