import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { RECEIPT_ERRORS } from "./index.ts";

const folder = import.meta.dirname;
const protocol = join(folder, "../protocol");

function texts(where: string, wanted: RegExp): string {
  return readdirSync(where, { recursive: true, encoding: "utf8" })
    .filter((name) => wanted.test(name))
    .map((name) => readFileSync(join(where, name), "utf8"))
    .join("\n");
}

it("every code of a receipt is named by a test that reaches it", () => {
  const tests = texts(folder, /\.(test|suite)\.ts$/) + texts(protocol, /\.test\.ts$/);
  // Nothing in a ledger is ever busy: the node answers this one, and the engine's tests and the node's reach its own.
  const elsewhere = ["transaction.busy"];
  const unnamed = Object.keys(RECEIPT_ERRORS).filter((code) => !tests.includes(`"${code}"`));
  expect(unnamed).toEqual(elsewhere);
});

it("every code of a receipt is given by the sources", () => {
  const sources =
    texts(folder, /^(?!.*\.(test|suite)\.ts$)(?!.*errors\.ts$).*\.ts$/) +
    texts(protocol, /^(?!.*\.test\.ts$)(?!.*errors\.ts$).*\.ts$/);
  const unused = Object.keys(RECEIPT_ERRORS).filter((code) => !sources.includes(`"${code}"`));
  expect(unused).toEqual(["transaction.busy", "kernel.forbidden"].filter((code) => unused.includes(code)));
});
