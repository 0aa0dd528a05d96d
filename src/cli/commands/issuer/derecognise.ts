import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const issuerDerecognise = defineCommand<[issuer: string, type: string], TransactOptions & { reason?: string }>({
  name: "derecognise",
  summary: "Propose to recognise an issuer no more; what it issued while it was recognised stays so.",
  arguments: [
    { name: "<issuer>", description: "DID of the member, or name of an identity of the home" },
    { name: "<type>", description: "type of credentials, as they name it themselves" },
  ],
  options: [{ flags: "--reason <text>", description: "why; public, so nothing personal" }],
  examples: ['hansa issuer derecognise delphi EnergyLabelCredential --reason "lost its accreditation" --as acme'],
  transacts: true,
  async run(shell, options, issuer, type) {
    const change = { kind: "derecogniseIssuer" as const, issuer: await shell.did(issuer), type };
    const { reason } = options;
    const args = { change, ...(reason === undefined ? {} : { reason }) };
    return shell.transact([operation("members.propose", args)], options);
  },
});
