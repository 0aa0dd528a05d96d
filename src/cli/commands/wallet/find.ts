import type { Json } from "#base";
import { type Answer, defineCommand } from "../../command.ts";
import { withWallet } from "../../home/open-wallet.ts";
import { typesText } from "../../wallet/describe-credential.ts";
import { readQuery } from "../../wallet/read-query.ts";

export const walletFind = defineCommand<[query: string]>({
  name: "find",
  summary: "Say what of the wallet answers a DCQL query, and which claims it would show. Shows nothing to anybody.",
  arguments: [{ name: "<query>", description: "file with the query; - for standard input" }],
  examples: [
    "hansa wallet find query.json",
    "hansa wallet find query.json --json --pick wanted.0.matches.0.credential",
  ],
  async run(shell, _, file): Promise<Answer> {
    const query: Json = await readQuery(shell, file);
    return withWallet(shell, async (wallet) => {
      const { formatClaim } = await import("#identity");
      const { satisfied, wanted, needed, missing } = await wallet.find(query);
      const json = {
        satisfied,
        needed,
        missing,
        wanted: wanted.map(({ id, multiple, matches }) => ({
          id,
          multiple,
          matches: matches.map(({ credential, claims }) => ({
            credential: credential.id,
            types: credential.types,
            issuer: credential.issuer,
            whole: credential.hidden === undefined,
            claims: claims.map(formatClaim),
          })),
        })),
      };
      const rows = wanted.flatMap(({ id, matches }) =>
        matches.length === 0
          ? [[id, shell.paint("yellow", "nothing fits"), "", ""]]
          : matches.map(({ credential, claims }) => [
              id,
              credential.id,
              shell.value(typesText(credential)),
              credential.hidden === undefined ? "all of it (--all)" : claims.map(formatClaim).join(", "),
            ]),
      );
      const head = satisfied
        ? shell.paint("green", "the wallet can answer")
        : shell.paint("yellow", `the wallet has nothing for ${missing.join(", ")}`);
      return { json, text: `${head}\n${shell.table(["part", "credential", "type", "would show"], rows)}` };
    });
  },
});
