import { decodeCertificate, operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const deviceEnrol = defineCommand<[certificate: string], TransactOptions & { owner?: string }>({
  name: "enrol",
  summary: "Take a device in, as its platform: its maker's certificate is checked.",
  arguments: [{ name: "<certificate>", description: "file with the certificate (- for standard input)" }],
  options: [{ flags: "--owner <owner>", description: "DID or name of its owner; the platform itself where left out" }],
  examples: ["hansa device enrol lamp.cert --owner alice --as acme"],
  transacts: true,
  async run(shell, options, file) {
    const certificate = (await shell.readText(file)).trim();
    const device = decodeCertificate(certificate).claims.sub;
    const owner = options.owner === undefined ? (await shell.party()).did : await shell.did(options.owner);
    return shell.transact([operation("devices.enrol", { device, certificate, owner })], options);
  },
});
