import { Lru } from "#base";

/** What an `Accept` header says of one range. */
interface Range {
  readonly type: string;
  /** The one parameter that tells types apart here. */
  readonly profile: string | undefined;
  readonly quality: number;
}

/** Headers are few and come again and again: what was chosen is kept, unless they are unusually long. */
const KEPT = 128;
const LONGEST_KEPT = 256;
const MOST_RANGES = 32;

/**
 * Chooses the type of an answer: of those offered the one that the client likes best (RFC 9110 §12.5.1); of equals the first.
 *
 * @returns what an `Accept` header gives; `undefined` where the client takes none of them
 * @example
 * ```ts
 * const choose = typeChooser(["application/did-resolution", "application/did"]);
 * choose("application/did, text/html;q=0.1"); // application/did
 * ```
 */
export function typeChooser<Type extends string>(
  offered: readonly Type[],
): (accept: string | undefined) => Type | undefined {
  const types = offered.map((type) => ({ type, range: readRange(type) }));
  const known = new Lru<string, { readonly type: Type | undefined }>(KEPT);
  return (accept = "*/*") => {
    const before = known.get(accept);
    if (before !== undefined) return before.type;
    const ranges = accept.split(",", MOST_RANGES).map(readRange);
    let best: Type | undefined;
    let most = 0;
    for (const { type, range } of types) {
      const quality = qualityOf(ranges, range);
      if (quality <= most) continue;
      best = type;
      most = quality;
    }
    if (accept.length <= LONGEST_KEPT) known.set(accept, { type: best });
    return best;
  };
}

function readRange(text: string): Range {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim());
  let quality = 1;
  let profile: string | undefined;
  for (const parameter of parameters) {
    const [name, value = ""] = parameter.split(/=(.*)/s, 2) as [string, string | undefined];
    if (name.toLowerCase() === "q") quality = /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(value) ? Number(value) : 0;
    if (name.toLowerCase() === "profile") profile = value.replace(/^"(.*)"$/s, "$1");
  }
  return { type: type.toLowerCase(), profile, quality };
}

/** The most specific range that fits decides, also where it says no. */
function qualityOf(ranges: readonly Range[], { type, profile }: Range): number {
  const [kind] = type.split("/");
  let specific = -1;
  let quality = 0;
  for (const range of ranges) {
    const fits =
      range.type === type && range.profile === profile
        ? 2
        : range.type === `${kind}/*`
          ? 1
          : range.type === "*/*"
            ? 0
            : undefined;
    if (fits === undefined || fits <= specific) continue;
    specific = fits;
    quality = range.quality;
  }
  return quality;
}
