/**
 * A name that contracts can use: `^[A-Za-z][A-Za-z0-9_]{0,63}$`, or `undefined` where nothing is left of it.
 *
 * @example
 * ```ts
 * affordanceName("1_single"); // "n1_single"
 * affordanceName("off/on"); // "off_on"
 * ```
 */
export function affordanceName(text: string): string | undefined {
  const name = text.replace(/[^A-Za-z0-9_]+/g, "_").replace(/^_+/, "");
  if (name === "") return undefined;
  return (/^[0-9]/.test(name) ? `n${name}` : name).slice(0, 64);
}
