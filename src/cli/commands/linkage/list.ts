import { defineCommand } from "../../command.ts";
import { LIST_OPTIONS, type ListOptions, showList } from "../../show.ts";

export const linkageList = defineCommand<[], ListOptions>({
  name: "list",
  summary: "List linkages.",
  options: LIST_OPTIONS,
  examples: ["hansa linkage list"],
  run: (shell, { limit }) =>
    showList(
      shell,
      "linkages.list",
      {},
      limit,
      ["linkage", "title", "status", "accepted", "done", "refused", "until"],
      ({ linkage, contract, status, accepted, done, refused }) => [
        shell.id(linkage),
        shell.value(contract.title),
        shell.status(status),
        `${accepted.length}/${contract.parties.length}`,
        String(done),
        String(refused),
        shell.seconds(contract.until),
      ],
    ),
});
