import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeUtf8, isHansaError } from "#base";
import { buildEntity, entityKey } from "./components.ts";
import { deviceOf, parseDiscovery } from "./discovery.ts";
import { parseTemplate, readTemplate, renderTemplate } from "./template.ts";

const read = (template: string, payload: string) =>
  readTemplate(parseTemplate(template, ["value", "value_json"]), payload);

describe("templates", () => {
  it.each([
    ["{{ value }}", "on", "on"],
    ["{{value}}", "21.5", "21.5"],
    ["{{ value | float }}", "21.5", 21.5],
    ["{{ value|int }}", "21.9", 21],
    ["{{ value | float | round(1) }}", "21.449", 21.4],
    ["{{ value_json.temperature }}", '{"temperature":20.5}', 20.5],
    ["{{ value_json['a b'].c }}", '{"a b":{"c":true}}', true],
    ['{{ value_json["x"][0] }}', '{"x":[7]}', 7],
    ["{{ value_json.SI7021.Temperature | is_defined }}", '{"SI7021":{"Temperature":22}}', 22],
    ["{{ value_json.missing }}", "{}", undefined],
    ["{{ value_json.x }}", "not json", undefined],
    ["{{ value_json.x | float }}", '{"x":"warm"}', undefined],
    ["{{ value_json.toString }}", "{}", undefined],
    ["{{ value_json.length }}", '"text"', undefined],
    ["fan {{ value }}", "3", "fan 3"],
  ])("%s of %s is %j", (template, payload, value) => {
    expect(read(template, payload)).toEqual(value);
  });

  it.each([
    "{% if value %}1{% endif %}",
    "{# note #}",
    "{{ value",
    "{{ states('sensor.x') }}",
    "{{ value_json.x + 1 }}",
    "{{ value_json.x | tojson }}",
    "{{ value_json.x if value_json.x is defined else 0 }}",
    "{{ namespace.constructor }}",
    "{{ value_json['x\\'] }}'] }}",
    "{{ '1' if value == 'on' else '0' }}",
    `{{ value }}${" ".repeat(600)}`,
  ])("%s is refused", (template) => {
    expect(() => read(template, "1")).toThrow(expect.objectContaining({ code: "bridge.unsupported-template" }));
  });

  it("fill in what a command says", () => {
    const render = (text: string) => renderTemplate(parseTemplate(text, ["value"]), { value: 4.5 });
    expect(render('{"brightness": {{ value }} }')).toBe('{"brightness": 4.5 }');
    expect(render('{"brightness": {{ value | int }}}')).toBe('{"brightness": 4}');
    expect(render("ON")).toBe("ON");
  });

  it("leave a device's key well-formed where it is cut", () => {
    const ids = `${"x".repeat(127)}😀`;
    const message = encodeUtf8(JSON.stringify({ device: { identifiers: [ids] }, state_topic: "a" }));
    expect(deviceOf(parseDiscovery("homeassistant", "homeassistant/sensor/a/config", message)).key).toBe(
      "x".repeat(127),
    );
  });

  it("and discovery messages of any content throw nothing but a named error", () => {
    const word = fc.constantFrom(
      "state_topic",
      "stat_t",
      "~",
      "value_template",
      "val_tpl",
      "device",
      "availability",
      "avty",
      "options",
      "cmd_t",
      "payload_on",
      "min",
      "max",
      "step",
      "schema",
      "brightness",
      "modes",
      "ids",
      "identifiers",
      "connections",
      "topic",
      "{{ value }}",
      "{{ value_json.x | float }}",
      "{% x %}",
      "a/b",
      "~/c",
      "#",
      "json",
      "name",
    );
    const { message } = fc.letrec((tie) => ({
      message: fc.dictionary(word, tie("value"), { maxKeys: 8 }),
      value: fc.oneof(
        { maxDepth: 3 },
        word,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("value"), { maxLength: 3 }),
        tie("message"),
      ),
    }));
    const component = fc.constantFrom(
      "binary_sensor",
      "button",
      "climate",
      "cover",
      "light",
      "lock",
      "number",
      "select",
      "sensor",
      "switch",
      "constructor",
    );
    const payload = fc.oneof(
      fc.uint8Array(),
      message.map((each) => encodeUtf8(JSON.stringify(each))),
    );
    fc.assert(
      fc.property(
        component,
        fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/),
        payload,
        fc.string(),
        (kind, id, bytes, state) => {
          try {
            const discovery = parseDiscovery("homeassistant", `homeassistant/${kind}/${id}/config`, bytes);
            if (discovery.config === undefined) return;
            expect(deviceOf(discovery).key).not.toBe("");
            const entity = buildEntity(discovery, entityKey(discovery));
            for (const { decode } of entity.readings) decode(state);
            for (const { decode } of entity.availability) decode(state);
            for (const { encode } of entity.orders.values()) encode(state);
          } catch (error) {
            if (!isHansaError(error)) throw error;
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
