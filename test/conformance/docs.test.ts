import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fits, type Step, stepsOf, Terminal } from "./docs-console.suite.ts";

const MINUTES = 60_000;

function read(page: string): string {
  return readFileSync(new URL(`../../${page}`, import.meta.url), "utf8");
}

describe("console blocks of a page", () => {
  it("are taken apart into commands, what goes on with them, output and files", () => {
    const page = [
      "```json a.json",
      "{}",
      "```",
      "```console",
      "$ cat <<END",
      "> one",
      "> END",
      "one",
      "$ true",
      "```",
    ].join("\n");
    expect(stepsOf(page)).toEqual([
      { file: "a.json", text: "{}\n" },
      { command: "cat <<END\none\nEND", expected: ["one"], line: 5 },
      { command: "true", expected: [], line: 9 },
    ]);
  });

  it("take dots for whatever differs, and nothing else", () => {
    expect(fits("block 12 (ab)\n", ["block 12 (…)"])).toBe(true);
    expect(fits("block 13 (ab)\n", ["block 12 (…)"])).toBe(false);
    expect(fits("a\nb\nc\n", ["a", "…", "c"])).toBe(true);
    expect(fits("a\nb\nc\n", ["a", "c"])).toBe(false);
    expect(fits("NAME    ROLES\n", ["NAME ROLES"])).toBe(true);
    expect(fits("axb\n", ["a.b"])).toBe(false);
  });
});

describe("a page runs as it stands", () => {
  it.each([
    "README.md",
    "docs/guide/first-alliance.md",
    "docs/guide/transactions.md",
    "docs/guide/credentials.md",
    "docs/guide/founding.md",
    "docs/guide/issuers-and-evidence.md",
    "docs/guide/grants.md",
    "docs/guide/exchange.md",
    "docs/guide/openid.md",
    "docs/guide/wallet.md",
  ])(
    "%s",
    async (page) => {
      const terminal = new Terminal();
      try {
        for (const step of stepsOf(read(page))) {
          if ("file" in step) terminal.write(step);
          else expectStep(page, step, await terminal.run(step));
        }
      } finally {
        await terminal.close();
      }
    },
    10 * MINUTES,
  );
});

function expectStep(
  page: string,
  step: Step,
  { output, code }: { readonly output: string; readonly code: number },
): void {
  const where = `${page}:${step.line}: ${step.command}`;
  if (!fits(output, step.expected)) expect(`${where}\n${output}`).toBe(`${where}\n${step.expected.join("\n")}`);
  const refused = step.expected.some((line) => line.startsWith("error "));
  expect(code === 0, `${where} ended with exit code ${code}`).toBe(!refused);
}
