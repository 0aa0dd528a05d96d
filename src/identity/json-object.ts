import type { Json, JsonObject } from "#base";

/** Whether a value is an object of JSON, and neither an array nor `null`. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
