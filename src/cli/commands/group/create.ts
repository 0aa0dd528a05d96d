import { checkFounding, createFounding, DEFAULT_PARAMETERS, type Parameters } from "#protocol";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { readJsonFile } from "../../home/files.ts";
import { foundingJson, foundingText, nextStep, readSmallText, writeFounding } from "../../home/founding-files.ts";
import { parseCount, parseDuration } from "../../parse.ts";

interface Options {
  readonly out: string;
  readonly reads?: "parties" | "anyone";
  readonly windowSeconds?: number;
  readonly proposalSeconds?: number;
  readonly challengeSeconds?: number;
  readonly leastMembers?: number;
  readonly parameters?: string;
}

export const groupCreate = defineCommand<[joinings: readonly string[]], Options>({
  name: "create",
  summary: "Put joining files together into a founding file, which every founder then checks and signs. Needs no keys.",
  arguments: [{ name: "<joinings...>", description: "joining files of all founders" }],
  options: [
    { flags: "--out <file>", description: "founding file to write", default: "founding.json" },
    {
      flags: "--reads <who>",
      description: "who may read the group: its parties alone (so where left out), or anyone who reaches a node",
      choices: ["parties", "anyone"],
    },
    {
      flags: "--window-seconds <time>",
      description: "how far ahead a transaction may expire (120s)",
      parse: parseDuration,
    },
    { flags: "--proposal-seconds <time>", description: "how long a proposal stays open (7d)", parse: parseDuration },
    {
      flags: "--challenge-seconds <time>",
      description: "how long devices may take to answer (300s)",
      parse: parseDuration,
    },
    { flags: "--least-members <count>", description: "fewer active members can never remain (1)", parse: parseCount },
    { flags: "--parameters <file>", description: "JSON file with some or all parameters, such as `quorums`" },
  ],
  examples: [
    "hansa group create acme.joining.jws borea.joining.jws castor.joining.jws delphi.joining.jws",
    "hansa group create *.joining.jws --reads anyone --window-seconds 60 --out main.json",
  ],
  async run(shell, options, files) {
    const tokens = files.map((file) => readSmallText(shell.path(file)));
    const parameters = parametersOf(options, options.parameters && readJsonFile(shell.path(options.parameters)));
    const checked = checkFounding(createFounding(tokens, parameters, shell.io.now()));
    writeFounding(shell, checked, options.out);
    return {
      json: { file: options.out, ...foundingJson(checked) },
      text: `${foundingText(shell, checked)}\n${nextStep(shell, checked, options.out)}`,
    };
  },
});

function parametersOf(options: Options, file: unknown): Parameters {
  const { reads, windowSeconds, proposalSeconds, challengeSeconds, leastMembers } = options;
  if (file !== undefined && file !== "" && (typeof file !== "object" || file === null || Array.isArray(file)))
    throw cliError("cli.file-malformed", "a parameters file holds an object", { path: options.parameters });
  const given = (file === "" ? undefined : file) as Partial<Parameters> | undefined;
  // The genesis's schema holds them all to their limits.
  return {
    ...DEFAULT_PARAMETERS,
    reads: "parties",
    ...given,
    ...(reads === undefined ? {} : { reads }),
    quorums: { ...DEFAULT_PARAMETERS.quorums, ...given?.quorums },
    ...(windowSeconds === undefined ? {} : { windowSeconds }),
    ...(proposalSeconds === undefined ? {} : { proposalSeconds }),
    ...(challengeSeconds === undefined ? {} : { challengeSeconds }),
    ...(leastMembers === undefined ? {} : { leastMembers }),
  };
}
