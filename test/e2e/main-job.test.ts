import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runHansa } from "./member.suite.ts";

interface Step {
  readonly name: string;
  readonly error?: string;
  readonly checks: readonly { readonly text: string; readonly holds: boolean }[];
}

it("the main job runs from nothing to data read under a grant and receipts verified offline, every check holds, and nothing is left behind", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hansa-main-job-"));
  try {
    const { code, stdout, stderr } = await runHansa(["demo", "--once", "--json"], { TMPDIR: folder }, folder);
    const steps = JSON.parse(stdout) as Step[];
    expect(steps.flatMap(({ checks }) => checks.filter(({ holds }) => !holds))).toEqual([]);
    expect(steps.flatMap(({ error }) => error ?? [])).toEqual([]);
    expect(steps.map(({ name }) => name[0])).toEqual(["1", "2", "3", "4", "5", "6"]);
    for (const { checks } of steps) expect(checks.length).toBeGreaterThan(0);
    const scenario = steps.at(-1)?.checks.map(({ text }) => text) ?? [];
    for (const said of ["credentials.issuer", "salted digests", "sealed", "exchange.grant", "1 of 12", "offline"])
      expect(scenario.filter((text) => text.includes(said))).not.toEqual([]);
    expect(code, stderr).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
