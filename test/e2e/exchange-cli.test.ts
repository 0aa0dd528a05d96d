import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Alliance, runHansa, until } from "./member.suite.ts";

let alliance: Alliance;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hansa-exchange-"));
  alliance = await Alliance.create();
  await alliance.up({ HANSA_LOG_LEVEL: "warn" });
});
afterAll(async () => {
  await alliance.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function hansa(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await alliance.hansa(...args);
  expect([args.join(" "), code, stderr]).toEqual([args.join(" "), 0, ""]);
  return stdout;
}

it("lets data out, shows who had it, and gives a regulator a file that needs no node", async () => {
  const data = join(folder, "july.csv");
  writeFileSync(data, "day,kWh\n1,7.3\n");
  await hansa(
    "exchange",
    "datasets",
    "put",
    data,
    "--owner",
    "delphi",
    "--name",
    "meters/july",
    "--type",
    "text/csv",
    "--as",
    "acme",
  );
  expect(await hansa("exchange", "datasets", "list", "--as", "acme")).toContain("meters/july");
  const given = JSON.parse(
    await hansa(
      ...[
        "grant",
        "give",
        "borea",
        "--provider",
        "acme",
        "--dataset",
        "meters/july",
        "--purpose",
        "dpv:PaymentManagement",
      ],
      ...["--jurisdiction", "DE", "--count", "1", "--as", "delphi", "--json"],
    ),
  ) as { grant: string };
  const { grant } = given;
  const got = join(folder, "got.csv");
  writeFileSync(got, "mine");
  // The only release that there is must not be lost to a file that stands in its way.
  const inTheWay = await alliance.hansa("exchange", "request", grant, "--as", "borea", "--out", got);
  expect(inTheWay.stderr).toContain("cli.file-exists");
  expect(readFileSync(got, "utf8")).toBe("mine");
  rmSync(got);
  expect(await hansa("exchange", "request", grant, "--as", "borea", "--out", got)).toContain("bytes of text/csv");
  expect(readFileSync(got, "utf8")).toBe("day,kWh\n1,7.3\n");
  expect(statSync(got).mode & 0o777).toBe(0o600);
  const refused = await alliance.hansa("exchange", "request", grant, "--as", "borea");
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain("exchange.spent");

  const list = JSON.parse(await hansa("exchange", "receipts", grant, "--as", "delphi", "--json")) as {
    items: { jti: string }[];
  };
  const [{ jti }] = list.items as [{ jti: string }];
  const file = join(folder, "receipt.json");
  await until(async () => (await alliance.hansa("exchange", "receipt", jti, "--out", file, "--as", "acme")).code === 0);
  // The regulator: another home, and no node to ask.
  const verified = await runHansa(["verify", file, "--trust", alliance.groupId, "--home", join(folder, "none")]);
  expect([verified.code, verified.stderr]).toEqual([0, ""]);
  for (const part of ["holds", "meters/july", "PaymentManagement", "(verified)", alliance.party("borea").did])
    expect(verified.stdout).toContain(part);
  const changed = join(folder, "changed.json");
  writeFileSync(changed, readFileSync(file, "utf8").replace("meters/july", "meters/june"));
  const wrong = await runHansa(["verify", changed, "--trust", alliance.groupId, "--home", join(folder, "none")]);
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toContain("proof.invalid");

  await hansa("exchange", "datasets", "erase", "meters/july", "--as", "delphi");
  expect(await hansa("exchange", "datasets", "list", "--as", "acme")).toContain("no datasets");
});
