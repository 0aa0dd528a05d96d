import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { RECEIPT_ERRORS } from "./index.ts";

const folder = import.meta.dirname;
const protocol = join(folder, "../protocol");

function texts(where: string, wanted: RegExp): string {
  return readdirSync(where, { recursive: true, encoding: "utf8" })
    .filter((name) => wanted.test(name) && !name.endsWith("codes.test.ts"))
    .map((name) => readFileSync(join(where, name), "utf8"))
    .join("\n");
}

it("every code of a receipt is named by a test that reaches it", () => {
  const tests = texts(folder, /\.(test|suite)\.ts$/) + texts(protocol, /\.test\.ts$/);
  const unnamed = Object.keys(RECEIPT_ERRORS).filter((code) => !tests.includes(`"${code}"`));
  expect(unnamed).toEqual([]);
});
