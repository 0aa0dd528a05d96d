import { defineCommand } from "../../command.ts";
import { LIST_OPTIONS, type ListOptions, showList } from "../../show.ts";

export const memberProposals = defineCommand<[], ListOptions>({
  name: "proposals",
  summary: "List proposals and their votes.",
  options: LIST_OPTIONS,
  examples: ["hansa member proposals"],
  run: (shell, { limit }) =>
    showList(
      shell,
      "members.proposals",
      {},
      limit,
      ["no", "change", "of", "status", "for", "against", "expires", "proposer"],
      ({ proposal, change, status, approvals, rejections, expires, proposer }) => [
        String(proposal),
        change.kind,
        change.kind === "parameters"
          ? ""
          : change.kind === "admit"
            ? `${shell.value(change.name)} ${shell.id(change.member)}`
            : shell.id(change.member),
        shell.status(status),
        String(approvals.length),
        String(rejections.length),
        shell.time(expires),
        shell.id(proposer),
      ],
    ),
});
