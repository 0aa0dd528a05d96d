// Every check, in the order in which they are cheapest to fail. Ends with a line of its own: N passed, N failed, N skipped.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engine, install, root, step } from "./setup.mjs";

const long = process.argv.includes("--long");
const bin = (name) => join(root, "node_modules", name);
const counts = { passed: 0, failed: 0, skipped: 0 };
const skipped = [];

async function check(title, run) {
  try {
    await run();
    counts.passed++;
  } catch (error) {
    counts.failed++;
    if (error.exitCode === undefined) console.error(`✗ ${title}: ${error.stack ?? error}`);
  }
}

await install();
await check("types", () => step("types and walls (tsc -b)", process.execPath, [bin("typescript/bin/tsc"), "-b"]));
await check("format and lint", () =>
  step("format and lint (biome)", process.execPath, [
    bin("@biomejs/biome/bin/biome"),
    "check",
    "--error-on-warnings",
    ".",
  ]),
);
await check("unused", () =>
  step("unused files and exports (knip)", process.execPath, [bin("knip/bin/knip.js"), "--no-progress"]),
);
await check("lock file", () => {
  if (/"resolved": *"http/.test(readFileSync(join(root, "package-lock.json"), "utf8")))
    throw new Error("package-lock.json names a registry host");
});
await engine();
const folder = mkdtempSync(join(tmpdir(), "hansa-test-"));
const report = join(folder, "report.json");
try {
  await step(
    "tests (vitest)",
    process.execPath,
    [bin("vitest/vitest.mjs"), "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
    {
      quiet: false,
      env: { HANSA_TEST_LONG: long ? "1" : "", FORCE_COLOR: process.stdout.isTTY ? "1" : "0" },
    },
  );
} catch (error) {
  if (error.exitCode === undefined) console.error(String(error));
}
if (existsSync(report)) {
  const result = JSON.parse(readFileSync(report, "utf8"));
  counts.passed += result.numPassedTests;
  counts.failed += result.numFailedTests;
  counts.skipped += result.numPendingTests + (result.numTodoTests ?? 0);
  // A file that fails to load has no failed test of its own.
  counts.failed += result.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every((test) => test.status !== "failed"),
  ).length;
  for (const file of result.testResults)
    for (const test of file.assertionResults)
      if (test.status === "pending" || test.status === "skipped") skipped.push(test.fullName);
} else {
  counts.failed++;
  console.error("✗ the test runner left no report");
}
rmSync(folder, { recursive: true, force: true });
for (const name of skipped) console.log(`skipped: ${name}`);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed === 0 ? 0 : 1);
