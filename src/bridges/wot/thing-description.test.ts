import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeUtf8, isHansaError } from "#base";
import { checkValue, type DataSchema, snapNumber } from "./data-schema.ts";
import { placeThing } from "./mqtt-forms.ts";
import {
  MQTT_CONTEXT,
  parseThing,
  TD_CONTEXT,
  type ThingModel,
  validateThing,
  validateThingModel,
} from "./thing-description.ts";

const model: ThingModel = {
  "@context": [TD_CONTEXT, { mqv: MQTT_CONTEXT }],
  "@type": "tm:ThingModel",
  title: "Valve",
  properties: {
    setpoint: { type: "number", unit: "°C", minimum: 5, maximum: 30, multipleOf: 0.5 },
    temperature: { type: "number", unit: "°C", readOnly: true },
  },
  actions: { calibrate: {} },
  events: { stuck: {} },
};
const place = { did: "did:hansa:hanse:abc", fingerprint: "abc", topic: "acme/things", broker: "mqtt://broker:1883" };

describe("a Thing Description", () => {
  it("says where properties, actions and events of a device are found over MQTT", () => {
    const thing = placeThing(model, place);
    expect(thing.properties["temperature"]?.forms).toEqual([
      {
        href: "mqtt://broker:1883",
        op: ["observeproperty", "unobserveproperty"],
        contentType: "application/json",
        "mqv:controlPacket": "subscribe",
        "mqv:filter": "acme/things/abc/properties/temperature",
        "mqv:qos": "1",
      },
    ]);
    expect(thing.properties["setpoint"]?.forms?.[1]).toMatchObject({
      op: "writeproperty",
      "mqv:topic": "hansa/devices/abc/commands",
    });
    expect(thing.actions["calibrate"]?.forms?.[0]).toMatchObject({
      op: "invokeaction",
      "mqv:controlPacket": "publish",
    });
    expect(thing.events["stuck"]?.forms?.[0]).toMatchObject({ "mqv:filter": "acme/things/abc/events/stuck" });
    expect(thing).not.toHaveProperty("@type");
    expect(parseThing(encodeUtf8(JSON.stringify(thing)))).toEqual(thing);
  });

  const thing = () => structuredClone(placeThing(model, place)) as unknown as Record<string, Record<string, unknown>>;
  const broken: [string, (thing: Record<string, Record<string, unknown>>) => unknown][] = [
    ["no context", (each) => delete each["@context"]],
    ["a foreign context first", (each) => Object.assign(each, { "@context": ["https://example.org"] })],
    ["no title", (each) => delete each["title"]],
    ["no id", (each) => delete each["id"]],
    ["an id that is no URI", (each) => Object.assign(each, { id: "valve" })],
    ["no security", (each) => delete each["security"]],
    ["security that is not defined", (each) => Object.assign(each, { security: ["nosec"] })],
    ["a property without forms", (each) => Object.assign(each["properties"] ?? {}, { setpoint: { type: "number" } })],
    ["an empty list of forms", (each) => Object.assign(each["properties"] ?? {}, { setpoint: { forms: [] } })],
    [
      "a form for another affordance's operation",
      (each) =>
        Object.assign(each["actions"] ?? {}, { calibrate: { forms: [{ href: "mqtt://x", op: "readproperty" }] } }),
    ],
    ["an unknown type", (each) => Object.assign(each["properties"]?.["setpoint"] ?? {}, { type: "decimal" })],
    ["minimum above maximum", (each) => Object.assign(each["properties"]?.["setpoint"] ?? {}, { minimum: 31 })],
    ["an enum that repeats", (each) => Object.assign(each["properties"]?.["setpoint"] ?? {}, { enum: [5, 5] })],
    ["a step of nothing", (each) => Object.assign(each["properties"]?.["setpoint"] ?? {}, { multipleOf: 0 })],
    [
      "a name that contracts cannot write",
      (each) => Object.assign(each["properties"] ?? {}, { "set point": each["properties"]?.["setpoint"] }),
    ],
    [
      "more affordances than allowed",
      (each) =>
        Object.assign(
          each["properties"] ?? {},
          Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`p${i}`, each["properties"]?.["setpoint"]])),
        ),
    ],
  ];
  it.each(broken)("is refused with %s", (_, spoil) => {
    const each = thing();
    spoil(each);
    expect(() => validateThing(each)).toThrow(expect.objectContaining({ code: "bridge.thing-invalid" }));
  });

  it("is no model, nor a model a description", () => {
    expect(() => validateThing(model)).toThrow(expect.objectContaining({ code: "bridge.thing-invalid" }));
    expect(() => validateThingModel(thing())).toThrow(expect.objectContaining({ code: "bridge.thing-invalid" }));
    expect(validateThingModel(model)).toBe(model);
  });

  it("makes the reader throw nothing but a named error, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(encodeUtf8)), (bytes) => {
        try {
          parseThing(bytes);
        } catch (error) {
          expect(isHansaError(error)).toBe(true);
        }
      }),
    );
    fc.assert(
      fc.property(fc.anything({ maxDepth: 3 }), (value) => {
        const each = { ...thing(), properties: { a: value } };
        try {
          validateThing(each);
        } catch (error) {
          expect(isHansaError(error, "bridge.thing-invalid")).toBe(true);
        }
      }),
    );
  });
});

describe("a data schema", () => {
  const cases: [DataSchema, unknown, string | undefined][] = [
    [{ type: "boolean" }, true, undefined],
    [{ type: "boolean" }, 1, "not a boolean"],
    [{ type: "integer" }, 1.5, "not an integer"],
    [{ type: "number" }, Number.NaN, "not a number"],
    [{ type: "number", multipleOf: 0.1 }, 0.3, undefined],
    [{ type: "number", multipleOf: 0.1 }, 0.35, "not a multiple of 0.1"],
    [{ type: "number", minimum: 5 }, 4.9, "below 5"],
    [{ type: "number", maximum: 30 }, 31, "above 30"],
    [{ type: "string", enum: ["ON", "OFF"] }, "on", "not one of ON, OFF"],
    [{ type: "string", maxLength: 2 }, "abc", "longer than 2"],
    [{ type: "array", items: { type: "integer" } }, [1, "2"], "item 1: not an integer"],
    [{ type: "object", properties: { a: { type: "null" } } }, { a: 0 }, "a: not null"],
    [{ type: "object", properties: {} }, { a: 0 }, "a member that the schema does not name"],
    [{ type: "object", properties: {} }, { toString: 0 }, "a member that the schema does not name"],
    [{ type: "object", properties: {}, required: ["a"] }, {}, "a is missing"],
    [{ oneOf: [{ type: "string" }, { type: "integer" }] }, 1, undefined],
    [{ oneOf: [{ type: "number" }, { type: "integer" }] }, 1, "fits 2 of the alternatives, not one"],
    [{ const: { a: [1] } }, { a: [1] }, undefined],
    [{ const: { a: [1] } }, { a: [2] }, "not the one value allowed"],
  ];
  it.each(cases)("%j holds against %j: %j", (schema, value, problem) => {
    expect(checkValue(schema, value)).toBe(problem);
  });

  it("fits every number that was brought to its range and step", () => {
    const step = fc.constantFrom(0.01, 0.1, 0.2, 0.25, 0.5, 1, 5);
    fc.assert(
      fc.property(
        step,
        fc.integer({ min: -100, max: 100 }),
        fc.integer({ min: 0, max: 200 }),
        fc.double({ noNaN: true, min: -1e6, max: 1e6 }),
        (multipleOf, low, span, value) => {
          const schema: DataSchema = {
            type: "number",
            minimum: low * multipleOf,
            maximum: (low + span) * multipleOf,
            multipleOf,
          };
          const snapped = snapNumber(schema, value);
          expect(checkValue({ type: "number", multipleOf }, snapped)).toBeUndefined();
          expect(snapped).toBeGreaterThanOrEqual(low * multipleOf - 1e-9);
          expect(snapped).toBeLessThanOrEqual((low + span) * multipleOf + 1e-9);
        },
      ),
    );
  });
});
