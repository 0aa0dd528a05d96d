import type { PresentationResult } from "#protocol";
import { askPresentation, getPresentationResult } from "#sdk";
import { type Answer, defineCommand } from "../../command.ts";
import { clientFor } from "../../credentials/node-client.ts";
import { cliError } from "../../errors.ts";
import { parseDuration } from "../../parse.ts";
import type { Shell } from "../../shell.ts";
import { readQuery } from "../../wallet/read-query.ts";

interface Options {
  readonly query?: string;
  readonly recognised?: boolean;
  readonly sealed?: boolean;
  readonly status?: boolean;
  readonly valid?: number;
  readonly result?: string;
}

export const credentialAsk = defineCommand<[], Options>({
  name: "ask",
  summary: "Ask a wallet for presentations (OpenID4VP): the node answers the request for a QR code or link.",
  options: [
    { flags: "--query <file>", description: "what is asked for (DCQL); - for standard input" },
    { flags: "--recognised", description: "issuers must be recognised by the group for what they issued" },
    { flags: "--sealed", description: "the wallet seals its answer to a key of the request" },
    { flags: "--no-status", description: "do without the status of credentials" },
    { flags: "--valid <time>", description: "how long the request stands (10m)", parse: parseDuration },
    { flags: "--result <id>", description: "in place of a request: what came of one" },
  ],
  examples: [
    "hansa credential ask --query home.json --recognised",
    "hansa credential ask --result kq3R5g9b2Zt1c0QmO7nXw4 --json",
  ],
  async run(shell, { query, recognised, sealed, status, valid, result }): Promise<Answer> {
    if ((query === undefined) === (result === undefined))
      throw cliError("cli.argument", "either --query says what is asked for, or --result which request is meant", {});
    const client = await clientFor(shell);
    const how = { signal: shell.io.signal };
    if (query === undefined) return showResult(shell, await getPresentationResult(client, result as string, how));
    const question = {
      query: (await readQuery(shell, query)) as Record<string, unknown>,
      ...(recognised === true ? { recognised } : {}),
      ...(sealed === true ? { encrypted: true } : {}),
      ...(status === false ? { checkStatus: false } : {}),
      ...(valid === undefined ? {} : { seconds: valid }),
    };
    const request = await askPresentation(client, question, how);
    const text = shell.fields([
      ["request", request.id],
      ["uri", request.uri],
      ["until", shell.time(request.expires * 1000)],
    ]);
    return { json: request, text };
  },
});

function showResult(shell: Shell, result: PresentationResult): Answer {
  const { state, credentials = {}, error } = result;
  const head = shell.fields([
    ["state", state],
    error === undefined ? undefined : ["because", shell.value(`${error.code}: ${error.detail}`)],
  ]);
  const rows = Object.entries(credentials).flatMap(([part, list]) =>
    list.map(({ types, issuer, holder, claims }) => [
      part,
      shell.value(types.filter((type) => type !== "VerifiableCredential").join(", ")),
      shell.id(shell.value(issuer)),
      holder === null ? "" : shell.id(shell.value(holder)),
      shell.value(JSON.stringify(saidBy(claims))),
    ]),
  );
  const table = rows.length === 0 ? "" : `\n${shell.table(["part", "type", "issuer", "holder", "says"], rows)}`;
  return { json: result, text: head + table };
}

/** What a credential says of somebody, without what it is secured by. */
function saidBy(claims: Readonly<Record<string, unknown>>): unknown {
  if (claims["credentialSubject"] !== undefined) return claims["credentialSubject"];
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !PLUMBING.has(name)));
}

const PLUMBING: ReadonlySet<string> = new Set(["iss", "vct", "cnf", "iat", "nbf", "exp", "status", "_sd_alg"]);
