import { expect, it } from "vitest";
import { ManualClock } from "#base";
import { describeKeyStore } from "./key-store.suite.ts";
import { MAX_KEYS } from "./key-store.ts";
import { createMemoryKeyStore } from "./memory.ts";

describeKeyStore("memory key store", async (clock) => createMemoryKeyStore(clock));

it("refuses more keys than its limit", () => {
  const store = createMemoryKeyStore(new ManualClock(0));
  for (let i = 0; i < MAX_KEYS; i++) store.dataKey(`${i}`);
  expect(() => store.dataKey("more")).toThrowError(expect.objectContaining({ code: "crypto.key-limit" }));
  expect(store.dataKeyNames()).toHaveLength(MAX_KEYS);
  store.close();
});
