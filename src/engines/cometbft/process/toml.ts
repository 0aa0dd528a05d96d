/** As much of TOML as CometBFT's configuration needs. */
export type TomlValue = string | number | boolean | readonly string[];
export type TomlTable = Readonly<Record<string, TomlValue>>;

/**
 * Text of tables; the one named `""` comes first, without a heading.
 *
 * @example
 * ```ts
 * tomlOf({ "": { moniker: "a" }, p2p: { pex: false } }); // 'moniker = "a"\n\n[p2p]\npex = false\n'
 * ```
 */
export function tomlOf(tables: Readonly<Record<string, TomlTable>>): string {
  return Object.entries(tables)
    .map(([name, table]) => {
      const lines = Object.entries(table).map(([key, value]) => `${key} = ${textOf(value)}`);
      return [...(name === "" ? [] : [`[${name}]`]), ...lines, ""].join("\n");
    })
    .join("\n");
}

function textOf(value: TomlValue): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "object") return `[${value.map(quoted).join(", ")}]`;
  return String(value);
}

/** A basic string: JSON escapes are TOML's, and DEL is the one control character that JSON leaves as it is. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("\u007f", "\\u007f");
}
