import { defineCommand } from "../../command.ts";
import { authorityOf } from "./authority.ts";

export const certRevoke = defineCommand<[serial: string]>({
  name: "revoke",
  summary: "Revoke a certificate: the running node refuses it at once, and ends its connections.",
  arguments: [{ name: "<serial>", description: "its serial number, as `hansa cert list` shows it" }],
  examples: ["hansa cert revoke 5f0c2d4e8a9b1c3d5e7f9a0b2c4d6e8f"],
  async run(shell, _options, serial) {
    const entry = await (await authorityOf(shell)).revoke(serial);
    return { json: entry, text: `${entry.name} (${shell.id(entry.did)}) is revoked: ${entry.serial}` };
  },
});
