import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const issuerRecognise = defineCommand<[issuer: string, type: string], TransactOptions & { reason?: string }>({
  name: "recognise",
  summary: "Propose to recognise a member as an issuer of a type of credentials, to be decided by the members' votes.",
  arguments: [
    { name: "<issuer>", description: "DID of the member, or name of an identity of the home" },
    { name: "<type>", description: "type of credentials, as they name it themselves" },
  ],
  options: [{ flags: "--reason <text>", description: "why; public, so nothing personal" }],
  examples: ["hansa issuer recognise delphi EnergyLabelCredential --as acme"],
  transacts: true,
  async run(shell, options, issuer, type) {
    const change = { kind: "recogniseIssuer" as const, issuer: await shell.did(issuer), type };
    const { reason } = options;
    const args = { change, ...(reason === undefined ? {} : { reason }) };
    return shell.transact([operation("members.propose", args)], options);
  },
});
