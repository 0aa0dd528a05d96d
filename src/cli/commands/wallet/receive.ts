import { defineCommand } from "../../command.ts";
import type { VerifyingOptions } from "../../credentials/verifying.ts";
import { withWallet } from "../../home/open-wallet.ts";
import { collect } from "../../parse.ts";
import { credentialFields, summaryOf } from "../../wallet/describe-credential.ts";

interface Options extends VerifyingOptions {
  readonly foreign?: boolean;
}

export const walletReceive = defineCommand<[file: string], Options>({
  name: "receive",
  summary:
    "Verify a credential and keep it: Data Integrity (JSON), JOSE or SD-JWT VC. Asks for DIDs and statuses, unless --offline.",
  arguments: [{ name: "<file>", description: "the credential as its issuer gave it; - for standard input" }],
  options: [
    { flags: "--foreign", description: "keep it though it is about somebody whose key the wallet does not have" },
    { flags: "--offline", description: "no network: did:key, and the documents of --did-document" },
    {
      flags: "--did-document <file>",
      description: "document of a DID, as `did resolve --json` gives it; may be repeated",
      parse: collect,
    },
    { flags: "--no-status", description: "do without the status" },
    { flags: "--recognised", description: "the issuer must be one that the group recognises for this type" },
  ],
  examples: [
    "hansa wallet receive degree.json",
    "hansa wallet receive resident.sd-jwt --offline --did-document town.json --no-status",
  ],
  async run(shell, { foreign = false, ...options }, file) {
    const { verifyOptionsOf } = await import("../../credentials/verifying.ts");
    const text = await shell.readText(file);
    const { now: _, ...how } = verifyOptionsOf(shell, options);
    return withWallet(shell, async (wallet) => {
      const held = await wallet.receive(text, { ...how, foreign });
      return { json: summaryOf(held), text: credentialFields(shell, held) };
    });
  },
});
