import { defineCommand } from "../../command.ts";
import { handOutDocument, readDocument, SUITES, type SuiteName } from "../../credentials/documents.ts";
import { parseDuration } from "../../parse.ts";

interface PresentCommandOptions {
  readonly challenge: string;
  readonly domain: string;
  readonly suite?: SuiteName;
  readonly valid?: number;
  readonly didKey?: boolean;
  readonly out?: string;
}

const SECONDS = 600;

export const credentialPresent = defineCommand<[files: string[]], PresentCommandOptions>({
  name: "present",
  summary: "Put credentials into a presentation for one verifier, signed with a key of the home. Needs no network.",
  arguments: [{ name: "<files...>", description: "credentials" }],
  options: [
    { flags: "--challenge <text>", description: "what the verifier asked with", required: true },
    { flags: "--domain <text>", description: "whom it is for", required: true },
    { flags: "--suite <name>", description: "cryptosuite (eddsa-rdfc-2022 or ecdsa-rdfc-2019)", choices: SUITES },
    { flags: "--valid <duration>", description: "how long it may be shown (10m)", parse: parseDuration },
    { flags: "--did-key", description: "present as the did:key of the key, not as the identity's own DID" },
    { flags: "--out <file>", description: "write it into a new file" },
  ],
  examples: [
    "hansa credential present signed.json --challenge 4fX9 --domain shop.example --out shown.json",
    "hansa credential present one.json two.json --challenge 4fX9 --domain shop.example --valid 1m --as alice",
  ],
  async run(shell, { challenge, domain, suite, valid = SECONDS, didKey = false, out }, files) {
    const { createPresentation, makePresentation } = await import("#identity");
    const { signerOf, suiteFor } = await import("../../credentials/signing.ts");
    const signer = await signerOf(shell, didKey);
    const credentials = [];
    for (const file of files) credentials.push(await readDocument(shell, file));
    const created = shell.io.now();
    const how = { suite: suiteFor(signer, suite), challenge, domain, created, expires: created + valid * 1000 };
    const presentation = await createPresentation(makePresentation(credentials, signer.controller), signer, how);
    return handOutDocument(shell, presentation, out, `for ${domain}`);
  },
});
