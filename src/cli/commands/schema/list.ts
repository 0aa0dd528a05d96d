import { defineCommand } from "../../command.ts";
import { LIST_OPTIONS, type ListOptions, showList } from "../../show.ts";

export const schemaList = defineCommand<[], ListOptions>({
  name: "list",
  summary: "List schemas of credentials.",
  options: LIST_OPTIONS,
  examples: ["hansa schema list"],
  run: (shell, { limit }) =>
    showList(
      shell,
      "issuers.schemas",
      {},
      limit,
      ["schema", "latest", "versions", "since", "publisher"],
      ({ schema, latest, versions, since, publisher }) => [
        schema,
        latest,
        String(versions),
        shell.time(since),
        shell.id(publisher),
      ],
    ),
});
