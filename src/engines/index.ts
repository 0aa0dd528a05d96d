export * from "./engine.ts";
export * from "./errors.ts";
export { SoloEngine, type SoloOptions } from "./solo/solo-engine.ts";
