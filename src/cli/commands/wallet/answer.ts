import type { OpenedRequest, Wallet } from "#identity";
import { type Answer, defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { withWallet } from "../../home/open-wallet.ts";
import type { Shell } from "../../shell.ts";
import { collectChoices } from "../../wallet/collect-choices.ts";
import { typesText } from "../../wallet/describe-credential.ts";

interface Options {
  readonly choose?: Readonly<Record<string, readonly string[]>>;
  readonly all?: boolean;
  readonly look?: boolean;
  readonly decline?: boolean;
}

export const walletAnswer = defineCommand<[request: string], Options>({
  name: "answer",
  summary:
    "Answer a verifier's request (OpenID4VP) with the claims that it asks for and no more. The log says so first.",
  arguments: [{ name: "<request>", description: "the request's link, openid4vp://…" }],
  options: [
    {
      flags: "--choose <part=credential>",
      description: "which credential for a part of the request; may be repeated",
      parse: collectChoices,
    },
    { flags: "--all", description: "show what can only be shown whole" },
    { flags: "--look", description: "say who asks and what would be shown, and show nothing" },
    { flags: "--decline", description: "say no" },
  ],
  examples: [
    "hansa wallet answer 'openid4vp://?client_id=…&request_uri=…' --look",
    "hansa wallet answer 'openid4vp://?client_id=…&request_uri=…' --choose home=3QJmV3",
  ],
  async run(shell, options, uri): Promise<Answer> {
    if (options.look === true && options.decline === true)
      throw cliError("cli.argument", "--look says nothing to the verifier, and --decline does", {});
    const [{ openRequest, declineRequest }, { verifyOptionsOf }] = await Promise.all([
      import("#identity"),
      import("../../credentials/verifying.ts"),
    ]);
    const { keys, now } = verifyOptionsOf(shell, {});
    const fetch = shell.client.fetch as typeof globalThis.fetch;
    const request = await openRequest(uri, { fetch, keys, now });
    const { verifier } = request;
    if (options.decline === true) {
      await declineRequest(request, { fetch });
      return { json: { verifier, declined: true }, text: `declined: ${shell.id(shell.value(verifier))}` };
    }
    return withWallet(shell, (wallet) =>
      options.look === true ? look(shell, wallet, request) : answer(shell, wallet, request, options, fetch),
    );
  },
});

async function look(shell: Shell, wallet: Wallet, request: OpenedRequest): Promise<Answer> {
  const { formatClaim } = await import("#identity");
  const { satisfied, wanted, needed, missing } = await wallet.find(request.query);
  const parts = wanted.flatMap(({ id, matches }) =>
    matches.map(({ credential, claims }) => ({
      part: id,
      credential: credential.id,
      type: typesText(credential),
      claims: credential.hidden === undefined ? "all of it (--all)" : claims.map(formatClaim).join(", "),
    })),
  );
  const head = shell.fields([
    ["verifier", shell.id(shell.value(request.verifier))],
    ["answer", satisfied ? "the wallet can" : `the wallet has nothing for ${missing.map(shell.value).join(", ")}`],
  ]);
  const rows = parts.map(({ part, credential, type, claims }) => [part, credential, shell.value(type), claims]);
  const json = { verifier: request.verifier, query: request.query, satisfied, needed, missing, parts };
  const table = shell.table(["part", "credential", "type", "would show"], rows);
  return { json, text: rows.length === 0 ? head : `${head}\n${table}` };
}

async function answer(
  shell: Shell,
  wallet: Wallet,
  request: OpenedRequest,
  { choose, all }: Options,
  fetch: typeof globalThis.fetch,
): Promise<Answer> {
  const { answerRequest } = await import("#identity");
  const { shown, redirectUri } = await answerRequest(wallet, request, { fetch, choose, whole: all });
  const rows = shown.map(({ query, credential, claims }) => [query ?? "", credential, claims.join(", ")]);
  const head = shell.fields([
    ["verifier", shell.id(shell.value(request.verifier))],
    redirectUri === undefined ? undefined : ["go on at", shell.value(redirectUri)],
  ]);
  const json = { verifier: request.verifier, shown, redirectUri: redirectUri ?? null };
  return { json, text: `${head}\n${shell.table(["part", "credential", "shown"], rows)}` };
}
