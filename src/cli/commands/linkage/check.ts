import { isHansaError } from "#base";
import type { Finding } from "#linkage";
import type { Contract } from "#protocol";
import { listAll, query } from "#sdk";
import { defineCommand } from "../../command.ts";
import { describeContract, devicesOf, problemsOf, readContract } from "../../contract-file.ts";
import { cliError } from "../../errors.ts";
import type { Shell } from "../../shell.ts";

/** How findings name the contract that is being checked. */
const THIS = "this contract";

export const linkageCheck = defineCommand<[file: string], { offline?: boolean }>({
  name: "check",
  summary: "Check a contract before it is proposed: its form, its sense, and the devices and parties that it names.",
  arguments: [{ name: "<file>", description: "JSON file with the contract" }],
  options: [{ flags: "--offline", description: "form and sense only, without a node" }],
  examples: ["hansa linkage check fan.json", "hansa linkage check fan.json --offline"],
  async run(shell, { offline }, file) {
    const contract = readContract(shell.path(file), shell.io.now());
    const problems = problemsOf(contract, shell.io.now());
    if (offline !== true) {
      const { watched, driven } = devicesOf(contract);
      for (const device of new Set([...watched, ...driven]))
        problems.push(...(await deviceProblems(shell, device, contract.parties)));
    }
    const findings = offline === true ? [] : await findingsWith(shell, contract);
    const { when, then } = describeContract(contract, (did) => shell.id(did));
    if (problems.length > 0) throw cliError("cli.check-failed", `${file}: ${problems.join("; ")}`, { file, problems });
    const text = `${shell.paint("green", "ok")} ${shell.value(contract.title)}\n${shell.fields([
      ["when", when],
      ["then", then.join("; ")],
      ["parties", contract.parties.map((did) => shell.id(did)).join(", ")],
      ["from", shell.seconds(contract.from)],
      ["until", shell.seconds(contract.until)],
    ])}${findings.map(({ kind, explanation }) => `\n${shell.paint("yellow", kind)} ${explanation}`).join("")}`;
    return { json: { contract, problems, findings }, text };
  },
});

/** What the contract would do beside those that are proposed or run: loops, conflicts, duplicates. Advice: the parties decide. */
async function findingsWith(shell: Shell, contract: Contract): Promise<readonly Finding[]> {
  const { analyseLinkages } = await import("#linkage");
  const linkages = [{ linkage: THIS, contract }];
  for await (const record of listAll(shell.client, "linkages.list", { limit: 1000 }, { signal: shell.io.signal }))
    if (["proposed", "active", "suspended"].includes(record.status)) linkages.push(record);
  return analyseLinkages(linkages).findings.filter((finding) => finding.linkages.includes(THIS));
}

async function deviceProblems(shell: Shell, device: string, parties: readonly string[]): Promise<string[]> {
  const name = shell.id(device);
  try {
    const { effective, operator, owner } = await query(
      shell.client,
      "devices.get",
      { device },
      { signal: shell.io.signal },
    );
    const problems = effective === "admitted" ? [] : [`${name} is ${effective}, not admitted`];
    if (!parties.includes(operator)) problems.push(`${shell.id(operator)} operates ${name} and is no party`);
    if (!parties.includes(owner)) problems.push(`${shell.id(owner)} owns ${name} and is no party`);
    return problems;
  } catch (error) {
    if (isHansaError(error, "query.not-found")) return [`the ledger knows no device ${name}`];
    throw error;
  }
}
