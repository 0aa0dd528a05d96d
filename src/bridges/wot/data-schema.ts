/** Data schemas of a Thing Description (TD 1.1 §5.3.2), and what a value is held against. */
import { Type } from "@sinclair/typebox";
import type { Json } from "#base";

/** The part of TD 1.1's data schema vocabulary that Hansa reads. Other members are kept, and mean nothing here. */
export interface DataSchema {
  readonly "@type"?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly type?: "boolean" | "integer" | "number" | "string" | "object" | "array" | "null";
  readonly unit?: string;
  readonly enum?: readonly Json[];
  readonly const?: Json;
  readonly default?: Json;
  readonly oneOf?: readonly DataSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, DataSchema>>;
  readonly required?: readonly string[];
  readonly items?: DataSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly readOnly?: boolean;
  readonly writeOnly?: boolean;
  readonly format?: string;
}

const Text = (most: number) => Type.Optional(Type.String({ maxLength: most }));
const Count = Type.Optional(Type.Integer({ minimum: 0 }));

/** Members of a data schema, for the schemas of affordances that are data schemas themselves (§5.3.1.3). */
export const dataSchemaMembers = <Inner extends ReturnType<typeof Type.Unknown> | ReturnType<typeof Type.Any>>(
  inner: Inner,
) => ({
  "@type": Type.Optional(Type.Union([Type.String({ maxLength: 128 }), Type.Array(Type.String({ maxLength: 128 }))])),
  title: Text(128),
  description: Text(1024),
  type: Type.Optional(
    Type.Union(
      (["boolean", "integer", "number", "string", "object", "array", "null"] as const).map((name) =>
        Type.Literal(name),
      ),
    ),
  ),
  unit: Text(64),
  enum: Type.Optional(Type.Array(Type.Unknown(), { minItems: 1, maxItems: 1024 })),
  const: Type.Optional(Type.Unknown()),
  default: Type.Optional(Type.Unknown()),
  oneOf: Type.Optional(Type.Array(inner, { maxItems: 32 })),
  minimum: Type.Optional(Type.Number()),
  maximum: Type.Optional(Type.Number()),
  multipleOf: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
  minLength: Count,
  maxLength: Count,
  properties: Type.Optional(Type.Record(Type.String({ maxLength: 64 }), inner)),
  required: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 256 })),
  items: Type.Optional(inner),
  minItems: Count,
  maxItems: Count,
  readOnly: Type.Optional(Type.Boolean()),
  writeOnly: Type.Optional(Type.Boolean()),
  format: Text(64),
});

export const DataSchema = Type.Recursive((self) => Type.Object(dataSchemaMembers(self as never)));

/** Deeper values than this fit no schema: `checkValue` recurses. */
const DEEPEST = 8;

/**
 * What is wrong with a value, as a short English phrase without the value itself; `undefined` where it fits.
 * `pattern` and `format` are not held against: patterns that come in a message are programs.
 *
 * @example
 * ```ts
 * checkValue({ type: "number", minimum: 5, maximum: 30, multipleOf: 0.5 }, 21.5); // undefined
 * checkValue({ type: "number", minimum: 5, maximum: 30, multipleOf: 0.5 }, 21.3); // "not a multiple of 0.5"
 * ```
 */
export function checkValue(schema: DataSchema, value: unknown, depth = 0): string | undefined {
  if (depth > DEEPEST) return "nested too deep";
  if (schema.oneOf !== undefined && schema.oneOf.length > 0) {
    const fitting = schema.oneOf.filter((each) => checkValue(each, value, depth + 1) === undefined);
    if (fitting.length !== 1) return `fits ${fitting.length} of the alternatives, not one`;
  }
  if (schema.const !== undefined && !sameJson(schema.const, value)) return "not the one value allowed";
  if (schema.enum !== undefined && !schema.enum.some((each) => sameJson(each, value)))
    return `not one of ${schema.enum.slice(0, 12).map(String).join(", ")}`;
  if (schema.type === undefined) return undefined;
  return CHECKS[schema.type](schema, value, depth);
}

const CHECKS: Record<
  NonNullable<DataSchema["type"]>,
  (schema: DataSchema, value: unknown, depth: number) => string | undefined
> = {
  boolean: (_, value) => (typeof value === "boolean" ? undefined : "not a boolean"),
  null: (_, value) => (value === null ? undefined : "not null"),
  integer: (schema, value) => (Number.isSafeInteger(value) ? checkNumber(schema, value as number) : "not an integer"),
  number: (schema, value) => (Number.isFinite(value) ? checkNumber(schema, value as number) : "not a number"),
  string: (schema, value) => {
    if (typeof value !== "string") return "not a string";
    if (schema.minLength !== undefined && value.length < schema.minLength) return `shorter than ${schema.minLength}`;
    if (schema.maxLength !== undefined && value.length > schema.maxLength) return `longer than ${schema.maxLength}`;
    return undefined;
  },
  array: (schema, value, depth) => {
    if (!Array.isArray(value)) return "not an array";
    if (schema.minItems !== undefined && value.length < schema.minItems) return `fewer than ${schema.minItems} items`;
    if (schema.maxItems !== undefined && value.length > schema.maxItems) return `more than ${schema.maxItems} items`;
    for (const [at, item] of value.entries()) {
      const problem = schema.items === undefined ? undefined : checkValue(schema.items, item, depth + 1);
      if (problem !== undefined) return `item ${at}: ${problem}`;
    }
    return undefined;
  },
  object: (schema, value, depth) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return "not an object";
    const object = value as Record<string, unknown>;
    for (const name of schema.required ?? []) if (!Object.hasOwn(object, name)) return `${name} is missing`;
    for (const name of Object.keys(object)) {
      // Default deny: a device that is sent more than it says it understands must not guess.
      const member = Object.hasOwn(schema.properties ?? {}, name) ? schema.properties?.[name] : undefined;
      if (member === undefined) return "a member that the schema does not name";
      const problem = checkValue(member, object[name], depth + 1);
      if (problem !== undefined) return `${name}: ${problem}`;
    }
    return undefined;
  },
};

function checkNumber(schema: DataSchema, value: number): string | undefined {
  if (schema.minimum !== undefined && value < schema.minimum) return `below ${schema.minimum}`;
  if (schema.maximum !== undefined && value > schema.maximum) return `above ${schema.maximum}`;
  if (schema.multipleOf !== undefined && !isMultiple(value, schema.multipleOf))
    return `not a multiple of ${schema.multipleOf}`;
  return undefined;
}

/** Whether `value` lies on the grid of `step`: 0.3 counts as a multiple of 0.1, which binary fractions alone would deny. */
export function isMultiple(value: number, step: number): boolean {
  const times = value / step;
  return Math.abs(times - Math.round(times)) <= 1e-9 * Math.max(1, Math.abs(times));
}

/**
 * The nearest number that a schema allows: on its grid and in its range. Without `multipleOf`, two decimals (integers
 * for `integer`).
 */
export function snapNumber(schema: DataSchema, value: number): number {
  const step = schema.multipleOf ?? (schema.type === "integer" ? 1 : 0.01);
  let times = Math.round(value / step);
  if (schema.maximum !== undefined) times = Math.min(times, Math.floor(schema.maximum / step + 1e-9));
  if (schema.minimum !== undefined) times = Math.max(times, Math.ceil(schema.minimum / step - 1e-9));
  // Rounded to the step's own decimals: 3 * 0.1 is 0.30000000000000004.
  const snapped = Number((times * step).toFixed(decimalsOf(step)));
  return snapped === 0 ? 0 : snapped;
}

function decimalsOf(step: number): number {
  for (let decimals = 0; decimals < 9; decimals++) if (isMultiple(step, 10 ** -decimals)) return decimals;
  return 9;
}

function sameJson(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && sameJson(left[name], right[name]))
  );
}
