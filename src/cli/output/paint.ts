import type { Io } from "../io.ts";

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

type Style = keyof typeof CODES;

/** Colours a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

/** Colour on a terminal only, and not where NO_COLOR (no-color.org) is set to anything. */
export function createPaint(output: { readonly isTerminal: boolean }, env: Io["env"]): Paint {
  const off = !output.isTerminal || (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  if (off) return (_, text) => text;
  return (style, text) => `\u001b[${CODES[style][0]}m${text}\u001b[${CODES[style][1]}m`;
}

const GOOD = new Set(["active", "admitted", "certified", "open", "accepted", "done", "ok", "committed", "verified"]);
const BAD = new Set(["revoked", "removed", "refused", "failed", "recalled", "withdrawn", "quarantined", "wrong"]);

/** A status in the colour that it deserves. */
export function paintStatus(paint: Paint, status: string): string {
  if (GOOD.has(status)) return paint("green", status);
  return paint(BAD.has(status) ? "red" : "yellow", status);
}
