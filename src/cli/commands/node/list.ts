import { defineCommand } from "../../command.ts";
import { LIST_OPTIONS, type ListOptions, showList } from "../../show.ts";

export const nodeList = defineCommand<[], ListOptions>({
  name: "list",
  summary: "List the members' nodes, and with which power they vote in consensus.",
  options: LIST_OPTIONS,
  examples: ["hansa node list", "hansa node list --full"],
  run: (shell, { limit }) =>
    showList(
      shell,
      "nodes.list",
      {},
      limit,
      ["node", "member", "status", "power", "ready at", "faults", "address"],
      ({ node, member, status, power, ready, misbehaviour, address }) => [
        shell.id(node),
        shell.id(member),
        shell.status(status),
        String(power),
        ready === null ? "" : String(ready),
        misbehaviour.length === 0 ? "" : String(misbehaviour.length),
        shell.value(address),
      ],
    ),
});
