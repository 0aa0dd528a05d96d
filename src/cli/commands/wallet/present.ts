import { existsSync } from "node:fs";
import type { Json } from "#base";
import type { ShownEntry, Wallet } from "#identity";
import { type Answer, defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { writeNewFile } from "../../home/files.ts";
import { withWallet } from "../../home/open-wallet.ts";
import { parseDuration, parseList } from "../../parse.ts";
import type { Shell } from "../../shell.ts";
import { chooseClaims } from "../../wallet/choose-claims.ts";
import { collectChoices } from "../../wallet/collect-choices.ts";
import { readQuery } from "../../wallet/read-query.ts";

interface Options {
  readonly challenge: string;
  readonly domain: string;
  readonly query?: string;
  readonly choose?: Readonly<Record<string, readonly string[]>>;
  readonly credential?: string;
  readonly claims?: readonly string[];
  readonly all?: boolean;
  readonly valid?: number;
  readonly out?: string;
}

export const walletPresent = defineCommand<[], Options>({
  name: "present",
  summary: "Show a verifier chosen claims of a credential, or what a DCQL query asks for. The log says so first.",
  options: [
    {
      flags: "--challenge <text>",
      description: "the verifier's question, which it takes once (nonce)",
      required: true,
    },
    { flags: "--domain <name>", description: "the verifier, as it names itself (domain, client id)", required: true },
    { flags: "--query <file>", description: "DCQL query to answer; - for standard input" },
    {
      flags: "--choose <part=credential>",
      description: "with --query: which credential for a part of it; may be repeated",
      parse: collectChoices,
    },
    { flags: "--credential <id>", description: "in place of a query: one credential" },
    { flags: "--claims <list>", description: "with --credential: claims to show, commas between", parse: parseList },
    { flags: "--all", description: "show all claims; of what can only be shown whole, with --query, too" },
    {
      flags: "--valid <time>",
      description: "how long it is good, where its format says so (5m)",
      parse: parseDuration,
    },
    { flags: "--out <file>", description: "where to write it; printed where left out" },
  ],
  examples: [
    "hansa wallet present --credential 3QJmV3 --claims name,address.city --challenge 4fX9 --domain shop.example",
    "hansa wallet present --query query.json --challenge 4fX9 --domain shop.example --out answer.json",
  ],
  async run(shell, options): Promise<Answer> {
    const { query, credential, claims, all, choose, out } = options;
    if ((query === undefined) === (credential === undefined))
      throw cliError("cli.argument", "either --query or --credential says what to show");
    if (query !== undefined && claims !== undefined)
      throw cliError("cli.argument", "the query says which claims to show: --claims goes with --credential");
    if (credential !== undefined && (choose !== undefined || (claims === undefined) === (all !== true)))
      throw cliError("cli.argument", "with --credential, say which --claims, or --all of them");
    // Before anything is written down as shown that then does not leave.
    if (out !== undefined && out !== "-" && existsSync(shell.path(out)))
      throw cliError("cli.file-exists", `${out} exists already`, { path: shell.path(out) });
    const asked = query === undefined ? undefined : await readQuery(shell, query);
    return withWallet(shell, (wallet) =>
      asked === undefined
        ? presentOne(shell, wallet, credential as string, options)
        : answerQuery(shell, wallet, asked, options),
    );
  },
});

const audienceOf = ({ domain, challenge, valid }: Options) => ({
  domain,
  challenge,
  ...(valid === undefined ? {} : { seconds: valid }),
});

async function presentOne(shell: Shell, wallet: Wallet, id: string, options: Options): Promise<Answer> {
  const held = await wallet.get(id);
  const claims = options.all === true ? "all" : await chooseClaims(held, options.claims ?? []);
  const { presentation, shown } = await wallet.present(held.id, { ...audienceOf(options), claims });
  return handOut(shell, presentation, [shown], options.out);
}

async function answerQuery(shell: Shell, wallet: Wallet, query: Json, options: Options): Promise<Answer> {
  const { choose, all = false, out } = options;
  const how = { ...audienceOf(options), whole: all, ...(choose === undefined ? {} : { choose }) };
  const { presentations, shown } = await wallet.answer(query, how);
  return handOut(shell, presentations, shown, out);
}

function handOut(shell: Shell, presentation: Json, shown: readonly ShownEntry[], out: string | undefined): Answer {
  const text = typeof presentation === "string" ? presentation : JSON.stringify(presentation, null, 2);
  const json = { presentation, shown };
  if (out === undefined || out === "-") return { json, text };
  writeNewFile(shell.path(out), `${text}\n`, 0o600);
  return { json, text: `${out}: for ${shell.value(shown[0]?.domain ?? "")}` };
}
