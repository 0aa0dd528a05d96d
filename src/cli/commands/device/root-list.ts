import { defineCommand } from "../../command.ts";
import { LIST_OPTIONS, type ListOptions, showList } from "../../show.ts";

export const deviceRootList = defineCommand<[], ListOptions & { maker?: string }>({
  name: "list",
  summary: "List the root keys of makers.",
  options: [{ flags: "--maker <member>", description: "of this maker only: DID or name" }, ...LIST_OPTIONS],
  examples: ["hansa device root list --maker acme"],
  async run(shell, { limit, maker }) {
    const args = maker === undefined ? {} : { maker: await shell.did(maker) };
    return showList(shell, "devices.roots", args, limit, ["name", "maker", "status", "root"], (root) => [
      shell.value(root.name),
      shell.id(root.maker),
      shell.status(root.removed ? "removed" : "active"),
      root.root,
    ]);
  },
});
