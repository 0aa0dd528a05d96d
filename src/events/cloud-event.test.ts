import { CloudEvent } from "cloudevents";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeUtf8, type Json, ManualClock } from "#base";
import { EVENT_TYPES, eventPath, propertyPath } from "#protocol";
import { EventMaker, MAX_ENTRY_BYTES, problemOf } from "./cloud-event.ts";
import { codeOf, principalOf } from "./log/logs.suite.ts";

const clock = new ManualClock(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
const maker = new EventMaker({ clock });
const device = principalOf("sensor");
const other = principalOf("lamp");
const member = principalOf("platform", "member");

const make = (path: string, value: unknown, more: { principal?: typeof device; contentType?: string } = {}) =>
  maker.make({ principal: device, path, payload: encodeUtf8(JSON.stringify(value)), ...more });
const structured = (more: object = {}) => ({
  specversion: "1.0",
  id: "1",
  source: device.did,
  type: "com.acme.x",
  ...more,
});
const refusal = (path: string, value: unknown, more: { principal?: typeof device; contentType?: string } = {}) =>
  codeOf(() => make(path, value, more));

describe("EventMaker", () => {
  it("writes the very event that it answers", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ maxLength: 20 }), (value, path) => {
        fc.pre(!JSON.stringify(value).includes("__proto__") && !path.includes("/"));
        const { event, body } = make(path, value);
        expect(JSON.parse(Buffer.from(body).toString())).toEqual(event);
        expect(problemOf(JSON.parse(Buffer.from(body).toString()) as Json)).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (payload) => {
        const { event, body } = maker.make({ principal: device, path: "x", payload });
        expect(JSON.parse(Buffer.from(body).toString())).toEqual(event);
        if (event.data_base64 !== undefined)
          expect(Buffer.from(event.data_base64, "base64")).toEqual(Buffer.from(payload));
        else expect(event.data).toEqual(JSON.parse(Buffer.from(payload).toString()));
      }),
      { examples: [[encodeUtf8("-0")]] },
    );
  });

  it("tells properties and events of the device from other messages by the path", () => {
    expect(make(propertyPath(device.fingerprint, "temperature"), 21.5).event).toMatchObject({
      type: EVENT_TYPES.property,
      subject: "temperature",
      data: 21.5,
      source: device.did,
      time: "2026-01-02T03:04:05.678Z",
    });
    expect(make(eventPath(device.fingerprint, "pressed"), { times: 2 }).event).toMatchObject({
      type: EVENT_TYPES.event,
      subject: "pressed",
    });
    for (const path of ["", "x", device.fingerprint, `${device.fingerprint}/properties`, `${device.fingerprint}/a/b/c`])
      expect(make(path, 1).event.type).toBe(EVENT_TYPES.message);
    const raw = maker.make({
      principal: device,
      path: propertyPath(device.fingerprint, "t"),
      payload: encodeUtf8("ON"),
    });
    expect(raw.event).toMatchObject({ type: EVENT_TYPES.message, data_base64: "T04=" });
  });

  it("gives every event an id of its own", () => {
    expect(new Set(Array.from({ length: 1000 }, () => make("x", 1).event.id)).size).toBe(1000);
    expect(
      new EventMaker({ clock }).make({ principal: device, path: "x", payload: encodeUtf8("1") }).event.id,
    ).not.toBe(new EventMaker({ clock }).make({ principal: device, path: "x", payload: encodeUtf8("1") }).event.id);
  });

  it("lets a device speak only as itself, and nobody as a device", async () => {
    expect(await refusal(propertyPath(other.fingerprint, "t"), 1)).toBe("events.forbidden");
    expect(await refusal(`${other.fingerprint}/notes`, 1)).toBe("events.forbidden");
    expect(await refusal(propertyPath(device.fingerprint, "t"), 1, { principal: member })).toBe("events.forbidden");
    expect(await refusal("x", structured({ source: other.did }))).toBe("events.foreign-source");
    expect(await refusal("x", structured({ type: EVENT_TYPES.property }))).toBe("events.malformed");
    expect(await refusal(propertyPath(device.fingerprint, "t"), structured())).toBe("events.malformed");
    const own = structured({ type: EVENT_TYPES.property, data: 1 });
    expect(make(propertyPath(device.fingerprint, "t"), own).event).toMatchObject({ subject: "t", data: 1 });
    expect(await refusal(propertyPath(device.fingerprint, "t"), { ...own, subject: "u" })).toBe("events.malformed");
    expect(await refusal("x", structured({ hansapath: "y" }))).toBe("events.malformed");
  });

  it("keeps a structured event's attributes, with the node's time and the sender's beside it", () => {
    const given = structured({ time: "2020-01-01T00:00:00Z", data: { a: 1 }, subject: "s", unit: "C" });
    expect(make("x", given).event).toEqual({
      ...given,
      time: "2026-01-02T03:04:05.678Z",
      sourcetime: "2020-01-01T00:00:00Z",
      hansapath: "x",
    });
  });

  it("takes the higher count of hops: the sender's or what the node knows", () => {
    const knowing = new EventMaker({
      clock,
      causeOf: (_, path, claimed) => (path === "lamp" || claimed === "cmd" ? { hops: 3, cause: "cmd" } : undefined),
    });
    const hops = (path: string, value: unknown) => {
      const { event } = knowing.make({ principal: device, path, payload: encodeUtf8(JSON.stringify(value)) });
      return [event.hansahops, event.hansacause];
    };
    expect(hops("lamp", 1)).toEqual([3, "cmd"]);
    expect(hops("lamp", structured({ hansahops: 1 }))).toEqual([3, "cmd"]);
    expect(hops("lamp", structured({ hansahops: 7, hansacause: "mine" }))).toEqual([7, "mine"]);
    expect(hops("x", structured({ hansacause: "cmd" }))).toEqual([3, "cmd"]);
    expect(hops("x", structured())).toEqual([undefined, undefined]);
  });

  it("refuses what is too large, before and after it was wrapped", async () => {
    expect(await codeOf(() => maker.make({ principal: device, path: "x", payload: new Uint8Array(32_769) }))).toBe(
      "events.too-large",
    );
    const large = new EventMaker({ clock, payloadBytes: MAX_ENTRY_BYTES });
    expect(await codeOf(() => large.make({ principal: device, path: "x", payload: new Uint8Array(60_000) }))).toBe(
      "events.too-large",
    );
    expect(maker.make({ principal: device, path: "x", payload: new Uint8Array(32_768) }).body.length).toBeLessThan(
      65_535,
    );
  });

  it("refuses broken JSON where JSON was announced, and keeps it as bytes where it was not", async () => {
    for (const text of ['{"a":1,"a":2}', '{"__proto__":1}', "{", `${"[".repeat(40)}${"]".repeat(40)}`]) {
      const payload = encodeUtf8(text);
      expect(
        await codeOf(() => maker.make({ principal: device, path: "x", payload, contentType: "application/json" })),
      ).toBe("events.malformed");
      expect(maker.make({ principal: device, path: "x", payload }).event.data_base64).toBeDefined();
    }
    const bytes = { principal: device, path: "x", payload: encodeUtf8("1"), contentType: "application/octet-stream" };
    expect(maker.make(bytes).event.data_base64).toBe("MQ==");
    expect(await refusal("x", { a: 1 }, { contentType: "application/cloudevents+json" })).toBe("events.malformed");
    expect(make("x", structured(), { contentType: "application/json" }).event.type).toBe(EVENT_TYPES.message);
  });
});

describe("problemOf", () => {
  /** What the package of the CloudEvents project says. */
  const packageTakes = (event: object) => {
    try {
      return new CloudEvent(event as never, true).validate();
    } catch {
      return false;
    }
  };
  const simple = fc.oneof(fc.constant(""), fc.constant("a"), fc.constant(1), fc.constant(true), fc.constant({}));

  it("takes nothing that the cloudevents package refuses", () => {
    fc.assert(
      fc.property(
        fc.record(
          {
            specversion: fc.constantFrom("1.0", "0.3", "2"),
            id: simple,
            source: fc.oneof(simple, fc.constantFrom("urn:x", "did:hansa:a:b", "/a b", "a{b")),
            type: simple,
            subject: simple,
            time: fc.oneof(
              simple,
              fc.constantFrom("2026-02-30T00:00:00Z", "2026-02-28T23:59:60Z", "2026-01-01T00:00:00+01:00"),
            ),
            dataschema: fc.oneof(simple, fc.constantFrom("http://x/y", "x y")),
            datacontenttype: fc.oneof(simple, fc.constant("application/json")),
            Upper: simple,
            ext: simple,
          },
          { requiredKeys: ["specversion", "id", "source", "type"] },
        ),
        (event) => {
          if (problemOf(event as Json) === undefined) expect(packageTakes(event)).toBe(true);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("takes what the standard's own examples are like", () => {
    const event = {
      specversion: "1.0",
      type: "com.github.pull_request.opened",
      source: "https://github.com/cloudevents/spec/pull",
      subject: "123",
      id: "A234-1234-1234",
      time: "2018-04-05T17:31:00Z",
      comexampleextension1: "value",
      comexampleothervalue: 5,
      datacontenttype: "text/xml",
      data: '<much wow="xml"/>',
    };
    expect(problemOf(event)).toBeUndefined();
    expect(packageTakes(event)).toBe(true);
  });

  it("names what is wrong", () => {
    const base = structured();
    for (const wrong of [
      null,
      [],
      { ...base, id: "" },
      { ...base, type: undefined },
      { ...base, time: "yesterday" },
      { ...base, data: 1, data_base64: "MQ==" },
      { ...base, data_base64: "%" },
      { ...base, hansahops: -1 },
      { ...base, hansahops: 256 },
      { ...base, hansacause: "x".repeat(65) },
      { ...base, Bad: 1 },
      { ...base, ext: { a: 1 } },
      { ...base, ext: 2 ** 31 },
      { ...base, ...Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`e${i}`, 1])) },
    ])
      expect(problemOf(wrong as unknown as Json)).toBeTypeOf("string");
  });
});
