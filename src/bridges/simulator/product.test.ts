import { createRequire } from "node:module";
import { Value } from "@sinclair/typebox/value";
import { describe, expect, it } from "vitest";
import { isHansaError } from "#base";
import { Affordance, ModelId } from "#protocol";
import { describeExposes, type Expose } from "./exposes.ts";
import { describeDevice, loadProduct, modelIdOf } from "./product.ts";
import { PRODUCTS } from "./products.ts";

const place = {
  did: "did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3",
  fingerprint: "3QJmV3qfvL9SuYo34YihAf3sRCW3",
  topic: "acme/things",
  broker: "mqtt://127.0.0.1:1883",
};

describe("real products", () => {
  it.each(PRODUCTS)("describes $modelId as a Thing Description", async ({ model, modelId }) => {
    const product = await loadProduct(model);
    expect(product.modelId).toBe(modelId);
    expect(Value.Check(ModelId, product.modelId)).toBe(true);
    const thing = describeDevice(product, place);
    const names = [thing.properties, thing.actions, thing.events].flatMap((each) => Object.keys(each));
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(Value.Check(Affordance, name)).toBe(true);
    for (const property of Object.values(thing.properties)) expect(property.forms?.length).toBeGreaterThan(0);
    expect(thing.id).toBe(place.did);
    expect(JSON.stringify(thing)).not.toContain("tm:ThingModel");
  });

  it("cover at least ten products of at least six vendors, of every kind that a demonstration needs", () => {
    expect(PRODUCTS.length).toBeGreaterThanOrEqual(10);
    expect(new Set(PRODUCTS.map(({ modelId }) => modelId.split("/")[0])).size).toBeGreaterThanOrEqual(6);
    expect(new Set(PRODUCTS.map(({ kind }) => kind)).size).toBe(12);
  });

  it("keep units, ranges, steps and lists of the definition", async () => {
    const valve = await loadProduct("BTH-RA");
    expect(valve.thing.properties["occupied_heating_setpoint"]).toMatchObject({
      type: "number",
      unit: "°C",
      minimum: 5,
      maximum: 30,
      multipleOf: 0.5,
      readOnly: false,
    });
    expect(valve.thing.properties["running_state"]).toMatchObject({ enum: ["idle", "heat"], readOnly: true });
    const sensor = await loadProduct("aqara/WSDCGQ11LM");
    expect(sensor.thing.properties["temperature"]).toMatchObject({ type: "number", unit: "°C", readOnly: true });
    expect(sensor.thing.properties["battery"]).toMatchObject({ minimum: 0, maximum: 100, unit: "%" });
  });

  it("have the actions and events that their definitions give", async () => {
    const [bulb, siren, lock, blind, remote] = await Promise.all(
      ["9290022166", "HS2WD-E", "YRD426NRSC", "E1757", "E2201"].map(loadProduct),
    );
    expect(Object.keys(bulb?.thing.actions ?? {})).toEqual(["toggle", "effect"]);
    expect(bulb?.thing.properties["color_xy"]?.type).toBe("object");
    expect(siren?.thing.actions["warning_emergency"]).not.toHaveProperty("input");
    expect(siren?.thing.actions["warning"]?.input?.type).toBe("object");
    expect(Object.keys(lock?.thing.actions ?? {})).toEqual(expect.arrayContaining(["lock", "unlock"]));
    expect(Object.keys(blind?.thing.actions ?? {})).toEqual(["open", "close", "stop", "identify"]);
    expect(Object.keys(remote?.thing.events ?? {})).toContain("brightness_move_up");
  });

  it("have the same digest whenever they are loaded, and another one for another product", async () => {
    const [a, b] = [await loadProduct("SP 240"), await loadProduct("innr/SP-240")];
    expect(a.digest).toBe(b.digest);
    expect(a.digest).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect((await loadProduct("E2112")).digest).not.toBe(a.digest);
  });

  it("load a product that is not in the list, and name one that does not exist", async () => {
    expect((await loadProduct("3RSNL02043Z")).modelId).toBe("third-reality/3RSNL02043Z");
    await expect(loadProduct("NO-SUCH-MODEL")).rejects.toSatisfy((error) =>
      isHansaError(error, "bridge.product-unknown"),
    );
  });

  it("describe every static definition of the package with names that contracts can use", () => {
    const definitions = (
      createRequire(import.meta.url)("zigbee-herdsman-converters/devices/index") as { default: DefinitionLike[] }
    ).default;
    expect(definitions.length).toBeGreaterThan(3500);
    let described = 0;
    for (const { vendor, model, exposes } of definitions) {
      expect(Value.Check(ModelId, modelIdOf(vendor, model))).toBe(true);
      if (!Array.isArray(exposes)) continue;
      const { properties, actions, events } = describeExposes(exposes);
      for (const name of [properties, actions, events].flatMap((each) => Object.keys(each)))
        expect(name).toMatch(/^[A-Za-z][A-Za-z0-9_]{0,63}$/);
      described++;
    }
    expect(described).toBeGreaterThan(1000);
  });
});

interface DefinitionLike {
  readonly vendor: string;
  readonly model: string;
  readonly exposes?: readonly Expose[] | (() => readonly Expose[]);
}
