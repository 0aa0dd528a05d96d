export * from "./bounded-queue.ts";
export * from "./bytes.ts";
export * from "./clock.ts";
export * from "./deferred.ts";
export * from "./error.ts";
export * from "./json.ts";
export * from "./lru.ts";
export * from "./used-once.ts";
