/**
 * Real products, as the maintainers of Zigbee2MQTT describe them in `zigbee-herdsman-converters`, in W3C's words. Loaded when
 * first asked for: one vendor takes a quarter of a second, all of them about a second and 40 MB more.
 */

import { createRequire } from "node:module";
import type { Json } from "#base";
import { digestOf } from "#protocol";
import { bridgeError } from "../errors.ts";
import { CONTEXT, type DevicePlace, placeThing } from "../wot/mqtt-forms.ts";
import { type ThingDescription, type ThingModel, validateThingModel } from "../wot/thing-description.ts";
import { describeExposes, type Expose } from "./exposes.ts";
import { PRODUCTS } from "./products.ts";

/** A product: what its maker registers on the ledger, and what its devices can do. */
export interface Product {
  readonly vendor: string;
  /** Name of the model as its vendor writes it. */
  readonly model: string;
  readonly description: string;
  /** `<vendor>/<model>`, in the form that the ledger takes. */
  readonly modelId: string;
  /** Thing Model (TD 1.1 §10): no id, no forms. */
  readonly thing: ThingModel;
  /** Digest of the Thing Model, as `devices.defineModel` has it. */
  readonly digest: string;
}

interface Definition {
  readonly model: string;
  readonly vendor: string;
  readonly description: string;
  readonly exposes: readonly Expose[] | ((device: object, options: object) => readonly Expose[]);
}

interface Converters {
  prepareDefinition(definition: unknown): Definition;
}

/** A vendor's file has `definitions`; the index of all vendors has them as `default`. */
interface DeviceFile {
  readonly definitions?: readonly { readonly model: string }[];
  readonly default?: readonly { readonly model: string }[];
}

/** The package is CommonJS, and loaders disagree on how its exports look to `import()`: `require` has them as they are. */
const require = createRequire(import.meta.url);

const loaded = new Map<string, Promise<Product>>();

/**
 * A product by its model name. One of `PRODUCTS` loads its vendor's file alone; any other model loads the whole package
 * once.
 *
 * @param model - as the package has it (`WSDCGQ11LM`), or its `modelId` (`aqara/WSDCGQ11LM`) for one of `PRODUCTS`
 * @throws HansaError `bridge.product-unknown`, `bridge.product-unusable`
 * @example
 * ```ts
 * const sensor = await loadProduct("WSDCGQ11LM");
 * sensor.thing.properties.temperature; // { type: "number", unit: "°C", readOnly: true, … }
 * ```
 */
export function loadProduct(model: string): Promise<Product> {
  const known = PRODUCTS.find((each) => each.model === model || each.modelId === model);
  const name = known?.model ?? model;
  let product = loaded.get(name);
  if (product === undefined) {
    product = load(name, known?.file ?? "index");
    loaded.set(name, product);
    // A name that does not exist takes no memory; there is no end of such names.
    product.catch(() => loaded.delete(name));
  }
  return product;
}

async function load(model: string, file: string): Promise<Product> {
  const { prepareDefinition } = require("zigbee-herdsman-converters") as Converters;
  const devices = require(`zigbee-herdsman-converters/devices/${file}`) as DeviceFile;
  const found = (devices.definitions ?? devices.default)?.find((each) => each.model === model);
  if (found === undefined)
    throw bridgeError("bridge.product-unknown", `there is no definition of ${model.slice(0, 80)}`, {
      model: model.slice(0, 80),
    });
  const definition = prepareDefinition(found);
  const exposes =
    typeof definition.exposes === "function"
      ? // What the definition exposes before it has met a device: the package's own documentation is made so.
        definition.exposes({ isDummyDevice: true, endpoints: [] }, {})
      : definition.exposes;
  if (!Array.isArray(exposes))
    throw bridgeError("bridge.product-unusable", `the definition of ${model} has no exposes`, { model });
  return productOf(definition, exposes);
}

function productOf({ vendor, model, description }: Definition, exposes: readonly Expose[]): Product {
  const modelId = modelIdOf(vendor, model);
  const thing = validateThingModel({
    "@context": CONTEXT,
    "@type": "tm:ThingModel",
    title: `${vendor} ${model}`,
    description,
    links: [{ href: `urn:hansa:model:${modelId}`, rel: "type" }],
    ...describeExposes(exposes),
  });
  return { vendor, model, description, modelId, thing, digest: digestOf(thing as unknown as Json) };
}

/**
 * `<vendor>/<model>` as the ledger's `ModelId` wants it.
 *
 * @example
 * ```ts
 * modelIdOf("Third Reality", "3RSNL02043Z"); // "third-reality/3RSNL02043Z"
 * modelIdOf("Innr", "SP 240"); // "innr/SP-240"
 * ```
 */
export function modelIdOf(vendor: string, model: string): string {
  const plain = (text: string) =>
    text
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .replace(/[^A-Za-z0-9._-]+/g, "-")
      .replace(/^[^A-Za-z0-9]+|-+$/g, "")
      .slice(0, 64);
  return `${plain(vendor.toLowerCase()) || "unknown"}/${plain(model) || "unknown"}`;
}

/**
 * The Thing Description of one device of a product.
 *
 * @throws HansaError `bridge.thing-invalid`
 * @example
 * ```ts
 * describeDevice(product, { did, fingerprint, topic: "acme/things", broker: "mqtt://127.0.0.1:1883" });
 * ```
 */
export function describeDevice(product: Product, place: DevicePlace): ThingDescription {
  return placeThing(product.thing, place);
}
