import { defineCommand } from "../../command.ts";
import type { VerifyingOptions } from "../../credentials/verifying.ts";
import { withWallet } from "../../home/open-wallet.ts";
import { credentialFields, summaryOf } from "../../wallet/describe-credential.ts";

interface Options extends VerifyingOptions {
  readonly txCode?: string;
  readonly key?: string;
}

export const walletAccept = defineCommand<[offer: string], Options>({
  name: "accept",
  summary: "Accept an offer of a credential (OpenID4VCI): have it issued to a key of the wallet, verify and keep it.",
  arguments: [{ name: "<offer>", description: "the offer's link, openid-credential-offer://…" }],
  options: [
    { flags: "--tx-code <code>", description: "the code that the issuer told by another way" },
    { flags: "--key <did>", description: "key of the wallet that it is issued to; one that fits where left out" },
    { flags: "--no-status", description: "do without the status" },
    { flags: "--recognised", description: "the issuer must be one that the group recognises for this type" },
  ],
  examples: ["hansa wallet accept 'openid-credential-offer://?credential_offer_uri=…' --tx-code 493536"],
  async run(shell, { txCode, key, ...options }, uri) {
    const [{ acceptOffer }, { verifyOptionsOf }] = await Promise.all([
      import("#identity"),
      import("../../credentials/verifying.ts"),
    ]);
    const { now, ...how } = verifyOptionsOf(shell, options);
    return withWallet(shell, async (wallet) => {
      const fetch = shell.client.fetch as typeof globalThis.fetch;
      const held = await acceptOffer(wallet, uri, { ...how, now, fetch, txCode, key });
      return {
        json: { items: held.map(summaryOf) },
        text: held.map((one) => credentialFields(shell, one)).join("\n"),
      };
    });
  },
});
