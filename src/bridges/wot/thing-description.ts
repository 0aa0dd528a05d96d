/**
 * W3C Web of Things Thing Description 1.1 (Recommendation of 5 December 2023): the part that Hansa writes and reads, as
 * types and as a schema, with the clause that each rule comes from.
 */
import { type TSchema, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { type Json, parseJson } from "#base";
import { Affordance } from "#protocol";
import { bridgeError } from "../errors.ts";
import { DataSchema, dataSchemaMembers } from "./data-schema.ts";

/** §5.3.1.1: the first entry of `@context`. */
export const TD_CONTEXT = "https://www.w3.org/2022/wot/td/v1.1";
/** Prefix of the WoT MQTT binding's terms. */
export const MQTT_CONTEXT = "https://www.w3.org/2019/wot/mqtt#";

/** §5.3.4.2, with the terms of the WoT MQTT binding. */
export interface Form {
  readonly href: string;
  readonly op?: string | readonly string[];
  readonly contentType?: string;
  /** `publish` where a consumer sends, `subscribe` where it listens. */
  readonly "mqv:controlPacket"?: "publish" | "subscribe";
  /** Topic to publish to. */
  readonly "mqv:topic"?: string;
  /** Topic filter to subscribe to. */
  readonly "mqv:filter"?: string;
  readonly "mqv:qos"?: "0" | "1" | "2";
  readonly "mqv:retain"?: boolean;
}

interface Described {
  readonly "@type"?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
}

/** §5.3.1.3: a property is a data schema with forms. */
export interface PropertyAffordance extends DataSchema {
  readonly observable?: boolean;
  readonly forms?: readonly Form[];
}

/** §5.3.1.4 */
export interface ActionAffordance extends Described {
  readonly input?: DataSchema;
  readonly output?: DataSchema;
  readonly safe?: boolean;
  readonly idempotent?: boolean;
  readonly synchronous?: boolean;
  readonly forms?: readonly Form[];
}

/** §5.3.1.5 */
export interface EventAffordance extends Described {
  readonly data?: DataSchema;
  readonly forms?: readonly Form[];
}

/** What a device or a model can do. */
export interface Affordances {
  readonly properties: Readonly<Record<string, PropertyAffordance>>;
  readonly actions: Readonly<Record<string, ActionAffordance>>;
  readonly events: Readonly<Record<string, EventAffordance>>;
}

interface ThingHead extends Described {
  readonly "@context": readonly (string | Readonly<Record<string, string>>)[];
  readonly title: string;
  readonly links?: readonly { readonly href: string; readonly rel?: string; readonly type?: string }[];
  readonly version?: { readonly instance?: string; readonly model?: string };
  readonly support?: string;
}

/** A Thing Model (§10): a description of a product, without the id and forms of any one device. */
export interface ThingModel extends ThingHead, Affordances {
  readonly "@type": string | readonly string[];
}

/** A Thing Description (§5.3.1.1) of one device. */
export interface ThingDescription extends ThingHead, Affordances {
  readonly id: string;
  readonly securityDefinitions: Readonly<Record<string, { readonly scheme: string; readonly [member: string]: Json }>>;
  readonly security: string | readonly string[];
}

const Line = (most: number) => Type.String({ maxLength: most });
const OneOrMore = (schema: TSchema) => Type.Union([schema, Type.Array(schema, { minItems: 1, maxItems: 16 })]);

const described = {
  "@type": Type.Optional(OneOrMore(Line(128))),
  title: Type.Optional(Line(128)),
  description: Type.Optional(Line(1024)),
};

function FormSchema(operations: readonly string[]) {
  return Type.Object({
    href: Type.String({ minLength: 1, maxLength: 1024 }),
    // §5.3.4.2: `op` of an affordance's form is one of that affordance's operations.
    op: Type.Optional(OneOrMore(Type.Union(operations.map((name) => Type.Literal(name))))),
    contentType: Type.Optional(Line(128)),
    "mqv:controlPacket": Type.Optional(Type.Union([Type.Literal("publish"), Type.Literal("subscribe")])),
    "mqv:topic": Type.Optional(Line(512)),
    "mqv:filter": Type.Optional(Line(512)),
    "mqv:qos": Type.Optional(Type.Union([Type.Literal("0"), Type.Literal("1"), Type.Literal("2")])),
    "mqv:retain": Type.Optional(Type.Boolean()),
  });
}

const PROPERTY_OPERATIONS = ["readproperty", "writeproperty", "observeproperty", "unobserveproperty"];
const ACTION_OPERATIONS = ["invokeaction", "queryaction", "cancelaction"];
const EVENT_OPERATIONS = ["subscribeevent", "unsubscribeevent"];

/** `forms` is mandatory in a description (§5.3.1.2) and optional in a model (§10.2). */
function members(forms: <Forms extends TSchema>(forms: Forms) => TSchema) {
  const list = (operations: readonly string[]) =>
    forms(Type.Array(FormSchema(operations), { minItems: 1, maxItems: 16 }));
  const named = (schema: TSchema) => Type.Record(Type.String({ maxLength: 64 }), schema);
  return {
    "@context": Type.Array(Type.Union([Line(256), Type.Record(Line(32), Line(256))]), { minItems: 1, maxItems: 16 }),
    "@type": Type.Optional(OneOrMore(Line(128))),
    title: Type.String({ minLength: 1, maxLength: 256 }),
    description: Type.Optional(Line(1024)),
    support: Type.Optional(Line(1024)),
    links: Type.Optional(Type.Array(Type.Object({ href: Line(1024), rel: Type.Optional(Line(64)) }), { maxItems: 32 })),
    properties: named(
      Type.Object({
        ...dataSchemaMembers(DataSchema as never),
        observable: Type.Optional(Type.Boolean()),
        forms: list(PROPERTY_OPERATIONS),
      }),
    ),
    actions: named(
      Type.Object({
        ...described,
        input: Type.Optional(DataSchema),
        output: Type.Optional(DataSchema),
        safe: Type.Optional(Type.Boolean()),
        idempotent: Type.Optional(Type.Boolean()),
        synchronous: Type.Optional(Type.Boolean()),
        forms: list(ACTION_OPERATIONS),
      }),
    ),
    events: named(Type.Object({ ...described, data: Type.Optional(DataSchema), forms: list(EVENT_OPERATIONS) })),
  };
}

const ThingDescriptionSchema = Type.Object({
  ...members((forms) => forms),
  id: Type.String({ minLength: 3, maxLength: 256, pattern: "^[A-Za-z][A-Za-z0-9+.-]*:.+$" }),
  // §5.3.1.1: a description always says how it is secured, be it with `nosec`.
  securityDefinitions: Type.Record(Line(64), Type.Object({ scheme: Line(64) }), { minProperties: 1 }),
  security: OneOrMore(Line(64)),
});
const ThingModelSchema = Type.Object(members(Type.Optional));

const thingDescription = TypeCompiler.Compile(ThingDescriptionSchema);
const thingModel = TypeCompiler.Compile(ThingModelSchema);
const affordance = new RegExp(Affordance.pattern as string);

/** Largest description as JSON text, bytes. */
const MAX_THING_BYTES = 262_144;
/** Most properties, actions and events together. */
export const MAX_AFFORDANCES = 512;

function refuse(path: string, problem: string) {
  return bridgeError("bridge.thing-invalid", `${path || "/"}: ${problem}`, { path, problem });
}

/**
 * A value as a Thing Description: schema, rules between members, and Hansa's limits.
 *
 * @throws HansaError `bridge.thing-invalid`, whose payload names `path` and `problem`
 */
export function validateThing(value: unknown): ThingDescription {
  if (!thingDescription.Check(value)) {
    const first = thingDescription.Errors(value).First();
    throw refuse(first?.path ?? "", first?.message ?? "does not fit");
  }
  const thing = value as unknown as ThingDescription;
  checkMembers(thing);
  // §5.3.3.1: `security` names definitions of the same description.
  for (const name of typeof thing.security === "string" ? [thing.security] : thing.security)
    if (!Object.hasOwn(thing.securityDefinitions, name)) throw refuse("/security", "names no security definition");
  return thing;
}

/** A value as a Thing Model. @throws HansaError `bridge.thing-invalid` */
export function validateThingModel(value: unknown): ThingModel {
  if (!thingModel.Check(value)) {
    const first = thingModel.Errors(value).First();
    throw refuse(first?.path ?? "", first?.message ?? "does not fit");
  }
  const thing = value as unknown as ThingModel;
  checkMembers(thing);
  // §10.2: what makes it a model.
  if (![thing["@type"]].flat().includes("tm:ThingModel")) throw refuse("/@type", "lacks tm:ThingModel");
  return thing;
}

/**
 * A Thing Description from its JSON text.
 *
 * @throws HansaError of `JSON_ERRORS`, `bridge.message-too-large` or `bridge.thing-invalid`
 */
export function parseThing(bytes: Uint8Array): ThingDescription {
  if (bytes.length > MAX_THING_BYTES)
    throw bridgeError("bridge.message-too-large", "the Thing Description is too large", { limit: MAX_THING_BYTES });
  return validateThing(parseJson(bytes, { depth: 16, integers: false }));
}

function checkMembers(thing: ThingHead & Affordances): void {
  if (thing["@context"][0] !== TD_CONTEXT) throw refuse("/@context", `does not begin with ${TD_CONTEXT}`);
  let count = 0;
  for (const kind of ["properties", "actions", "events"] as const)
    for (const name of Object.keys(thing[kind])) {
      if (++count > MAX_AFFORDANCES) throw refuse(`/${kind}`, `more than ${MAX_AFFORDANCES} affordances`);
      if (!affordance.test(name)) throw refuse(`/${kind}`, "a name does not fit what contracts can name");
    }
  for (const [name, property] of Object.entries(thing.properties)) checkSchema(`/properties/${name}`, property);
  for (const [name, action] of Object.entries(thing.actions))
    if (action.input !== undefined) checkSchema(`/actions/${name}/input`, action.input);
}

/** Rules that JSON Schema cannot state (§5.3.2): a schema that nothing fits is a mistake. */
function checkSchema(path: string, schema: DataSchema): void {
  if (schema.minimum !== undefined && schema.maximum !== undefined && schema.minimum > schema.maximum)
    throw refuse(path, "minimum is above maximum");
  if (schema.readOnly === true && schema.writeOnly === true) throw refuse(path, "readOnly and writeOnly at once");
  if (schema.enum !== undefined && new Set(schema.enum.map((each) => JSON.stringify(each))).size < schema.enum.length)
    throw refuse(path, "enum names a value twice");
  for (const [name, member] of Object.entries(schema.properties ?? {}))
    checkSchema(`${path}/properties/${name}`, member);
  if (schema.items !== undefined) checkSchema(`${path}/items`, schema.items);
}
