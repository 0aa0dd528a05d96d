import { defineCommand } from "../../command.ts";
import { LIST_OPTIONS, type ListOptions, showList } from "../../show.ts";

export const issuerList = defineCommand<[], ListOptions & { type?: string }>({
  name: "list",
  summary: "List issuers, and what they are recognised for.",
  options: [...LIST_OPTIONS, { flags: "--type <type>", description: "of this type of credentials alone" }],
  examples: ["hansa issuer list", "hansa issuer list --type EnergyLabelCredential"],
  run: (shell, { limit, type }) =>
    showList(
      shell,
      "issuers.list",
      type === undefined ? {} : { type },
      limit,
      ["type", "status", "since", "issuer"],
      (record) => {
        const last = record.recognised.at(-1);
        return [
          shell.value(record.type),
          shell.status(record.effective),
          last === undefined ? "" : shell.time(last.until ?? last.from),
          shell.id(record.issuer),
        ];
      },
    ),
});
