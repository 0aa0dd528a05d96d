import { defineCommand } from "../../command.ts";
import { LIST_OPTIONS, type ListOptions, showList } from "../../show.ts";

export const memberList = defineCommand<[], ListOptions>({
  name: "list",
  summary: "List the members of the group.",
  options: LIST_OPTIONS,
  examples: ["hansa member list", "hansa member list --json"],
  run: (shell, { limit }) =>
    showList(shell, "members.list", {}, limit, ["name", "roles", "status", "since", "did"], (member) => [
      shell.value(member.name),
      member.roles.join(", "),
      shell.status(member.status),
      shell.time(member.since),
      shell.id(member.did),
    ]),
});
