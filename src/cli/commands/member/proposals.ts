import type { MemberChange } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { Shell } from "../../shell.ts";
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
        aboutOf(shell, change),
        shell.status(status),
        String(approvals.length),
        String(rejections.length),
        shell.time(expires),
        shell.id(proposer),
      ],
    ),
});

function aboutOf(shell: Shell, change: MemberChange): string {
  if (change.kind === "parameters") return "";
  if ("issuer" in change) return `${shell.id(change.issuer)} ${shell.value(change.type)}`;
  if ("node" in change)
    return change.kind === "addValidator" ? `${shell.id(change.node)} power ${change.power}` : shell.id(change.node);
  return change.kind === "admit" ? `${shell.value(change.name)} ${shell.id(change.member)}` : shell.id(change.member);
}
