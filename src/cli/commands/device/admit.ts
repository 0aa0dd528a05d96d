import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import { type Moment, parseMoment } from "../../parse.ts";
import type { TransactOptions } from "../../shell.ts";

export const deviceAdmit = defineCommand<[device: string, attestation: string], TransactOptions & { until?: Moment }>({
  name: "admit",
  summary: "Admit a device on its signed answer: chain, certification, firmware and freshness are checked.",
  arguments: [
    { name: "<device>", description: "DID of the device, or name of an identity of the home" },
    { name: "<attestation>", description: "file with the attestation (- for standard input)" },
  ],
  options: [{ flags: "--until <moment>", description: "when the admission ends (90d)", parse: parseMoment }],
  examples: ["hansa device admit lamp lamp.att --until 90d --as acme"],
  transacts: true,
  async run(shell, options, device, file) {
    const attestation = (await shell.readText(file)).trim();
    const until = (options.until ?? parseMoment("90d"))(shell.io.now());
    const did = await shell.did(device);
    return shell.transact([operation("devices.admit", { device: did, attestation, until })], options);
  },
});
