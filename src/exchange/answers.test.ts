import { expect, it } from "vitest";
import { MemoryStore } from "../events/durable-map.suite.ts";
import { Answers } from "./answers.ts";

it("answers are kept until their request runs out, and forgotten then", () => {
  const store = new MemoryStore();
  const answers = new Answers(store);
  const requests = [90, 100, 101, 1000].map((exp) => ({ exp, digest: `of-${exp}` }));
  store.batch(requests.map((request) => answers.keep(request, { receipt: "r", recipient: "borea", sealed: "s" })));
  const kept = () => requests.map((request) => answers.get(request) !== undefined);
  expect(answers.forget(89, 1)).toBe(false);
  expect(kept()).toEqual([true, true, true, true]);
  expect(answers.forget(100, 1)).toBe(true);
  expect(kept()).toEqual([false, true, true, true]);
  expect(answers.forget(100, 10)).toBe(false);
  expect(kept()).toEqual([false, false, true, true]);
  expect(answers.get({ exp: 101, digest: "of-102" })).toBeUndefined();
});
