import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CLI_ERRORS } from "#cli";
import { ALL_ERRORS, DEFAULT_CONFIG, ENVIRONMENT, NodeConfig } from "#node";
import { OPERATIONS, QUERIES, ROUTES } from "#protocol";
import { SDK_ERRORS } from "#sdk";
import { COMMANDS } from "../../src/cli/commands.ts";

interface Reference {
  renderPages(tables: object): Readonly<Record<string, string>>;
  settingsOf(schema: object): readonly { readonly path: string }[];
}
type Words = Readonly<Record<"ERROR_ROOMS" | "WHO_MAY" | "ANSWERS" | "SETTINGS", Readonly<Record<string, unknown>>>>;

// By computed addresses: the two are plain JavaScript, which the build can run before anything is compiled.
const script = new URL("../../scripts/reference.mjs", import.meta.url).href;
const { renderPages, settingsOf } = (await import(/* @vite-ignore */ script)) as Reference;
const words = (await import(/* @vite-ignore */ script.replace("reference.mjs", "reference-words.mjs"))) as Words;

const pages = renderPages({
  errors: ALL_ERRORS,
  sdkErrors: SDK_ERRORS,
  cliErrors: CLI_ERRORS,
  operations: OPERATIONS,
  queries: QUERIES,
  routes: ROUTES,
  config: NodeConfig,
  defaults: DEFAULT_CONFIG,
  environment: ENVIRONMENT,
  commands: COMMANDS,
});

const errors: Readonly<Record<string, object>> = { ...ALL_ERRORS, ...SDK_ERRORS, ...CLI_ERRORS };

describe("the reference", () => {
  it.each(Object.keys(pages))("%s says what the code says (node scripts/reference.mjs writes it anew)", (file) => {
    const written = readFileSync(new URL(`../../docs/reference/${file}`, import.meta.url), "utf8");
    expect(written).toBe(pages[file]);
  });

  it("names a room for every error code", () => {
    const prefixes = new Set(Object.keys(errors).map((code) => code.split(".")[0]));
    expect(Object.keys(words.ERROR_ROOMS).sort()).toEqual([...prefixes].sort());
  });

  it("has every code in exactly one row", () => {
    for (const code of Object.keys(errors)) expect(pages["errors.md"]?.split(`| \`${code}\` |`).length, code).toBe(2);
  });

  it("never gives a number twice", () => {
    const numbers = Object.values(errors).flatMap((entry) => ("number" in entry ? [entry.number] : []));
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it("says of every operation who may do it", () => {
    expect(Object.keys(words.WHO_MAY).sort()).toEqual(Object.keys(OPERATIONS).sort());
  });

  it("says of every query what it answers", () => {
    expect(Object.keys(words.ANSWERS).sort()).toEqual(Object.keys(QUERIES).sort());
  });

  it("says of every setting what it does", () => {
    expect(Object.keys(words.SETTINGS).sort()).toEqual(
      settingsOf(NodeConfig)
        .map(({ path }) => path)
        .sort(),
    );
  });
});
