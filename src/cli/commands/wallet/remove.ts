import { type Answer, defineCommand } from "../../command.ts";
import { withWallet } from "../../home/open-wallet.ts";
import { summaryOf, typesText } from "../../wallet/describe-credential.ts";

export const walletRemove = defineCommand<[credential: string]>({
  name: "remove",
  summary: "Remove a credential from the wallet. What was shown of it stays in the log.",
  arguments: [{ name: "<credential>", description: "its id, or the beginning of it" }],
  examples: ["hansa wallet remove 3QJmV3"],
  run(shell, _, id): Promise<Answer> {
    return withWallet(shell, async (wallet) => {
      const held = await wallet.remove(id);
      return { json: summaryOf(held), text: `${held.id}: removed (${shell.value(typesText(held))})` };
    });
  },
});
