import { defineCommand } from "../../command.ts";
import { collect } from "../../parse.ts";
import { authorityOf, memberOf } from "./authority.ts";

export const certRotate = defineCommand<[], { host?: readonly string[] }>({
  name: "rotate",
  summary: "Make a new key and certificate for the node. A running node takes it up at once, connections go on.",
  options: [
    {
      flags: "--host <name>",
      description: "names and addresses beside localhost, in place of those so far; may be repeated",
      parse: collect,
    },
  ],
  examples: ["hansa cert rotate", "hansa cert rotate --host node.acme.example"],
  async run(shell, { host }) {
    const hosts = host === undefined ? undefined : ["localhost", "127.0.0.1", "::1", ...host];
    const register = await (await authorityOf(shell)).rotate(await memberOf(shell), hosts);
    const node = register.certificates.at(-1);
    return { json: node, text: `the node's certificate is ${node?.serial}, until ${shell.time(node?.until ?? 0)}` };
  },
});
