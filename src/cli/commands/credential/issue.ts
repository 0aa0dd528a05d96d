import type { JsonObject } from "#base";
import type { CredentialFormat, StatusPurpose } from "#protocol";
import { requestCredential } from "#sdk";
import { defineCommand } from "../../command.ts";
import { handOutDocument, readDocument, SUITES, type SuiteName } from "../../credentials/documents.ts";
import { clientFor } from "../../credentials/node-client.ts";
import { cliError } from "../../errors.ts";
import { collect, type Moment, parseMoment } from "../../parse.ts";
import type { Shell } from "../../shell.ts";

interface IssueOptions {
  readonly suite?: SuiteName;
  readonly format?: CredentialFormat;
  readonly didKey?: boolean;
  readonly node?: boolean;
  readonly issuer?: string;
  readonly statusList?: StatusPurpose;
  readonly mandatory?: readonly string[];
  readonly expires?: Moment;
  readonly out?: string;
}

export const credentialIssue = defineCommand<[file: string], IssueOptions>({
  name: "issue",
  summary:
    "Issue a credential: signed with a key of the home, without any network, or by the node's issuer with --node.",
  arguments: [{ name: "<file>", description: "credential of VC Data Model 2.0, not signed yet; - for standard input" }],
  options: [
    { flags: "--suite <name>", description: "cryptosuite (eddsa-rdfc-2022 or ecdsa-rdfc-2019)", choices: SUITES },
    { flags: "--format <kind>", description: "proof in it, or JWT around it", choices: ["data-integrity", "jwt"] },
    { flags: "--did-key", description: "issue as the did:key of the key, not as the identity's own DID" },
    { flags: "--mandatory <pointer>", description: "of ecdsa-sd-2023: what no holder can leave out", parse: collect },
    { flags: "--expires <moment>", description: "when the proof runs out", parse: parseMoment },
    { flags: "--node", description: "have the node issue it" },
    { flags: "--issuer <name>", description: "with --node: which of its issuers" },
    {
      flags: "--status-list <purpose>",
      description: "with --node: a place in a status list",
      choices: ["revocation", "suspension"],
    },
    { flags: "--out <file>", description: "write it into a new file" },
  ],
  examples: [
    "hansa credential issue label.json --out signed.json",
    "hansa credential issue label.json --suite ecdsa-sd-2023 --mandatory /issuer --as line-2 --out signed.json",
    "hansa credential issue label.json --node --issuer labels --status-list revocation --json",
  ],
  async run(shell, options, file) {
    const { node, issuer, statusList } = options;
    if (node !== true && (issuer !== undefined || statusList !== undefined))
      throw cliError("cli.argument", "--issuer and --status-list are the node's: add --node", {});
    const document = await readDocument(shell, file);
    const issued =
      node === true ? await issueAtNode(shell, document, options) : await issueHere(shell, document, options);
    return handOutDocument(shell, issued, options.out, "issued");
  },
});

async function issueHere(shell: Shell, document: JsonObject, options: IssueOptions): Promise<JsonObject> {
  const { suite: wanted, format, didKey = false, mandatory, expires } = options;
  const { envelopCredential, issueCredential, issueJwtCredential } = await import("#identity");
  const { signerOf, suiteFor } = await import("../../credentials/signing.ts");
  const signer = await signerOf(shell, didKey);
  const credential = document["issuer"] === undefined ? { ...document, issuer: signer.controller } : document;
  if (format === "jwt") return envelopCredential(issueJwtCredential(credential, signer), "application/vc+jwt");
  const now = shell.io.now();
  return issueCredential(credential, signer, {
    suite: suiteFor(signer, wanted),
    created: now,
    ...(expires === undefined ? {} : { expires: expires(now) * 1000 }),
    ...(mandatory === undefined ? {} : { mandatoryPointers: mandatory }),
  });
}

async function issueAtNode(shell: Shell, document: JsonObject, options: IssueOptions): Promise<JsonObject> {
  const { suite, format, issuer, statusList, mandatory, expires } = options;
  const wanted = {
    ...(issuer === undefined ? {} : { issuer }),
    ...(suite === undefined ? {} : { cryptosuite: suite }),
    ...(format === undefined ? {} : { format }),
    ...(mandatory === undefined ? {} : { mandatoryPointers: [...mandatory] }),
    ...(expires === undefined ? {} : { expires: new Date(expires(shell.io.now()) * 1000).toISOString() }),
    ...(statusList === undefined
      ? {}
      : { credentialStatus: { type: "BitstringStatusListEntry" as const, statusPurpose: statusList } }),
  };
  const client = await clientFor(shell);
  return (await requestCredential(client, document, wanted, { signal: shell.io.signal })) as JsonObject;
}
