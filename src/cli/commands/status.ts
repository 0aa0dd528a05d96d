import { getStatus } from "#sdk";
import { defineCommand } from "../command.ts";

export const status = defineCommand({
  name: "status",
  summary: "Show the node, its member and its groups.",
  examples: ["hansa status", "hansa status --url http://10.0.0.7:7420"],
  async run(shell) {
    const how = { signal: shell.io.signal };
    let found = await getStatus(shell.client, how);
    // Only then is a passphrase needed.
    if (shell.hasKeys && found.groups.some(({ height }) => height === undefined))
      found = await getStatus(await shell.signingClient(), how);
    const head = shell.fields([
      ["node", shell.client.url],
      ["version", found.version],
      ["member", found.member],
      found.mqtt === undefined ? undefined : ["mqtt", found.mqtt],
    ]);
    const rows = found.groups.map(({ name, engine, state, height, root, id }) => [
      name,
      state === undefined ? (engine ?? "") : `${engine} ${shell.status(state)}`,
      height === undefined ? "for parties" : String(height),
      shell.value(root ?? ""),
      shell.id(id),
    ]);
    return {
      json: found,
      text: `${head}\n\n${shell.table(["group", "engine", "height", "state", "id"], rows, "no groups")}`,
    };
  },
});
