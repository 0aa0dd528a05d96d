import { defineCommand } from "../../command.ts";
import { LIST_OPTIONS, type ListOptions, showList } from "../../show.ts";

export const statusListList = defineCommand<[], ListOptions & { issuer?: string }>({
  name: "list",
  summary: "List issuers' status lists.",
  options: [...LIST_OPTIONS, { flags: "--issuer <issuer>", description: "those of this DID or identity alone" }],
  examples: ["hansa status-list list", "hansa status-list list --issuer delphi"],
  run: async (shell, { limit, issuer }) =>
    showList(
      shell,
      "statuses.list",
      issuer === undefined ? {} : { issuer: await shell.did(issuer) },
      limit,
      ["list", "kind", "purpose", "entries", "version", "at", "issuer"],
      (record) => [
        record.list,
        record.kind,
        record.purpose,
        String(record.size),
        String(record.version),
        shell.time(record.at),
        shell.id(record.issuer),
      ],
    ),
});
