import { defineCommand } from "../../command.ts";
import { daysLeft } from "./authority.ts";

export const certList = defineCommand({
  name: "list",
  summary: "Show what the home's authority issued. Needs no passphrase.",
  examples: ["hansa cert list", "hansa cert list --json"],
  async run(shell) {
    const { readTlsRegister } = await import("#node");
    const register = readTlsRegister(shell.home);
    const now = shell.io.now();
    const rows = register.certificates.map(({ serial, kind, name, did, admin, until, revoked }) => [
      serial,
      kind,
      name,
      shell.id(did),
      admin ? "yes" : "",
      revoked === null ? daysLeft(until, now) : `revoked ${shell.time(revoked)}`,
    ]);
    const authorities = register.authorities.map(({ number, until }) => `${number} (${daysLeft(until, now)})`);
    const head = shell.fields([["trusted authorities", authorities.join(", ")]]);
    return {
      json: register,
      text: `${head}\n\n${shell.table(["serial", "kind", "name", "did", "admin", "left"], rows, "no certificates")}`,
    };
  },
});
