import { existsSync } from "node:fs";
import { join } from "node:path";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { writeNewFile } from "../../home/files.ts";
import { parseCount } from "../../parse.ts";
import { authorityOf } from "./authority.ts";

const FILES = ["ca.pem", "ca.jwt", "cert.pem", "key.pem"] as const;

export const certIssue = defineCommand<[name: string], { did: string; days: number; admin?: boolean; out: string }>({
  name: "issue",
  summary: "Issue a certificate to a client of this home's node. Its key is written beside it and kept nowhere else.",
  arguments: [{ name: "<name>", description: "what it is for, 1 to 64 letters, digits, dots and dashes" }],
  options: [
    { flags: "--did <did>", description: "whom it stands for: a DID, or an identity of the home", required: true },
    { flags: "--days <count>", description: "how long it is good", parse: parseCount, default: 90 },
    { flags: "--admin", description: "may administer the node: metrics, backups" },
    { flags: "--out <folder>", description: "new folder for cert.pem, key.pem, ca.pem and ca.jwt", required: true },
  ],
  examples: [
    "hansa cert issue console --did acme --admin --out .hansa/client",
    "hansa cert issue gateway-7 --did did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3 --days 30 --out gateway-7",
  ],
  async run(shell, { did, days, admin = false, out }, name) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
      throw cliError("cli.argument", "a name has 1 to 64 letters, digits, dots, dashes and underscores", { name });
    if (days > 3650) throw cliError("cli.argument", "a certificate is good for 3650 days at most", { days });
    const folder = shell.path(out);
    // Looked at first: nothing is issued that cannot be handed out.
    const taken = FILES.map((file) => join(folder, file)).find((file) => existsSync(file));
    if (taken !== undefined) throw cliError("cli.file-exists", `${taken} exists already`, { path: taken });
    const subject = await shell.did(did);
    const issued = await (await authorityOf(shell)).issue({ name, did: subject, admin, days });
    const { certificate, key, authorities, bindings, serial, until } = issued;
    writeNewFile(join(folder, "key.pem"), key, 0o600);
    writeNewFile(join(folder, "cert.pem"), certificate);
    writeNewFile(join(folder, "ca.pem"), authorities);
    writeNewFile(join(folder, "ca.jwt"), bindings);
    const text = `${shell.fields([
      ["serial", serial],
      ["did", subject],
      ["may", admin ? "administer the node" : "call the node"],
      ["until", shell.time(until)],
      ["files", folder],
    ])}\n${shell.paint("dim", "key.pem is not encrypted: hand it over on a safe way, or make it where it is used.")}`;
    return { json: { serial, did: subject, admin, until, folder }, text };
  },
});
