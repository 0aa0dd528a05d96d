import { CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { HansaError } from "#base";
import { EXIT, exitCodeOf } from "./exit.ts";

describe("exitCodeOf", () => {
  it.each([
    ["help", new CommanderError(0, "commander.helpDisplayed", ""), EXIT.ok],
    ["an unknown command", new CommanderError(1, "commander.unknownCommand", ""), EXIT.usage],
    ["a wrong argument", new HansaError("cli.argument", ""), EXIT.usage],
    ["a missing passphrase", new HansaError("cli.passphrase-missing", ""), EXIT.usage],
    ["a malformed address", new HansaError("sdk.url", ""), EXIT.usage],
    ["no node", new HansaError("sdk.unreachable", ""), EXIT.unreachable],
    ["a silent node", new HansaError("sdk.timeout", ""), EXIT.unreachable],
    ["a refusal of the ledger", new HansaError("kernel.forbidden", ""), EXIT.failed],
    ["a proof that does not hold", new HansaError("proof.invalid", ""), EXIT.failed],
    ["a missing file", new HansaError("cli.file-missing", ""), EXIT.failed],
    ["anything else", new Error("oops"), EXIT.failed],
  ])("of %s", (_, error, exit) => {
    expect(exitCodeOf(error)).toBe(exit);
  });
});
