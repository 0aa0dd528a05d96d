import type { ClaimPath, StoredCredential } from "#identity";
import { cliError } from "../errors.ts";
import { claimsOf } from "./describe-credential.ts";

/**
 * Claims of a credential by the names that people write: `name` is the subject's where the credential itself has no such member.
 *
 * @throws HansaError `cli.argument` where there is no such claim; the message has those that there are
 */
export async function chooseClaims(held: StoredCredential, names: readonly string[]): Promise<ClaimPath[]> {
  const { parseClaim } = await import("#identity");
  const chosen: ClaimPath[] = [];
  for (const name of names) {
    const path = parseClaim(name);
    const found = [path, ["credentialSubject", ...path]].find((place) => leadsTo(held.claims, place));
    if (found === undefined) {
      const known = (await claimsOf(held)).filter(({ optional }) => optional).map(({ claim }) => claim);
      throw cliError(
        "cli.argument",
        `the credential has no claim ${name}; it has ${known.join(", ") || "none to choose"}`,
        {
          claim: name,
          known,
        },
      );
    }
    chosen.push(found);
  }
  return chosen;
}

function leadsTo(value: unknown, path: ClaimPath): boolean {
  const [step, ...rest] = path;
  if (step === undefined) return value !== undefined;
  if (typeof value !== "object" || value === null) return false;
  if (step === null) return Array.isArray(value) && value.some((item) => leadsTo(item, rest));
  return Object.hasOwn(value, step) && leadsTo((value as Readonly<Record<string, unknown>>)[step], rest);
}
