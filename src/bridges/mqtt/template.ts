/**
 * Home Assistant's templates, the forms that only name a value. They arrive in messages from other people's hubs, so nothing
 * here evaluates them: what is not one of these forms is refused by name.
 */
import { type Json, parseJson } from "#base";
import { bridgeError } from "../errors.ts";

type Filter = { readonly name: "float" | "int" } | { readonly name: "round"; readonly digits: number };

interface Hole {
  readonly variable: string;
  readonly path: readonly string[];
  readonly filters: readonly Filter[];
}

/** Text with holes. */
export type Template = readonly (string | Hole)[];

const LONGEST = 512;
const HOLE = /^(\w+)((?:\.\w+|\['[^'\]\\]*'\]|\["[^"\]\\]*"\]|\[\d+\])*)\s*((?:\|[^|]*)*)$/;
const STEP = /\.(\w+)|\['([^']*)'\]|\["([^"]*)"\]|\[(\d+)\]/g;
const FILTER = /^(float|int|round|is_defined)(?:\(\s*(\d*)\s*\))?$/;

/**
 * Takes a template apart.
 *
 * @param variables - names that may stand in holes, such as `value` and `value_json`
 * @throws HansaError `bridge.unsupported-template`
 * @example
 * ```ts
 * parseTemplate("{{ value_json.temperature | float }}", ["value", "value_json"]);
 * parseTemplate("{% if value %}1{% endif %}", ["value"]); // throws
 * ```
 */
export function parseTemplate(text: string, variables: readonly string[]): Template {
  const refuse = (problem: string) => bridgeError("bridge.unsupported-template", problem, { problem });
  if (text.length > LONGEST) throw refuse(`longer than ${LONGEST} characters`);
  if (text.includes("{%") || text.includes("{#")) throw refuse("has statements");
  const parts: (string | Hole)[] = [];
  let at = 0;
  for (;;) {
    const start = text.indexOf("{{", at);
    const literal = start < 0 ? text.slice(at) : text.slice(at, start);
    if (literal !== "") parts.push(literal);
    if (start < 0) return parts;
    const end = text.indexOf("}}", start);
    if (end < 0) throw refuse("a hole does not end");
    // `{"a": {{ value }}}`: of three closing braces the last is the text's.
    parts.push(parseHole(text.slice(start + 2, end).trim(), variables, refuse));
    at = end + 2;
  }
}

function parseHole(text: string, variables: readonly string[], refuse: (problem: string) => Error): Hole {
  const found = HOLE.exec(text);
  const variable = found?.[1] ?? "";
  if (found === null || !variables.includes(variable)) throw refuse("does more than name a value");
  const path = [...(found[2] ?? "").matchAll(STEP)].map(([, a, b, c, d]) => a ?? b ?? c ?? d ?? "");
  const filters: Filter[] = [];
  for (const piece of (found[3] ?? "").split("|").slice(1)) {
    const filter = FILTER.exec(piece.trim());
    if (filter === null) throw refuse("has a filter other than float, int and round");
    if (filter[1] === "round") filters.push({ name: "round", digits: Math.min(9, Number(filter[2] ?? 0)) });
    else if (filter[1] !== "is_defined") filters.push({ name: filter[1] as "float" | "int" });
  }
  return { variable, path, filters };
}

/**
 * What a template says of a payload: a lone hole gives the value as it is, anything else a text. `undefined` where the
 * payload has no such value.
 */
export function readTemplate(template: Template, payload: string): Json | undefined {
  const json = template.some((part) => typeof part !== "string" && part.variable === "value_json")
    ? parseOrNothing(payload)
    : undefined;
  const values: Record<string, Json | undefined> = { value: payload, value_json: json };
  const holes = template.filter((part) => typeof part !== "string" || part.trim() !== "");
  const [only] = holes;
  if (holes.length === 1 && typeof only === "object") return fill(only, values);
  return render(template, values);
}

/** A template with its holes filled, as text; `undefined` where one stays empty. */
export function renderTemplate(template: Template, values: Readonly<Record<string, Json>>): string | undefined {
  return render(template, values);
}

function render(template: Template, values: Readonly<Record<string, Json | undefined>>): string | undefined {
  let text = "";
  for (const part of template) {
    if (typeof part === "string") {
      text += part;
      continue;
    }
    const value = fill(part, values);
    if (value === undefined) return undefined;
    text += textOf(value);
  }
  return text;
}

function fill({ variable, path, filters }: Hole, values: Readonly<Record<string, Json | undefined>>): Json | undefined {
  let value: Json | undefined = values[variable];
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string, Json>>)[step];
  }
  for (const filter of filters) {
    const number = typeof value === "number" ? value : typeof value === "string" && value.trim() !== "" ? +value : NaN;
    if (!Number.isFinite(number)) return undefined;
    value =
      filter.name === "int" ? Math.trunc(number) : filter.name === "round" ? +number.toFixed(filter.digits) : number;
  }
  return value;
}

/** As Home Assistant compares: a boolean is `true` or `false`, whatever its case in the payload. */
export function textOf(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function parseOrNothing(payload: string): Json | undefined {
  try {
    return parseJson(payload, { depth: 16, integers: false });
  } catch {
    return undefined;
  }
}
