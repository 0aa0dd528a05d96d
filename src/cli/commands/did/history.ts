import { query } from "#sdk";
import { defineCommand } from "../../command.ts";

export const didHistory = defineCommand<[did: string]>({
  name: "history",
  summary: "List all versions of a DID.",
  arguments: [{ name: "<did>", description: "DID, or name of an identity of the home" }],
  examples: ["hansa did history acme"],
  async run(shell, _, did) {
    const args = { did: await shell.did(did) };
    const page = await query(shell.client, "identity.versions", args, { signal: shell.io.signal });
    const rows = page.items.map(({ version, height, updated, deactivated }) => [
      String(version),
      String(height),
      shell.time(updated),
      shell.status(deactivated ? "deactivated" : "active"),
    ]);
    return {
      json: page,
      text: shell.table(["version", "block", "from", "status"], rows),
    };
  },
});
