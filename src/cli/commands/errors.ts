import { compareText, type ErrorEntry, type ErrorTable, JSON_ERRORS } from "#base";
import { CRYPTO_ERRORS } from "#crypto";
import { PROTOCOL_ERRORS, TRANSACTION_ERRORS } from "#protocol";
import { SDK_ERRORS } from "#sdk";
import { defineCommand } from "../command.ts";
import { CLI_ERRORS, cliError } from "../errors.ts";

const OWN: ErrorTable = {
  ...JSON_ERRORS,
  ...CRYPTO_ERRORS,
  ...TRANSACTION_ERRORS,
  ...PROTOCOL_ERRORS,
  ...SDK_ERRORS,
  ...CLI_ERRORS,
};

export const errors = defineCommand<[code: string | undefined]>({
  name: "errors",
  summary: "Explain an error code: what it means and what to do. Without a code, list them all.",
  arguments: [{ name: "[code]", description: "code, or number of a receipt" }],
  examples: ["hansa errors transaction.expired", "hansa errors 14", "hansa errors"],
  async run(shell, _, code) {
    // The node's rooms are loaded only where the answer is not at hand: they bring the database and the broker along.
    let table = OWN;
    let found = code === undefined ? undefined : find(table, code);
    if (found === undefined) {
      const { ALL_ERRORS } = await import("#node");
      table = { ...OWN, ...ALL_ERRORS };
      found = code === undefined ? undefined : find(table, code);
    }
    if (code === undefined) {
      const items = Object.keys(table)
        .sort(compareText)
        .map((name) => ({ code: name, ...(table[name] as ErrorEntry) }));
      const rows = items.map((item) => [item.code, String(item.status), item.meaning]);
      return { json: { items }, text: shell.table(["code", "status", "meaning"], rows) };
    }
    if (found === undefined) throw cliError("cli.code-unknown", `there is no error ${code}`, { code });
    const { number } = found as { number?: number };
    const text = shell.fields([
      ["code", found.code],
      number === undefined ? undefined : ["number", String(number)],
      ["HTTP status", String(found.status)],
      ["meaning", found.meaning],
      ["what to do", found.advice],
    ]);
    return { json: found, text };
  },
});

function find(table: ErrorTable, code: string): (ErrorEntry & { readonly code: string }) | undefined {
  if (Object.hasOwn(table, code)) return { code, ...(table[code] as ErrorEntry) };
  const entry = Object.entries(table).find(([, value]) => "number" in value && String(value.number) === code);
  return entry === undefined ? undefined : { code: entry[0], ...entry[1] };
}
