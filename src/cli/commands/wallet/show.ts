import type { StoredCredential } from "#identity";
import { type Answer, defineCommand } from "../../command.ts";
import { withWallet } from "../../home/open-wallet.ts";
import type { Shell } from "../../shell.ts";
import { claimsOf, credentialFields, summaryOf } from "../../wallet/describe-credential.ts";

export const walletShow = defineCommand<[credential: string], { text?: boolean }>({
  name: "show",
  summary: "Show a credential of the wallet: what it says, and what of it may be kept back.",
  arguments: [{ name: "<credential>", description: "its id, or the beginning of it" }],
  options: [{ flags: "--text", description: "print it as its issuer gave it, and nothing else" }],
  examples: ["hansa wallet show 3QJmV3", "hansa wallet show 3QJmV3 --text > degree.json"],
  run(shell, { text = false }, id): Promise<Answer> {
    return withWallet(shell, async (wallet) => {
      const held = await wallet.get(id);
      const claims = await claimsOf(held);
      const json = { ...summaryOf(held), claims, text: held.text };
      return {
        json,
        text: text ? held.text : `${credentialFields(shell, held)}\n\n${claimsTable(shell, held, claims)}`,
      };
    });
  },
});

function claimsTable(shell: Shell, { hidden }: StoredCredential, claims: Awaited<ReturnType<typeof claimsOf>>): string {
  const rows = claims.map(({ claim, value, optional }) => [
    claim,
    shell.value(value),
    optional ? "if chosen" : "always",
  ]);
  return shell.table(["claim", "value", hidden === undefined ? "shown (all together)" : "shown"], rows, "no claims");
}
