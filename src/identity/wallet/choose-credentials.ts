import { walletError } from "./errors.ts";
import type { QueryAnswer, QueryMatch, WantedCredential } from "./match-query.ts";

/** A credential for a part of a query. */
export interface Choice {
  readonly part: WantedCredential;
  readonly match: QueryMatch;
}

/** Ids of credentials, by the part of a query that each is shown for. */
export type Chosen = Readonly<Record<string, readonly string[]>>;

/**
 * Takes a holder's choice; where he made none, the first credential for each part that has to be answered.
 *
 * @throws HansaError `wallet.choice` where the choice does not answer the query
 */
export function chooseCredentials(answer: QueryAnswer, chosen: Chosen | undefined): Choice[] {
  const { wanted, needed, sets } = answer;
  if (chosen === undefined)
    return wanted
      .filter(({ id }) => needed.includes(id))
      .map((part) => ({ part, match: part.matches[0] as QueryMatch }));
  const ids = Object.keys(chosen);
  if (!sets.every((options) => options.some((option) => option.every((id) => ids.includes(id)))))
    throw refuse("the choice leaves out what the request has to be answered with", needed.join(", "));
  return Object.entries(chosen).flatMap(([id, credentials]) => {
    const part = wanted.find((one) => one.id === id);
    if (part === undefined) throw refuse(`the request has no part ${id.slice(0, 100)}`, id);
    if (credentials.length === 0 || new Set(credentials).size !== credentials.length)
      throw refuse(`for ${id} there is none chosen, or one twice`, id);
    if (credentials.length > 1 && !part.multiple) throw refuse(`for ${id} one credential is wanted`, id);
    return credentials.map((credential) => {
      const match = part.matches.find(({ credential: held }) => held.id === credential);
      if (match === undefined) throw refuse(`${credential.slice(0, 40)} does not answer ${id}`, id);
      return { part, match };
    });
  });
}

function refuse(problem: string, query: string) {
  return walletError("wallet.choice", problem, { query: query.slice(0, 200) });
}
