/** Tables for terminals: columns as wide as they need, and where the terminal is too narrow the widest give way. */

const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");
const LEAST = 6;

/** Columns that a text takes on a terminal: escapes take none, wide East Asian characters and emoji two. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text.replace(ESCAPES, "")) {
    const code = character.codePointAt(0) as number;
    const none =
      code < 0x20 || (code >= 0x300 && code <= 0x36f) || code === 0x200d || (code >= 0xfe00 && code <= 0xfe0f);
    const wide =
      (code >= 0x1100 && code <= 0x115f) ||
      (code >= 0x2e80 && code <= 0xa4cf) ||
      (code >= 0xac00 && code <= 0xd7a3) ||
      (code >= 0xf900 && code <= 0xfaff) ||
      (code >= 0xfe30 && code <= 0xfe6f) ||
      (code >= 0xff00 && code <= 0xff60) ||
      (code >= 0x1f300 && code <= 0x1faff);
    width += none ? 0 : wide ? 2 : 1;
  }
  return width;
}

/** What a ledger or a device says goes to a terminal: its control characters must not. */
export function cleanText(text: string): string {
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (character) =>
    character === "\n" || character === "\t" ? " " : "\ufffd",
  );
}

/** Cuts a text to a width, with `…` at its end; loses colours where it cuts. */
export function cutText(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let cut = "";
  for (const character of text.replace(ESCAPES, "")) {
    if (widthOf(cut + character) > width - 1) break;
    cut += character;
  }
  return `${cut}…`;
}

export interface TableOptions {
  /** Width to fit in; no limit where left out. */
  readonly columns?: number | undefined;
  /** Styles the head line. */
  readonly head?: (text: string) => string;
}

/**
 * Renders rows under headings, each line without spaces at its end.
 *
 * @example
 * ```ts
 * renderTable(["name", "height"], [["main", "12"]]); // "name  height\nmain  12"
 * ```
 */
export function renderTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const widths = headings.map((heading, i) => Math.max(widthOf(heading), ...rows.map((row) => widthOf(row[i] ?? ""))));
  if (options.columns !== undefined) shrink(widths, options.columns - 2 * (widths.length - 1));
  const line = (cells: readonly string[]) =>
    widths
      .map((width, i) => {
        const cell = cutText(cells[i] ?? "", width);
        return cell + " ".repeat(width - widthOf(cell));
      })
      .join("  ")
      .trimEnd();
  const head = line(headings.map((heading) => heading.toUpperCase()));
  return [options.head === undefined ? head : options.head(head), ...rows.map(line)].join("\n");
}

/** Takes from the widest column until all fit; none goes below what can still be read. */
function shrink(widths: number[], room: number): void {
  let over = widths.reduce((sum, width) => sum + width, 0) - room;
  while (over > 0) {
    const widest = Math.max(...widths);
    if (widest <= LEAST) return;
    const at = widths.indexOf(widest);
    const second = Math.max(LEAST, ...widths.filter((width) => width < widest));
    const cut = Math.min(over, Math.max(1, widest - second));
    widths[at] = widest - cut;
    over -= cut;
  }
}

/** Names and values, the values aligned. */
export function renderFields(fields: readonly (readonly [string, string])[], paint: (text: string) => string): string {
  const width = Math.max(0, ...fields.map(([name]) => widthOf(name)));
  return fields.map(([name, value]) => `${paint(name)}${" ".repeat(width - widthOf(name))}  ${value}`).join("\n");
}
