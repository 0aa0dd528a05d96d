import { type Answer, defineCommand } from "../../command.ts";
import { withWallet } from "../../home/open-wallet.ts";
import { summaryOf, typesText } from "../../wallet/describe-credential.ts";

interface Options {
  readonly type?: string;
  readonly issuer?: string;
  readonly subject?: string;
  readonly format?: string;
}

export const walletList = defineCommand<[], Options>({
  name: "list",
  summary: "List the credentials of the wallet.",
  options: [
    { flags: "--type <type>", description: "of this type, or vct" },
    { flags: "--issuer <did>", description: "of this issuer" },
    { flags: "--subject <did>", description: "about this subject" },
    {
      flags: "--format <format>",
      description: "as OpenID4VP names it",
      choices: ["ldp_vc", "jwt_vc_json", "dc+sd-jwt", "vc+sd-jwt"],
    },
  ],
  examples: ["hansa wallet list", "hansa wallet list --type DeviceAdmission --json"],
  run(shell, filter): Promise<Answer> {
    return withWallet(shell, async (wallet) => {
      const held = await wallet.list(filter);
      const rows = held.map((one) => [
        one.id,
        shell.value(typesText(one)),
        shell.id(shell.value(one.issuer)),
        one.validUntil === undefined ? "" : shell.time(one.validUntil),
        shell.time(one.received),
      ]);
      const headings = ["credential", "type", "issuer", "valid until", "received"];
      return { json: { items: held.map(summaryOf) }, text: shell.table(headings, rows, "no credentials") };
    });
  },
});
