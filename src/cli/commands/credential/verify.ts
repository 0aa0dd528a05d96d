import type { JsonObject } from "#base";
import type { VerifiedCredential } from "#identity";
import { requestPresentationVerification, requestVerification } from "#sdk";
import { type Answer, defineCommand } from "../../command.ts";
import { readDocument } from "../../credentials/documents.ts";
import { clientFor } from "../../credentials/node-client.ts";
import type { VerifyingOptions } from "../../credentials/verifying.ts";
import { cliError } from "../../errors.ts";
import { collect } from "../../parse.ts";
import type { Shell } from "../../shell.ts";

interface VerifyCommandOptions extends VerifyingOptions {
  readonly node?: boolean;
  readonly challenge?: string;
  readonly domain?: string;
}

export const credentialVerify = defineCommand<[file: string], VerifyCommandOptions>({
  name: "verify",
  summary: "Verify a credential or presentation on this machine; DIDs and statuses are asked for, unless --offline.",
  arguments: [{ name: "<file>", description: "credential or presentation; - for standard input" }],
  options: [
    { flags: "--offline", description: "no network: did:key, and the documents of --did-document" },
    {
      flags: "--did-document <file>",
      description: "document of a DID, as `did resolve --json` gives it",
      parse: collect,
    },
    { flags: "--no-status", description: "do without the status" },
    { flags: "--recognised", description: "the issuer must be one that the group recognises for this type" },
    { flags: "--challenge <text>", description: "of a presentation: what it has to answer" },
    { flags: "--domain <text>", description: "of a presentation: whom it has to be for" },
    { flags: "--node", description: "have the node verify it" },
  ],
  examples: [
    "hansa credential verify signed.json",
    "hansa credential verify signed.json --offline --did-document issuer.json --no-status",
    "hansa credential verify shown.json --challenge 4fX9 --domain shop.example --recognised --group main",
  ],
  async run(shell, options, file) {
    const document = await readDocument(shell, file);
    if (options.node === true) return verifyAtNode(shell, document, options);
    const { verifyEnveloped, verifyPresentation } = await import("#identity");
    const { verifyDocument, verifyOptionsOf } = await import("../../credentials/verifying.ts");
    const demands = verifyOptionsOf(shell, options);
    if (!isPresentation(document)) return describe(shell, [await verifyDocument(document, demands)], undefined);
    const { challenge, domain } = options;
    const enveloped = (url: string) => verifyEnveloped(url, demands);
    const { presenter, credentials } = await verifyPresentation(document, { ...demands, challenge, domain, enveloped });
    return describe(shell, credentials, presenter);
  },
});

async function verifyAtNode(
  shell: Shell,
  document: JsonObject,
  { challenge, domain, status, recognised, offline }: VerifyCommandOptions,
): Promise<Answer> {
  if (offline === true) throw cliError("cli.argument", "--node and --offline exclude each other", {});
  const { group } = shell.globals;
  const wanted = {
    ...(challenge === undefined ? {} : { challenge }),
    ...(domain === undefined ? {} : { domain }),
    ...(status === false ? { checkStatus: false } : {}),
    ...(recognised === true ? { recognised, ...(group === undefined ? {} : { group }) } : {}),
  };
  const client = await clientFor(shell);
  const how = { signal: shell.io.signal };
  const answer = isPresentation(document)
    ? await requestPresentationVerification(client, document, wanted, how)
    : await requestVerification(client, document, { ...wanted, returnCredential: false }, how);
  const rows = [
    ["verdict", shell.status("verified")],
    ["checked", answer.checks.join(", ")],
    ...answer.warnings.map((warning) => ["not checked", warning]),
  ] as [string, string][];
  return { json: answer, text: shell.fields(rows) };
}

function isPresentation({ type }: JsonObject): boolean {
  return (Array.isArray(type) ? type : [type]).includes("VerifiablePresentation");
}

function describe(shell: Shell, credentials: readonly VerifiedCredential[], presenter: string | undefined): Answer {
  const time = (value: number | undefined) => (value === undefined ? undefined : shell.time(value));
  const parts = credentials.map(({ id, issuer, types, validFrom, validUntil, proofs, unchecked }) =>
    shell.fields([
      ["credential", id === undefined ? types.join(", ") : shell.value(id)],
      ["type", types.join(", ")],
      ["issuer", shell.id(issuer)],
      validFrom === undefined ? undefined : ["valid from", time(validFrom) as string],
      validUntil === undefined ? undefined : ["valid until", time(validUntil) as string],
      ["secured by", proofs.map(({ cryptosuite }) => cryptosuite).join(", ") || "what is around it"],
      unchecked.length === 0 ? undefined : ["not checked", unchecked.join(", ")],
    ]),
  );
  const head = presenter === undefined ? [] : [shell.fields([["presented by", shell.id(presenter)]])];
  const json = {
    verified: true,
    ...(presenter === undefined ? {} : { presenter }),
    credentials: credentials.map(({ id, issuer, types, unchecked }) => ({ id: id ?? null, issuer, types, unchecked })),
  };
  return { json, text: [shell.paint("green", "holds"), ...head, ...parts].join("\n\n") };
}
