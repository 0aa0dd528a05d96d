import { query } from "#sdk";
import { defineCommand } from "../../command.ts";
import { type Moment, parseMoment } from "../../parse.ts";

export const issuerShow = defineCommand<[issuer: string, type: string], { at?: Moment }>({
  name: "show",
  summary: "Show when an issuer was recognised for a type of credentials, and whether it was at a time.",
  arguments: [
    { name: "<issuer>", description: "DID, or name of an identity of the home" },
    { name: "<type>", description: "type of credentials" },
  ],
  options: [{ flags: "--at <moment>", description: "also say whether it was recognised then", parse: parseMoment }],
  examples: [
    "hansa issuer show delphi EnergyLabelCredential",
    "hansa issuer show delphi EnergyLabelCredential --at 2027-01-31T12:00:00Z",
  ],
  async run(shell, { at }, given, type) {
    const issuer = await shell.did(given);
    const call = { signal: shell.io.signal };
    const record = await query(shell.client, "issuers.get", { issuer, type }, call);
    const time = at === undefined ? undefined : at(shell.io.now()) * 1000;
    const then =
      time === undefined ? undefined : await query(shell.client, "issuers.recognised", { issuer, type, time }, call);
    const head = shell.fields([
      ["issuer", shell.id(record.issuer)],
      ["type", shell.value(record.type)],
      ["status", shell.status(record.effective)],
      then === undefined ? undefined : [shell.time(then.time), then.recognised ? "recognised" : "not recognised"],
    ]);
    const rows = record.recognised.map(({ from, until }) => [
      shell.time(from),
      until === null ? "" : shell.time(until),
    ]);
    return {
      json: { ...record, ...(then === undefined ? {} : { at: then }) },
      text: `${head}\n\n${shell.table(["recognised from", "until"], rows)}`,
    };
  },
});
