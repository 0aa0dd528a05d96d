/**
 * From a product definition's `exposes` to affordances of a Thing Description. Values stay what the product speaks: a plug's
 * `state` is "ON" or "OFF", a contact sensor's `contact` a boolean, because that is what its hub sends too.
 */
import { affordanceName } from "../wot/affordance-name.ts";
import { type DataSchema, isMultiple } from "../wot/data-schema.ts";
import type { ActionAffordance, Affordances, EventAffordance, PropertyAffordance } from "../wot/thing-description.ts";

/** One entry of a definition's `exposes`, the members that matter here. */
export interface Expose {
  readonly type: string;
  readonly name?: string | undefined;
  readonly property?: string | undefined;
  readonly label?: string | undefined;
  readonly description?: string | undefined;
  readonly access?: number | undefined;
  readonly unit?: string | undefined;
  readonly value_min?: number | undefined;
  readonly value_max?: number | undefined;
  readonly value_step?: number | undefined;
  readonly values?: readonly (string | number)[] | undefined;
  readonly value_on?: string | boolean | undefined;
  readonly value_off?: string | boolean | undefined;
  readonly value_toggle?: string | undefined;
  readonly features?: readonly Expose[] | undefined;
  readonly item_type?: Expose | undefined;
  readonly length_min?: number | undefined;
  readonly length_max?: number | undefined;
}

/** Bits of `access`: the device reports it, it can be set, it can be asked for. */
const STATE = 1;
const SET = 2;
const GET = 4;

/** Types that only group features. */
const GROUPS = new Set(["light", "switch", "lock", "cover", "climate", "fan"]);

interface Draft {
  readonly properties: Record<string, PropertyAffordance>;
  readonly actions: Record<string, ActionAffordance>;
  readonly events: Record<string, EventAffordance>;
}

/**
 * Affordances of a list of exposes.
 *
 * - What the device reports is a property; `readOnly` unless it can be set.
 * - What can only be set is an action: enums and composites under their own name, anything else as `set_<name>`.
 * - A switch that can toggle has `toggle`, a lock `lock` and `unlock`, a cover `open`, `close` and `stop`.
 * - An action that takes an object, with a `mode` or `state` in it, has one action without input for each of its values too
 *   (`warning_emergency`): a contract's inputs are single values.
 * - Every value of the enum `action` is an event.
 *
 * @example
 * ```ts
 * describeExposes([{ type: "numeric", name: "temperature", access: 1, unit: "°C" }]).properties;
 * // { temperature: { type: "number", unit: "°C", readOnly: true, observable: true } }
 * ```
 */
export function describeExposes(exposes: readonly Expose[]): Affordances {
  const draft: Draft = { properties: {}, actions: {}, events: {} };
  for (const expose of exposes) add(expose, draft);
  return draft;
}

function add(expose: Expose, draft: Draft): void {
  if (GROUPS.has(expose.type)) {
    for (const feature of expose.features ?? []) add(feature, draft);
    addGroupActions(expose, draft);
    return;
  }
  const name = nameOf(expose);
  if (expose.type === "enum" && name === "action") {
    for (const value of expose.values ?? []) {
      const event = affordanceName(String(value));
      if (event !== undefined) draft.events[event] = { title: String(value).slice(0, 128) };
    }
    return;
  }
  const schema = schemaOf(expose);
  if (name === undefined || schema === undefined) return;
  const access = accessOf(expose);
  if ((access & (STATE | GET)) !== 0) addProperty(name, expose, schema, access, draft);
  else if ((access & SET) !== 0) addAction(name, expose, schema, draft);
}

function addProperty(name: string, expose: Expose, schema: DataSchema, access: number, draft: Draft): void {
  // Two exposes with one property (a sensor of several endpoints in one enum, say): the first describes it.
  if (Object.hasOwn(draft.properties, name)) return;
  draft.properties[name] = {
    ...describe(expose),
    ...schema,
    readOnly: (access & SET) === 0,
    observable: (access & STATE) !== 0,
  };
  if (expose.type === "binary" && expose.value_toggle !== undefined && (access & SET) !== 0)
    draft.actions[name === "state" ? "toggle" : `toggle_${name}`.slice(0, 64)] = { title: `Toggle ${name}` };
}

function addAction(name: string, expose: Expose, schema: DataSchema, draft: Draft): void {
  const choices = schema.enum ?? [];
  if (expose.type === "enum" && choices.length === 1) {
    // A single choice is a button: `identify`, `restart`.
    draft.actions[name] = describe(expose);
    return;
  }
  const verb = expose.type === "enum" || expose.type === "composite" ? name : `set_${name}`.slice(0, 64);
  draft.actions[verb] = { ...describe(expose), input: schema };
  const mode = expose.features?.find((each) => each.type === "enum" && (each.name === "mode" || each.name === "state"));
  for (const value of mode?.values ?? []) {
    const each = affordanceName(`${name}_${value}`);
    if (each !== undefined) draft.actions[each] = { title: `${expose.label ?? name}: ${value}` };
  }
}

function addGroupActions(group: Expose, draft: Draft): void {
  const state = group.features?.find((feature) => feature.name === "state");
  if (state === undefined || (accessOf(state) & SET) === 0) return;
  const suffix = state.property === undefined || state.property === "state" ? "" : `_${state.property}`;
  const verbs =
    group.type === "lock"
      ? ["lock", "unlock"]
      : group.type === "cover"
        ? (state.values ?? []).map((value) => String(value).toLowerCase())
        : [];
  for (const verb of verbs) {
    const name = affordanceName(`${verb}${suffix}`);
    if (name !== undefined) draft.actions[name] = { title: verb.charAt(0).toUpperCase() + verb.slice(1) };
  }
}

/** What can be done with a composite is what can be done with its features, whatever it says of itself. */
function accessOf(expose: Expose): number {
  if (expose.type !== "composite" || expose.features === undefined || expose.features.length === 0)
    return expose.access ?? 0;
  let access = 0;
  for (const feature of expose.features) access |= feature.access ?? 0;
  return access;
}

function schemaOf(expose: Expose): DataSchema | undefined {
  switch (expose.type) {
    case "numeric":
      return numberSchema(expose);
    case "binary":
      if (typeof expose.value_on === "boolean" && typeof expose.value_off === "boolean") return { type: "boolean" };
      if (expose.value_on === undefined || expose.value_off === undefined) return undefined;
      return { type: "string", enum: [String(expose.value_on), String(expose.value_off)] };
    case "enum": {
      const values = [...new Set((expose.values ?? []).map(String))];
      return values.length === 0 ? undefined : { type: "string", enum: values };
    }
    case "text":
      return { type: "string", maxLength: 1024 };
    case "composite": {
      const properties: Record<string, DataSchema> = {};
      for (const feature of expose.features ?? []) {
        const name = affordanceName(feature.property ?? feature.name ?? "");
        const schema = schemaOf(feature);
        if (name !== undefined && schema !== undefined) properties[name] = { ...describe(feature), ...schema };
      }
      return { type: "object", properties };
    }
    case "list": {
      const items = expose.item_type === undefined ? undefined : schemaOf(expose.item_type);
      return {
        type: "array",
        ...(items === undefined ? {} : { items }),
        ...(expose.length_min === undefined ? {} : { minItems: expose.length_min }),
        maxItems: expose.length_max ?? 64,
      };
    }
    default:
      return undefined;
  }
}

function numberSchema({ value_min, value_max, value_step, unit }: Expose): DataSchema {
  // Definitions count steps from the minimum, TD 1.1 from zero: where the two grids differ the step is left out.
  const onGrid = value_step !== undefined && value_step > 0 && isMultiple(value_min ?? 0, value_step);
  const whole = onGrid && Number.isInteger(value_step);
  return {
    type: whole ? "integer" : "number",
    ...(unit === undefined ? {} : { unit }),
    ...(value_min === undefined ? {} : { minimum: value_min }),
    ...(value_max === undefined ? {} : { maximum: value_max }),
    ...(onGrid ? { multipleOf: value_step } : {}),
  };
}

function describe(expose: Expose): { title?: string; description?: string } {
  return {
    ...(expose.label === undefined ? {} : { title: expose.label.slice(0, 128) }),
    ...(expose.description === undefined ? {} : { description: expose.description.slice(0, 1024) }),
  };
}

/** Two colours share the property `color`, so composites go by their own name; anything else by its property's. */
function nameOf(expose: Expose): string | undefined {
  return affordanceName((expose.type === "composite" ? expose.name : (expose.property ?? expose.name)) ?? "");
}
