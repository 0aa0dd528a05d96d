import { type CertificationStatus, operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import { type Moment, parseMoment } from "../../parse.ts";
import type { TransactOptions } from "../../shell.ts";

interface Options extends TransactOptions {
  readonly status: CertificationStatus;
  readonly evidence: string;
  readonly until?: Moment;
}

export const modelCertify = defineCommand<[model: string, firmware: string], Options>({
  name: "certify",
  summary: "State a lab's verdict on one model with one firmware.",
  arguments: [
    { name: "<model>", description: "<vendor id>/<product id>" },
    { name: "<firmware>", description: "version of the firmware" },
  ],
  options: [
    {
      flags: "--status <status>",
      description: "the verdict",
      choices: ["provisional", "certified", "revoked"],
      default: "certified",
    },
    { flags: "--evidence <digest>", description: "the report: its file, or SHA-256 in base64url", required: true },
    { flags: "--until <moment>", description: "when it ends (1y)", parse: parseMoment },
  ],
  examples: [
    "hansa model certify acme/T1 1.0.3 --evidence report.pdf --until 2y --as lab",
    "hansa model certify acme/T1 1.0.3 --status revoked --evidence finding.pdf --as lab",
  ],
  transacts: true,
  async run(shell, options, model, firmware) {
    const until = (options.until ?? parseMoment("1y"))(shell.io.now());
    const args = { model, firmware, status: options.status, evidence: shell.digest(options.evidence), until };
    return shell.transact([operation("devices.certify", args)], options);
  },
});
