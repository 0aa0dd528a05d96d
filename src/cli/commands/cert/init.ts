import { defineCommand } from "../../command.ts";
import { collect } from "../../parse.ts";
import { authorityOf, memberOf } from "./authority.ts";

export const certInit = defineCommand<[], { host?: readonly string[] }>({
  name: "init",
  summary: "Make the home's certification authority, bound to its member's DID, and the node's certificate.",
  options: [
    {
      flags: "--host <name>",
      description: "name or address of the node beside localhost; may be repeated",
      parse: collect,
    },
  ],
  examples: ["hansa cert init", "hansa cert init --host node.acme.example --host 10.0.0.7"],
  async run(shell, { host = [] }) {
    const authority = await authorityOf(shell);
    const register = await authority.setUp(await memberOf(shell), ["localhost", "127.0.0.1", "::1", ...host]);
    const text = shell.fields([
      ["authority", authority.folder],
      ["bound to", register.did],
      ["node's names", register.hosts.join(", ")],
      ["until", shell.time(register.certificates[0]?.until ?? 0)],
    ]);
    const next = 'Switch it on with "tls": { "mode": "mutual" } in config.json (or "server"), and start the node anew.';
    return { json: register, text: `${text}\n${shell.paint("dim", next)}` };
  },
});
