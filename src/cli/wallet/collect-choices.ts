import { InvalidArgumentError } from "commander";

/** Gathers `part=credential`, which may stand several times: credentials by the part of the query that they are for. */
export function collectChoices(
  text: string,
  before?: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, readonly string[]>> {
  const [, part, credential] = /^([A-Za-z0-9_-]{1,100})=([A-Za-z0-9_-]{1,40})$/.exec(text) ?? [];
  if (part === undefined || credential === undefined)
    throw new InvalidArgumentError("A part of the query and a credential are wanted: resident=3QJmV3.");
  const known = before ?? {};
  const own = Object.hasOwn(known, part) ? (known[part] as readonly string[]) : [];
  return { ...known, [part]: [...own, credential] };
}
