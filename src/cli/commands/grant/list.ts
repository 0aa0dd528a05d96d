import type { GrantView, QueryArgs } from "#protocol";
import type { ListName } from "#sdk";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { LIST_OPTIONS, type ListOptions, showList } from "../../show.ts";

type Options = ListOptions & { owner?: string; recipient?: string; provider?: string };
type GrantList = Extract<ListName, `grants.${string}`>;

export const grantList = defineCommand<[], Options>({
  name: "list",
  summary: "List grants: all of them, or those of an owner, a recipient or a provider.",
  options: [
    { flags: "--owner <owner>", description: "DID or name of whose data it is" },
    { flags: "--recipient <recipient>", description: "DID or name of who gets it" },
    { flags: "--provider <member>", description: "DID or name of who releases it" },
    ...LIST_OPTIONS,
  ],
  examples: ["hansa grant list --owner anna", "hansa grant list --recipient hansel --json"],
  async run(shell, options) {
    const show = <Name extends GrantList>(name: Name, args: Omit<QueryArgs<Name>, "after">) =>
      showList(
        shell,
        name,
        args,
        options.limit,
        ["grant", "status", "owner", "recipient", "provider", "used", "until"],
        (item) => {
          const grant = item as GrantView;
          return [
            grant.grant,
            shell.status(grant.effective),
            shell.id(grant.owner),
            shell.id(grant.recipient),
            shell.id(grant.provider),
            grant.count === null ? String(grant.used) : `${grant.used}/${grant.count}`,
            shell.seconds(grant.until),
          ];
        },
      );
    const { owner, recipient, provider } = options;
    if ([owner, recipient, provider].filter((one) => one !== undefined).length > 1)
      throw cliError("cli.argument", "one of --owner, --recipient and --provider at a time");
    if (owner !== undefined) return show("grants.byOwner", { owner: await shell.did(owner) });
    if (recipient !== undefined) return show("grants.byRecipient", { recipient: await shell.did(recipient) });
    if (provider !== undefined) return show("grants.byProvider", { provider: await shell.did(provider) });
    return show("grants.list", {});
  },
});
