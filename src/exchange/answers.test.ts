import { expect, it } from "vitest";
import { MemoryStore } from "../linkage/world.suite.ts";
import { Answers } from "./answers.ts";

it("answers are kept until their request runs out, and forgotten then, the oldest first", () => {
  const store = new MemoryStore();
  const answers = new Answers(store);
  const requests = [90, 100, 101, 1000].map((exp) => ({ exp, digest: `of-${exp}` }));
  store.batch(requests.map((request) => answers.keep(request, { receipt: "r", sealed: "s" })));
  expect(answers.forgetting(89, 10)).toEqual([]);
  store.batch(answers.forgetting(100, 1));
  expect(requests.map((request) => answers.get(request) !== undefined)).toEqual([false, true, true, true]);
  store.batch(answers.forgetting(100, 10));
  expect(requests.map((request) => answers.get(request) !== undefined)).toEqual([false, false, true, true]);
  expect(answers.get({ exp: 101, digest: "of-102" })).toBeUndefined();
});
