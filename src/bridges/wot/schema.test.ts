import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv } from "ajv";
import formats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { describeDevice, loadProduct } from "../simulator/product.ts";
import { PRODUCTS } from "../simulator/products.ts";

/** The W3C's own JSON Schema of TD 1.1. */
const schema = createRequire(import.meta.url).resolve(
  "wot-thing-description-types/schema/td-json-schema-validation.json",
);
const ajv = new Ajv({ strict: false });
formats.default(ajv);
const validate = ajv.compile(JSON.parse(readFileSync(schema, "utf8")));

describe("Thing Descriptions of real products", () => {
  it.each(PRODUCTS.map(({ modelId, model }) => [modelId, model] as const))(
    "%s fits the W3C's schema of TD 1.1",
    async (modelId, model) => {
      const place = {
        did: "did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3",
        fingerprint: "3QJmV3qfvL9SuYo34YihAf3sRCW3",
        topic: "acme/things",
        broker: "mqtt://127.0.0.1:1883",
      };
      const thing = describeDevice(await loadProduct(model), place);
      validate(thing);
      expect(validate.errors, modelId).toBeNull();
    },
  );
});
