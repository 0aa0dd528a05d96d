import { type Answer, defineCommand } from "../../command.ts";
import { withWallet } from "../../home/open-wallet.ts";
import { parseCount } from "../../parse.ts";
import { isClaim, typesText } from "../../wallet/describe-credential.ts";

interface Options {
  readonly domain?: string;
  readonly credential?: string;
  readonly limit: number;
}

export const walletShown = defineCommand<[], Options>({
  name: "shown",
  summary: "List to whom what was shown, and when: latest first. Names of claims are kept, what they say is not.",
  options: [
    { flags: "--domain <name>", description: "shown to this verifier" },
    { flags: "--credential <id>", description: "shown of this credential" },
    { flags: "--limit <count>", description: "how many at most", parse: parseCount, default: 100 },
  ],
  examples: ["hansa wallet shown", "hansa wallet shown --domain shop.example --json"],
  run(shell, { domain, credential, limit }): Promise<Answer> {
    return withWallet(shell, async (wallet) => {
      const { parseClaim } = await import("#identity");
      const filter = {
        ...(domain === undefined ? {} : { domain }),
        ...(credential === undefined ? {} : { credential }),
      };
      const all = await wallet.shown(filter);
      const items = all.slice(0, limit);
      const rows = items.map((entry) => [
        shell.time(entry.at),
        shell.value(entry.domain),
        shell.value(typesText(entry)),
        shell.value(entry.claims.filter((claim) => isClaim(parseClaim(claim))).join(", ")),
        entry.credential,
      ]);
      const text = shell.table(["when", "to whom", "type", "claims", "credential"], rows, "nothing was shown");
      const more = all.length > limit;
      const rest = more ? `\n${shell.paint("dim", `the latest ${limit}; more with --limit`)}` : "";
      return { json: { items, more }, text: text + rest };
    });
  },
});
